"""Checking what one row changed is 100 times faster than checking all, at any size.

The schema and assertions are a help desk's: a ticket needs a service agreement that covers
its day, an urgent one an engineer of some standing, an agreement its services. One row
changes among 2,000,000 tickets: the delta check looks up its partners by index, the full
check reads the tables, both in the same DuckDB. A ticket that comes and an agreement that
ends sooner must be checked at least 100 times faster than everything, and within twice the
time that it takes among 20,000. The times of other changes stand beside them: an agreement
that ends later, which can break nothing, is not asked about at all.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from measure import Bar, Outcome, Verdict, ratio, scaled, show

from comply.sql import Assertion, Sandbox, parse

SIZES = (20_000, scaled(2_000_000, 40_000))
REPEATS = scaled(25, 2)
TICKET = "a ticket comes"
AGREEMENT = "an agreement ends sooner"
SCHEMA = """
CREATE TABLE digits (n NUMBER);
CREATE TABLE customers (id NUMBER PRIMARY KEY, name VARCHAR2(200) NOT NULL);
CREATE TABLE engineers (id NUMBER PRIMARY KEY, seniority VARCHAR2(20)
  CHECK (seniority IN ('junior', 'mid', 'senior', 'lead')));
CREATE TABLE slas (id NUMBER PRIMARY KEY,
  customer_id NUMBER NOT NULL REFERENCES customers (id),
  start_date DATE NOT NULL, end_date DATE NOT NULL, CHECK (end_date > start_date));
CREATE TABLE sla_services (id NUMBER PRIMARY KEY,
  sla_id NUMBER NOT NULL REFERENCES slas (id), service_name VARCHAR2(100) NOT NULL);
CREATE TABLE tickets (id NUMBER PRIMARY KEY,
  customer_id NUMBER NOT NULL REFERENCES customers (id),
  engineer_id NUMBER REFERENCES engineers (id), priority VARCHAR2(20),
  created_at TIMESTAMP);
"""
ASSERTIONS = """
CREATE ASSERTION ticket_requires_active_sla CHECK (
  ALL (SELECT customer_id, created_at FROM tickets) t SATISFY (EXISTS (
    SELECT 1 FROM slas s WHERE s.customer_id = t.customer_id
      AND t.created_at BETWEEN s.start_date AND s.end_date)));
CREATE ASSERTION critical_tickets_need_senior_engineer CHECK (NOT EXISTS (
  SELECT t.id FROM tickets t, engineers e WHERE t.engineer_id = e.id
    AND t.priority IN ('high', 'critical') AND e.seniority IN ('junior', 'mid')));
CREATE ASSERTION sla_must_have_services CHECK (
  ALL (SELECT id FROM slas) s SATISFY (EXISTS (
    SELECT 1 FROM sla_services v WHERE v.sla_id = s.id)))
  DEFERRABLE INITIALLY DEFERRED;
"""
CHANGES = {
    TICKET: "INSERT INTO tickets VALUES ({new}, {i}, 4, 'critical', DATE '2026-03-01')",
    "a ticket gets another customer": "UPDATE tickets SET customer_id = 7 WHERE id = {i}",
    AGREEMENT: "UPDATE slas SET end_date = end_date - 9 WHERE id = {i} * 3 + 2",
    "an agreement ends later": "UPDATE slas SET end_date = end_date + 9 WHERE id = {i}",
    "an engineer is promoted": "UPDATE engineers SET seniority = 'lead' WHERE id = {i}",
    "a service ends": "DELETE FROM sla_services WHERE id = {i}",
}


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds: of the full check, of the delta check by kind of change, and of the
    whole statement for a ticket that comes."""

    full: float
    deltas: dict[str, float]
    statement: float


def run() -> Outcome:
    """Return the times of full and delta checks among few and many tickets."""
    small, large = (_measure(size) for size in SIZES)
    bars = [
        Bar(f"{size:,} tickets: {what}", taken)
        for size, times in zip(SIZES, (small, large), strict=True)
        for what, taken in _listed(times)
    ]
    verdicts: list[Verdict] = []
    for what in (TICKET, AGREEMENT):
        faster = ratio(large.full, large.deltas[what])
        growth = ratio(large.deltas[what], small.deltas[what])
        said = f"{what}: times faster than the full check"
        verdicts.append(Verdict(said, faster, "at least", 100))
        verdicts.append(Verdict(f"{what}: large by small", growth, "at most", 2))
    return Outcome(__doc__ or "", tuple(bars), tuple(verdicts))


def _listed(times: Times) -> list[tuple[str, float]]:
    deltas = [(f"delta, {what}", taken) for what, taken in times.deltas.items()]
    whole = (f"the whole statement, {TICKET}", times.statement)
    return [("full check of three assertions", times.full), *deltas, whole]


def _measure(size: int) -> Times:
    with Sandbox() as sandbox:
        _fill(sandbox, size)
        sandbox.run(ASSERTIONS)
        assertions = parse(ASSERTIONS)
        full = _full(sandbox, assertions)
        taken = {
            what: [
                _changed(sandbox, assertions, change, size, i) for i in range(REPEATS)
            ]
            for what, change in CHANGES.items()
        }
    deltas = {
        what: median(check for check, _ in pairs) for what, pairs in taken.items()
    }
    return Times(full, deltas, median(whole for _, whole in taken[TICKET]))


def _fill(sandbox: Sandbox, size: int) -> None:
    """Make the tables: ten tickets a customer, in no order; an agreement a year each."""
    digits = ", ".join(f"({n})" for n in range(1000))
    sandbox.run(f"{SCHEMA} INSERT INTO digits VALUES {digits}; COMMIT;")  # noqa: S608  (our own)
    customers = size // 10
    numbers = "FROM digits a, digits b WHERE a.n * 1000 + b.n"
    of = f"SELECT a.n * 1000 + b.n {{}} {numbers} < {customers}"
    rows = {
        "customers": of.format(", 'name'"),
        "engineers": "SELECT n, CASE MOD(n, 4) WHEN 1 THEN 'junior' WHEN 2 THEN 'mid'"
        " WHEN 3 THEN 'senior' ELSE 'lead' END FROM digits",
        "slas": "SELECT c.id * 3 + d.n, c.id, ADD_MONTHS(DATE '2025-01-01', 12 * d.n),"
        " ADD_MONTHS(DATE '2025-12-31', 12 * d.n)"
        " FROM customers c, digits d WHERE d.n < 3",
        "sla_services": "SELECT id, id, 'support' FROM slas",
        "tickets": f"SELECT c.id * 10 + d.n, MOD((c.id * 10 + d.n) * 7919, {customers}),"  # noqa: S608  (our own)
        " MOD(c.id * 31 + d.n, 200) * 4, CASE MOD(c.id + d.n, 3) WHEN 0 THEN 'low'"
        " ELSE 'critical' END, DATE '2025-06-01' + MOD(c.id * 7 + d.n * 61, 700)"
        " FROM customers c, digits d WHERE d.n < 10",
    }
    for table, query in rows.items():
        sandbox.run(f"INSERT INTO {table} {query}; COMMIT;")
    [counted] = sandbox.execute("SELECT COUNT(*) n FROM tickets")
    assert counted["N"] == size


def _full(sandbox: Sandbox, assertions: Sequence[Assertion]) -> float:
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        broken = [sandbox.violations(assertion) for assertion in assertions]
        taken.append((time.perf_counter() - start) * 1000)
        assert broken == [[], [], []]
    return median(taken)


def _changed(
    sandbox: Sandbox, assertions: Sequence[Assertion], change: str, size: int, i: int
) -> tuple[float, float]:
    """Change one row; return how long checking that takes, and how long the statement.

    A service that ends leaves its agreement without any, and the check must see it.
    """
    start = time.perf_counter()
    sandbox.execute(change.format(new=size + i, i=i + 1))
    changed = time.perf_counter()
    broken = sandbox.broken_by_changes(*assertions)
    checked = time.perf_counter()
    sandbox.rollback()
    assert broken == ([{"ID": i + 1}] if change.startswith("DELETE") else [])
    return (checked - changed) * 1000, (changed - start) * 1000


if __name__ == "__main__":
    show(run())
