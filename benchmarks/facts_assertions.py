"""One change of 50,000 resources under SQL assertions costs what the change costs.

A session holds a plan of 50,000 resources under five assertions over facts: a condition
of one resource, a join, a self-join, EXISTS, and a group. One resource changes. `update`
gets the whole new object and finds the change itself, `apply` is told it: at least 30 and
100 times faster than a check from scratch, and than DuckDB, which evaluates the same
assertions as a whole over the same relations as tables. Reading the rows is in the time
from scratch, filling the tables in DuckDB's, and both find the same. Each change adds or
removes exactly one finding. The first update of a session compares two objects that share
nothing, all 50,000 resources with each other; it is measured beside.
"""

import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from generate import write_plan
from measure import Bar, Outcome, Verdict, median_of, ratio, scaled, show

import comply
from comply.findings import Finding, Status
from comply.source import Source
from comply.sql.fact_check import check_facts
from comply.sql.rule import rules_in

RESOURCES = scaled(50_000, 500)
REPEATS = scaled(20, 4)
BOUNDS = {"update": 30, "apply": 100}
ASSERTIONS = """
CREATE ASSERTION no_public_database CHECK (NOT EXISTS (
  SELECT address FROM terraform.resource_changes
  WHERE type = 'aws_db_instance' AND JSON_VALUE(after, '$.publicly_accessible') = 'true'
    AND JSON_VALUE(after, '$.note') = 'changed'));
CREATE ASSERTION noted_are_deleted CHECK (NOT EXISTS (
  SELECT r.address, a.value FROM terraform.resource_changes r, terraform.attributes a
  WHERE a.address = r.address AND a.attribute = 'note' AND NOT r.deletes));
CREATE ASSERTION notes_differ CHECK (NOT EXISTS (
  SELECT a.address, b.address other FROM terraform.attributes a, terraform.attributes b
  WHERE a.attribute = 'note' AND b.attribute = 'note' AND a.value = b.value
    AND a.address < b.address));
CREATE ASSERTION tables_are_known CHECK (
  ALL (SELECT address FROM terraform.resource_changes WHERE type = 'aws_db_instance' AND NOT deletes) r
  SATISFY (EXISTS (SELECT 1 FROM terraform.attributes a WHERE a.address = r.address)));
CREATE ASSERTION addresses_are_unique CHECK (
  ALL (SELECT address, COUNT(*) n FROM terraform.resource_changes GROUP BY address) r
  SATISFY (r.n = 1));
"""


def run() -> Outcome:
    """Return scratch, update and apply in memory, and DuckDB evaluating the whole."""
    with TemporaryDirectory() as folder:
        document = Path(folder) / "plan.json"
        write_plan(RESOURCES, document)
        rules = Path(folder) / "facts.sql"
        rules.write_text(ASSERTIONS)
        taken = _measure(document, rules)
    bars = tuple(Bar(what, ms) for what, ms in taken.items())
    scratch, duckdb = taken["comply, from scratch"], taken["DuckDB, the whole"]
    verdicts = [
        Verdict(
            f"{what}, times faster than {peer}",
            ratio(slow, taken[f"comply, {what}"]),
            "at least",
            bound,
        )
        for what, bound in BOUNDS.items()
        for peer, slow in (("from scratch", scratch), ("DuckDB", duckdb))
    ]
    return Outcome(__doc__ or "", bars, tuple(verdicts))


def _measure(document: Path, rules: Path) -> dict[str, float]:
    def fresh() -> Callable[[], object]:
        session = comply.Session(rules=[rules])
        session.load(document)
        return lambda: session.check()  # noqa: PLW0108  (its type is Any)

    plan = json.loads(document.read_text())
    assert len(plan["resource_changes"]) == RESOURCES
    session, _ = _session(document, rules)
    assert session.whole == {}
    assertions = rules_in(Source(str(rules), ASSERTIONS))
    found = check_facts(assertions, session.documents).findings
    assert _violations(found) == _violations(session.check())
    return {
        "comply, from scratch": median_of(fresh, 3),
        "DuckDB, the whole": median_of(lambda: _whole(document, rules), 3),
        "comply, the first update, of an object parsed anew": _first(document, rules),
        "comply, update": median(_updates(document, rules, plan)),
        "comply, apply": median(_applies(document, rules, plan)),
    }


def _violations(findings: list[Finding]) -> int:
    return sum(f.status is Status.VIOLATION for f in findings)


def _whole(document: Path, rules: Path) -> Callable[[], object]:
    session = comply.Session(rules=[rules])
    session.load(document)
    assertions = rules_in(Source(str(rules), ASSERTIONS))
    return lambda: check_facts(assertions, session.documents)


def _session(document: Path, rules: Path) -> tuple[comply.Session, Any]:
    session = comply.Session(rules=[rules])
    held = session.load(document)
    session.check()
    return session, held


def _edits(plan: Any) -> Iterator[tuple[int, Any]]:  # noqa: ANN401  (a plan is JSON)
    """Yield places in the plan and what comes there: a note on a resource, then none."""
    places = [
        i
        for i, change in enumerate(plan["resource_changes"])
        if isinstance(change["change"]["after"], dict)
        and "delete" not in change["change"]["actions"]
        and change["type"] != "aws_db_instance"
    ]
    for place in places[:: len(places) // (REPEATS // 2)][: REPEATS // 2]:
        before = plan["resource_changes"][place]
        noted = deepcopy(before)
        noted["change"]["after"]["note"] = "changed"
        yield place, noted
        yield place, before


def _first(document: Path, rules: Path) -> float:
    session, held = _session(document, rules)
    new = json.loads(document.read_text())
    place, noted = next(_edits(new))
    new["resource_changes"][place] = noted
    return _taken(lambda: session.update(held, new))


def _updates(document: Path, rules: Path, plan: Any) -> Iterator[float]:  # noqa: ANN401
    session, held = _session(document, rules)
    session.update(held, plan)
    for place, changed in _edits(plan):
        changes = list(plan["resource_changes"])
        changes[place] = changed
        new = plan | {"resource_changes": changes}
        yield _taken(partial(session.update, held, new))


def _applies(document: Path, rules: Path, plan: Any) -> Iterator[float]:  # noqa: ANN401
    session, held = _session(document, rules)
    for _, changed in _edits(plan):
        change = comply.Change(updated=((changed["address"], changed),))
        yield _taken(partial(session.apply, held, change))


def _taken(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    delta = run()
    taken = (time.perf_counter() - start) * 1000
    assert len(delta.added) + len(delta.removed) == 1
    return taken


if __name__ == "__main__":
    show(run())
