"""PLAN -> ROWS: the relations of Terraform's resource changes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from comply.plan.doubt import Doubt, doubtful, doubts_in
from comply.sql.cells import Json
from comply.sql.relation import (
    Entry,
    Facts,
    Field,
    as_json,
    flag,
    items,
    json_text,
    key_text,
    objects,
    plain,
    text,
)

_ADDRESS: Final = (
    key_text("address", "the resource's address, unique in the plan"),
    text("module_address", "the address of its module; NULL in the root module"),
    text("type", "the resource's type, such as aws_db_instance"),
    text("name", "the resource's name"),
)


def _addressed(change: Mapping[str, Any]) -> tuple[object, ...]:
    keys = ("address", "module_address", "type", "name")
    return tuple(plain(change.get(k)) for k in keys)


def _changes(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for i, change in objects(value, "resource_changes"):
        done = change.get("change")
        done = done if isinstance(done, dict) else {}
        actions = set(items(done, "actions"))
        yield (
            ("resource_changes", i),
            (
                *_addressed(change),
                plain(change.get("mode")),
                plain(change.get("index")),
                plain(change.get("provider_name")),
                "create" in actions,
                "update" in actions,
                "delete" in actions,
                {"create", "delete"} <= actions,
                as_json(done.get("before")),
                _after(change, done),
                as_json(done.get("after_unknown")),
            ),
        )


def _after(change: Mapping[str, Any], done: Mapping[str, Any]) -> Json | None:
    """Return the cell of a resource as it will be."""
    after, marks = done.get("after"), done.get("after_unknown")
    if after is None and not marks:
        return None
    return Json(after, marks, str(change.get("address")))


def _attributes(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for i, change in objects(value, "resource_changes"):
        path, shared = ("resource_changes", i, "change"), _addressed(change)
        for place, key, cell in _after_apply(change):
            yield (*path, place, key), (*shared, key, cell)


def _after_apply(change: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    """Yield the attributes of a resource as they will be: where, name and value."""
    done = change.get("change")
    done = done if isinstance(done, dict) else {}
    after, marks = done.get("after"), done.get("after_unknown")
    after = after if isinstance(after, dict) else {}
    marks = marks if isinstance(marks, dict) else {}
    identity = str(change.get("address"))
    for key, item in after.items():
        mark = marks.get(key)
        if mark:
            item = doubtful(item, mark, identity, key)  # noqa: PLW2901  (the same, doubted)
        doubts = doubts_in(item) if mark else None
        yield "after", key, Doubt(doubts) if doubts else plain(item)
    for key, mark in marks.items():
        if key not in after:
            doubts = doubts_in(doubtful(None, mark, identity, key))
            if doubts:
                yield "after_unknown", key, Doubt(doubts)


TERRAFORM: Final = (
    Facts(
        "terraform.resource_changes",
        "The changes of a plan, one row a resource instance.",
        (
            *_ADDRESS,
            text("mode", "managed or data"),
            text("index_key", "the key of count or for_each; NULL without"),
            text("provider_name", "the provider's source address"),
            flag("creates", "whether the plan creates it, replacing included"),
            flag("updates", "whether the plan updates it in place"),
            flag("deletes", "whether the plan deletes it, replacing included"),
            flag("replaces", "whether the plan deletes and creates it"),
            json_text("before", "its attributes as they are"),
            replace(
                json_text("after", "its attributes as they will be"), is_unsure=True
            ),
            json_text("after_unknown", "which attributes are known after apply"),
        ),
        _changes,
        "resource_changes",
    ),
    Facts(
        "terraform.attributes",
        "The top attributes of resources as they will be, one row each.",
        (
            *_ADDRESS,
            text("attribute", "the attribute's name"),
            Field(
                *("value", "char", "its value; JSON unless it is a string"),
                is_unsure=True,
            ),
        ),
        _attributes,
        "resource_changes",
    ),
)
