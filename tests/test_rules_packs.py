"""The built-in rules: complete, and right about their own examples."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import comply

RULES = Path(__file__).parents[1] / "rules"
FOLDERS = sorted(path for path in RULES.glob("*/*/*") if path.is_dir())
REGO = [path for path in FOLDERS if (path / f"{path.name}.rego").exists()]
SEVERITIES = {"info", "low", "medium", "high", "critical"}


def rule_id(folder: Path) -> str:
    return folder.relative_to(RULES).as_posix()


def package(folder: Path) -> str:
    return ".".join(("comply", *rule_id(folder).replace("-", "_").split("/")))


def rule_file(folder: Path) -> Path:
    (found,) = (
        path
        for path in (folder / f"{folder.name}.rego", folder / f"{folder.name}.sql")
        if path.exists()
    )
    return found


def metadata(folder: Path) -> dict[str, Any]:
    """The annotation that the rule file opens with."""
    path = rule_file(folder)
    mark = "-- " if path.suffix == ".sql" else "# "
    first, *lines = path.read_text().splitlines()
    assert first == f"{mark}METADATA"
    taken = []
    for line in lines:
        if not line.startswith(mark.rstrip()):
            break
        taken.append(line.removeprefix(mark))
    found = yaml.safe_load("\n".join(taken))
    assert isinstance(found, dict)
    return found


def examples(kind: str) -> list[Any]:
    return [
        pytest.param(folder, path, id=f"{rule_id(folder)}/{kind}/{path.name}")
        for folder in FOLDERS
        for path in sorted((folder / kind).iterdir())
    ]


def findings(folder: Path, example: Path) -> list[comply.Finding]:
    """What the rule says of an example.

    A Rego rule runs with the others of its pack; an assertion alone, since an example
    has the tables of its own rule only.
    """
    pack = rule_id(folder.parent) if folder in REGO else ""
    session = compiled(pack, None if pack else rule_file(folder)).emptied()
    session.load(example)
    found = session.check()
    assert [one for one in found if one.status == comply.Status.ERROR] == []
    return [one for one in found if one.rule_id == known_as(folder)]


@cache
def compiled(pack: str, rule: Path | None) -> comply.Session:
    """A session of a pack or of one rule, for as many examples as there are."""
    return (
        comply.Session(packs=[pack]) if rule is None else comply.Session(rules=[rule])
    )


def known_as(folder: Path) -> str:
    """The id in findings: within a pack its path, alone its name."""
    return rule_id(folder) if folder in REGO else folder.name


@pytest.mark.parametrize("folder", FOLDERS, ids=rule_id)
def test_a_rule_is_complete(folder: Path) -> None:
    path = rule_file(folder)
    assert any((folder / "pass").iterdir())
    assert any((folder / "fail").iterdir())
    if path.suffix == ".rego":
        text = path.read_text()
        assert f"\npackage {package(folder)}\n" in text
        assert (folder / f"{folder.name}_test.rego").exists()


@pytest.mark.parametrize("folder", FOLDERS, ids=rule_id)
def test_a_rule_says_what_it_is_for(folder: Path) -> None:
    found = metadata(folder)
    assert found["title"].strip()
    assert len(found["description"]) > len(found["title"])
    custom = found["custom"]
    assert custom["severity"] in SEVERITIES
    assert custom["remediation"].endswith(".")
    assert all(isinstance(control, str) for control in custom["controls"])
    assert all(item["ref"] for item in found.get("related_resources", []))


def test_titles_are_unique() -> None:
    titles = [metadata(folder)["title"] for folder in FOLDERS]
    assert len(titles) == len(set(titles)) > 10


@pytest.mark.parametrize(("folder", "example"), examples("pass"))
def test_a_pass_example_gives_no_finding(folder: Path, example: Path) -> None:
    assert findings(folder, example) == []


@pytest.mark.parametrize(("folder", "example"), examples("fail"))
def test_a_fail_example_gives_a_finding(folder: Path, example: Path) -> None:
    found = findings(folder, example)
    said = metadata(folder)
    assert found
    for finding in found:
        assert finding.rule_id == known_as(folder)
        assert finding.title == said["title"]
        assert finding.severity == said["custom"]["severity"]
        assert finding.remediation == said["custom"]["remediation"]
        assert finding.status in {"violation", "warning"}
        assert finding.message
        assert finding.span is not None
        assert Path(finding.span.file).name == example.name


@pytest.mark.parametrize("folder", REGO, ids=rule_id)
def test_the_tests_of_a_rule_pass(folder: Path) -> None:
    texts = {path.name: path.read_text() for path in folder.glob("*.rego")}
    policy = comply.rego.compile(texts)
    results = policy.eval(f"data.{package(folder)}_test", input={}, data={})
    tests = {name: value for name, value in results.items() if name.startswith("test_")}
    written = (folder / f"{folder.name}_test.rego").read_text().count("\ntest_")
    assert len(tests) == written > 3
    assert {name for name, value in tests.items() if value is not True} == set()


def test_the_tests_pass_in_opa_too() -> None:
    opa = os.environ.get("OPA") or shutil.which("opa")
    if opa is None:
        pytest.skip("no OPA: name one by OPA or put it on the PATH")
    files = sorted(str(path) for path in RULES.rglob("*.rego"))
    run = subprocess.run(
        [opa, "test", "--format", "json", *files],
        check=False,
        capture_output=True,
        text=True,
    )
    results = json.loads(run.stdout)
    assert len(results) > 80
    assert [one["name"] for one in results if one.get("fail") or one.get("error")] == []


def test_parameters_reach_the_rules() -> None:
    folder = RULES / "terraform" / "baseline" / "required-tags"
    policy = comply.rego.compile({"rule.rego": rule_file(folder).read_text()})
    plan = json.loads((folder / "fail" / "missing-on-create.json").read_text())
    data = {"comply": {"parameters": {rule_id(folder): {"keys": ["Team"]}}}}
    (finding,) = policy.eval(f"data.{package(folder)}.deny", input=plan, data=data)
    assert finding["msg"].endswith("lacks the required tags: Team")
