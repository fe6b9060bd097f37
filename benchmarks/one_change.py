"""One change among 50,000 resources costs what the change costs, not what the plan costs.

A session holds a plan of 50,000 resources; one resource changes. `update` gets the whole
new object and finds the change itself: at least 100 times faster than a check from scratch
in the same engine for rules that look at one resource, 50 times for a rule that looks up
another; `apply` is told the change: 1,000 times for rules that look at one, 50 for those
that look up another, and for one that counts them all: that one is so quick from scratch
that to find the change in a whole object takes a good part of it. The object given to
`update` shares what did not change with the one before; parsing the whole file anew and
giving that is measured too. Each change adds or removes exactly one finding (where they
are counted it does both), and runs as many units as a change of one resource can concern:
one of each clause of a rule.
"""

import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from generate import write_plan
from measure import ROOT, RULES, Bar, Outcome, Verdict, median_of, ratio, scaled, show

import comply

RESOURCES = scaled(50_000, 500)
REPEATS = scaled(20, 4)
BASELINE = RULES / "terraform" / "baseline"
ALONE = (
    BASELINE / "required-tags" / "required-tags.rego",
    BASELINE / "no-public-rds" / "no-public-rds.rego",
)
MOST_UNITS = 8
COUNTED = (ROOT / "benchmarks" / "rules" / "public_databases.rego",)
LOOKUP = (ROOT / "benchmarks" / "rules" / "block_of_the_bucket.rego",)


@dataclass(frozen=True, slots=True)
class Trial:
    """Rules, which resources to change, and how: each makes or unmakes some findings."""

    name: str
    rules: tuple[Path, ...]
    eligible: Callable[[Any], bool]
    spoil: Callable[[Any], None]
    bounds: dict[str, int]
    findings: int = 1


def _tagged(change: Any) -> bool:  # noqa: ANN401  (a resource change is JSON)
    after = change["change"]["after"]
    return (
        "create" in change["change"]["actions"]
        and isinstance(after.get("tags"), dict)
        and {"CostCentre", "Environment", "Owner"} <= after["tags"].keys()
    )


def _lose_tag(change: Any) -> None:  # noqa: ANN401
    for tags in ("tags", "tags_all"):
        change["change"]["after"][tags].pop("Owner")


def _closed(change: Any) -> bool:  # noqa: ANN401
    after = change["change"]["after"] or {}
    return (
        change["type"] == "aws_s3_bucket_public_access_block"
        and "bucket" in after
        and after["block_public_acls"]
    )


def _open(change: Any) -> None:  # noqa: ANN401
    change["change"]["after"]["block_public_acls"] = False


def _private(change: Any) -> bool:  # noqa: ANN401
    after = change["change"]["after"] or {}
    return (
        change["type"] == "aws_db_instance"
        and after.get("publicly_accessible") is False
    )


def _publish(change: Any) -> None:  # noqa: ANN401
    change["change"]["after"]["publicly_accessible"] = True


TRIALS = (
    Trial("alone", ALONE, _tagged, _lose_tag, {"update": 100, "apply": 1_000}),
    Trial("lookup", LOOKUP, _closed, _open, {"update": 50, "apply": 50}),
    Trial("count", COUNTED, _private, _publish, {"apply": 50}, 2),
)


def run() -> Outcome:
    """Return scratch, update and apply for all kinds of rules."""
    bars: list[Bar] = []
    verdicts: list[Verdict] = []
    with TemporaryDirectory() as folder:
        document = Path(folder) / "plan.json"
        write_plan(RESOURCES, document)
        for trial in TRIALS:
            taken = _measure(trial, document)
            bars += [Bar(f"{trial.name}: {what}", ms) for what, ms in taken.items()]
            verdicts += [
                Verdict(
                    f"{trial.name}: {what}, times faster than scratch",
                    ratio(taken["comply, from scratch"], taken[f"comply, {what}"]),
                    "at least",
                    bound,
                )
                for what, bound in trial.bounds.items()
            ]
    return Outcome(__doc__, tuple(bars), tuple(verdicts))


def _measure(trial: Trial, document: Path) -> dict[str, float]:
    def fresh() -> Callable[[], object]:
        session = comply.Session(rules=trial.rules)
        session.load(document)
        return lambda: session.check()  # noqa: PLW0108  (its type is Any)

    plan = json.loads(document.read_text())
    assert len(plan["resource_changes"]) == RESOURCES
    return {
        "comply, from scratch": median_of(fresh, 3),
        "comply, update": median(_updates(trial, document, plan)),
        "comply, update with all parsed anew": _parsed_anew(trial, document),
        "comply, apply": median(_applies(trial, document, plan)),
    }


def _session(trial: Trial, document: Path) -> tuple[comply.Session, Any]:
    session = comply.Session(rules=trial.rules)
    held = session.load(document)
    session.check()
    return session, held


def _edits(trial: Trial, plan: Any) -> Iterator[tuple[int, Any]]:  # noqa: ANN401
    """Yield places in the plan and what comes there: spoilt, then as it was."""
    places = [i for i, c in enumerate(plan["resource_changes"]) if trial.eligible(c)]
    assert len(places) > REPEATS
    for place in places[:: len(places) // (REPEATS // 2)][: REPEATS // 2]:
        before = plan["resource_changes"][place]
        spoilt = deepcopy(before)
        trial.spoil(spoilt)
        yield place, spoilt
        yield place, before


def _updates(trial: Trial, document: Path, plan: Any) -> Iterator[float]:  # noqa: ANN401
    session, held = _session(trial, document)
    session.update(held, plan)
    for place, changed in _edits(trial, plan):
        changes = list(plan["resource_changes"])
        changes[place] = changed
        new = plan | {"resource_changes": changes}
        start = time.perf_counter()
        delta = session.update(held, new)
        yield (time.perf_counter() - start) * 1000
        _judge(trial, delta)


def _applies(trial: Trial, document: Path, plan: Any) -> Iterator[float]:  # noqa: ANN401
    session, held = _session(trial, document)
    for _, changed in _edits(trial, plan):
        change = comply.Change(updated=((changed["address"], changed),))
        start = time.perf_counter()
        delta = session.apply(held, change)
        yield (time.perf_counter() - start) * 1000
        _judge(trial, delta)


def _judge(trial: Trial, delta: Any) -> None:  # noqa: ANN401
    """Refuse to time a change that did not do what it was made for."""
    assert len(delta.added) + len(delta.removed) == trial.findings
    assert 1 <= delta.units_run <= MOST_UNITS


def _parsed_anew(trial: Trial, document: Path) -> float:
    session, held = _session(trial, document)
    new = json.loads(document.read_text())
    place, changed = next(_edits(trial, new))
    new["resource_changes"][place] = changed
    start = time.perf_counter()
    delta = session.update(held, new)
    taken = (time.perf_counter() - start) * 1000
    _judge(trial, delta)
    return taken


if __name__ == "__main__":
    show(run())
