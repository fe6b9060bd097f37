"""Types: what OPA 1.22 refuses is refused, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rego_answers import answers

import comply
from comply.plan.builtins.signatures import SIGNATURES
from comply.rego import RegoError
from comply.rego import syntax as s
from comply.rego.tree import Group, Node
from comply.rego.types.advice import advise_equality, noun, nouns
from comply.rego.types.check import by_dependency
from comply.rego.types.environment import Environment, type_of
from comply.rego.types.lattice import (
    ANY,
    BOOLEAN,
    NULL,
    NUMBER,
    STRING,
    ArrayType,
    FunctionType,
    Maybe,
    ObjectType,
    SetType,
    Type,
    Union,
    either,
    filled,
    holds,
    is_any,
    key_of,
    keys_of,
    merged,
    select,
    type_of_key,
    unknown,
    values_of,
)
from comply.rego.types.matching import match_terms
from comply.rego.types.operands import operand_names
from comply.rego.types.show import show, show_key
from comply.rego.types.signature import builtin_type, read_type
from comply.rego.types.unify import unifies
from comply.rego.types.written import head_at, step_at, word_at


def errors(text: str, version: Any = "v1") -> list[RegoError]:
    try:
        comply.rego.compile({"a.rego": text}, version=version)
    except RegoError as error:
        return list(error.errors)
    return []


def message(text: str) -> str:
    """Return the one error of a module's text."""
    (error,) = errors(f"package a\n{text}\n")
    return str(error.message)


def hint(text: str) -> str:
    """Return the hint of the one error of a module's text."""
    (error,) = errors(f"package a\n{text}\n")
    return str(error.hint)


@pytest.mark.parametrize("answer", answers("types"))
def test_verdicts(answer: dict[str, Any]) -> None:
    found = errors(answer["text"], answer.get("version", "v1"))
    got = sorted({(e.code, e.message.split("\n")[0]) for e in found})
    assert got == [tuple(error) for error in answer["errors"]]


# The lattice.

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from(["", "a", "b"]),
)


def terms(leaves: st.SearchStrategy[s.Term]) -> st.SearchStrategy[s.Term]:
    def composite(inner: st.SearchStrategy[s.Term]) -> st.SearchStrategy[s.Term]:
        few = st.lists(inner, max_size=3).map(tuple)
        pairs = st.lists(st.tuples(leaves, inner), max_size=3).map(tuple)
        return st.one_of(
            few.map(lambda items: s.Array(0, items)),
            few.map(lambda items: s.Set(0, items)),
            pairs.map(lambda found: s.Object(0, found)),
        )

    return st.recursive(leaves, composite, max_leaves=6)


CONSTANTS = terms(SCALARS.map(lambda value: s.Scalar(0, value)))


def literal_type(term: s.Term) -> Maybe:
    assert not isinstance(term, s.Call | s.Template)
    assert isinstance(term, s.Scalar | s.Array | s.Set | s.Object)
    return type_of(Environment(Node()), term)


TYPES = CONSTANTS.map(literal_type)


@given(TYPES, TYPES)
def test_unifying_has_no_direction(a: Maybe, b: Maybe) -> None:
    assert unifies(a, b) == unifies(b, a)


@given(TYPES)
def test_a_value_may_equal_itself(kind: Maybe) -> None:
    assert unifies(kind, kind)
    assert unifies(kind, ANY)


@given(TYPES, TYPES, TYPES)
def test_an_alternative_takes_nothing_away(a: Maybe, b: Maybe, c: Maybe) -> None:
    if unifies(a, c):
        assert unifies(either(a, b), c)
        assert unifies(either(b, a), c)


@given(TYPES, TYPES)
def test_alternatives_are_the_same_in_both_orders(a: Maybe, b: Maybe) -> None:
    one, other = either(a, b), either(b, a)
    assert unifies(one, a)
    assert unifies(one, b)
    assert either(one, a) == one
    assert unifies(one, other)


@given(CONSTANTS)
def test_a_constant_is_a_key_of_its_type(term: s.Term) -> None:
    key = key_of(term)
    assert key is not None
    kind = type_of_key(key)
    assert unifies(kind, literal_type(term)) or _has_empty(term)
    assert show_key(key)


def _has_empty(term: s.Term) -> bool:
    """Tell whether a literal holds an empty one, of whose members nothing is known."""
    match term:
        case s.Array(items=items) | s.Set(items=items):
            return not items or any(map(_has_empty, items))
        case s.Object(pairs=pairs):
            return not pairs or any(_has_empty(p) for pair in pairs for p in pair)
        case _:
            return False


@given(st.lists(SCALARS, max_size=5), st.integers(0, 4))
def test_an_array_is_selected_by_place(items: list[Any], index: int) -> None:
    kind = literal_type(s.Array(0, tuple(s.Scalar(0, item) for item in items)))
    found = select(kind, ("number", index))
    if index < len(items):
        assert found == literal_type(s.Scalar(0, items[index]))
    else:
        assert found is None


def test_any_swallows_the_rest() -> None:
    assert either(ANY, STRING) == ANY
    assert either(STRING, ANY) == ANY
    assert is_any(either(Union((NUMBER, STRING)), ANY))


def test_many_shapes_are_any() -> None:
    kind: Maybe = None
    for i in range(60):
        kind = either(kind, ObjectType({f"k{i}": NUMBER}))
    assert is_any(kind)


def test_functions_combine_by_operand() -> None:
    one = FunctionType((NUMBER,), STRING)
    other = FunctionType((STRING,), STRING)
    both = either(one, other)
    assert both == FunctionType((Union((NUMBER, STRING)),), STRING)
    assert either(one, FunctionType((), STRING)) == ANY
    assert either(one, STRING) == ANY
    assert not unifies(one, other)
    assert unifies(one, both)
    assert not unifies(one, FunctionType((), STRING))
    assert not unifies(one, ANY)


def test_open_objects_are_merged() -> None:
    one = ObjectType({}, (STRING, NUMBER))
    other = ObjectType({}, (NUMBER, STRING))
    kind = merged(one, other)
    assert kind == ObjectType({}, (Union((NUMBER, STRING)), Union((NUMBER, STRING))))
    assert merged(one, NUMBER) == Union((NUMBER, one))
    assert merged(None, one) == one


def test_keys_and_values() -> None:
    kind = ObjectType({"a": NUMBER, ("number", 1): STRING}, (BOOLEAN, NULL))
    assert keys_of(kind) == Union((BOOLEAN, NUMBER, STRING))
    assert values_of(kind) == Union((NULL, NUMBER, STRING))
    assert keys_of(ArrayType((), NUMBER)) == NUMBER
    assert keys_of(ArrayType(())) is None
    assert keys_of(STRING) is None
    assert values_of(STRING) is None
    assert keys_of(ANY) == ANY
    assert values_of(Union((STRING, ArrayType((), NUMBER)))) == NUMBER
    assert select(Union((STRING, ObjectType({"a": NUMBER}))), "a") == NUMBER
    assert select(STRING, "a") is None
    assert select(SetType(ANY), "a") == STRING
    assert select(SetType(NUMBER), "a") is None
    assert select(ArrayType((), NUMBER), "a") is None
    assert select(ArrayType((), NUMBER), ("number", -1)) is None
    assert holds(ANY, STRING)
    assert not holds(None, STRING)


def test_what_is_not_known_is_filled() -> None:
    kind = ArrayType((None, ObjectType({"a": None}, (None, None))), SetType(None))
    assert unknown(kind)
    assert not unknown(filled(kind))
    assert show(filled(kind)) == "array<any, object<a: any>[any: any]>[set[any]]"
    assert not unknown(SetType(None))
    assert unknown(SetType(ArrayType((None,))))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (None, "???"),
        (ANY, "any"),
        (Union((NUMBER, STRING)), "any<number, string>"),
        (ArrayType(()), "array"),
        (SetType(None), "set"),
        (ObjectType({}), "object"),
        (
            ObjectType({"b": NUMBER, "a c": NULL, ("number", 1): STRING}),
            'object<1: string, "a c": null, b: number>',
        ),
        (
            ObjectType({("array", ("a",)): NUMBER, ("object", ("a", "b")): NUMBER}),
            'object<["a"]: number, {"a": "b"}: number>',
        ),
        (
            ObjectType({("set", ()): NUMBER, ("set", ("a",)): NUMBER}),
            'object<set(): number, {"a"}: number>',
        ),
        (ArrayType((NUMBER,) * 9), "array<" + "number, " * 6 + "...>"),
        (FunctionType((ANY, STRING), BOOLEAN), "(any, string) => boolean"),
    ],
)
def test_types_are_written_as_opa_does(kind: Maybe, text: str) -> None:
    assert show(kind) == text


# Signatures.


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_every_signature_is_read(name: str) -> None:
    function = builtin_type(name)
    assert len(operand_names(name, len(function.args))) == len(function.args) + 1


@pytest.mark.parametrize("text", ["", "strin", "array[nummer]", "[string,]"])
def test_other_texts_are_no_types(text: str) -> None:
    with pytest.raises(ValueError, match=r"^\w*$"):
        read_type(text)


# Messages.


def test_operands_are_named() -> None:
    assert message("p := count(1)") == (
        "count: invalid argument(s)\n"
        "\thave: (number, ???)\n"
        "\twant: (collection: any<string, array[any], object[any: any], set[any]>,"
        " n: number)"
    )


def test_the_result_that_is_asked_for_is_shown() -> None:
    text = 'p if { x := "a"; count([1], x) }'
    assert message(text) == (
        "count: invalid argument(s)\n"
        "\thave: (array<number>, string)\n"
        "\twant: (collection: any<string, array[any], object[any: any], set[any]>,"
        " n: number)"
    )
    assert hint(text) == (
        "it takes 1 operand; one more has to match its result, a number"
    )


def test_sides_of_a_comparison_are_shown() -> None:
    assert message('p if { x := [1]; x == {"a": 1} }') == (
        "match error\n\tleft  : array<number>\n\tright : object<a: number>"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('x := {"a": 1}\np := x.b', 'undefined ref: data.a.x.b\n\thave: "b"\n\twant (one of): ["a"]'),
        ("x := 1\np := x.b", "undefined ref: data.a.x.b\n\thave: number"),
        (
            "x := [1]\np if { y := true; x[y] }",
            "undefined ref: data.a.x[y]\n\thave (type): boolean\n\twant (type): number",
        ),
        ('p := split("a", "b")["c"]', 'undefined ref: split("a", "b").c\n\thave: "c"\n\twant (type): number'),
        ('p := {"a b": 1}["c d"]', 'undefined ref: {"a b": 1}["c d"]\n\thave: "c d"\n\twant (one of): ["a b"]'),
        ("x := {1}\np if x[[2]]", "undefined ref: data.a.x[[2]]\n\thave (type): array<number>\n\twant (type): number"),
        ("p if { some x in [input.y | input.z][0]; lower(x); x.y.z == count(x.a.b) }", ""),
        ("x := [1]\np := x[lower(input.y)]", "undefined ref: data.a.x[lower(input.y)]\n\thave (type): string\n\twant (type): number"),
        ("f(x) := x\np := f", "function data.a.f used as reference, not called"),
    ],
)  # fmt: skip
def test_references_are_shown_as_written(text: str, shown: str) -> None:
    found = errors(f"package a\n{text}\n")
    assert [e.message for e in found] == ([shown] if shown else [])


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("p := {1, 2} + {3}", "`+` adds numbers: `|` is the union of sets"),
        ("p := [1] + [2]", "`+` adds numbers: join arrays by `array.concat`"),
        ('p := 1 + "a"', '`+` adds numbers: join strings by `concat("", [x, y])` or `sprintf`'),
        ("p := true | false", "`|` is the union of two sets: either-or is two rules of one name, or `x in {a, b}`"),
        ("p := true & false", "`&` is the intersection of two sets: expressions on lines of their own must all hold"),
        ('p := {"a": 1} | {"b": 1}', "`|` is the union of two sets: join objects by `object.union`"),
        ("p := [1] - [1]", "`-` takes sets: `[x | some x in xs; not x in ys]` is an array without some items"),
        ("p if contains([1], 1)", "`contains` looks into strings: write `x in xs` for collections"),
        ('p := sprintf("%d", 1)', 'the values go into an array: `sprintf("...", [x])`'),
        ('p := concat(["a"], ",")', "the operands fit the other way round"),
        ('p := concat(",", [1])', "it takes array[string] or set[string]"),
        ("p := lower(null)", "it takes a string here, not null"),
        ("p := sum({true})", "it takes array[number] or set[number]"),
        ("p if true == 1", "a boolean never equals a number"),
        ("p if [1] == {1}", "an array never equals a set: `{x | some x in xs}` is the set of an array"),
        ("p if [1] == [1, 2]", "no two such arrays are equal"),
        ('x := 1 if input.y\nelse := "a"\np if x == null', "no value has both types"),
        ('p := {"a": 2}.size', 'there is "a"'),
        ('p if "a" in {"a": 1}', "`in` looks at the values of an object: write `object.keys(x)` for its keys"),
        ('p if "a" in [1, true]', "it holds booleans or numbers only, never a string"),
        ("p := {1}[true]", "`xs[x]` asks a set for x, and this one holds numbers only"),
        ("p := [1].a", "items of an array are numbered: `some x in xs` looks at each"),
        ("x := [y | y := 1]\np := x[true]", "items of an array are numbered: `some x in xs` looks at each"),
        ("p := [1, 2][2]", "the array has 2 items, counted from 0"),
        ("x := []\np := x[0]", "this is an array that is always empty"),
        ("x := {}\np := x.a", "this is an object that is always empty"),
        ("x := set()\np if x.a", "this is a set that is always empty"),
        ("x := {y: 1 | y := 1}\np := x.a", ""),
        ('x := {"memory": 1, "cpu": 2}\np := x.memroy', 'did you mean "memory"?'),
        ("p if { count([1]) with count as plus }", "a function is replaced by one that takes the same operands"),
    ],
)  # fmt: skip
def test_hints(text: str, advice: str) -> None:
    assert hint(text) == advice


def test_terms_of_which_little_is_known() -> None:
    env = Environment(Node())
    x, y, z = (s.Var(0, name) for name in "xyz")
    one = s.Scalar(0, 1)
    assert match_terms(env, s.Array(0, (x, one)), s.Array(0, (y, one)))
    assert env.variables == {"x": ANY, "y": ANY}
    assert not match_terms(env, s.Array(0, (z,)), s.Array(0, (z, z)))
    a, b = s.Scalar(0, "a"), s.Scalar(0, "b")
    assert match_terms(env, s.Object(0, ((a, z),)), s.Object(0, ((a, z),)))
    env.variables.clear()
    assert not match_terms(env, s.Object(0, ((a, z),)), s.Object(0, ((b, z),)))
    assert not match_terms(env, s.Object(0, ((a, z),)), s.Object(0, ()))
    assert match_terms(env, s.Object(0, ((x, z),)), s.Object(0, ((y, z),)))
    assert match_terms(env, s.Object(0, ((a, z),)), y)
    assert show(env.variables["y"]) == "object<a: any>"
    env.variables.clear()
    assert match_terms(env, y, s.Array(0, (z,)))
    assert show(env.variables["y"]) == "array<any>"


def test_nouns() -> None:
    assert nouns(ANY) == "any value"
    assert nouns(Union((ArrayType(()), ArrayType((NUMBER,))))) == "an array"
    assert noun(FunctionType((), ANY)) == "function"
    assert noun(None) == ""
    assert advise_equality(Union((NUMBER, STRING)), Union((NULL, BOOLEAN))) == (
        "no value has both types"
    )


# Terms as written.


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("f(x, [y, 1]) == 2", "f(x, [y, 1])"),
        ('"a \\" b" in xs', '"a \\" b"'),
        ("`a b`+c", "`a b`"),
        ("xs[0]]", "xs[0]"),
        ("xs)", "xs"),
        ('"open', '"open'),
        ("x\ny", "x"),
        ("", ""),
    ],
)
def test_words(text: str, word: str) -> None:
    assert text[: word_at(text, 0)] == word


def test_heads_and_steps() -> None:
    assert head_at("f(x)[0].y", 0) == "f(x)"
    assert head_at('"abc"[0]', 0) == '"abc"'
    assert head_at("[1, 2][3]", 0) == "[1, 2]"
    assert head_at("name.x", 0) == "name.x"
    assert head_at(f"[{'x, ' * 30}y][0]", 0).endswith("...")
    assert step_at("xs[f(y)[0]].z", 3) == "f(y)[0]"
    assert step_at('xs["]"]', 3) == '"]"'
    assert step_at("xs[y\n]", 3) == "y"


# The order of rules.


@given(
    st.dictionaries(
        st.integers(0, 7), st.lists(st.integers(0, 9), max_size=4), max_size=8
    )
)
def test_every_group_comes_once(calls: dict[int, list[int]]) -> None:
    groups = [Group(i, ("data", str(i)), "complete", (), None) for i in range(8)]
    order = [group.id for group in by_dependency(groups, calls)]
    assert sorted(order) == list(range(8))


@given(st.permutations(range(8)), st.data())
def test_groups_come_after_those_they_read(
    numbers: list[int], data: st.DataObject
) -> None:
    calls = {
        number: data.draw(st.lists(st.sampled_from(numbers[:place]), max_size=3))
        for place, number in enumerate(numbers)
        if place
    }
    groups = [Group(i, ("data", str(i)), "complete", (), None) for i in range(8)]
    order = [group.id for group in by_dependency(groups, calls)]
    for number, read in calls.items():
        assert all(order.index(other) < order.index(number) for other in read)


def test_a_long_chain_of_rules_is_no_deep_recursion() -> None:
    rules = "\n".join(f"r{i} := r{i + 1}" for i in range(1200))
    assert errors(f"package a\n{rules}\nr1200 := 1\n") == []


# Queries.


def test_queries_are_checked_against_the_rules() -> None:
    policy = comply.rego.compile({"a.rego": 'package a\nx := {"a": 1}\n'})
    with pytest.raises(RegoError) as caught:
        policy.query("data.a.x.b")
    assert caught.value.code == "rego_type_error"
    assert policy.query("data.a.x.a = y") == [{"y": 1}]
    with pytest.raises(RegoError, match="invalid argument"):
        policy.query("count(1)")


def test_types_are_hashable_where_they_need_be() -> None:
    kinds: list[Type] = [NULL, BOOLEAN, NUMBER, STRING]
    assert len(set(kinds)) == 4
