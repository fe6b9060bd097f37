"""What a plan changes, as one line a resource."""

import json
from hashlib import sha256

import pytest

from comply.load.terraform_changes import changes_digest, planned_changes


def plan(*resources: object) -> bytes:
    return json.dumps({"resource_changes": resources}).encode()


def resource(address: object, *actions: object) -> dict[str, object]:
    return {"address": address, "change": {"actions": actions, "after": {"x": 1}}}


def test_only_what_is_created_updated_or_deleted() -> None:
    data = plan(
        resource("b.two", "update"),
        resource('a.one["k.x"]', "delete", "create"),
        resource("a.kept", "no-op"),
        resource("data.a.read", "read"),
        resource("a.left", "forget"),
        resource("a.anew", "forget", "create"),
    )
    assert planned_changes(data) == [
        "a.anew create,forget",
        'a.one["k.x"] create,delete',
        "b.two update",
    ]


def test_the_order_of_actions_and_a_deposed_object_make_no_difference() -> None:
    terraform = plan(resource("a.b", "create", "forget"), resource("a.b", "delete"))
    tofu = plan(resource("a.b", "delete"), resource("a.b", "forget", "create"))
    twice = plan(resource("a.b", "delete"), *json.loads(tofu)["resource_changes"])
    assert planned_changes(terraform) == planned_changes(tofu) == planned_changes(twice)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[1]",
        b'{"resource_changes": 1}',
        b'{"resource_changes": null}',
        b"\xff\xfe",
        b"{}",
        b"[" * 100_000,
        plan({}),
        plan({"address": "a.b", "change": None}),
        plan({"address": "a.b", "change": {"actions": "create"}}),
        plan(resource(1, "create")),
        plan(resource("a.b", "create", 1)),
    ],
)
def test_what_says_nothing_of_changes(data: bytes) -> None:
    assert planned_changes(data) == []


def test_the_digest() -> None:
    assert changes_digest([]) == sha256(b"").hexdigest()
    assert changes_digest(["a b", "c d"]) == sha256(b"a b\nc d").hexdigest()
