"""comply.yaml: what it may say, and how mistakes in it are shown."""

import json
from pathlib import Path

import jsonschema
import pytest

from comply.cli.main import run
from comply.cli.settings import Settings, read_settings
from comply.config import ConfigError, configure, schema_root
from comply.findings import Severity
from comply.source import ComplyError

WHOLE = """# what we check
paths: [deploy, plan.json]
packs: [kubernetes/baseline]
rules:
  - policy
fail_on: high
parameters:
  kubernetes/baseline/required-labels:
    labels: [team]
"""


def test_the_schema_is_one() -> None:
    schema = json.loads((schema_root() / "comply.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, setting in schema["properties"].items():
        for example in setting.get("examples", ()):
            configure({name: example}, lambda _path: None)


def test_everything(tmp_path: Path) -> None:
    file = tmp_path / "comply.yaml"
    file.write_text(WHOLE)
    assert read_settings(file) == Settings(
        paths=(tmp_path / "deploy", tmp_path / "plan.json"),
        packs=("kubernetes/baseline",),
        rules=(tmp_path / "policy",),
        fail_on="high",
        parameters={"kubernetes/baseline/required-labels": {"labels": ["team"]}},
        file=file,
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "parameters:\n"])
def test_an_empty_file_changes_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "comply.yaml"
    file.write_text(text)
    if text == "parameters:\n":
        with pytest.raises(ConfigError, match="must be a mapping, not null"):
            read_settings(file)
        return
    assert read_settings(file) == Settings(file=file)


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(None) == Settings()
    assert configure(None, lambda _path: None).fail_on is Severity.INFO


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("path: [a]\n", "1:1", "unknown setting 'path'", "did you mean 'paths'?"),
        ("xyzzy: 1\n", "1:1", "unknown setting 'xyzzy'", "known: baseline"),
        ("packs: a\n", "1:1", "must be a list, not", "Packs of rules"),
        ("packs:\n  - a\n  - 3\n", "3:5", "packs.1: this must be a text", ""),
        ("packs: ['']\n", "1:9", "packs.0", ""),
        ("fail_on: hihg\n", "1:1", "'hihg' is not one of", "did you mean 'high'?"),
        ("parameters:\n  a/b: 1\n", "2:3", "must be a mapping, not 1", "one rule"),
        ("- a\n", "1:1", "must be a mapping", ""),
        ("a: 1\n---\nb: 2\n", "2:1", "one document", ""),
        ("a: 1\na: 2\n", "2:1", "stands twice", ""),
    ],
)
def test_mistakes_have_a_place_and_a_suggestion(
    tmp_path: Path, text: str, place: str, message: str, hint: str
) -> None:
    file = tmp_path / "comply.yaml"
    file.write_text(text)
    with pytest.raises(ComplyError, match=message) as caught:
        read_settings(file)
    assert str(caught.value.span) == f"{file}:{place}"
    assert hint in caught.value.hint


def test_the_command_line_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy").mkdir()
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
    (tmp_path / "deploy/a.yaml").write_text(pod)
    (tmp_path / "other.yaml").write_text(pod)
    (tmp_path / "comply.yaml").write_text(
        "paths: [deploy]\npacks: [kubernetes/baseline]\nfail_on: critical\n"
    )
    assert run(["check", "-f", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {f["location"]["file"] for f in report["findings"]} == {"deploy/a.yaml"}
    assert run(["check", "other.yaml", "--fail-on", "low", "-f", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert {f["location"]["file"] for f in report["findings"]} == {"other.yaml"}


def test_parameters_reach_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n")
    (tmp_path / "r.rego").write_text(
        "package r\nimport rego.v1\n"
        'deny contains data.comply.parameters.r.word if input.kind == "Pod"\n'
    )
    (tmp_path / "comply.yaml").write_text(
        "rules: [r.rego]\npaths: [a.yaml]\nparameters: {r: {word: hello}}\n"
    )
    assert run(["check", "-f", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["message"] == "hello"
