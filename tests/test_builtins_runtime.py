"""What built-ins take from the evaluation, and trees that nobody should crash on."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builtin_answers import read

import comply
from comply.plan.builtins import cidr, hosts, lookup
from comply.plan.builtins.failure import BuiltinError, Evaluation, HaltError
from comply.plan.builtins.json_schema_form import read_schema
from comply.plan.values import UNDEFINED, RegoSet, Value
from comply.rego.module_json import read_module
from comply.version import VERSION

Node = dict[str, Value]

TREE_FIELDS = (
    "Operations", "Fragments", "SelectionSet", "Name", "Alias", "Kind", "Type",
    "NamedType", "Elem", "Definitions", "Fields", "Arguments", "Directives", "Value",
    "Raw", "Children", "Schema", "Extensions", "Interfaces", "EnumValues",
    "OperationTypes", "Position", "Line",
)  # fmt: skip
SCHEMA_FIELDS = (
    "type", "properties", "items", "$ref", "$id", "id", "definitions", "not", "if",
    "then", "else", "enum", "anyOf", "allOf", "oneOf", "required", "minimum",
    "dependencies", "contains",
)  # fmt: skip
UUID = lookup("uuid.rfc4122")
DRAW = lookup("rand.intn")
PRINT = lookup("internal.print")


@given(st.integers(0, 2**64), st.text(max_size=10))
def test_identifiers_follow_from_the_seed(seed: int, key: str) -> None:
    one, same = Evaluation(seed=seed), Evaluation(seed=seed)
    assert UUID(one, key) == UUID(same, key)
    assert UUID(one, key) != UUID(Evaluation(seed=seed + 1), key)
    assert UUID(one, key) != UUID(one, key + "x")
    assert lookup("uuid.parse")(UUID(one, key))["version"] == 4


@given(st.text(max_size=5), st.integers(-(10**18), 10**18))
def test_draws_are_in_range(key: str, limit: int) -> None:
    drawn = DRAW(Evaluation(seed=1), key, limit)
    assert 0 <= drawn < max(abs(limit), 1)
    assert drawn == DRAW(Evaluation(seed=1), key, -limit)


def test_draws_differ() -> None:
    evaluation = Evaluation(seed=3)
    assert len({DRAW(evaluation, f"k{i}", 1000) for i in range(100)}) > 80
    with pytest.raises(BuiltinError, match="must be integer number"):
        DRAW(evaluation, "k", 1.5)


def test_printing() -> None:
    lines: list[str] = []
    evaluation = Evaluation(emit=lines.append)
    assert PRINT(evaluation, RegoSet([{"a": "b"}]), RegoSet([RegoSet()]), RegoSet())
    assert lines == ['{"a": "b"} set() <undefined>']
    assert PRINT(Evaluation(), RegoSet([1]))
    lines.clear()
    many = RegoSet(range(300))
    PRINT(evaluation, many, many)
    assert len(lines) == 10_001


def test_notes() -> None:
    lines: list[str] = []
    assert lookup("trace")(Evaluation(emit=lines.append), "here")
    assert lines == ["here"]


def test_the_environment_is_only_what_was_granted() -> None:
    runtime = lookup("opa.runtime")
    assert runtime(Evaluation()) == {}
    assert runtime(Evaluation(allowed=frozenset({"env"})))["env"] == {}
    shown = runtime(Evaluation(env={"A": "b"}))
    assert shown["env"] == {"A": "b"}
    assert shown["version"] == VERSION


def test_looking_up_needs_to_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(host: str, *_args: object, **_named: object) -> list[Any]:
        asked.append(host)
        if host == "none.example":
            raise socket.gaierror
        return [(0, 0, 0, "", ("10.0.0.1", 0)), (0, 0, 0, "", ("fe80::1%eth0", 0))]

    monkeypatch.setattr(hosts, "getaddrinfo", answer)
    look_up = lookup("net.lookup_ip_addr")
    with pytest.raises(HaltError, match=r"--allow net\.lookup"):
        look_up(Evaluation(), "a.example")
    granted = Evaluation(allowed=frozenset({"net.lookup"}))
    found = RegoSet(["10.0.0.1", "fe80::1"])
    assert look_up(granted, "a.example") == found
    assert look_up(granted, "a.example") == found
    assert asked == ["a.example"]
    for name in ("none.example", ""):
        with pytest.raises(BuiltinError, match="no such host"):
            look_up(granted, name)
    assert look_up(Evaluation(), "LocalHost.") == RegoSet(["127.0.0.1", "::1"])
    assert look_up(Evaluation(), "::1") == RegoSet(["::1"])


def test_no_more_addresses_are_listed_than_memory_holds() -> None:
    with pytest.raises(HaltError, match="16,777,216 addresses"):
        cidr.expand("10.0.0.0/8")


blocks = st.builds(
    lambda base, bits: f"10.0.{base // 256}.{base % 256}/{bits}",
    st.integers(0, 65535),
    st.integers(20, 32),
)


@given(st.lists(blocks, max_size=6))
def test_merging_keeps_every_address_and_no_other(given_blocks: list[str]) -> None:
    merged = cidr.merge(given_blocks)
    assert cidr.merge(merged) == merged
    for block in given_blocks:
        assert any(cidr.contains(m, block) for m in merged)
    held = {a for block in given_blocks for a in cidr.expand(block)}
    assert {a for block in merged for a in cidr.expand(block)} == held


def test_a_module_is_read_by_rules() -> None:
    text = 'package a\np := x if {\n\tx := rego.parse_module("m.rego", input)\n}'
    policy = comply.rego.compile({"a.rego": text})
    tree = policy.eval("data.a.p", input="package b.c\nq := 1")
    assert tree["package"]["path"][1:] == [
        {"type": "string", "value": "b"},
        {"type": "string", "value": "c"},
    ]
    assert policy.eval("data.a.p", input="package") is UNDEFINED
    with pytest.raises(BuiltinError, match="no Rego parser"):
        lookup("rego.parse_module")(Evaluation(), "m.rego", "package a")


MODULE = """# first
package a.b

import data.foo.bar as baz
import rego.v1

default allow := false

allow if {
	not input.x
	some k, v in input
	every y in [1] { y > 0 }
}

p contains x if some x in {2, "a", 1}

q[k] := {"b": v, "a": 1.50} if { some k; v := [z | z := input[k]; not z.w] }

f(x, _) := {a: 1 | a := x.y} if { x == -1 with data.z as {b | b := 1} } else := null

t := $"a {1} b {input.x} {count(input) with input as []}"

r.s[u].v := `w` if u := foo.bar(1 + 2)[0].c
"""


def test_the_tree_of_a_module() -> None:
    tree = read_module("m.rego", MODULE)
    assert sorted(tree) == ["comments", "imports", "package", "rules"]
    assert tree["comments"] == [
        {"Text": "IGZpcnN0", "Location": {"file": "m.rego", "row": 1, "col": 1}}
    ]
    assert [i.get("alias") for i in tree["imports"]] == ["baz", None]
    heads = [rule["head"] for rule in tree["rules"]]
    assert [head.get("name") for head in heads] == [
        "allow",
        "allow",
        "p",
        "q",
        "f",
        "t",
        None,
    ]
    kinds = {node["type"] for node in walk(tree) if "type" in node}
    assert kinds >= {
        "arraycomprehension",
        "objectcomprehension",
        "setcomprehension",
        "templatestring",
        "call",
        "null",
        "set",
    }
    assert tree["rules"][4]["else"]["head"]["value"] == {"type": "null", "value": {}}
    assert tree["rules"][2]["body"][0]["terms"]["symbols"][0]["value"][2] == {
        "type": "set",
        "value": [
            {"type": "number", "value": 1},
            {"type": "number", "value": 2},
            {"type": "string", "value": "a"},
        ],
    }
    assert json.dumps(tree)


def walk(node: Value) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    if isinstance(node, list):
        for value in node:
            yield from walk(value)


def test_every_fault_of_a_module_is_told() -> None:
    with pytest.raises(BuiltinError, match=r"m.rego:2: rego_parse_error"):
        read_module("m.rego", "package a\np {")


trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.sampled_from(["", "a", "query"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(TREE_FIELDS),
            inner,
            max_size=3,
        )
    ),
    max_leaves=15,
)


@given(trees, trees)
def test_no_tree_crashes_graphql(query: Value, schema: Value) -> None:
    assert lookup("graphql.is_valid")(query, schema) in (True, False)
    assert lookup("graphql.schema_is_valid")(schema) in (True, False)
    assert lookup("graphql.is_valid")(
        {"Operations": [query]}, "type Query {a: Int}"
    ) in (
        True,
        False,
    )


@given(st.text('{}()[]:!|&=@$"#.,ab1 \n\\é', max_size=40))
def test_no_text_crashes_graphql(text: str) -> None:
    for call in ("graphql.parse_query", "graphql.parse_schema"):
        with suppress(BuiltinError):
            lookup(call)(text)


def test_trees_say_what_their_texts_say() -> None:
    """A query that OPA takes as text, we take as tree, and the other way round."""
    rows = [r for r in read("graphql") if r["call"] == "graphql.is_valid"]
    texts = [r for r in rows if all(type(o) is str for o in r["operands"])]
    assert len(texts) > 80
    read_query, read_schema = (
        lookup("graphql.parse_query"),
        lookup("graphql.parse_schema"),
    )
    for row in texts:
        query, schema = row["operands"]
        trees = read_query(query), read_schema(schema)
        assert lookup("graphql.is_valid")(*trees) is row["value"]


def test_deep_graphql_is_an_error() -> None:
    for text in ("{a" * 500, "{ a(b: " + "[" * 500, "query ($a: " + "[" * 500):
        with pytest.raises(BuiltinError, match="nested too deep"):
            lookup("graphql.parse_query")(text)


schemas = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.sampled_from(["", "#", "object"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(SCHEMA_FIELDS),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from("ab"), schemas), schemas)
def test_no_schema_crashes(document: Value, schema: Value) -> None:
    verdict = lookup("json.verify_schema")(schema)
    try:
        matches = lookup("json.match_schema")(document, schema)
    except BuiltinError as error:
        told = verdict[0] is False or "loop" in error.message or "deep" in error.message
        assert told
    else:
        assert matches[0] is not bool(matches[1])


def test_schemas_may_refer_to_themselves() -> None:
    tree = {"properties": {"next": {"$ref": "#"}}, "additionalProperties": False}
    match = lookup("json.match_schema")
    assert match({"next": {"next": {}}}, tree)[0]
    assert match({"next": {"nxt": {}}}, tree)[1][0]["field"] == "next"
    with pytest.raises(BuiltinError, match="leads to itself"):
        match({}, {"$ref": "#"})
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"next": deep}
    with pytest.raises(BuiltinError, match="nested too deep"):
        match(deep, tree)
    nested: dict[str, Any] = {}
    for _ in range(600):
        nested = {"not": nested}
    with pytest.raises(BuiltinError, match="nested too deep"):
        read_schema(nested)


@pytest.mark.parametrize(
    ("reference", "valid"),
    [
        ("#/definitions/a", True),
        ("#/definitions/b", False),
        ("#/definitions/list/0", True),
        ("#/definitions/list/9", False),
        ("#named", True),
        ("#unnamed", False),
        ("http://here.example/", True),
        ("http://here.example/#/definitions/a", True),
        ("other.json", True),
        ("http://elsewhere.example/", False),
        (1, False),
    ],
)
def test_references(reference: Value, *, valid: bool) -> None:
    schema = {
        "$id": "http://here.example/",
        "definitions": {
            "a": {"type": "string"},
            "named": {"$id": "#named", "type": "string"},
            "other": {"$id": "other.json", "type": "string"},
        },
        "properties": {"x": {"$ref": reference}},
    }
    schema["definitions"]["list"] = {"items": [{"type": "string"}]}  # type: ignore[index]
    if reference == "#/definitions/list/0":
        reference = "#/definitions/list/items/0"
        schema["properties"] = {"x": {"$ref": reference}}
    assert lookup("json.verify_schema")(schema)[0] is valid
