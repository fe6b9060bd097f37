"""What a project says of findings: exceptions, severities, baselines, the environment."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from comply.cli.main import run
from comply.config import schema_root

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
RULE = (
    "package r\nimport rego.v1\n"
    'deny contains "no pods" if input.kind == "Pod"\n'
    'deny contains "no b" if input.metadata.name == "b"\n'
)
MARK = '# comply:ignore r reason="a test" owner=ann until=2027-01-31\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path / ".cache"))
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/r.rego").write_text(RULE)
    (tmp_path / "a.yaml").write_text(POD)
    (tmp_path / "comply.yaml").write_text("rules: [policy]\n")
    return tmp_path


def report(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, list[dict[str, Any]], list[str]]:
    code = run(["check", "-f", "json", *arguments])
    value = json.loads(capsys.readouterr().out)
    return code, value["findings"], value["notices"]


def test_dates_pass_although_findings_are_cached(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(MARK + POD)
    (folder / "z.yaml").write_text("apiVersion: v1\nkind: Service\n")
    for day, code, statuses in (
        ("2027-01-31", 0, ["exempt"]),
        ("2027-02-01", 1, ["warning", "violation"]),
        ("2027-01-31", 0, ["exempt"]),
    ):
        found = report(capsys, "--now", day)
        assert (found[0], [f["status"] for f in found[1]]) == (code, statuses)


def test_an_exception_without_a_reason_fails_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text("# comply:ignore r\n" + POD)
    code, findings, _ = report(capsys)
    assert code == 2
    assert {f["status"] for f in findings} == {"error", "violation"}


def test_comply_yaml_allows_and_weighs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "comply.yaml").write_text(
        'rules: [policy]\nseverities: {"*": low, r: critical}\nexceptions:\n'
        "  - {rule: r, fact: v1/Pod/*, path: a.yaml, reason: known, until: 2999-01-01}\n"
        "  - {rule: zzz, reason: nothing}\n"
    )
    code, findings, _ = report(capsys)
    assert code == 0
    first, second = findings
    assert first["severity"] == "critical"
    assert first["exemption"]["place"] == "comply.yaml:4"
    assert (second["rule_id"], second["location"]["row"]) == (
        "comply/unused-exception",
        5,
    )
    assert len(report(capsys, "a.yaml")[1]) == 1


UNNEEDED = {
    "comment.yaml": f"{MARK}apiVersion: v1\nkind: Service\n",
    "annotation.json": json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"annotations": {"comply.dev/ignore": "r reason=x"}},
        }
    ),
    "script.sql": "-- comply:ignore r reason=x\nCREATE TABLE t (id NUMBER);\n",
}


@pytest.mark.parametrize("name", UNNEEDED)
def test_exceptions_in_files_without_findings_are_unused(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).write_text(UNNEEDED[name])
    (folder / "a.yaml").write_text(POD.replace("Pod", "Service"))
    for _ in range(2):
        code, (told,), _ = report(capsys)
        assert (code, told["rule_id"]) == (0, "comply/unused-exception")
        assert told["location"]["file"] == name
    (other := folder / "other.rego").write_text(RULE.replace("package r", "package o"))
    # Of rules that were not chosen nobody knows whether they need it.
    assert report(capsys, "-r", str(other))[1] == []


def test_exceptions_in_files_that_were_not_checked_are_not_unused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "chart.yaml").write_text(f"{MARK}{POD}spec: {{{{ .Values.x }}}}\n")
    (folder / "broken.yaml").write_text(f"{MARK}{POD}a: [\n")
    for _ in range(2):
        code, findings, _ = report(capsys)
        assert code == 2
        assert {f["rule_id"] for f in findings} == {"r", "comply/unreadable-input"}


def test_evidence_names_the_parameters_of_a_rule(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "comply.yaml").write_text(
        "rules: [policy]\nparameters: {r: {keys: [Team], most: 4}, other: {x: 1}}\n"
    )
    (finding,) = report(capsys)[1]
    assert finding["evidence"] == [{"parameters.keys": ["Team"], "parameters.most": 4}]
    assert run(["check"]) == 1
    assert "· parameters.keys=['Team'], parameters.most=4" in capsys.readouterr().out


def test_rendered_manifests_bring_their_annotations(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from io import BytesIO, TextIOWrapper

    text = POD.replace(
        "{name: a}", "{name: a, annotations: {comply.dev/ignore: r reason=x}}"
    )
    stream = TextIOWrapper(BytesIO(text.encode()))
    monkeypatch.setattr("sys.stdin", stream)
    code, findings, _ = report(capsys, "-")
    assert code == 0
    assert findings[0]["exemption"]["inline"]


def test_a_baseline_from_beginning_to_end(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["baseline", "create"]) == 0
    assert "1 finding in comply-baseline.json" in capsys.readouterr().out
    assert run(["baseline", "create"]) == 2
    assert "there is a baseline already" in capsys.readouterr().err
    assert run(["baseline", "create", "--force"]) == 0
    capsys.readouterr()
    (folder / "comply.yaml").write_text(
        "rules: [policy]\nbaseline: comply-baseline.json\n"
    )
    (folder / "a.yaml").write_text("# moved\n\n" + POD)
    assert report(capsys)[0] == 0
    (folder / "b.yaml").write_text(POD.replace("name: a", "name: b"))
    (folder / "a.yaml").write_text("apiVersion: v1\nkind: Service\n")
    code, findings, notices = report(capsys)
    assert (code, len(findings)) == (1, 2)
    assert any("1 finding of comply-baseline.json gone" in n for n in notices)
    assert run(["baseline", "update"]) == 0
    assert "1 gone, 2 new not in it" in capsys.readouterr().out
    assert json.loads((folder / "comply-baseline.json").read_text())["findings"] == []
    assert run(["baseline", "update", "--add"]) == 0
    capsys.readouterr()
    assert report(capsys)[0] == 0


def test_no_baseline_hides_what_could_not_be_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.yaml").write_text("apiVersion: v1\nkind: [")
    assert run(["baseline", "create"]) == 2
    assert "no baseline is written" in capsys.readouterr().err
    assert run(["baseline", "create", "a.yaml", "-o", "no/such/b.json"]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert run(["check", "a.yaml", "--baseline", "none.json"]) == 2
    assert "there is no such baseline" in capsys.readouterr().err


def test_a_baseline_that_is_not_there_is_told_where_it_is_named(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = folder / "comply.yaml"
    settings.write_text("rules: [policy]\nbaseline: gone/known.json\n")
    told = (
        "comply.yaml:2:1: gone/known.json: there is no such baseline\n"
        "  2 | baseline: gone/known.json\n"
        "    | ^^^^^^^^\n"
        "  hint: `comply baseline create` writes one\n"
    )
    for command in (["check"], ["baseline", "update"]):
        assert run(command) == 2
        assert told in capsys.readouterr().err
    plain = "error: %s: there is no such baseline\n"
    for command in (["check", "--baseline"], ["baseline", "update", "-o"]):
        assert run([*command, "none.json"]) == 2
        assert plain % "none.json" in capsys.readouterr().err
    monkeypatch.setenv("COMPLY_BASELINE", "other.json")
    assert run(["check"]) == 2
    assert plain % "other.json" in capsys.readouterr().err


def test_what_is_excluded_is_not_looked_at(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "old").mkdir()
    (folder / "old/b.yaml").write_text("apiVersion: v1\nkind: [")
    assert report(capsys)[0] == 2
    (folder / "comply.yaml").write_text("rules: [policy]\nexclude: [old/]\n")
    assert report(capsys)[0] == 1


def test_reports_of_comply_yaml(folder: Path) -> None:
    (folder / "comply.yaml").write_text(
        "rules: [policy]\nformats: [sarif=out.sarif, json=out.json]\n"
    )
    assert run(["check"]) == 1
    assert (folder / "out.sarif").exists()
    assert (folder / "out.json").exists()


def test_flag_before_environment_before_file_before_default(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "comply.yaml").write_text("rules: [policy]\nfail_on: critical\n")
    assert report(capsys)[0] == 0
    monkeypatch.setenv("COMPLY_FAIL_ON", "low")
    assert report(capsys)[0] == 1
    assert report(capsys, "--fail-on", "critical")[0] == 0
    monkeypatch.setenv("COMPLY_PATHS", "a.yaml")
    assert run(["config", "show", "--json"]) == 0
    rows = {row["setting"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["fail_on"]["from"] == "COMPLY_FAIL_ON"
    assert rows["rules"] == {
        "setting": "rules",
        "value": ["policy"],
        "from": "comply.yaml:1",
        "variable": "COMPLY_RULES",
    }
    assert rows["undetermined"]["from"] == "default"
    assert rows["paths"]["value"] == ["a.yaml"]


def test_config_show_for_people(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "other.yaml").write_text(
        "$schema: x\nbaseline: b.json\nexceptions:\n- {rule: r, reason: x}\n"
    )
    monkeypatch.setenv("COMPLY_CONFIG", "other.yaml")
    monkeypatch.setenv("COMPLY_PACKS", "a/b, c/d")
    assert run(["config", "show"]) == 0
    out = capsys.readouterr().out
    assert 'other.yaml:3  [{"rule": "r", "reason": "x"}]' in out
    assert '["a/b", "c/d"]' in out
    assert '"b.json"' in out


def test_a_variable_with_a_mistake(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPLY_UNDETERMINED", "maybe")
    assert run(["check"]) == 2
    assert "COMPLY_UNDETERMINED: 'maybe' is not one of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("exceptions:\n  - rule: a\n", "2:5", "`reason` is missing"),
        (
            "exceptions:\n  - {rule: a, reason: b, until: 2027-02-30}\n",
            "2:26",
            "there is no day 2027-02-30",
        ),
        ("exceptions:\n  - {rule: a, reson: b}\n", "2:15", "did you mean 'reason'?"),
        ("severities: {a: hihg}\n", "1:14", "did you mean 'high'?"),
    ],
)
def test_mistakes_in_comply_yaml(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    place: str,
    message: str,
) -> None:
    (folder / "comply.yaml").write_text(text)
    assert run(["check"]) == 2
    told = capsys.readouterr().err
    assert f"comply.yaml:{place}" in told
    assert message in told


def test_init_writes_what_fits_and_never_over_another(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "x.rego").write_text(RULE)
    (folder / "main.tf").write_text('resource "a" "b" {}\n')
    assert run(["init"]) == 2
    assert "there is one already" in capsys.readouterr().err
    assert run(["init", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert run(["init", "--force"]) == 0
    assert (folder / "comply.yaml").read_text() == told
    out = capsys.readouterr().out
    assert "Next: comply check" in out
    assert "id: comply-kubernetes" in out
    value = yaml.safe_load(told)
    schema = json.loads((schema_root() / "comply.schema.json").read_text())
    jsonschema.validate(value, schema)
    assert value["rules"] == ["x.rego", "policy/"]
    assert value["packs"] == ["terraform/baseline", "kubernetes/baseline"]
    assert run(["config", "show"]) == 0


def test_init_in_an_empty_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty").mkdir()
    assert run(["init", "empty"]) == 0
    assert "nothing to check was found here yet" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert f"_COMPLY_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_the_published_schema_is_the_one_in_use() -> None:
    published = Path(__file__).parents[1] / "docs/comply.schema.json"
    used = schema_root() / "comply.schema.json"
    assert published.read_bytes() == used.read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("packs: [kubernetes/basline]", "1:9: there is no pack 'kubernetes/basline'"),
        ("packs: [kubernetes/basline]", "did you mean kubernetes/baseline?"),
        ("packs: [xyz]", "packs: kubernetes/baseline, "),
        ("rules: [policy, polcy/]", "1:17: polcy: no such file or folder"),
        ("paths: [a.yaml, b.yaml]", "1:17: b.yaml: no such file or folder"),
    ],
)
def test_what_comply_yaml_names_and_is_not_there_is_told_with_its_place(
    text: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "comply.yaml").write_text(text)
    assert run(["check"]) == 2
    assert said in capsys.readouterr().err
    # What goes before the file is all that counts.
    assert run(["check", "a.yaml", "-r", "policy"]) == 1


def test_a_report_without_a_name_for_its_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["check", "a.yaml", "-f", "sarif="]) == 2
    assert "-f sarif=: name the file" in capsys.readouterr().err
