"""A script that fills tables: INSERTs in a row take a fifth of what they take one by one.

2,000 INSERTs that differ in their constants, with keys, a foreign key and an assertion in
force. Those of a table follow each other, so they are checked and stored together; the
same statements given one by one each wait for their own check. Both are done by comply,
in this run, and must leave the same rows.
"""

from collections.abc import Callable

from measure import Bar, Outcome, Verdict, interleaved, median, ratio, scaled, show

from comply.dialect.statements import statements
from comply.source import Source
from comply.sql import Sandbox

ROWS = scaled(1000, 40)
ROUNDS = scaled(5, 1)
SCHEMA = """
CREATE TABLE slas (id NUMBER PRIMARY KEY, start_date DATE NOT NULL, end_date DATE NOT NULL,
  CHECK (end_date > start_date));
CREATE TABLE tickets (id NUMBER PRIMARY KEY, sla_id NUMBER NOT NULL REFERENCES slas,
  note VARCHAR2(200), created_at TIMESTAMP NOT NULL);
CREATE ASSERTION tickets_in_time CHECK (ALL (SELECT sla_id, created_at FROM tickets) t
  SATISFY (EXISTS (SELECT 1 FROM slas s WHERE s.id = t.sla_id
    AND t.created_at BETWEEN s.start_date AND s.end_date)));
"""
COUNTS = (
    "SELECT (SELECT COUNT(*) FROM slas) s, (SELECT COUNT(*) FROM tickets) t FROM DUAL"
)
TOGETHER, ALONE = "the script as a whole", "its statements one by one"


def run() -> Outcome:
    """Return how long the statements take in both ways."""
    script = "\n".join([*map(_sla, range(ROWS)), *map(_ticket, range(ROWS))])
    each = [statement.text for statement in statements(Source("rows.sql", script))]
    assert len(each) == 2 * ROWS

    def together(sandbox: Sandbox) -> None:
        sandbox.run(script)

    def alone(sandbox: Sandbox) -> None:
        for text in each:
            sandbox.execute(text)

    times = interleaved(
        {TOGETHER: _timed(TOGETHER, together), ALONE: _timed(ALONE, alone)}, ROUNDS
    )
    faster = ratio(times[ALONE], times[TOGETHER])
    bars = tuple(
        Bar(f"{2 * ROWS:,} INSERTs, {what}", taken) for what, taken in times.items()
    )
    verdicts = (Verdict("times faster together", faster, "at least", 5),)
    return Outcome(__doc__ or "", bars, verdicts)


def _timed(
    what: str, fill: Callable[[Sandbox], None]
) -> Callable[[], dict[str, float]]:
    """Return what fills new tables and tells how long that took."""

    def timed() -> dict[str, float]:
        with Sandbox() as sandbox:
            sandbox.run(SCHEMA)
            taken = median(lambda: fill(sandbox), 1)
            assert sandbox.execute(COUNTS) == [{"S": ROWS, "T": ROWS}]
        return {what: taken}

    return timed


def _sla(number: int) -> str:
    start, end = f"DATE '2026-01-{1 + number % 28:02}'", "DATE '2026-12-31'"
    return f"INSERT INTO slas VALUES ({number}, {start}, {end});"  # noqa: S608  (our own)


def _ticket(number: int) -> str:
    day = f"TIMESTAMP '2026-06-{1 + number % 28:02} 09:30:00'"
    return f"INSERT INTO tickets VALUES ({number}, {number}, 'note {number}', {day});"  # noqa: S608  (our own)


if __name__ == "__main__":
    show(run())
