"""A plan is loaded as it is, its secrets known; what is no plan is called by name."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from comply.findings import Status
from comply.load import load
from comply.load.detect import detect
from comply.load.facts import Document, facts
from comply.load.terraform_plan import identity
from comply.plan.values import Value
from comply.source import LoadError, Source

FIXTURE = Path(__file__).parents[1] / "fixtures/load/terraform/create_rds.json"
SHARED = Path(os.environ.get("COMPLY_SHARED", Path(__file__).parents[2] / "shared"))


def loaded(text: str, name: str = "plan.json") -> Document:
    [document] = load(Source(name, text), "terraform_plan")
    return document


@pytest.fixture(name="plan")
def _plan() -> Document:
    return loaded(FIXTURE.read_text())


def test_the_value_is_the_plan_reachable_both_ways(plan: Document) -> None:
    whole = json.loads(FIXTURE.read_text())
    assert plan.value == {**whole, "terraform": whole}
    for key, part in plan.value["terraform"].items():
        assert plan.value[key] is part
    assert (plan.world, plan.kind, plan.problems) == ("terraform", "terraform_plan", ())


def test_a_spacelift_input_keeps_its_shape_and_gains_the_plan() -> None:
    document = loaded(
        '{"spacelift": {"run": {"id": "r"}},'
        ' "terraform": {"resource_changes": [{"address": "a.b", "change": {}}]}}'
    )
    value = document.value
    assert value["resource_changes"] is value["terraform"]["resource_changes"]
    assert value["spacelift"] == {"run": {"id": "r"}}
    assert [f.identity for f in facts(document)] == ["a.b"]
    for path in (("resource_changes", 0), ("terraform", "resource_changes", 0)):
        assert str(document.locate(path)) == "plan.json:1:72"


def test_facts_are_resource_changes_by_address(plan: Document) -> None:
    found = list(facts(plan))
    assert [f.identity for f in found] == [
        "aws_db_instance.main",
        'module.net["a.b"].aws_security_group.sg["k\\"q"] (deposed c0ffee00)',
    ]
    assert found[0].value is plan.value["resource_changes"][0]


def test_a_change_without_an_address_is_named_by_type() -> None:
    assert identity({"type": "aws_vpc", "name": "v"}) == "aws_vpc.v"
    assert identity({}) == "resource.unnamed"


def test_places_lead_into_the_file(plan: Document) -> None:
    lines = FIXTURE.read_text().splitlines()
    span = plan.locate(("resource_changes", 0, "change", "after", "password"))
    assert span is not None
    assert lines[span.row - 1][span.col - 1 :].startswith('"password"')
    assert plan.locate(("terraform", "resource_changes", 0, "change", "after")) == (
        plan.locate(("resource_changes", 0, "change", "after"))
    )
    assert span.line == "", "a line of a plan may hold secrets"


def test_all_that_is_marked_sensitive_is_known(plan: Document) -> None:
    assert plan.sensitive() == {
        "correct horse battery",
        "postgres://app:pa55@db/app",
        "-----BEGIN\nMIIB1234\n-----END",
        "drifted-token",
        "0ld-secret",
        "24",
        # The marks of a set do not line up with it, so all of it is covered.
        "10.0.0.0/8",
        "192.0.2.7/32",
    }


@pytest.mark.parametrize(
    ("value", "mark", "found"),
    [
        ({"a": "x"}, {"a": False}, set()),
        ({"a": ["x", "y"]}, {"a": [False, True]}, {"y"}),
        ({"a": {"b": [{"c": "x"}]}}, {"a": True}, {"x"}),
        ("text", {"a": True}, {"text"}),
        (["x"], {"a": [False]}, set()),
        ({"a": None, "b": 1.5}, True, {"1.5"}),
    ],
)
def test_marks(value: Value, mark: Value, found: set[str]) -> None:
    plan = {
        "deferred_changes": [
            {"resource_change": {"change": {"after": value, "after_sensitive": mark}}}
        ],
        "action_invocations": [{"config_values": value, "config_sensitive": mark}],
        "resource_changes": None,
    }
    assert loaded(json.dumps(plan)).sensitive() == found


def test_an_errored_plan_is_a_finding_of_status_error() -> None:
    document = loaded('{"resource_changes": [], "errored": true}')
    [problem] = document.problems
    assert problem.status is Status.ERROR
    assert str(problem.span) == "plan.json:1:1"


@pytest.mark.parametrize("version", ["0.1", "0.2", "1.0", "1.2", "1.99"])
def test_known_formats(version: str) -> None:
    text = json.dumps({"format_version": version, "planned_values": {}})
    assert loaded(text).value["format_version"] == version


PLAN = '{"format_version":"1.2","resource_changes":[]}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format_version": "2.0", "resource_changes": []}', "plan format 2.0"),
        (
            '{"@level":"info","@message":"x","type":"version"}\n{"@level":"info"}\n',
            "message stream",
        ),
        ('{"@level":"info","@message":"x"}', "message stream"),
        ('{"version": 4, "serial": 1, "lineage": "a", "resources": []}', "state file"),
        ('{"format_version": "1.0", "values": {}}', "a Terraform state"),
        ('{"format_version": "1.0", "provider_schemas": {}}', "schemas"),
        ('{"format_version": "1.0", "valid": true, "error_count": 0}', "validate"),
        ("{}", "no Terraform plan"),
        ("[]", "a plan is a JSON object"),
        ('{"resource_changes": {}}', "not a list"),
        ('{"resource_changes": [1]}', "no object"),
        (f"[command]/usr/bin/terraform show\n{PLAN}\n", "text around"),
        (f"{PLAN}\n::debug::stdout: x\n", "text around"),
        (f"::debug::\n{PLAN[:-3]}", "text around"),
        (PLAN[:-3], "truncated"),
        ("Terraform will perform the following actions:\n", "shows to people"),
        ("\x1b[0m\x1b[1mInitializing", "shows to people"),
        ("hello", "not JSON"),
        (f"{{}}\n{PLAN}", "text around"),
    ],
)
def test_what_is_no_plan_is_called_by_name(text: str, message: str) -> None:
    with pytest.raises(LoadError, match=message) as caught:
        loaded(text)
    if "not" in message and "plan" in message:
        assert "terraform show -json" in caught.value.hint


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[command]/bin/terraform show\n", "\n::debug::exited with code 0.\n"),
        ("\x1b[0m::debug::x\n", "\n"),
        ("", "\n::set-output name=x::{y}\n"),
    ],
)
def test_what_is_offered_strips_the_text_around(
    before: str, after: str, indent: int | None, tmp_path: Path
) -> None:
    separators = (",", ":") if indent is None else None
    plan = json.dumps(json.loads(PLAN), indent=indent, separators=separators)
    (tmp_path / "my plan.json").write_text(before + plan + after)
    with pytest.raises(LoadError) as caught:
        load(Source("my plan.json", before + plan + after), "terraform_plan")
    offer = caught.value.hint.partition("To strip it here: ")[2]
    subprocess.run(["/bin/sh", "-c", offer], cwd=tmp_path, check=True)
    text = (tmp_path / "clean.json").read_text()
    assert json.loads(text) == json.loads(PLAN)
    assert detect(Source("<stdin>", before + plan)) == "terraform_plan"
    with pytest.raises(LoadError) as caught:
        load(Source("<stdin>", before + plan + after), "terraform_plan")
    assert caught.value.hint.endswith("| comply check -")


def test_pollution_is_shown() -> None:
    with pytest.raises(LoadError) as caught:
        loaded(f"{PLAN}\n::debug::stdout\n")
    assert str(caught.value.span) == "plan.json:2:1"
    assert "terraform_wrapper" in caught.value.hint
    assert "::debug" in caught.value.render()


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared plans")
def test_the_shared_plans_load() -> None:
    plain = loaded((SHARED / "seeds/inputs/plan.json").read_text())
    wrapped = loaded((SHARED / "seeds/inputs/spacelift_plan.json").read_text())
    assert len(list(facts(plain))) == 200
    assert [f.identity for f in facts(plain)] == [f.identity for f in facts(wrapped)]
