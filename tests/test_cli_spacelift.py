"""`comply spacelift eval`: the decision, in words and as JSON."""

import io
import json
from pathlib import Path

import pytest
from tests.policy_tree import write

from comply.cli.main import run

POLICY = """\
package spacelift

deny[msg] {
	r := created_resources[_]
	msg := sprintf("%s is made", [r.address])
}

sample { true }
"""
CHANGES = [{"address": "a.b", "change": {"actions": ["create"]}}]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    whole = {"terraform": {"resource_changes": CHANGES}, "spacelift": {"run": {}}}
    return write(
        tmp_path,
        {
            "p.rego": POLICY,
            "in.json": json.dumps(whole),
            "plan.json": json.dumps({"resource_changes": CHANGES}),
            "list.json": "[]",
        },
    )


def evaluate(root: Path, kind: str, *rest: str) -> int:
    return run(["spacelift", "eval", "--type", kind, str(root / "p.rego"), *rest])


def test_the_decision_in_words(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(root, "plan", str(root / "in.json")) == 1
    out = capsys.readouterr().out
    assert out.startswith("✗ The run fails.\n\n")
    assert "  deny        a.b is made\n" in out
    assert "  warn        none\n" in out
    assert "  sample      true\n" in out
    assert "ℹ Spacelift keeps this input as a sample\n" in out  # noqa: RUF001


def test_the_decision_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(root, "plan", str(root / "in.json"), "-f", "json") == 1
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["outcome"] == "failed"
    assert verdict["blocks"] is True
    assert verdict["sampled"] is True
    assert verdict["rules"]["deny"] == ["a.b is made"]


def test_a_bare_plan(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(root, "plan", str(root / "plan.json")) == 1
    assert "put at input.terraform" in capsys.readouterr().out


def test_standard_input(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = io.TextIOWrapper(io.BytesIO(b'{"terraform": {"resource_changes": []}}'))
    monkeypatch.setattr("sys.stdin", text)
    assert evaluate(root, "TERRAFORM_PLAN", "-") == 0
    assert capsys.readouterr().out.startswith("✓ The plan passes.")


@pytest.mark.parametrize(
    ("kind", "text", "line"),
    [
        ("push", 'lock := "by a"', "  lock                 by a"),
        (
            "notification",
            'inbox contains {"title": "t"}',
            '  inbox         {"title": "t"}',
        ),
        ("login", 'roles["s"] contains "r"', '  roles        s: ["r"]'),
        ("trigger", 'trigger contains "b"\ntrigger contains "a"', "  trigger     a"),
    ],
)
def test_values_of_every_kind(
    kind: str,
    text: str,
    line: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    policy = f"package spacelift\nimport rego.v1\n{text}\n"
    root = write(tmp_path, {"p.rego": policy, "in.json": "{}"})
    evaluate(root, kind, str(root / "in.json"))
    assert line in capsys.readouterr().out.splitlines()


def test_custom_inputs_and_the_variables_of_a_run(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        "run_id": "01RUN",
        "run_type": "TRACKED",
        "commit_sha": "c0ffee",
        "stack_id": "data",
        "stack_labels": "a,b",
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"TF_VAR_spacelift_{name}", value)
    write(
        root,
        {
            "p.rego": """package spacelift
warn[json.marshal(input.spacelift)]
deny[json.marshal(input.third_party_metadata.custom)]
""",
            "tfsec.custom.spacelift.json": '{"results": 1}',
            "tf.lint.custom.spacelift.json": "{}",
            "odd.json": """{"terraform": {}, "spacelift": {},
                "third_party_metadata": {"custom": null}}""",
        },
    )
    customs = [str(root / f"{n}.custom.spacelift.json") for n in ("tfsec", "tf.lint")]
    words = ["--custom", customs[0], "--custom", customs[1], "-f", "json"]
    assert evaluate(root, "plan", str(root / "plan.json"), *words) == 1
    verdict = json.loads(capsys.readouterr().out)
    assert json.loads(verdict["rules"]["deny"][0]) == {
        "tf.lint": {},
        "tfsec": {"results": 1},
    }
    assert json.loads(verdict["rules"]["warn"][0]) == {
        "run": {"id": "01RUN", "type": "TRACKED"},
        "commit": {"hash": "c0ffee"},
        "stack": {"id": "data", "labels": ["a", "b"]},
    }
    assert evaluate(root, "plan", str(root / "odd.json"), *words[:2], "-f", "json") == 1
    verdict = json.loads(capsys.readouterr().out)
    assert json.loads(verdict["rules"]["deny"][0]) == {"tfsec": {"results": 1}}
    assert verdict["notes"] == [
        "tfsec.custom.spacelift.json was put at input.third_party_metadata.custom.tfsec"
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tfsec.json", "{}"),
        (".custom.spacelift.json", "{}"),
        ("a.custom.spacelift.json", "[]"),
    ],
)
def test_what_is_no_custom_input(
    name: str, text: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(root, {name: text})
    words = ["--custom", str(root / name)]
    assert evaluate(root, "plan", str(root / "in.json"), *words) == 2
    assert "a custom input is an object in a file NAME" in capsys.readouterr().err
    assert evaluate(root, "approval", str(root / "in.json"), *words) == 2
    assert "Only plan policies are given custom inputs" in capsys.readouterr().err


def test_mistakes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["spacelift", "eval", "--type", "plan", str(root / "p.rego")]) == 2
    assert "and the input" in capsys.readouterr().err
    assert evaluate(root, "nonsense", str(root / "in.json")) == 2
    assert evaluate(root, "plan", str(root / "list.json")) == 2
    assert "is an object" in capsys.readouterr().err
    assert evaluate(root, "approval", str(root / "in.json")) == 2
    assert "created_resources" in capsys.readouterr().err
    assert evaluate(root, "plan", str(root / "none.json")) == 2
