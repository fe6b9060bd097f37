"""Large JSON texts: what the fast readers find is what the exact ones do."""

import gc
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.load import json_large, json_text
from comply.load.facts import Path
from comply.load.surviving import surviving
from comply.plan.values import Value
from comply.source import Source, Span

TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner)
    ),
    max_leaves=20,
)


def written(value: Value, blank: random.Random, *, ascii_only: bool) -> str:
    """Return JSON text with white space of any kind between its tokens."""
    spaces = ("", "", " ", "\n", "\t ", "\r\n  ")

    def gap() -> str:
        return blank.choice(spaces)

    def text(part: Value) -> str:
        if isinstance(part, list):
            inner = f"{gap()},{gap()}".join([text(x) for x in part])
            return f"[{gap()}{inner}{gap()}]"
        if isinstance(part, dict):
            pairs = [
                f"{json.dumps(k, ensure_ascii=ascii_only)}{gap()}:{gap()}{text(v)}"
                for k, v in part.items()
            ]
            return f"{{{gap()}{f'{gap()},{gap()}'.join(pairs)}{gap()}}}"
        return json.dumps(part, ensure_ascii=ascii_only)

    return f"{gap()}{text(value)}{gap()}"


def every_path(value: Value, at: Path = ()) -> Iterator[Path]:
    yield at
    yield (*at, "nowhere")
    match value:
        case dict():
            for key, item in value.items():
                yield from every_path(item, (*at, key))
        case list():
            for i, item in enumerate(value):
                yield from every_path(item, (*at, i))
        case _:
            return


def spans(text: str, value: Value) -> list[Span | None]:
    find = json_text.places(Source("a.json", text))
    return [find(path) for path in every_path(value)]


@given(TREES, st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_places_in_large_texts_are_those_of_small_ones(
    value: Value, blank: random.Random, ascii_only: bool, plain: bool
) -> None:
    text = written(value, blank, ascii_only=ascii_only)
    if plain:
        text = json.dumps(
            value, ensure_ascii=ascii_only, indent=blank.choice([None, 1])
        )
    expected = spans(text, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "LARGE", 1)
        patch.setattr(json_large, "LARGE", 1)
        assert spans(text, value) == expected


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": [1, 2]}', "[1, 2] x", '{"a": [1, {"b": }]}', '{"a": [00]}', '"a"'],
)
def test_what_the_fast_reader_cannot_tell_the_exact_one_does(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths: list[Path] = [(), ("a",), ("a", 1), ("a", 0), (1,)]

    def found() -> list[str]:
        find = json_text.places(Source("a.json", text))
        answers = []
        for path in paths:
            try:
                answers.append(str(find(path)))
            except ValueError:
                answers.append("no JSON")
        return answers

    expected = found()
    monkeypatch.setattr(json_text, "LARGE", 1)
    monkeypatch.setattr(json_large, "LARGE", 1)
    assert found() == expected


def test_each_large_container_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = json_large.children

    def counted(text: str, at: int, raw: json_large.Whole) -> Any:
        read.append(at)
        return real(text, at, raw)

    monkeypatch.setattr(json_large, "children", counted)
    value = {"few": [1], "many": [{"n": i, "pad": "x" * 300} for i in range(5_000)]}
    find = json_text.places(Source("a.json", json.dumps(value)))
    places = [find(("many", i, "n")) for i in range(0, 5_000, 100)]
    assert len(set(places)) == 50
    assert len(read) == 2


def test_what_survives_is_not_looked_at_by_the_collector() -> None:
    assert gc.isenabled()
    gc.collect()
    before = gc.get_stats()
    with surviving():
        assert not gc.isenabled()
        kept = [[i] for i in range(20_000)]
    assert gc.isenabled()
    assert len(gc.get_objects(generation=0)) < len(kept)
    assert [s["collections"] for s in gc.get_stats()] == [
        s["collections"] for s in before
    ]


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        with surviving():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_somebody_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        assert gc.get_freeze_count() > 0
        with surviving():
            pass
        # Not as many as before: threads of others let go of some meanwhile.
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
