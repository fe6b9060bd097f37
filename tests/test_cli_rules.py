"""`comply rules list`: what there is to check with."""

import json
from pathlib import Path

import pytest

from comply.cli.main import run


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for rules that were compiled once for all tests."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(autouse=True)
def _cache(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(compiled))


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


def test_a_rule_is_shown_by_its_last_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "show", "no-public-rds", "--source"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("terraform/baseline/no-public-rds  critical\n")
    assert "language   rego" in out
    assert "package " in out


def test_a_rule_that_is_not_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        text = f'package {folder}\nimport rego.v1\ndeny contains "x"\n'
        (tmp_path / folder / "same.rego").write_text(text)
    hints = {
        "no-public-rdss": "did you mean",
        "zzzzzz": "comply rules list",
        "same": "several have this name: a/same, b/same",
    }
    for name, hint in hints.items():
        assert run(["rules", "show", name, "-r", str(tmp_path)]) == 2
        assert hint in capsys.readouterr().err


def test_a_page_about_rules(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.rego").write_text(
        "# METADATA\n# title: A thing\n# description: Why.\n# custom:\n"
        "#   severity: low\n#   remediation: Do it.\n#   controls: [CIS 1]\n"
        "# related_resources: [https://example.com/a]\npackage a\n\n"
        'deny contains "x"\n'
    )
    assert run(["rules", "docs", "-r", str(tmp_path)]) == 0
    assert capsys.readouterr().out == (
        "# Rules\n\n## Your rules\n\n### `a` · low\n\n**A thing.** Why.\n\n"
        "Remedy: Do it.\n\nControls: CIS 1\n\nSee https://example.com/a\n"
    )
    assert run(["rules", "docs", "--pack", "terraform/baseline"]) == 0
    assert "### `terraform/baseline/no-public-rds`" in capsys.readouterr().out


def test_relations_column_by_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "relations", "kubernetes.containers", "terraform"]) == 0
    out = capsys.readouterr().out
    assert "\nkubernetes.containers  " in out
    assert "oracle." not in out
    assert run(["rules", "relations", "--json"]) == 0
    relations = json.loads(capsys.readouterr().out)
    assert {r["name"].partition(".")[0] for r in relations} == {
        "terraform",
        "kubernetes",
        "oracle",
    }
    assert all(c["description"] for r in relations for c in r["columns"])
    assert run(["rules", "relations", "terraform.resources"]) == 2
    assert "did you mean terraform" in capsys.readouterr().err
