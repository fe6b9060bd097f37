"""Rule files: found, described, compiled together, and kept in a cache."""

import marshal
import os
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import comply
from comply.findings import Severity, Status
from comply.rego.errors import RegoError
from comply.rego.parser import parse_module
from comply.rules.checks import Compiled, digest, fetch, keep, linked
from comply.rules.files import RuleFile, pack_files, packs, read, user_files
from comply.rules.rego_rules import compile_files, data_paths, group_files, metadata
from comply.rules.rule import describe
from comply.source import ComplyError, LoadError, Source

DENY = 'package a\n\ndeny contains "x" if input.x\n'


def rule_file(text: str, name: str = "a.rego", pack: str = "") -> RuleFile:
    return RuleFile(name.removesuffix(".rego"), Source(name, text), pack)


def grouped(**texts: str) -> list[list[str]]:
    parsed = []
    for name, text in texts.items():
        file = rule_file(text, f"{name}.rego")
        parsed.append((file, parse_module(file.source)))
    return [[file.id for file, _ in group] for group in group_files(parsed)]


# Files.


def test_folders_hold_rules_but_no_tests_or_examples(tmp_path: Path) -> None:
    for name in (
        "rules/a.rego", "rules/a_test.rego", "rules/deep/b/b.rego", "rules/c.sql",
        "rules/deep/b/pass/x.rego", "rules/deep/b/fail/x.rego", "rules/.hidden/h.rego",
        "rules/readme.md",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    found = user_files([tmp_path / "rules"])
    assert [(f.id, f.language) for f in found] == [
        ("a", "rego"),
        ("c", "sql"),
        ("deep/b", "rego"),
    ]
    assert [f.id for f in user_files([tmp_path / "rules" / "a.rego"])] == ["a"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone", "no such file or folder"),
        ("gone.rego", "No such file or directory"),
        ("empty", "no rules in this folder"),
        ("readme.md", "not a rule file"),
        ("latin.rego", "not UTF-8"),
    ],
)
def test_what_is_no_rule_file(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "readme.md").write_text("")
    (tmp_path / "latin.rego").write_bytes(b"# \xe9")
    with pytest.raises(ComplyError, match=message):
        user_files([tmp_path / name])


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.rego"
    path.write_bytes(b"\xef\xbb\xbf" + DENY.encode())
    assert read(path).text == DENY


def test_an_unreadable_folder(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="directory"):
        read(tmp_path)


def test_packs() -> None:
    assert "terraform/baseline" in packs()
    files = pack_files("terraform/baseline")
    assert {f.pack for f in files} == {"terraform/baseline"}
    assert all(f.id.startswith("terraform/baseline/") for f in files)
    assert {f.id for f in pack_files("terraform")} >= {f.id for f in files}
    with pytest.raises(ComplyError, match="no pack"):
        pack_files("nothing/here")


# Descriptions.


def test_a_rule_is_what_its_metadata_says() -> None:
    text = """# METADATA
# scope: package
# title: The package
# description: Of all
# custom:
#   severity: HIGH
package a

# METADATA
# title: The rule
# related_resources:
# - https://example.org/a
# - ref: https://example.org/b
# custom:
#   id: my/rule
#   remediation: Mend it.
#   controls: [CIS 1.2, SOC 3]
deny contains 1 if input.x
"""
    file = rule_file(text, pack="p/q")
    rule = describe(file, metadata(parse_module(file.source)))
    assert rule.id == "my/rule"
    assert rule.title == "The rule"
    assert rule.description == "Of all"
    assert rule.remediation == "Mend it."
    assert rule.controls == ("CIS 1.2", "SOC 3")
    assert rule.related == ("https://example.org/a", "https://example.org/b")
    assert (rule.pack, rule.language, rule.file) == ("p/q", "rego", "a.rego")


def test_rules_of_a_file_may_have_metadata_of_their_own() -> None:
    text = """package a

# METADATA
# title: First
# custom: {id: my/file, severity: low}
deny contains "1" if input.x

# METADATA
# title: Second
# custom: {id: other, severity: critical}
warn := "2" if input.x

deny contains "3" if input.x
"""
    file = rule_file(text)
    (made,) = compiled(file)
    checks = linked(made, [file])
    found = [(u.rule.id, u.rule.title, u.rule.severity) for u in checks.units]
    assert found == [("my/file", "First", Severity.LOW)] * 2
    (whole,) = checks.wholes
    assert (whole.rule.id, whole.rule.title) == ("my/file", "Second")
    assert whole.rule.severity == Severity.CRITICAL


def test_a_file_is_listed_once(tmp_path: Path) -> None:
    path = tmp_path / "a.rego"
    path.write_text(
        "package a\n\n# METADATA\n# title: First\ndeny if input.x\n\n"
        "# METADATA\n# title: Second\nwarn if input.x\n"
    )
    listed = comply.Session(rules=[path]).described()
    assert [(rule.id, rule.title) for rule in listed] == [("a", "First")]


def test_a_rule_without_metadata() -> None:
    rule = describe(rule_file(DENY, "no-public-buckets.rego"), {})
    assert rule.title == "no public buckets"
    assert rule.severity is None


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({"severity": "low"}, Severity.LOW),
        ({"custom": {"severity": "Critical"}}, Severity.CRITICAL),
        ({"severity": "dreadful"}, None),
        ({"custom": "high"}, None),
    ],
)
def test_severities(fields: dict[str, Any], severity: Severity | None) -> None:
    assert describe(rule_file(DENY), fields).severity == severity


# Which files belong together.


def test_files_of_a_package_are_compiled_together() -> None:
    assert grouped(
        a="package x\n", b="package y\n", c="package x\n", d="package x.z\n"
    ) == [["a", "c"], ["b"], ["d"]]


@pytest.mark.parametrize(
    "text",
    [
        "import data.lib.text\n",
        "p := data.lib.text.upper\n",
        'p := data["lib"].text.f(1)\n',
        "p if data.lib[x].y\n",
        "p := [x | some x in data.lib]\n",
        "p if input.x with data.lib.text as 1\n",
        "p := x if { x := data[input.x] }\n",
    ],
)
def test_a_package_that_is_named_comes_along(text: str) -> None:
    found = grouped(
        other="package other\n",
        main=f"package main\n\n{text}",
        lib="package lib.text\n\nf(x) := x\n",
    )
    expected = [["other"], ["main", "lib"]]
    if "data[" in text and 'data["' not in text:
        expected = [["other", "main", "lib"]]
    assert found == expected


def test_chains_of_packages_are_one_group() -> None:
    assert grouped(
        a="package a\n\nx := data.b.x\n",
        c="package c\n\nx := 1\n",
        b="package b\n\nx := data.c.x\n",
        d="package d\n",
    ) == [["a", "c", "b"], ["d"]]


def test_spacelift_policies_stand_alone() -> None:
    assert grouped(
        a="package spacelift\n\nimport data.lib\n",
        b="package spacelift\n",
        lib="package lib\n\nx := data.spacelift.deny\n",
    ) == [["a"], ["b"], ["lib"]]


def test_ground_paths_of_references() -> None:
    module = parse_module(
        Source("a", "package a\n\np := data.b.c[x].d if some x in data.e[data.f.g]\n")
    )
    assert set(data_paths(module.rules)) == {("b", "c"), ("e",), ("f", "g")}


# Compilation.


def compiled(*files: RuleFile) -> list[Compiled]:
    found = []
    for made in compile_files(list(files)):
        assert isinstance(made, Compiled)
        found.append(made)
    return found


def test_units_and_wholes() -> None:
    text = """package a

deny contains x if some x in input.xs

deny contains "b" if input.b

warn := "w" if input.w

deny_more[x] := true if { x := input.more }

allow if input.allow
"""
    file = rule_file(text)
    (made,) = compiled(file)
    checks = linked(made, [file])
    assert [(u.status, u.reads) for u in checks.units] == [
        (Status.VIOLATION, frozenset({"xs"})),
        (Status.VIOLATION, frozenset({"b"})),
    ]
    assert [(w.status, w.reads) for w in checks.wholes] == [
        (Status.WARNING, frozenset({"w"})),
        (Status.VIOLATION, frozenset({"more"})),
    ]


def test_a_file_that_fails_does_not_stop_others() -> None:
    files = [
        rule_file("package a\n\ndeny contains", "a.rego"),
        rule_file("package b\n\ndeny contains x if x > 1\n", "b.rego"),
        rule_file("package b\n\nother := 1\n", "b2.rego"),
        rule_file(DENY.replace("package a", "package c"), "c.rego"),
    ]
    found = list(compile_files(files))
    failed = [item for item in found if isinstance(item, tuple)]
    assert [file.id for file, _ in failed] == ["a", "b"]
    assert all(isinstance(error, RegoError) for _, error in failed)
    assert sum(isinstance(item, Compiled) for item in found) == 1


def test_a_forced_version() -> None:
    old = rule_file("package a\n\ndeny[x] { x := input.x }\n")
    assert isinstance(next(compile_files([old], "v0")), Compiled)
    assert isinstance(next(compile_files([old], "v1")), tuple)


# The cache.


def test_a_cache_gives_back_what_was_kept(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    text = "# METADATA\n# custom: {severity: high}\n" + DENY
    file = rule_file(text)
    made = compiled(file)
    name = digest([file])
    assert fetch(folder, name) is None
    keep(folder, name, made)
    found = fetch(folder, name)
    assert found is not None
    assert [item.rules for item in found] == [item.rules for item in made]
    assert found[0].layout == made[0].layout
    assert found[0].code == made[0].code
    checks = linked(found[0], [file])
    assert checks.rules[0].severity == Severity.HIGH
    assert [p.name for p in folder.iterdir()] == [f"{name}.plan"]


def test_a_digest_knows_every_part_of_a_file() -> None:
    files = [
        rule_file(DENY),
        rule_file(DENY + "\n"),
        rule_file(DENY, "b.rego"),
        rule_file(DENY, pack="p"),
    ]
    names = {digest([file]) for file in files}
    assert len(names) == len(files)
    assert digest(files) != digest(files[::-1])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not marshal",
        marshal.dumps(1),
        marshal.dumps([1]),
        marshal.dumps([(1, 2, 3)]),
        marshal.dumps([((), 1, (), (), (), (), ())]),
        marshal.dumps([]) + b"more",
    ],
)
def test_a_cache_that_is_broken_is_ignored(tmp_path: Path, content: bytes) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "x.plan").write_bytes(content)
    assert fetch(tmp_path, "x") is None
    (tmp_path / "x.plan").write_bytes(sha256(content).digest() + content)
    assert fetch(tmp_path, "x") in (None, [])


def test_a_cache_that_a_disk_damaged_is_not_run(tmp_path: Path) -> None:
    file = rule_file(DENY)
    folder = tmp_path / "cache"
    keep(folder, "x", compiled(file))
    kept = (folder / "x.plan").read_bytes()
    for at in range(0, len(kept), 97):
        damaged = kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :]
        (folder / "x.plan").write_bytes(damaged)
        assert fetch(folder, "x") is None


def test_compiled_rules_used_least_recently_go_first(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    made = compiled(rule_file(DENY))
    for age, name in enumerate(("c", "b", "a")):
        keep(folder, name, made)
        past = time.time() - 100 * (age + 1)
        os.utime(folder / f"{name}.plan", (past, past))
    size = (folder / "a.plan").stat().st_size
    assert fetch(folder, "a") is not None
    keep(folder, "new", made, size * 2)
    left = {path.stem for path in folder.glob("*.plan")}
    assert left == {"a", "c", "new"}
    keep(folder, "large", made, 0)
    assert [path.stem for path in folder.glob("*.plan")] == ["large"]


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    for name, age in (("old", 7_000), ("young", 10)):
        path = folder / f"{name}.1.draft"
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age, time.time() - age))
    keep(folder, "x", compiled(rule_file(DENY)))
    assert sorted(p.name for p in folder.iterdir()) == ["x.plan", "young.1.draft"]


def test_a_cache_that_others_may_write_to_is_not_trusted(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    file = rule_file(DENY)
    keep(folder, "x", compiled(file))
    assert fetch(folder, "x") is not None
    folder.chmod(0o777)
    assert fetch(folder, "x") is None


def test_a_cache_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    keep(blocked / "cache", "x", compiled(rule_file(DENY)))
    assert fetch(blocked / "cache", "x") is None


def test_a_session_checks_the_same_from_its_cache(tmp_path: Path) -> None:
    rule = tmp_path / "a.rego"
    rule.write_text(
        "package a\n\ndeny contains r.address if {\n"
        '\tsome r in input.resource_changes\n\tr.type == "t"\n}\n'
    )
    plan = b'{"format_version": "1.2", "resource_changes": [{"address": "t.a", "type": "t"}]}'
    found = []
    for _ in range(2):
        session = comply.Session(rules=[rule], cache=tmp_path / "cache")
        session.load(plan)
        found.append(session.check())
    assert found[0] == found[1]
    assert [f.message for f in found[0]] == ["t.a"]
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_rules_that_do_not_compile_are_not_cached(tmp_path: Path) -> None:
    rule = tmp_path / "a.rego"
    rule.write_text("package a\n\ndeny contains x if x\n")
    session = comply.Session(rules=[rule], cache=tmp_path / "cache")
    assert [p.status for p in session.problems] == [Status.ERROR]
    assert not (tmp_path / "cache").exists()
