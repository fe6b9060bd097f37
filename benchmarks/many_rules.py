"""500 rules: a rule costs no more than one of 40, and at least 10 times less than in OPA.

Admission rules as in gatekeeper_rules.py over 1,000 manifests, in memory: the first check
of a session that has loaded rules and manifests. The time of a rule among 500 is at most
1.2 times that among 40. OPA is asked by a query over the manifests, by its own time of the
evaluation; both count the violations.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import opa
from gatekeeper_rules import QUERY, session_of
from generate import write_policies
from manifests import manifests
from measure import Bar, Outcome, Verdict, median_of, ratio, scaled, show
from policies import policies

MANIFESTS = scaled(1_000, 20)
FEW = scaled(40, 6)
MANY = scaled(500, 18)
ROUNDS = scaled(5, 1)


def run() -> Outcome:
    """Return the time of a check with few rules and with many."""
    objects = list(manifests(MANIFESTS))
    assert len(objects) == MANIFESTS
    taken: dict[int, float] = {}
    bars = []
    rules, found = Path(), 0
    with TemporaryDirectory() as folder:
        for number in (FEW, MANY):
            rules = Path(folder) / f"rules-{number}"
            assert len(policies(number)) == number
            write_policies(number, rules)
            found = len(session_of(rules, objects)())
            assert found > 0
            taken[number] = median_of(lambda r=rules: session_of(r, objects), ROUNDS)  # type: ignore[misc]  # bound at once
            bars.append(Bar(f"{number} rules, comply", taken[number]))
        growth = (taken[MANY] / MANY) / (taken[FEW] / FEW)
        verdicts = [Verdict("time of a rule, many by few", growth, "at most", 1.2)]
        program = opa.program()
        if program is not None:
            data = Path(folder) / "data.json"
            data.write_text(json.dumps({"manifests": objects}))
            value, theirs = opa.query_time(program, (rules,), data, QUERY)
            assert value == found, f"OPA finds {value}, comply {found}"
            bars.append(Bar(f"{MANY} rules, OPA", theirs))
            times = ratio(theirs, taken[MANY])
            verdicts.append(Verdict("times faster than OPA", times, "at least", 10))
    notes = "" if program else opa.ABSENT
    return Outcome(__doc__, tuple(bars), tuple(verdicts), notes)


if __name__ == "__main__":
    show(run())
