"""`comply rules list`: what there is to check with."""

import json
from pathlib import Path

import pytest

from comply.cli.main import run


def test_the_packs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "terraform/baseline" in lines
    [line] = [s for s in lines if "baseline/no-public-rds " in s]
    assert line.split()[1] == "critical"


def test_one_pack_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "list", "--pack", "kubernetes/baseline", "--json"]) == 0
    rules = json.loads(capsys.readouterr().out)
    assert {rule["pack"] for rule in rules} == {"kubernetes/baseline"}
    assert all(rule["title"] and rule["remediation"] for rule in rules)


def test_rules_of_the_user(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.rego").write_text('package a\nimport rego.v1\ndeny contains "x"\n')
    assert run(["rules", "list", "-r", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "your rules\n  a            a\n\n"


def test_a_rule_that_does_not_compile(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.rego").write_text("package a\ndeny contains x if {\n")
    assert run(["rules", "list", "-r", str(tmp_path)]) == 2
    assert "rego_parse_error" in capsys.readouterr().err
