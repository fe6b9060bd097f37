"""YAML is read as Kubernetes reads it, within bounds, and its places are found."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from comply.load.yaml_scalars import key_text, plain
from comply.load.yaml_text import DEEPEST, places, read_yaml
from comply.plan.values import Value
from comply.source import LoadError, Source

TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | st.text("abyno:'\"#- \n01é", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abyn:-0 ", min_size=1, max_size=4), inner)
    ),
    max_leaves=20,
)


def read(text: str) -> Value:
    """Return the one document of a text."""
    [(_, value)] = read_yaml(Source("a.yaml", text))
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((t, True) for t in ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "True")),
        *((t, False) for t in ("n", "N", "no", "No", "NO", "off", "OFF", "FALSE")),
        *((t, None) for t in ("", "~", "null", "Null", "NULL")),
        *((t, t) for t in ("oN", "tRue", "nULL", "nope", "ja", "=", "<<")),
        ("010", 8),
        ("0o10", 8),
        ("08", 8),
        ("0x1F", 31),
        ("0X1f", 31),
        ("-0b11", -3),
        ("+12", 12),
        ("1_000", 1000),
        ("1.50", 1.5),
        ("+.5", 0.5),
        ("1.", 1),
        ("1e3", 1000),
        ("1_000.5_5", 1000.55),
        ("-0", 0),
        ("12345678901234567890123", 12345678901234567890123),
        ("1e22", 1e22),
        *(
            (t, t)
            for t in (
                "1e400",
                "0o8",
                "0b2",
                "0x",
                "0x0x1",
                "1:30",
                "190:20:30",
                "2024-01-01",
                "2024-01-01T10:00:00Z",
                "1.5.2",
                "100m",
                "1Gi",
                ".",
                "--",
                "+-1",
                "1e",
                "._5",
                "1٣",
                "inf",
                "0x1p-2",
                "9" * 5000,
            )
        ),
    ],
)
def test_plain_scalars(text: str, value: Value) -> None:
    read_value = plain(text)
    assert read_value == value
    assert type(read_value) is type(value)


def test_keys_become_strings() -> None:
    assert read("yes: 1\n010: 2\n1.5: 3\nb: 4\n'on': 5\n") == {
        "true": 1,
        "8": 2,
        "1.5": 3,
        "b": 4,
        "on": 5,
    }
    assert key_text(None) is None
    assert key_text(float("inf")) is None
    assert key_text(False) == "false"


def test_quotes_and_blocks_are_strings() -> None:
    assert read(
        "- 'yes'\n- \"1\"\n- |\n  010\n- >-\n  a\n  b\n- !!str 12\n- !x 12\n"
    ) == [
        "yes",
        "1",
        "010\n",
        "a b",
        "12",
        "12",
    ]


def test_tags_name_what_a_scalar_is() -> None:
    assert read("[!!int '12', !!float 3, !!bool yes, !!null '', !!binary aGk=]") == [
        12,
        3,
        True,
        None,
        "hi",
    ]


@given(TREES, st.sampled_from([None, True, False]))
def test_reads_what_yaml_writes(tree: Value, flow: bool | None) -> None:
    # PyYAML quotes what YAML 1.1 would resolve, except the one-letter booleans.
    text = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True)
    expected = yaml.safe_load(text)
    assert expected == tree
    assert read(text) == letters(tree, text)


def letters(tree: Value, _text: str) -> Value:
    """Return what Kubernetes makes of a tree whose bare `y` and `n` PyYAML left bare."""
    match tree:
        case dict():
            return {key_text(letters(k, "")): letters(v, "") for k, v in tree.items()}
        case list():
            return [letters(v, "") for v in tree]
        case "y" | "n":
            return tree == "y"
        case _:
            return tree


def test_documents() -> None:
    text = "# c\n---\na: 1\n---\n---\n# only a comment\n---\n- b\n...\n"
    assert read_yaml(Source("a", text)) == [
        (4, {"a": 1}),
        (13, None),
        (17, None),
        (38, ["b"]),
    ]
    assert read_yaml(Source("a", "# nothing\n")) == []


def test_anchors_are_of_one_document() -> None:
    assert read("a: &x 1\n*x : 2\n") == {"a": 1, "1": 2}
    with pytest.raises(LoadError, match=r"\*x has no anchor"):
        read_yaml(Source("a", "a: &x 1\n---\nb: *x\n"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x {b: 1, d: 2}\nc:\n  <<: *x\n  d: 3", {"b": 1, "d": 3}),
        ("c:\n  <<: [{a: 1}, {a: 2, b: 3}]", {"a": 1, "b": 3}),
        ("c:\n  <<: {a: 1}\n  <<: {b: 2}", {"a": 1, "b": 2}),
        ("c:\n  d: 3\n  <<: {d: 3}", {"d": 3}),
        ("c:\n  '<<': {a: 1}", {"<<": {"a": 1}}),
    ],
)
def test_merges(text: str, value: Value) -> None:
    assert read(text)["c"] == value


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: 1\nb: 2\na: 3", "3:1", "'a' stands twice"),
        ("1: a\n'1': b", "2:1", "'1' stands twice"),
        ("yes: 1\non: 2", "2:1", "'true' stands twice"),
        ("a: {<<: {b: 1}, b: 2, b: 3}", "1:23", "'b' stands twice"),
        ("c:\n  d: 3\n  <<: {d: 4}", "3:3", "merge changes the key 'd'"),
        ("c:\n  <<: 5", "2:3", "takes a mapping"),
        ("c:\n  <<: [1]", "2:3", "takes a mapping"),
        ("a: &x [*x]", "1:8", "alias to itself"),
        ("a: *y", "1:4", r"\*y has no anchor"),
        ("? [1]\n: 2", "1:3", "a list or a mapping"),
        ("~: 2", "1:1", "null"),
        ("a: .inf", "1:4", "no JSON number"),
        ("a: !!int abc", "1:4", "is no int"),
        ("a: !!binary '*'", "1:4", "no base64"),
        ("a: b: c", "1:5", "mapping values are not allowed"),
        ("a: [1\nb: 2", "2:2", "not YAML"),
        ("a: b\x00c", "1:5", "U\\+0000"),
        ("é: 'x", "1:6", "unexpected end"),
        ("a:\n\tb: 1", "2:1", "cannot start any token"),
        ("\x07", "1:1", "U\\+0007"),
    ],
)
def test_refusals_have_a_place(text: str, place: str, message: str) -> None:
    with pytest.raises(LoadError, match=message) as caught:
        read_yaml(Source("a.yaml", text))
    assert str(caught.value.span) == f"a.yaml:{place}"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:\n\tb: 1", "not with tabs"),
        ("a: {{ .Values.a }}", "render it first"),
        ("a: {{- if }}\nb: [", "render it first"),
        ("? [1]\n: 2", "a key must be a string"),
    ],
)
def test_refusals_say_what_to_do(text: str, hint: str) -> None:
    with pytest.raises(LoadError) as caught:
        read_yaml(Source("a.yaml", text))
    assert hint in caught.value.hint


def bombs() -> Iterator[str]:
    names = "abcdefghi"
    for template in ("[{}]", "{{<<: [{}]}}"):
        lines = ["a: &a [1,1,1,1,1,1,1,1,1]" if template == "[{}]" else "a: &a {x: 1}"]
        for last, name in pairwise(names):
            lines.append(
                f"{name}: &{name} " + template.format(",".join([f"*{last}"] * 9))
            )
        yield "\n".join(lines)


@pytest.mark.parametrize("text", tuple(bombs()), ids=["aliases", "merges"])
def test_alias_bombs_are_refused(text: str) -> None:
    with pytest.raises(LoadError, match="aliases stand for more than") as caught:
        read_yaml(Source("a", text))
    assert caught.value.span is not None


@pytest.mark.parametrize("start", ["[", "{a: ", "- ", "? "])
def test_depth_is_bounded(start: str) -> None:
    with pytest.raises(LoadError, match=r"nested deeper than|list or a mapping"):
        read_yaml(Source("a", start * 100_000))
    if start == "[":
        assert read("[" * DEEPEST + "]" * DEEPEST)


def test_places_of_members_elements_and_documents() -> None:
    text = (
        "# first\na: 1\n---\n  b:\n    - x\n    - 'c.d': {yes: [1, 2]}\n"
        "---\ne: &e {f: 1}\ng: *e\n*x : 1\n"
    )
    source = Source("a.yaml", text)
    starts = [0, text.index("---"), text.rindex("---")]
    second = places(source, starts[1])
    assert str(second(("b",))) == "a.yaml:4:3"
    assert str(second(("b", 1))) == "a.yaml:6:7"
    span = second(("b", 1, "c.d", "true", 1))
    assert str(span) == "a.yaml:6:24"
    assert span is not None
    assert span.line == "    - 'c.d': {yes: [1, 2]}"
    third = places(source, starts[2])
    assert str(third(("g", "f"))) == "a.yaml:9:1"
    assert str(third(())) == "a.yaml:8:1"
    assert str(places(source, 8)(("a",))) == "a.yaml:2:1"


def test_places_in_an_indented_first_document() -> None:
    source = Source("a", "  a:\n    b: 1\n  c: 2\n")
    [(start, _)] = read_yaml(source)
    assert str(places(source, start)(("c",))) == "a:3:3"


def test_the_slow_parser_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x {b: yes}\nc: [*x, 010, '1']\n---\n- |\n  t\n"
    fast = read_yaml(Source("a", text))
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert read_yaml(Source("a", text)) == fast
