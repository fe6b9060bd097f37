"""Rules over documents: what they see, which results become findings, and of what."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

import comply
from comply import Finding, Session, Severity, Status

PLAN: Final[dict[str, Any]] = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "resource_changes": [
        {
            "address": f"aws_s3_bucket.{name}",
            "type": "aws_s3_bucket",
            "name": name,
            "change": {"actions": ["create"], "before": None, "after": {"acl": acl}},
        }
        for name, acl in (("a", "private"), ("b", "public-read"))
    ],
}
POD: Final = """apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  containers:
    - name: c
      image: nginx
"""


def plan(**changes: Any) -> bytes:
    return json.dumps({**PLAN, **changes}, indent=1).encode()


def session(folder: Path, *texts: str, **options: Any) -> Session:
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"rule{number}.rego"
        path.write_text(text)
        paths.append(path)
    return Session(rules=paths, **options)


def check(folder: Path, text: str, *sources: bytes, **options: Any) -> list[Finding]:
    made = session(folder, text, **options)
    for source in sources:
        made.load(source)
    found: list[Finding] = made.check()
    return found


def messages(found: list[Finding]) -> list[str]:
    return sorted(item.message for item in found)


# Entry points.


@pytest.mark.parametrize(
    ("head", "status", "severity"),
    [
        ("deny contains msg", Status.VIOLATION, Severity.MEDIUM),
        ("violation contains msg", Status.VIOLATION, Severity.MEDIUM),
        ("warn contains msg", Status.WARNING, Severity.LOW),
        ("deny_public contains msg", Status.VIOLATION, Severity.MEDIUM),
        ("violation_1 contains msg", Status.VIOLATION, Severity.MEDIUM),
        ("warn_soon contains msg", Status.WARNING, Severity.LOW),
        ("deny[msg]", Status.VIOLATION, Severity.MEDIUM),
        ("deny := msg", Status.VIOLATION, Severity.MEDIUM),
        ("warn := [msg]", Status.WARNING, Severity.LOW),
        ("deny := {msg}", Status.VIOLATION, Severity.MEDIUM),
        ('deny := {"msg": msg}', Status.VIOLATION, Severity.MEDIUM),
    ],
)
def test_entry_points(
    tmp_path: Path, head: str, status: Status, severity: Severity
) -> None:
    text = f'package p\n\n{head} if {{\n\tinput.resource_changes\n\tmsg := "no"\n}}\n'
    (found,) = check(tmp_path, text, plan())
    assert (found.message, found.status, found.severity) == ("no", status, severity)


@pytest.mark.parametrize(
    "text",
    [
        "allow if input.resource_changes",
        "denied contains 1 if input.resource_changes",
        "deny(x) := x if input.resource_changes",
        "default deny := false",
        "deny := false if input.resource_changes",
        "deny := null if input.resource_changes",
        "default deny := false\n\ndeny if input.nothing",
        "deny[x] := false if { input.resource_changes; x := 1 }",
        "deny.x contains 1 if input.nothing",
    ],
)
def test_no_entry_point_or_no_result(tmp_path: Path, text: str) -> None:
    assert check(tmp_path, f"package p\n\n{text}\n", plan()) == []


def test_a_rule_without_a_message_says_its_title(tmp_path: Path) -> None:
    text = (
        "# METADATA\n# title: No buckets here\n# custom:\n#  severity: critical\n"
        "package p\n\ndeny if input.resource_changes\n"
    )
    (found,) = check(tmp_path, text, plan())
    assert found.message == found.title == "No buckets here"
    assert found.severity == Severity.CRITICAL


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ('{"msg": "m", "x": 1}', "m"),
        ('{"message": "m"}', "m"),
        ('{"x": [1, true]}', '{"x": [1, true]}'),
        ("3", "3"),
        ('["a"]', '["a"]'),
        ("true", "rule0"),
    ],
)
def test_messages(tmp_path: Path, result: str, message: str) -> None:
    text = f"package p\n\ndeny contains {result} if input.resource_changes\n"
    (found,) = check(tmp_path, text, plan())
    assert found.message == message


def test_details_are_evidence(tmp_path: Path) -> None:
    text = (
        'package p\n\ndeny contains {"msg": "m", "details": {"s": {2, 1}}} '
        "if input.resource_changes\n"
    )
    (found,) = check(tmp_path, text, plan())
    assert found.evidence == ({"s": [1, 2]},)


# What a rule sees.


@pytest.mark.parametrize(
    "path", ["input.resource_changes", "input.terraform.resource_changes"]
)
def test_a_plan_is_seen_as_conftest_and_as_spacelift_show_it(
    tmp_path: Path, path: str
) -> None:
    text = (
        "package p\n\ndeny contains r.name if {\n"
        f"\tsome r in {path}\n"
        '\tr.change.after.acl == "public-read"\n}\n'
    )
    (found,) = check(tmp_path, text, plan())
    assert (found.message, found.fact) == ("b", "aws_s3_bucket.b")
    assert found.span is not None
    assert '"address": "aws_s3_bucket.b"' in plan().decode().split("\n")[found.span.row]


GATEKEEPER: Final = """package p

violation[{"msg": msg}] {
	container := input.review.object.spec.containers[_]
	input.review.kind.kind == "Pod"
	input.review.kind.group == ""
	input.review.operation == "CREATE"
	input.review.namespace == "shop"
	not input.parameters.nothing
	msg := container.image
}
"""
ADMISSION: Final = """package p

deny contains msg if {
	input.request.kind.kind == "Pod"
	input.request.operation == "CREATE"
	some c in input.request.object.spec.containers
	msg := c.image
}
"""
BARE: Final = """package p

deny contains c.image if {
	input.kind == "Pod"
	some c in input.spec.containers
}
"""


@pytest.mark.parametrize(
    "text", [GATEKEEPER, ADMISSION, BARE], ids=["gatekeeper", "admission", "bare"]
)
def test_a_manifest_has_the_shape_that_a_rule_reads(tmp_path: Path, text: str) -> None:
    (found,) = check(tmp_path, text, POD.encode())
    assert (found.message, found.fact) == ("nginx", "v1/Pod/shop/web")
    assert found.span is not None
    assert found.span.row == 9


def test_shapes_stand_side_by_side(tmp_path: Path) -> None:
    made = session(
        tmp_path,
        GATEKEEPER.replace("package p", "package a"),
        ADMISSION.replace("package p", "package b"),
        BARE.replace("package p", "package c"),
    )
    made.load(POD.encode())
    assert [f.rule_id for f in made.check()] == ["rule0", "rule1", "rule2"]


def test_all_worlds_are_data(tmp_path: Path) -> None:
    text = """package p

deny contains [plans, pods, tables] if {
	plans := [r.name | some r in data.terraform.resource_changes]
	pods := [o.metadata.name | some o in data.kubernetes.objects]
	tables := [t.name | some t in data.oracle.tables]
}
"""
    made = session(tmp_path, text)
    made.load(plan())
    made.load(POD.encode())
    made.load(b"create table shop.orders (id number primary key);\n", "oracle_ddl")
    (found,) = made.check()
    assert found.message == '[["a", "b"], ["web"], ["ORDERS"]]'
    assert found.fact == ""


def test_two_plans_are_one_world(tmp_path: Path) -> None:
    text = """package p

deny contains n if n := count(data.terraform.resource_changes)
"""
    other = plan(resource_changes=PLAN["resource_changes"][:1])
    made = session(tmp_path, text)
    for number, source in enumerate((plan(), other)):
        path = tmp_path / f"{number}.json"
        path.write_bytes(source)
        made.load(path)
    assert messages(made.check()) == ["3"]


def test_a_rule_runs_on_the_world_it_reads(tmp_path: Path) -> None:
    text = 'package p\n\ndeny contains "x" if not input.spec.containers\n'
    assert check(tmp_path, text, plan()) == []
    text = 'package p\n\ndeny contains "x" if not input.resource_changes\n'
    assert check(tmp_path, text, POD.encode()) == []


def test_parameters_data_and_the_clock(tmp_path: Path) -> None:
    text = """package p

deny contains [data.comply.parameters.limit, data.own.x, time.date(time.now_ns())] if {
	input.resource_changes
}
"""
    now = datetime(2031, 2, 3, tzinfo=UTC)
    options = {"parameters": {"limit": 3}, "data": {"own": {"x": 4}}, "now": now}
    (found,) = check(tmp_path, text, plan(), **options)
    assert found.message == "[3, 4, [2031, 2, 3]]"


# Facts.


def test_a_result_may_name_its_fact(tmp_path: Path) -> None:
    text = """package p

deny contains {"msg": "m", "address": "aws_s3_bucket.b"} if input.resource_changes
"""
    (found,) = check(tmp_path, text, plan())
    assert found.fact == "aws_s3_bucket.b"
    assert found.span is not None
    assert "aws_s3_bucket.b" in plan().decode().split("\n")[found.span.row]


def test_a_fact_that_is_not_there_is_still_named(tmp_path: Path) -> None:
    text = """package p

deny contains {"msg": "m", "address": "gone"} if input.resource_changes
"""
    (found,) = check(tmp_path, text, plan())
    assert found.fact == "gone"
    assert found.span is not None
    assert found.span.row == 1


def test_a_rule_of_the_whole_plan_has_no_fact(tmp_path: Path) -> None:
    text = 'package p\n\ndeny contains "x" if count(input.resource_changes) > 1\n'
    (found,) = check(tmp_path, text, plan())
    assert found.fact == ""


def test_one_result_of_two_facts_is_two_findings(tmp_path: Path) -> None:
    text = 'package p\n\ndeny contains "same" if some r in input.resource_changes\n'
    found = check(tmp_path, text, plan())
    assert [f.fact for f in found] == ["aws_s3_bucket.a", "aws_s3_bucket.b"]
    assert len({f.fingerprint for f in found}) == 2


def test_an_else_is_not_tried_when_the_first_holds(tmp_path: Path) -> None:
    text = """package p

deny := "first" if { count(input.resource_changes) > 1 } else := "second"
"""
    assert messages(check(tmp_path, text, plan())) == ["first"]
    assert messages(check(tmp_path, text, plan(resource_changes=[]))) == ["second"]


# Failing closed.


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "deny := 1 if input.resource_changes\n\ndeny := 2 if input.resource_changes",
            "eval_conflict_error",
        ),
        (
            (
                "deny contains f(r) if some r in input.resource_changes\n\n"
                "f(r) := 1 if r.name\n\nf(r) := 2 if r.type"
            ),
            "eval_conflict_error",
        ),
        (
            'deny contains x if x := http.send({"method": "GET", "url": input.url})',
            "eval_builtin_error",
        ),
    ],
)
def test_a_rule_that_fails_is_an_error(tmp_path: Path, text: str, code: str) -> None:
    found = check(tmp_path, f"package p\n\n{text}\n", plan(url="http://127.0.0.1:1"))
    assert {f.status for f in found} == {Status.ERROR}
    assert all(code in f.message for f in found)
    assert all(f.severity == Severity.HIGH for f in found)


def test_an_error_does_not_hide_other_rules(tmp_path: Path) -> None:
    made = session(
        tmp_path,
        "package a\n\ndeny := 1 if input.resource_changes\n\n"
        "deny := 2 if input.resource_changes\n",
        'package b\n\ndeny contains "b" if input.resource_changes\n',
        "package c\n\ndeny contains x if x == 1\n",
        "package d\n\ndeny contains if",
    )
    made.load(plan())
    found = made.check()
    assert sorted((f.rule_id, str(f.status)) for f in found) == [
        ("rule0", "error"),
        ("rule1", "violation"),
        ("rule2", "error"),
        ("rule3", "error"),
    ]
    compile_errors = [f for f in found if f.rule_id in ("rule2", "rule3")]
    assert all(f.span is not None and f.span.line for f in compile_errors)


def test_a_document_that_nests_too_deeply_is_an_error(tmp_path: Path) -> None:
    text = (
        "package p\n\ndeny contains x if {\n"
        '\tinput.resource_changes\n\tx := json.marshal(input.deep) == "x"\n}\n'
    )
    deep: Any = 1
    for _ in range(3000):
        deep = [deep]
    made = session(tmp_path, text)
    loaded = made.load(plan(deep=1))
    loaded.documents[0].value["deep"] = deep
    (found,) = made.check()
    assert found.status == Status.ERROR
    assert "nested too deeply" in found.message


def test_rules_that_never_ran_are_known(tmp_path: Path) -> None:
    made = session(
        tmp_path,
        'package a\n\ndeny contains "a" if input.resource_changes\n',
        'package b\n\ndeny contains "b" if input.spec.containers\n',
    )
    made.load(plan())
    made.check()
    assert set(made.evaluated) == {"rule0"}


# Files that belong together.


def test_files_of_one_package_and_the_libraries_they_name(tmp_path: Path) -> None:
    made = session(
        tmp_path,
        "package main\n\ndeny contains limit if data.lib.big(count(input.resource_changes))\n",
        "package main\n\nlimit := data.conf.limit\n",
        "package lib\n\nbig(n) if n >= data.conf.limit\n",
        "package conf\n\nlimit := 2\n",
    )
    made.load(plan())
    assert [(f.rule_id, f.message) for f in made.check()] == [("rule0", "2")]


def test_spacelift_policies_do_not_meet(tmp_path: Path) -> None:
    made = session(
        tmp_path,
        "package spacelift\n\nlimit := 1\n\n"
        "deny contains limit if input.terraform.resource_changes\n",
        "package spacelift\n\nlimit := 2\n\n"
        "warn contains limit if input.terraform.resource_changes\n",
    )
    made.load(plan())
    assert messages(made.check()) == ["1", "2"]


def test_a_pack_that_is_not_there() -> None:
    with pytest.raises(comply.ComplyError) as caught:
        Session(packs=["nothing"])
    assert "terraform" in caught.value.hint


def test_described_rules_are_those_that_compiled(tmp_path: Path) -> None:
    made = session(
        tmp_path,
        "# METADATA\n# title: T\n# custom:\n#  id: x/y\n#  controls: [CIS 1]\n"
        "package a\n\ndeny if input.x\n",
        "package b\n\ndeny if y\n",
    )
    assert [(r.id, r.title, r.controls) for r in made.described()] == [
        ("x/y", "T", ("CIS 1",))
    ]
    assert [p.status for p in made.problems] == [Status.ERROR]
