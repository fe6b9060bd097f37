"""Screens: one look at a manifest for many rules finds what the rules find."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import comply
from comply.plan import screen

BODIES = (
    "not input.review.object.metadata.labels.team; m := input.review.object.metadata.name",
    "some c in input.review.object.spec.containers; c.privileged; m := c.name",
    "some c in input.review.object.spec.containers; not c.image; m := c.name",
    "some d in input.review.object.spec.containers; d.privileged == 1; m := d.name",
    'c := input.review.object.spec.containers[_]; m := sprintf("%v", [c.image])',
    'some c in input.review.object.spec.containers; startswith(c.image, "a"); m := "a"',
    "input.review.object.spec.replicas > 2; m := input.review.object.spec.replicas",
    'input.review.object.kind == "Pod"; m := count(input.review.object.spec.containers)',
    "some c in containers; some d in containers; c.name == d.image; m := c.name",
    "every c in containers { c.privileged }; m := 1",
    "n := twice(input.review.object.spec.replicas); n > 4; m := n",
    "input.review.object.spec.containers[i]; m := i",
    "m := {c.name | some c in containers; c.privileged}; count(m) > 0",
    "some c in input.review.object.spec.containers; c.security.user.id > 1; m := c.name",
    "some c in input.review.object.spec.containers; not c.security.user.id; m := c.name",
    "some c in input.review.object.spec.containers; m := c.security.user[_]",
    "some c in input.review.object.spec.containers; m := c.security[x].id",
    'some c in input.review.object.spec.containers; c.image == "ab"; m := c.name',
    "not input.review.object.spec.security.user; m := input.review.object.spec.security",
    "some c in {{1: 2}, {{'id'}}, {'id': {'id': {'id'}}}}; m := c.id.id",
    "some c in {{1: 2}, {{'id'}}, {'id': {'id': {'id'}}}}; m := {c.id.id.id}",
    "some c in {{1: 2}, {{'id'}}, {'id': {'id': {'id'}}}}; m := [c.id.id]",
)
ELSEWHERE = (
    # A conflict: the screen fails, and then each rule runs by itself.
    "m := both(input.review.object.spec.replicas)",
    "m := 1 with input.x as 2",
    'input.request.object.kind == "Pod"; m := "asked"',
    'input.kind == "Pod"; m := "plain"',
)
TAIL = """
containers contains c if some c in input.review.object.spec.containers

twice(n) := n * 2

both(n) := 1 if n >= 0

both(n) := 2 if n > 1
"""
words = st.sampled_from(["a", "b", "ab"])
users = st.sampled_from([{}, {"id": 1}, {"id": 2}, [{"id": 3}], "id", 4, None, False])
security = users | users.map(lambda user: {"user": user, "other": {"id": "x"}})
containers = st.fixed_dictionaries(
    {"name": words},
    optional={
        "image": words,
        "privileged": st.sampled_from([True, False, 1, 0, "no", None]),
        "security": security,
    },
)
manifests = st.fixed_dictionaries(
    {
        "apiVersion": st.just("v1"),
        "kind": st.sampled_from(["Pod", "Job"]),
        "metadata": st.fixed_dictionaries(
            {"name": words}, optional={"labels": st.dictionaries(words, words)}
        ),
    },
    optional={
        "spec": st.fixed_dictionaries(
            {},
            optional={
                "containers": st.lists(containers, max_size=3),
                "replicas": st.sampled_from([0, 1, 2, 3, -1, "x"]),
                "security": security,
            },
        )
    },
)


@cache
def written(bodies: tuple[str, ...]) -> Path:
    """Return a folder with a policy for each body."""
    folder = Path(mkdtemp(prefix="comply-test-"))
    for i, body in enumerate(bodies):
        head = f"package a.p{i}\n\nimport rego.v1\n\n"
        rule = f"violation contains {{'msg': m}} if {{ {body} }}\n".replace("'", '"')
        (folder / f"p{i}.rego").write_text(head + rule + TAIL)
    return folder


@cache
def session(bodies: tuple[str, ...], fewest: int) -> comply.Session:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(screen, "FEWEST", fewest)
        return comply.Session(rules=[written(bodies)])


def found(bodies: tuple[str, ...], fewest: int, values: list[Any]) -> list[str]:
    made = session(bodies, fewest)
    loaded = [made.load(json.dumps(v).encode(), "kubernetes") for v in values]
    try:
        shown = [
            f"{f.rule_id} {f.status} {f.message} {f.fact} {f.span}"
            for f in made.check()
        ]
        counts = [f"{k}={v}" for k, v in sorted(made.evaluated.items())]
        return sorted(shown) + counts
    finally:
        for item in loaded:
            made.remove(item)


def screens(bodies: tuple[str, ...], fewest: int) -> Iterator[bool]:
    for group in session(bodies, fewest).compiled:
        yield group.program.screen is not None


@given(st.lists(manifests, min_size=1, max_size=3))
def test_with_a_screen_is_found_what_is_found_without(values: list[Any]) -> None:
    assert any(screens(BODIES, 1))
    assert not any(screens(BODIES, 1_000))
    assert found(BODIES, 1, values) == found(BODIES, 1_000, values)


@pytest.mark.parametrize("other", ELSEWHERE)
@given(values=st.lists(manifests, min_size=1, max_size=2))
def test_rules_that_fail_or_expect_something_else_change_nothing(
    other: str, values: list[Any]
) -> None:
    bodies = (*BODIES[:4], other)
    assert found(bodies, 1, values) == found(bodies, 1_000, values)


def test_rules_over_the_same_containers_share_a_loop() -> None:
    (group, *_) = session(BODIES[1:3], 1).compiled
    text = group.program.code.text.partition("def screen(")[2]
    assert text.count("for l") == 1
    assert text.count("found.append(") == 2


def test_rules_that_pass_the_same_object_look_it_up_once() -> None:
    (group, *_) = session(BODIES[13:15], 1).compiled
    text = group.program.code.text.partition("def screen(")[2]
    assert text.count(".get('user', UNDEFINED)") == 1
    assert text.count("['id']") == 2


def test_a_comparison_needs_no_index_in_a_screen() -> None:
    (group, *_) = session((BODIES[1], BODIES[17]), 1).compiled
    text = group.program.code.text.partition("def screen(")[2]
    assert "partition(" not in text
    assert text.count("for l") == 1


def test_few_rules_have_no_screen() -> None:
    assert not any(screens(BODIES[: screen.FEWEST - 1], screen.FEWEST))
    assert any(screens(BODIES[: screen.FEWEST], screen.FEWEST))
