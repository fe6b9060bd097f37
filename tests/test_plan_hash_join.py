"""Joins over what rules and base documents hold: the same elements, found by an index."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import comply
from comply.plan.hash_join import FEWEST, among
from comply.plan.lasting import lasting
from comply.plan.runtime import entries, ordered_entries
from comply.plan.screen import FEWEST as FEWEST_SCREENED
from comply.plan.values import RegoSet, equal

names = st.sampled_from(["a", "b", 1, 1.0, True, None, Decimal("1.0"), ["a"], 2])
elements = st.one_of(
    names,
    st.fixed_dictionaries({}, optional={"n": names, "m": names}),
)
collections = st.one_of(
    st.lists(elements, min_size=FEWEST - 2, max_size=FEWEST + 6),
    st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=2), elements, max_size=FEWEST + 4
    ),
    st.lists(elements, max_size=FEWEST + 6).map(RegoSet),
    names,
)


def has(element: Any, name: Any) -> bool:
    found = element.get("n", ...) if isinstance(element, dict) else ...
    return found is not ... and equal(found, name)


@given(collections, st.lists(names, min_size=1, max_size=4), st.booleans())
def test_what_is_left_out_has_another_value(
    source: Any, asked: list[Any], ordered: bool
) -> None:
    every = list(ordered_entries(source) if ordered else entries(source))
    kept: dict[Any, Any] = {}
    for name in asked:
        found = [
            pair
            for pair in among(kept, source, ("n",), name, ordered)
            if has(pair[1], name)
        ]
        assert found == [pair for pair in every if has(pair[1], name)]


def test_only_the_second_scan_makes_an_index() -> None:
    source = [{"n": i} for i in range(FEWEST)]
    kept: dict[Any, Any] = {}
    found = [list(among(kept, source, ("n",), 3, False)) for _ in range(3)]
    assert [len(pairs) for pairs in found] == [FEWEST, 1, 1]
    assert found[1] == [(3, {"n": 3})]
    assert len(kept) == 1


def test_few_elements_are_scanned() -> None:
    kept: dict[Any, Any] = {}
    source = [{"n": i} for i in range(FEWEST - 1)]
    for _ in range(3):
        assert len(list(among(kept, source, ("n",), 3, False))) == FEWEST - 1
    assert not kept


LASTING = """package a

import rego.v1

services := [s | some s in data.objects; s.kind == "Service"]

by_name[s.name] := s if some s in services

mine contains s if { some s in services; s.owner == input.owner }

also contains s if some s in mine

now := time.now_ns()

drawn := rand.intn("x", 9)

told if print("x")

other if services with data.objects as []

all_of := data.b

f(x) := x if services

uses := f(1)
"""


def test_which_rules_last() -> None:
    more = "package b\n\nimport rego.v1\n\nfixed := 1\n\nasked := input.x\n"
    policy = comply.rego.compile({"a.rego": LASTING, "b.rego": more})
    same = lasting(policy.plan)
    found = {r.path[-1] for r in policy.plan.rules if r.id in same}
    assert found == {"services", "by_name", "uses", "fixed"}


JOINS = """package join

import rego.v1

deny contains msg if {
	input.kind == "Deployment"
	not served(input.metadata.name)
	msg := sprintf("%s is not served", [input.metadata.name])
}

served(name) if {
	some s in services
	s.metadata.name == name
}

services := [s | some s in data.kubernetes.objects; s.kind == "Service"]

deny contains msg if {
	input.kind == "Service"
	some d in data.kubernetes.objects
	d.kind == "Deployment"
	d.metadata.name == input.metadata.name
	d.metadata.labels.tier != input.metadata.labels.tier
	msg := sprintf("%s is of another tier", [input.metadata.name])
}
"""

manifests = st.lists(
    st.builds(
        lambda kind, name, tier: {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"name": name, "labels": {"tier": tier}},
        },
        st.sampled_from(["Service", "Deployment"]),
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from(["one", "two"]),
    ),
    min_size=1,
    max_size=2 * FEWEST,
)


def expected(objects: list[dict[str, Any]]) -> set[str]:
    services = [o["metadata"] for o in objects if o["kind"] == "Service"]
    deployments = [o["metadata"] for o in objects if o["kind"] == "Deployment"]
    told = {
        f"{d['name']} is not served"
        for d in deployments
        if all(s["name"] != d["name"] for s in services)
    }
    return told | {
        f"{s['name']} is of another tier"
        for s in services
        for d in deployments
        if d["name"] == s["name"] and d["labels"] != s["labels"]
    }


MORE = """package more{0}

import rego.v1

deny contains "never" if input.metadata.name == "never{0}"
"""


@pytest.fixture(name="rules", scope="module", params=[0, FEWEST_SCREENED])
def _rules(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Write the rules, alone and among so many that a screen comes before them."""
    folder: Path = tmp_path_factory.mktemp("rules")
    (folder / "join.rego").write_text(JOINS)
    for i in range(request.param):
        (folder / f"more{i}.rego").write_text(MORE.format(i))
    return folder


@given(objects=manifests, changes=manifests)
def test_joins_of_manifests_follow_their_changes(
    rules: Path, objects: list[dict[str, Any]], changes: list[dict[str, Any]]
) -> None:
    session = comply.Session(rules=[rules], cache=rules)
    loaded = [session.load(json.dumps(made).encode()) for made in objects]
    assert {f.message for f in session.check()} == expected(objects)
    for at, new in enumerate(changes[: min(3, len(objects))]):
        objects[at] = new
        session.update(loaded[at], json.dumps(new).encode())
        assert {f.message for f in session.check()} == expected(objects)
