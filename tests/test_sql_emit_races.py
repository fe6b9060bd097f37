# ruff: noqa: S608  (SQL is the point)
"""Concurrent writers do not break what the triggers enforce, at any isolation level.

Each schedule is also run with locks that do nothing, and then it does break it: so these
tests can fail.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, product
from random import Random

import psycopg
import pytest
from tests.emitted_postgres import (
    Conn,
    connection,
    fresh,
    in_postgres,
    put_in_force,
    run_script,
)
from tests.postgres_server import Postgres, binaries, running
from tests.shared_data import SHARED
from tests.test_sql_delta import FORMS, TABLES, random_change

from comply.sql.emit.outline import Outline

SEEDS = SHARED / "seeds" / "sql"
LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
RETRY = ("40001", "40P01")
VIOLATION = "23514"
# What the seeds' tables must have for the seeds' assertions.
SCHEMA = """
CREATE TABLE engineers (id NUMBER PRIMARY KEY, seniority VARCHAR2(20));
CREATE TABLE slas (id NUMBER PRIMARY KEY, customer_id NUMBER NOT NULL,
  start_date DATE NOT NULL, end_date DATE NOT NULL);
CREATE TABLE sla_services (id NUMBER PRIMARY KEY, sla_id NUMBER NOT NULL);
CREATE TABLE tickets (id NUMBER PRIMARY KEY, customer_id NUMBER NOT NULL,
  engineer_id NUMBER, priority VARCHAR2(20), created_at TIMESTAMP);
"""
ROWS = """
INSERT INTO engineers VALUES (1, 'senior'), (2, 'senior');
INSERT INTO slas SELECT c, c, DATE '2026-01-01', DATE '2026-12-31' FROM generate_series(1, 4) c;
INSERT INTO sla_services SELECT 10 * c + n, c FROM generate_series(1, 4) c, generate_series(1, 2) n;
"""
TICKET = "INSERT INTO tickets VALUES ({}, {}, {}, '{}', DATE '2026-06-01')"
# For each assertion of the seeds two changes that are right by themselves.
SKEWS = {
    "ticket_requires_active_sla": (
        TICKET.format(1, 1, "NULL", "low"),
        "DELETE FROM slas WHERE id = 1",
    ),
    "critical_tickets_need_senior_engineer": (
        TICKET.format(1, 2, 1, "critical"),
        "UPDATE engineers SET seniority = 'junior' WHERE id = 1",
    ),
    "sla_must_have_services": (
        "DELETE FROM sla_services WHERE id = 11",
        "DELETE FROM sla_services WHERE id = 12",
    ),
}


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[Postgres]:
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with running(programs) as server:
        yield server


@pytest.fixture(name="conn")
def _conn(server: Postgres) -> Iterator[Conn]:
    with connection(server, "races", autocommit=True) as conn, fresh(conn, "races"):
        run_script(conn, in_postgres(SCHEMA) + ROWS)
        yield conn


@pytest.fixture(name="rules")
def _rules(conn: Conn) -> dict[str, Outline]:
    path = SEEDS / "assertions.sql"
    if not path.exists():
        pytest.skip(f"the seeds are not at {SEEDS} (set COMPLY_SHARED)")
    made = put_in_force(conn, SCHEMA, path.read_text())
    return {one.assertion.name.lower(): one for one in made}


def unlocked(conn: Conn, one: Outline) -> None:
    """Let an assertion's lock do nothing."""
    name = f'"comply_{one.assertion.name.lower()}$lock"'
    run_script(
        conn,
        f'CREATE OR REPLACE FUNCTION {name}("comply$events" bigint[], "comply$whole" boolean)'
        " RETURNS void LANGUAGE sql AS 'SELECT'",
    )


def violated(conn: Conn, one: Outline) -> bool:
    return (
        conn.execute(f"SELECT 1 FROM ({one.denial}) v".encode()).fetchone() is not None
    )


def raced(
    server: Postgres, changes: tuple[str, str], levels: tuple[str, str]
) -> list[str]:
    """Run two transactions that change and check before either commits.

    Return the SQLSTATEs with which they failed.
    """
    with (
        ThreadPoolExecutor(1) as pool,
        connection(server, "races") as first,
        connection(server, "races") as second,
    ):
        pair = (first, second)
        for conn, level in zip(pair, levels, strict=True):
            run_script(conn, f"SET TRANSACTION ISOLATION LEVEL {level}")
            # This is when the transaction's snapshot is taken.
            run_script(conn, "SELECT count(*) FROM pg_class")
        failed = stepped(first, changes[0])
        waiting = pool.submit(stepped, second, changes[1])
        while not waiting.done() and not blocked(server, second):
            time.sleep(0.005)
        failed += ended(first, failed)
        late = waiting.result(20)
        return failed + late + ended(second, late)


def blocked(server: Postgres, conn: Conn) -> bool:
    """Tell whether a connection waits for another."""
    asked = (conn.info.backend_pid,)
    with connection(server, "races", autocommit=True) as third:
        row = third.execute("SELECT pg_blocking_pids(%s) <> '{}'", asked).fetchone()
    return bool(row and row[0])


def stepped(conn: Conn, change: str) -> list[str]:
    """Change something and have it checked; return the SQLSTATE of a failure."""
    try:
        run_script(conn, change)
        run_script(conn, "SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.errors.DatabaseError as error:
        return [error.sqlstate or ""]
    return []


def ended(conn: Conn, failed: list[str]) -> list[str]:
    try:
        if failed:
            conn.rollback()
        else:
            conn.commit()
    except psycopg.errors.DatabaseError as error:
        return [error.sqlstate or ""]
    return []


PAIRS = [*product(LEVELS, LEVELS)]


@pytest.mark.parametrize("name", sorted(SKEWS))
def test_write_skew_breaks_nothing(
    server: Postgres, conn: Conn, rules: dict[str, Outline], name: str
) -> None:
    for levels in PAIRS:
        for changes in (SKEWS[name], SKEWS[name][::-1]):
            failed = raced(server, changes, levels)
            assert not violated(conn, rules[name]), levels
            assert len(failed) == 1, levels
            assert failed[0] in (VIOLATION, *RETRY)
            if levels[1] == "READ COMMITTED":
                assert failed == [VIOLATION]
            again(conn)


@pytest.mark.parametrize("name", sorted(SKEWS))
def test_the_same_schedules_break_it_without_the_lock(
    server: Postgres, conn: Conn, rules: dict[str, Outline], name: str
) -> None:
    unlocked(conn, rules[name])
    broken = set()
    for levels in PAIRS:
        raced(server, SKEWS[name], levels)
        if violated(conn, rules[name]):
            broken.add(levels)
        again(conn)
    # PostgreSQL itself keeps transactions apart that are all SERIALIZABLE.
    assert broken == {*PAIRS} - {("SERIALIZABLE", "SERIALIZABLE")}


def again(conn: Conn) -> None:
    """Put the first rows back, unchecked."""
    tables = "engineers, slas, sla_services, tickets"
    run_script(
        conn,
        f"SET session_replication_role = replica; TRUNCATE {tables}; {ROWS}"
        "SET session_replication_role = origin",
    )


def test_keys_without_anything_in_common_do_not_wait(
    server: Postgres, rules: dict[str, Outline]
) -> None:
    with connection(server, "races") as first, connection(server, "races") as second:
        run_script(second, "SET lock_timeout = '2s'")
        run_script(first, TICKET.format(1, 1, "NULL", "low"))
        run_script(second, TICKET.format(2, 2, "NULL", "low"))
        first.commit()
        second.commit()


def test_deadlocks_end_in_an_error_to_retry(
    server: Postgres, conn: Conn, rules: dict[str, Outline]
) -> None:
    with (
        ThreadPoolExecutor(1) as pool,
        connection(server, "races") as first,
        connection(server, "races") as second,
    ):
        run_script(first, TICKET.format(1, 1, "NULL", "low"))
        run_script(second, TICKET.format(2, 2, "NULL", "low"))
        waiting = pool.submit(stepped, first, TICKET.format(3, 2, "NULL", "low"))
        failed = stepped(second, TICKET.format(4, 1, "NULL", "low"))
        if failed:
            second.rollback()
        late = waiting.result(20)
        assert failed + late == ["40P01"]


def writer(server: Postgres, level: str, seed: int) -> list[str]:
    """Change at random, trying again what is to be retried; return how it failed."""
    random = Random(seed)  # noqa: S311  (a fixed sequence, not a secret)
    failed = []
    with connection(server, "races") as conn:
        conn.isolation_level = psycopg.IsolationLevel[level.replace(" ", "_")]
        for _ in range(40):
            changes = [change_of_seeds(random) for _ in range(2)]
            for _ in range(20):
                try:
                    for change in changes:
                        run_script(conn, change)
                    conn.commit()
                except psycopg.errors.DatabaseError as error:
                    conn.rollback()
                    failed.append(error.sqlstate or "")
                    if error.sqlstate in RETRY:
                        continue
                break
    return failed


def change_of_seeds(random: Random) -> str:
    one = random.randint(1, 4)
    new = "nextval('numbers')"
    choices = (
        TICKET.format(
            new, one, random.choice(["NULL", "1", "2"]), random.choice(["low", "high"])
        ),
        f"DELETE FROM tickets WHERE customer_id = {one} AND random() < 0.7",
        f"DELETE FROM slas WHERE id = {one}",
        f"INSERT INTO slas VALUES ({one}, {one}, DATE '2026-01-01', DATE '2026-12-31') ON CONFLICT DO NOTHING",
        f"DELETE FROM sla_services WHERE sla_id = {one} AND random() < 0.5",
        f"INSERT INTO sla_services VALUES ({new}, {one})",
        f"UPDATE engineers SET seniority = '{random.choice(['junior', 'senior'])}' WHERE id = {random.randint(1, 2)}",
        f"UPDATE slas SET customer_id = {random.randint(1, 4)} WHERE id = {one}",
    )
    return random.choice(choices)


def test_writers_at_random_break_nothing(
    server: Postgres, conn: Conn, rules: dict[str, Outline]
) -> None:
    run_script(conn, "CREATE SEQUENCE numbers START 100")
    levels = (*LEVELS, "READ COMMITTED")
    with ThreadPoolExecutor(len(levels)) as pool:
        running_writers = [
            pool.submit(writer, server, level, seed)
            for seed, level in enumerate(levels)
        ]
        failed = [state for w in running_writers for state in w.result(120)]
    assert not [n for n, one in rules.items() if violated(conn, one)]
    assert set(failed) <= {VIOLATION, "23505", *RETRY}
    assert VIOLATION in failed
    kinds = ("due", "log_tickets", "log_slas", "log_sla_services", "log_engineers")
    for one, kind in product(rules, kinds):
        name = f'"comply_{one}${kind}"'
        made = conn.execute("SELECT to_regclass(%s)", (name,)).fetchone()
        if made and made[0]:
            assert conn.execute(f"SELECT 1 FROM {name}".encode()).fetchone() is None


SMALL = "".join(f"CREATE TABLE {t} (k NUMBER, x NUMBER, y NUMBER);" for t in TABLES)


STARTS = (
    "INSERT INTO ta VALUES (1, 1, 1), (2, 2, 2); INSERT INTO tb VALUES (1, 1, 1)",
    "INSERT INTO ta VALUES (1, 2, 1); INSERT INTO tb VALUES (1, 1, 1), (1, 1, 2)",
    "SELECT",
)


# Those for which the sequences below hold changes that break them only together.
SKEWED = (6, 7, 10, 18, 19)


def grown(conn: Conn, one: Outline, random: Random) -> str:
    """Return a script that fills the tables, at random, so that the assertion holds."""
    for rows in STARTS:
        run_script(conn, f"TRUNCATE ta, tb, tc; {rows}")
        if not violated(conn, one):
            break
    else:
        pytest.fail("no start satisfies it")
    done = [f"TRUNCATE ta, tb, tc; {rows}"]
    for _ in range(12):
        change = random_change(random)
        if not breaks(conn, one, [change]):
            run_script(conn, change)
            done.append(change)
    return ";".join(done)


def breaks(conn: Conn, one: Outline, changes: Sequence[str]) -> bool:
    """Tell whether changes break an assertion, and take them back."""
    with conn.transaction(force_rollback=True):
        for change in changes:
            run_script(conn, change)
        return violated(conn, one)


def skews(conn: Conn, one: Outline, random: Random) -> Iterator[tuple[str, str]]:
    """Yield changes that only break an assertion together."""
    for _ in range(120):
        one_change, other = random_change(random), random_change(random)
        together = (one_change, other), (other, one_change)
        alone = (one_change,), (other,)
        if all(breaks(conn, one, some) for some in together) and not any(
            breaks(conn, one, some) for some in alone
        ):
            yield one_change, other


def times_broken(
    server: Postgres, conn: Conn, form: int, *, locked: bool
) -> tuple[int, int]:
    """Race changes at random; return how many pairs, and how many of them broke it."""
    random = Random(form)  # noqa: S311  (a fixed sequence, not a secret)
    run_script(conn, in_postgres(SMALL))
    rule = f"CREATE ASSERTION a CHECK ({FORMS[form]}) DEFERRABLE ENABLE NOVALIDATE"
    [one] = put_in_force(conn, SMALL, rule)
    if not locked:
        unlocked(conn, one)
    run_script(conn, "SET session_replication_role = replica")
    start = grown(conn, one, random)
    pairs = list(islice(skews(conn, one, random), 4))
    broken = 0
    for pair in pairs:
        raced(server, pair, (random.choice(LEVELS), "READ COMMITTED"))
        broken += violated(conn, one)
        run_script(conn, start)
    return len(pairs), broken


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_changes_at_random_break_nothing(
    server: Postgres, conn: Conn, form: int
) -> None:
    assert times_broken(server, conn, form, locked=True)[1] == 0


def test_changes_at_random_break_some_without_the_lock(
    server: Postgres, conn: Conn
) -> None:
    tried = broken = 0
    for form in SKEWED:
        with fresh(conn, "races"):
            pairs, some = times_broken(server, conn, form, locked=False)
            tried, broken = tried + pairs, broken + some
    assert tried == broken > len(SKEWED)


def test_texts_that_are_equal_are_one_lock(server: Postgres, conn: Conn) -> None:
    schema = "CREATE TABLE ta (c VARCHAR2(9)); CREATE TABLE tb (p CHAR(9));"
    run_script(conn, in_postgres(schema))
    rule = "NOT EXISTS (SELECT a.c FROM ta a, tb b WHERE a.c = b.p)"
    [one] = put_in_force(conn, schema, f"CREATE ASSERTION a CHECK ({rule}) DEFERRABLE")
    assert one.lock.family == "text"
    pair = ("INSERT INTO ta VALUES ('x ')", "INSERT INTO tb VALUES ('x')")
    assert raced(server, pair, (LEVELS[0], LEVELS[0])) == [VIOLATION]
    unlocked(conn, one)
    run_script(conn, "TRUNCATE ta, tb")
    assert raced(server, pair, (LEVELS[0], LEVELS[0])) == []


def test_the_seeds_load_and_their_violations_are_refused(
    server: Postgres, conn: Conn, rules: dict[str, Outline]
) -> None:
    schema = (SEEDS / "schema.sql").read_text()
    own = schema[schema.index("CREATE TABLE") :].replace("NUMBER", "integer")
    run_script(conn, "DROP SCHEMA races CASCADE; CREATE SCHEMA races")
    run_script(conn, in_postgres(own).replace("SYSTIMESTAMP", "localtimestamp"))
    put_in_force(conn, schema, (SEEDS / "assertions.sql").read_text())
    load = (SEEDS / "load.sql").read_text()
    run_script(conn, "BEGIN;" + load.replace("COMMIT;", "COMMIT; BEGIN;", 1))
    refused = []
    for part in (SEEDS / "violations.sql").read_text().split("COMMIT;")[:2]:
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            run_script(conn, f"BEGIN; {part}; COMMIT")
        conn.rollback()
        refused.append(caught.value.diag.constraint_name)
    assert refused == [
        "critical_tickets_need_senior_engineer",
        "ticket_requires_active_sla",
    ]
