"""Plans of policies that know nothing of each other, as one plan."""

import json
from pathlib import Path
from typing import Any

import comply
from comply.plan import ir
from comply.plan.combine import combine, is_apart
from comply.rego.modules import plan_modules
from comply.rego.parser import parse_module
from comply.rules.checks import Compiled
from comply.rules.files import RuleFile
from comply.rules.rego_rules import compile_files
from comply.source import Source

HELPER = """
containers contains c if some c in input.spec.containers

containers contains c if some c in input.spec.initContainers
"""
DENY = """
deny contains msg if {{
	some c in containers
	c.image == "{image}"
	msg := sprintf("{name}: %s", [c.name])
}}
"""


def policy(name: str, image: str, helper: str = HELPER) -> str:
    return f"package {name}\n{DENY.format(name=name, image=image)}{helper}"


def plan_of(text: str) -> ir.Plan:
    module = parse_module(Source("a.rego", text))
    wanted = frozenset({("data", *module.package, "deny")})
    return plan_modules((module,), wanted, lambda plan: plan).plan


def file(name: str, text: str) -> RuleFile:
    return RuleFile(name, Source(f"{name}.rego", text))


def test_helpers_written_alike_are_one() -> None:
    plans = [plan_of(policy(name, "x")) for name in ("a", "b", "c")]
    whole, offsets = combine(plans)
    paths = [rule.path for rule in whole.rules]
    assert paths.count(("data", "a", "containers")) == 1
    assert ("data", "b", "containers") not in paths
    assert len(whole.entries) == len(plans) == len(whole.sources)
    assert [e - o for e, o in zip(sorted(whole.entries), offsets, strict=True)] == [
        entry for plan in plans for entry in plan.entries
    ]


def test_helpers_that_differ_are_kept() -> None:
    other = HELPER.replace("initContainers", "others")
    whole, _ = combine([plan_of(policy("a", "x")), plan_of(policy("b", "x", other))])
    assert len(whole.rules) == 4


def test_names_of_locals_do_not_matter() -> None:
    other = HELPER.replace("contains c", "contains box").replace("some c", "some box")
    whole, _ = combine([plan_of(policy("a", "x")), plan_of(policy("b", "x", other))])
    assert len(whole.rules) == 3


def test_helpers_of_helpers_are_one_too() -> None:
    chain = (
        "\nlist := [c | some c in inner]\n\ninner contains c if some c in input.xs\n"
    )
    texts = [
        f"package {n}\n\ndeny contains c.n if {{ some c in list; c.{n} }}\n{chain}"
        for n in ("a", "b")
    ]
    whole, _ = combine([plan_of(text) for text in texts])
    assert len(whole.rules) == 4


def test_what_may_fail_keeps_its_place() -> None:
    chosen = "\nimage := c.image if some c in input.spec.containers\n"
    texts = [
        f'package {n}\n\ndeny contains image if image == "{n}"\n{chosen}'
        for n in ("a", "b")
    ]
    whole, _ = combine([plan_of(text) for text in texts])
    assert len(whole.rules) == 4


def test_what_sees_the_whole_of_data_runs_alone() -> None:
    assert is_apart(
        plan_of("package a\n\ndeny contains 1 if input.x with input.x as 1\n")
    )
    assert is_apart(
        plan_of("package a\n\ndeny contains x if x := data.a.b[input.x]\n\nb.c := 1\n")
    )
    assert not is_apart(plan_of(policy("a", "x")))


def test_files_of_other_packages_are_one_program() -> None:
    files = [file(name, policy(name, "x")) for name in ("a", "b", "c")]
    (made,) = compile_files(files)
    assert isinstance(made, Compiled)
    assert made.files == (0, 1, 2)
    assert {rule.id for rule in made.rules} == {"a", "b", "c"}


def test_a_file_that_fails_stops_no_other() -> None:
    files = [file("a", policy("a", "x")), file("b", "package b\n\ndeny if x\n")]
    error, made = compile_files(files)
    assert isinstance(made, Compiled)
    assert made.files == (0,)
    assert not isinstance(error, Compiled)
    assert error[0].id == "b"


def test_one_package_in_two_groups_is_two_programs() -> None:
    text = 'package spacelift\n\ndeny contains "m" if input.{}\n'
    files = [file(name, text.format(name)) for name in ("a", "b")]
    assert len(list(compile_files(files))) == 2


def found(folder: Path, texts: dict[str, str], manifest: dict[str, Any]) -> list[str]:
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.rego").write_text(text)
    session = comply.Session(rules=[folder])
    session.load(json.dumps(manifest).encode(), "kubernetes")
    findings = session.check()
    assert session.evaluated == dict.fromkeys(texts, 1)
    return [f"{f.rule_id} {f.status} {f.message} {f.span}" for f in findings]


def test_together_they_find_what_each_finds(tmp_path: Path) -> None:
    containers = [{"name": "one", "image": "x"}, {"name": "two", "image": "y"}]
    spec = {"containers": containers, "initContainers": [{"name": "i", "image": "x"}]}
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": spec,
    }
    conflict = "\nimage := c.image if some c in input.spec.containers\n"
    texts = {
        "a": policy("a", "x"),
        "b": policy("b", "y"),
        "c": policy("c", "z"),
        "d": f"package d\n\ndeny contains m if {{ m := image }}\n{conflict}",
    }
    together = found(tmp_path / "all", texts, manifest)
    alone = [found(tmp_path / n, {n: text}, manifest) for n, text in texts.items()]
    places = [line.replace("/all/", f"/{line[0]}/") for line in together]
    assert sorted(places) == sorted(line for lines in alone for line in lines)
    assert [len(lines) for lines in alone] == [2, 1, 0, 1]
    assert "eval_conflict_error" in alone[3][0]
