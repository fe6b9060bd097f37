"""JSON is read exactly, refused with a place, and its places are found again."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.load import json_text
from comply.load.facts import Path
from comply.load.json_text import DEEPEST, places, read_json, top_keys
from comply.plan.values import Value, number_text
from comply.source import LoadError, Source

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner)
    ),
    max_leaves=20,
)


def read(text: str) -> Value:
    return read_json(Source("a.json", text))


@given(TREES, st.sampled_from([None, 1]))
def test_reads_what_json_writes(tree: Value, indent: int | None) -> None:
    assert read(json.dumps(tree, indent=indent)) == tree


def test_numbers_are_exact_and_print_as_written() -> None:
    big, exact, short = read("[1e400, 12345678901234567890123, 1.50]")
    assert big == Decimal("1e400")
    assert exact == 12345678901234567890123
    assert number_text(short) == "1.50"


def test_an_unpaired_surrogate_becomes_a_replacement() -> None:
    assert read(r'{"\ud800": ["a\udfffb", "\ud83d\ude00", 1]}') == {
        "\ufffd": ["a\ufffdb", "\U0001f600", 1]
    }


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('{"a": [1, 2', "1:11", "truncated"),
        ('{"a": "b', "1:7", "truncated"),
        ('{"a":\n  tru', "2:3", "not JSON"),
        ('{"a": 1,}', "1:9", "not JSON"),
        ('{"a": 1} x', "1:10", "after the end"),
        ('{\n "a": 1,\n "a": 2}', "3:2", '"a" stands twice'),
        ('[{"b": [{"c": 1, "c": 1}]}]', "1:18", '"c" stands twice'),
    ],
)
def test_refusals_have_a_place(text: str, place: str, message: str) -> None:
    with pytest.raises(LoadError, match=message) as caught:
        read(text)
    assert str(caught.value.span) == f"a.json:{place}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("[NaN]", "NaN is no JSON number"),
        ("[-Infinity]", "Infinity is no JSON number"),
        ("[" + "9" * 5000 + "]", "too many digits"),
        ("[1e99999999999999999999]", "too many digits"),
        ("[" * 5000 + "]" * 5000, "deeper than"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "deeper than"),
        ('{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1), "deeper than"),
    ],
)
def test_refusals_of_the_whole(text: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        read(text)


def test_the_deepest_allowed_is_read() -> None:
    assert read("[" * DEEPEST + "]" * DEEPEST)


def test_wide_is_not_deep() -> None:
    assert len(read("[" + ",".join(["[[],{}]"] * 5000) + "]")) == 5000


def test_brackets_in_strings_are_not_depth() -> None:
    assert read(json.dumps(["[" * 1000])) == ["[" * 1000]


def paths(value: Value, at: Path = ()) -> list[tuple[Path, Value]]:
    found = [(at, value)]
    if isinstance(value, dict):
        for key, item in value.items():
            found += paths(item, (*at, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            found += paths(item, (*at, i))
    return found


@given(TREES, st.sampled_from([None, 1]))
def test_every_place_is_where_the_value_is_written(
    tree: Value, indent: int | None
) -> None:
    text = json.dumps(tree, indent=indent)
    source = Source("a.json", text)
    find = places(source)
    lines = text.split("\n")
    for path, value in paths(tree):
        span = find(path)
        assert span is not None
        rest = "\n".join([lines[span.row - 1][span.col - 1 :], *lines[span.row :]])
        if path and isinstance(path[-1], str):
            key, end = json.JSONDecoder().raw_decode(rest)
            assert key == path[-1]
            rest = rest[end:].lstrip().removeprefix(":").lstrip()
        assert json.JSONDecoder().raw_decode(rest)[0] == value


def test_a_path_that_leads_nowhere_has_the_last_place_there_is() -> None:
    find = places(Source("a.json", '{"a": {"b": 1}}'))
    assert str(find(("a", "x", 3))) == "a.json:1:2"
    assert str(find(("a", "b", "c"))) == "a.json:1:8"
    assert str(find(("z",))) == "a.json:1:1"


def test_top_keys_stop_at_what_is_no_json() -> None:
    source = Source("a", '{"a": 1, "b": {"c": 2}, "d": oops, "e": 1}')
    assert [key for key, _ in top_keys(source)] == ["a", "b", "d"]
    assert not list(top_keys(Source("a", "[1]")))
    assert [k for k, _ in top_keys(Source("a", '{"a": 1'))] == ["a"]
    assert not list(top_keys(Source("a", "{")))


def test_of_many_values_each_looks_through_its_own_text_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = '{"a": [1]}\n' * 50
    seen: list[str] = []

    def noted(part: str) -> bool:
        seen.append(part)
        return False

    monkeypatch.setattr(json_text, "may_be_deep", noted)
    source, end, count = Source("a.json", text), 0, 0
    while end < len(text.rstrip()):
        value, end = json_text.read_one(source, end)
        assert value == {"a": [1]}
        count += 1
    assert count == 50
    assert set(seen) == {'{"a": [1]}'}
