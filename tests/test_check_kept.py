"""Sessions that keep no more of a large plan than their rules read."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import comply
from comply.load.json_text import LARGE
from comply.source import LoadError

RULE = """package a

deny contains msg if {
	some r in input.resource_changes
	r.type == "db"
	r.change.after.public
	msg := sprintf("%s is public", [r.address])
}
"""
COUNT = 40


def resource(number: int, **after: Any) -> dict[str, Any]:
    # Nobody reads what makes the plan large.
    after["filler"] = "x" * (LARGE // COUNT)
    return {
        "address": f"db.r{number}",
        "type": "db",
        "name": f"r{number}",
        "change": {"actions": ["create"], "before": None, "after": after},
    }


def plan(**rest: Any) -> dict[str, Any]:
    changes = [resource(i, public=i == 3) for i in range(COUNT)]
    return {"format_version": "1.2", "resource_changes": changes, **rest}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rule.rego").write_text(RULE)
    return tmp_path


def loaded(rules: Path, value: dict[str, Any], **options: Any) -> tuple[Any, Any]:
    session = comply.Session(rules=[rules], **options)
    return session, session.load(json.dumps(value).encode())


def messages(findings: list[comply.Finding]) -> list[str]:
    return [f.message for f in findings]


def test_what_no_rule_reads_is_not_kept(rules: Path) -> None:
    session, doc = loaded(rules, plan(planned_values={"a": 1}))
    kept = doc.document.value
    assert "planned_values" not in kept
    assert kept["resource_changes"][0]["change"]["after"] == {"public": False}
    assert kept["terraform"]["resource_changes"] is kept["resource_changes"]
    (finding,) = session.check()
    assert finding.message == "db.r3 is public"
    assert finding.span.file == "<bytes>"


def test_all_of_it_is_kept_on_request(rules: Path) -> None:
    session, doc = loaded(rules, plan(planned_values={"a": 1}), entire=True)
    assert doc.document.value["planned_values"] == {"a": 1}
    assert messages(session.check()) == ["db.r3 is public"]


def test_a_whole_object_runs_what_changed_only(rules: Path) -> None:
    session, doc = loaded(rules, plan())
    session.check()
    new = copy.deepcopy(plan())
    new["resource_changes"][5]["change"]["after"]["public"] = True
    delta = session.update(doc, new)
    assert messages(delta.added) == ["db.r5 is public"]
    assert (delta.units_run, delta.removed) == (1, [])
    again = {**new, "resource_changes": [*new["resource_changes"]]}
    again["resource_changes"][3] = resource(3, public=False)
    delta = session.update(doc, again)
    assert messages(delta.removed) == ["db.r3 is public"]
    assert delta.units_run == 1


def test_facts_are_put_in_place_while_only_they_differ(rules: Path) -> None:
    session, doc = loaded(rules, plan())
    session.check()
    last = plan()
    session.update(doc, last)

    def update(at: int, new: Any, **rest: Any) -> tuple[Any, bool]:
        nonlocal last
        changes = list(last["resource_changes"])
        changes[at] = new
        last = {**last, "resource_changes": changes, **rest}
        held = doc.document
        return session.update(doc, last), doc.document is held

    delta, _ = update(5, resource(5, public=True))
    assert messages(delta.added) == ["db.r5 is public"]
    delta, in_place = update(3, resource(3, public=False))
    assert (messages(delta.removed), in_place) == (["db.r3 is public"], True)
    # In Python 1 is True: only a look at the types tells them apart.
    delta, in_place = update(5, resource(5, public=1))
    assert (delta.units_run, delta.added, in_place) == (1, [], True)
    delta, in_place = update(4, last["resource_changes"][4] | {"name": "r4"})
    assert (delta.units_run, in_place) == (0, True)
    delta, in_place = update(5, resource(50, public=True))
    assert (messages(delta.added), in_place) == (["db.r50 is public"], False)
    delta, in_place = update(6, resource(6, public=True), errored=True)
    assert (messages(delta.added), in_place) == (["db.r6 is public"], False)
    assert messages(session.check()) == ["db.r50 is public", "db.r6 is public"]


def test_what_no_rule_reads_may_change(rules: Path) -> None:
    session, doc = loaded(rules, plan())
    session.check()
    new = plan(planned_values={"b": 2})
    new["resource_changes"][0]["change"]["after"]["filler"] = "y"
    delta = session.update(doc, new)
    assert (delta.added, delta.removed, delta.units_run) == ([], [], 0)


def test_resources_come_and_go(rules: Path) -> None:
    session, doc = loaded(rules, plan())
    session.check()
    new = plan()
    del new["resource_changes"][3]
    new["resource_changes"].append(resource(99, public=True))
    delta = session.update(doc, new)
    assert messages(delta.added) == ["db.r99 is public"]
    assert messages(delta.removed) == ["db.r3 is public"]
    delta = session.update(doc, json.dumps(plan()).encode())
    assert messages(delta.added) == ["db.r3 is public"]
    delta = session.update(doc, {"format_version": "1.2"})
    assert messages(delta.removed) == ["db.r3 is public"]


def test_a_change_by_name_takes_whole_elements(rules: Path) -> None:
    session, doc = loaded(rules, plan())
    session.check()
    change = comply.Change(updated=(("db.r7", resource(7, public=True)),))
    delta = session.apply(doc, change)
    assert messages(delta.added) == ["db.r7 is public"]
    assert delta.units_run == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"terraform": %s}',
        '{"spacelift": {}, "terraform": %s}',
    ],
)
def test_a_plan_inside_a_spacelift_input_is_read_whole(rules: Path, text: str) -> None:
    session = comply.Session(rules=[rules])
    doc = session.load((text % json.dumps(plan())).encode())
    assert doc.document.shape is None
    assert messages(session.check()) == ["db.r3 is public"]


def test_marked_values_are_found_in_what_is_not_kept(rules: Path) -> None:
    value = plan(
        variables={"password": {"value": "s3cret"}, "region": {"value": "eu"}},
        configuration={"root_module": {"variables": {"password": {"sensitive": True}}}},
        prior_state={
            "values": {
                "outputs": {"o": {"sensitive": True, "value": "out"}},
                "root_module": {
                    "resources": [
                        {"values": {"k": "old"}, "sensitive_values": {"k": True}},
                        {"values": {"k": "plain"}, "sensitive_values": {}},
                    ]
                },
            }
        },
    )
    first = value["resource_changes"][0]["change"]
    first["after"] |= {"blocks": [{"a": "shown"}, {"a": "hidden"}], "n": 7}
    first["after_sensitive"] = {"blocks": [{}, {"a": True}]}
    first["before_sensitive"] = False
    _, doc = loaded(rules, value)
    _, whole = loaded(rules, value, entire=True)
    assert doc.document.shape is not None
    expected = frozenset({"s3cret", "out", "old", "hidden"})
    assert doc.document.sensitive() == whole.document.sensitive() == expected


def test_marks_of_an_unknown_kind_hide_all(rules: Path) -> None:
    value = plan()
    value["resource_changes"][0]["change"]["after_sensitive"] = True
    value["output_changes"] = []
    _, doc = loaded(rules, value)
    _, whole = loaded(rules, value, entire=True)
    assert doc.document.sensitive() == whole.document.sensitive()


def test_a_plan_that_cannot_be_read_says_why(rules: Path) -> None:
    session = comply.Session(rules=[rules])
    broken = json.dumps(plan()).replace('"public": true', '"public": tru', 1)
    with pytest.raises(LoadError, match="not JSON"):
        session.load(broken.encode(), "terraform_plan")


def test_places_in_texts_of_other_alphabets(rules: Path) -> None:
    value = {"é": ["ü", {"\n": 1}], **plan()}
    session = comply.Session(rules=[rules])
    text = json.dumps(value, ensure_ascii=False)
    session.load(text.encode(), "terraform_plan")
    (finding,) = session.check()
    assert text[finding.span.col - 1 :].startswith('{"address": "db.r3"')
