"""Rules that read what is probably misspelt: a notice, as they would pass in silence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from comply.cli.main import run
from comply.load.json_text import LARGE

Told = Callable[..., list[str]]

RULE = """package %s
import rego.v1
deny contains "found" if {
	some r in input.%s
	r.change.after.%s == "x"
}
"""


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Told:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path / ".cache"))
    after = {"acl": "x", "subnet_ids": [], "cidr_v4": "x", "encrypted": True}
    change = {"actions": ["create"], "after": after, "after_unknown": {"bucket": True}}
    plan = {
        "format_version": "1.2",
        "resource_changes": [
            {"address": "a.b", "change": change},
            {"address": "a.c", "change": {"actions": ["delete"], "after": None}},
            {"address": "a.d", "change": None},
        ],
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))

    def ask(*rules: tuple[str, str]) -> list[str]:
        names = []
        for i, (key, attribute) in enumerate(rules):
            names += ["-r", f"p{i}.rego"]
            (tmp_path / f"p{i}.rego").write_text(RULE % (f"p{i}", key, attribute))
        assert run(["check", "plan.json", "-f", "json", *names]) in {0, 1}
        notices: list[str] = json.loads(capsys.readouterr().out)["notices"]
        return notices

    return ask


def test_a_name_with_one_letter_wrong_is_told(told: Told) -> None:
    right = ("resource_changes", "acl")
    notices = told(right, ("resource_chnages", "acl"), ("resource_changes", "acll"))
    nowhere = "which is nowhere in what was checked: did you mean"
    assert notices == [
        f"p1 reads input.resource_chnages, {nowhere} resource_changes?",
        f"p2 reads the attribute acll, {nowhere} acl?",
    ]


@pytest.mark.parametrize(
    ("attribute", "near"),
    [
        ("acll", "acl"),
        ("encyrpted", "encrypted"),
        ("encrypteds", ""),
        ("encripted", "encrypted"),
        ("ncrypted", "encrypted"),
        ("buckett", "bucket"),
        ("subnet_id", ""),
        ("cidr_v6", ""),
        ("ac", ""),
        ("unencrypted", ""),
        ("bucket", ""),
        ("tags", ""),
    ],
)
def test_how_near_a_name_has_to_be(told: Told, attribute: str, near: str) -> None:
    notices = told(("resource_changes", attribute))
    assert [n.rpartition(" ")[2] for n in notices] == ([f"{near}?"] if near else [])


def test_packs_are_not_held_to_it(tmp_path: Path, told: Told) -> None:
    assert told(("resource_changes", "acl")) == []
    assert run(["check", str(tmp_path / "plan.json")]) == 0


def test_whole_rules_and_those_that_read_anything(
    tmp_path: Path, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(("resource_changes", "acl")) == []
    (tmp_path / "whole.rego").write_text(
        'package w\nimport rego.v1\ndeny := "x" if input.terrafrom.x\n'
        'violation contains "x" if {\n\tsome k\n\tinput[k] == "x"\n}\n'
    )
    run(["check", "plan.json", "-r", "whole.rego", "-f", "json"])
    notices = json.loads(capsys.readouterr().out)["notices"]
    assert [n.rpartition(" ")[2] for n in notices] == ["terraform?"]


def test_documents_of_other_worlds_have_no_attributes(
    tmp_path: Path, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(("resource_changes", "acl"), ("resource_changes", "encrypted")) == []
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\n")
    run(["check", "pod.yaml", "plan.json", "-r", "p0.rego", "-f", "json"])
    assert json.loads(capsys.readouterr().out)["notices"] == []


def test_of_a_large_plan_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path / ".cache"))
    after = {"region": "x", "filler": "y" * LARGE}
    change = {"actions": ["create"], "after": after, "after_unknown": {}}
    plan = {
        "format_version": "1.2",
        "resource_changes": [{"address": "a.b", "change": change}],
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "small.json").write_text(
        json.dumps({"format_version": "1.2", "resource_changes": []})
    )
    (tmp_path / "p.rego").write_text(RULE % ("p", "resource_changes", "regoin"))
    for names in (["plan.json"], ["plan.json", "small.json"]):
        assert run(["check", *names, "-r", "p.rego"]) == 0
        assert "did you mean region?" in capsys.readouterr().out
    (tmp_path / "p.rego").write_text(RULE % ("p", "resource_changes", "elsewhere"))
    assert run(["check", "plan.json", "-r", "p.rego"]) == 0
    assert "did you mean" not in capsys.readouterr().out
