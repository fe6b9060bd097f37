# ruff: noqa: S608  (SQL at random is the point)
"""The deltas of an assertion find exactly what the full check finds."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from comply.dialect.errors import SqlError
from comply.sql import AssertionViolated, Sandbox, parse

TABLES = ("ta", "tb", "tc")
SCHEMA = "".join(f"CREATE TABLE {t} (k NUMBER, x NUMBER, y NUMBER);" for t in TABLES)
# Random schemas: the third column has one of these types, a value n of it is written so.
TYPES = {
    "NUMBER": "{}",
    "VARCHAR2(9)": "'{}'",
    "CHAR(3)": "'{}'",
    "DATE": "DATE '2026-01-0{}'",
    "TIMESTAMP": "TIMESTAMP '2026-01-01 00:00:0{}'",
    "BINARY_DOUBLE": "{}.5",
}
KEYS = ("k NUMBER", "k NUMBER(3)", "k NUMBER NOT NULL")

TABLE = st.sampled_from(TABLES)
VALUES = st.sampled_from(["1", "1", "2", "2", "3", "NULL"])
FORMS = (
    # a row that comes, on either side of a join and of a self-join
    "NOT EXISTS (SELECT a.k, b.x FROM ta a, tb b WHERE a.k = b.k AND a.x > b.x)",
    "NOT EXISTS (SELECT a.x, b.y FROM ta a, ta b WHERE a.k = b.k AND a.x < b.x)",
    # a row that goes
    "ALL (SELECT k FROM ta) a SATISFY (EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k))",
    "ALL (SELECT k FROM ta) SATISFY ta.k IN (SELECT k FROM tb)",
    "NOT EXISTS (SELECT k, x FROM ta a WHERE a.k NOT IN (SELECT b.k FROM tb b))",
    "NOT EXISTS (SELECT k FROM ta a WHERE a.k IN (SELECT b.k FROM tb b WHERE b.x = a.x))",
    # two rows that go together, of two tables and of one
    "ALL (SELECT k FROM ta) a SATISFY (EXISTS (SELECT 1 FROM tb b, tc c WHERE b.k = a.k AND c.x = b.x))",
    "ALL (SELECT k FROM ta) a SATISFY (EXISTS (SELECT 1 FROM tb b, tb c WHERE b.k = a.k AND c.x = b.y AND c.k <> b.k))",
    # three levels
    "NOT EXISTS (SELECT k FROM ta a WHERE NOT EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k AND NOT EXISTS (SELECT 1 FROM tc c WHERE c.x = b.x AND c.k = a.k)))",
    "ALL (SELECT k FROM ta) a SATISFY (NOT EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k AND EXISTS (SELECT 1 FROM tc c WHERE c.k = b.x)))",
    "NOT EXISTS (SELECT k FROM ta a WHERE EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k AND b.x NOT IN (SELECT c.x FROM tc c WHERE c.k = b.k)))",
    # either, or
    "ALL (SELECT k, x FROM ta) a SATISFY (a.x = 0 OR EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k) OR NOT EXISTS (SELECT 1 FROM tc c WHERE c.k = a.k))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE (a.x = 1 OR a.y IN (SELECT y FROM tb)) AND NOT (a.k = 2 AND EXISTS (SELECT 1 FROM tc c WHERE c.x = a.x)))",
    # something must be there
    "EXISTS (SELECT 1 FROM ta a, tb b WHERE a.k = b.k)",
    "EXISTS (SELECT 1 FROM ta a WHERE NOT EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k))",
    # values that are compared
    "ALL (SELECT k, x FROM ta) a SATISFY ((SELECT COUNT(*) FROM tb b WHERE b.k = a.k) <= a.x)",
    "NOT EXISTS (SELECT k FROM ta a WHERE (SELECT MAX(b.x) FROM tb b WHERE b.k = a.k) > a.x)",
    "ALL (SELECT k FROM ta) a SATISFY (2 > ALL (SELECT b.x FROM tb b WHERE b.k = a.k))",
    "NOT EXISTS (SELECT k FROM ta a WHERE EXISTS (SELECT b.x FROM tb b WHERE b.k = a.k GROUP BY b.x HAVING COUNT(*) > 1))",
    "NOT EXISTS (SELECT a.k FROM ta a JOIN tb b ON a.k = b.k AND NOT EXISTS (SELECT 1 FROM tc c WHERE c.k = b.x) WHERE b.y IS NULL)",
    # what groups is checked whole
    "ALL (SELECT k, COUNT(*) n FROM ta GROUP BY k) a SATISFY (a.n <= 2)",
    "NOT EXISTS (SELECT DISTINCT a.k FROM ta a, tb b WHERE a.k = b.k AND b.x = 2)",
    "ALL (SELECT k FROM ta UNION SELECT k FROM tb) SATISFY (EXISTS (SELECT 1 FROM tc))",
    "NOT EXISTS (SELECT 1 FROM ta a LEFT JOIN tb b ON a.k = b.k WHERE b.k IS NULL AND a.x = 1)",
)


@st.composite
def comparison(draw: st.DrawFn, aliases: list[str]) -> str:
    names = st.sampled_from(aliases)
    if draw(st.integers(0, 3)) == 0:
        left, other = f"{draw(names)}.y", draw(st.sampled_from(["@1", "@2", "y"]))
        sides = [other if other != "y" else f"{draw(names)}.y" for _ in range(2)]
    else:
        column = st.builds("{}.{}".format, names, st.sampled_from("kx"))
        left = draw(column)
        side = st.one_of(column, column, st.sampled_from(["1", "2"]))
        sides = [draw(side), draw(side)]
    form = draw(st.sampled_from(["=", "<", "<>", ">=", "null", "between", "in"]))
    match form:
        case "null":
            return f"{left} IS {draw(st.sampled_from(['', 'NOT ']))}NULL"
        case "between":
            return f"{left} BETWEEN {sides[0]} AND {sides[1]}"
        case "in":
            return f"{left} IN ({', '.join(sides)})"
        case _:
            return f"{left} {form} {sides[0]}"


@st.composite
def block(draw: st.DrawFn, outer: list[str], depth: int) -> tuple[list[str], str, str]:
    """A query block tied to what is around it: its aliases, its FROM and its WHERE."""
    names = [f"a{depth}{i}" for i in range(draw(st.integers(1, 2)))]
    froms = ", ".join(f"{draw(TABLE)} {name}" for name in names)
    around = [*outer, *names]
    parts = [
        f"{name}.{draw(st.sampled_from('kx'))} = {other}.{draw(st.sampled_from('kx'))}"
        for other, name in pairwise(around)
        if name in names
    ]
    if draw(st.booleans()):
        parts.append(f"({draw(comparison(around))})")
    if depth < 3:
        parts.append(f"({draw(condition(around, depth))})")
    return names, froms, " AND ".join(parts or ["1 = 1"])


@st.composite
def condition(draw: st.DrawFn, aliases: list[str], depth: int) -> str:
    forms = ("exists", "not exists", "exists", "not exists", "in", "not in", "union")
    form = draw(st.sampled_from((*forms, "or", "not", "sum")))
    if form in ("or", "not") or depth == 3:
        one, other = draw(comparison(aliases)), draw(comparison(aliases))
        if depth < 3:
            other = draw(condition(aliases, depth + 1))
        return (
            f"NOT (({one}) AND ({other}))" if form == "not" else f"{one} OR ({other})"
        )
    names, froms, where = draw(block(aliases, depth + 1))
    if form in ("in", "not in"):
        left, right = f"{aliases[-1]}.k", f"{names[0]}.{draw(st.sampled_from('kx'))}"
        return f"{left} {form.upper()} (SELECT {right} FROM {froms} WHERE {where})"
    if form == "union":
        word = draw(st.sampled_from(["UNION", "UNION ALL", "MINUS", "INTERSECT"]))
        query = f"SELECT {names[0]}.k FROM {froms} WHERE {where}"
        isin = draw(st.sampled_from(["IN", "NOT IN"]))
        return f"{aliases[-1]}.x {isin} ({query} {word} SELECT k FROM {draw(TABLE)})"
    if form == "sum":
        what = draw(st.sampled_from(SUMS))
        query = f"SELECT {what.format(names[0])} FROM {froms} WHERE {where}"
        sides = [f"({query})", draw(st.sampled_from([f"{aliases[-1]}.x", "1"]))]
        if draw(st.booleans()):
            sides.reverse()
        return f"{sides[0]} {draw(st.sampled_from(['<', '<=', '=', '>', '>=']))} {sides[1]}"
    return f"{form.upper()} (SELECT 1 FROM {froms} WHERE {where})"


@st.composite
def random_assertion(draw: st.DrawFn) -> str:
    names, froms, where = draw(block([], 0))
    listed = ", ".join(f"{n}.k {n}k, {n}.x {n}x, {n}.y {n}y" for n in names)
    form = draw(st.sampled_from(["NOT EXISTS", "NOT EXISTS", "EXISTS", "ALL"]))
    if form == "ALL":
        satisfied = draw(condition(names, 0))
        return f"ALL (SELECT {listed} FROM {froms}) SATISFY ({satisfied})"
    return f"{form} (SELECT {listed} FROM {froms} WHERE {where})"


@st.composite
def change(draw: st.DrawFn) -> str:
    table, column = draw(TABLE), draw(st.sampled_from("kxy"))
    typed = st.sampled_from(["@1", "@2", "@3", "NULL"])
    value = draw(typed if column == "y" else VALUES)
    match draw(st.sampled_from(["insert", "insert", "update", "delete", "copy"])):
        case "copy":
            return (
                f"INSERT INTO {table} SELECT k, x + 1, y FROM {draw(TABLE)} WHERE x = 1"
            )
        case "insert":
            row = st.tuples(VALUES, VALUES, typed)
            rows = draw(st.lists(row, min_size=1, max_size=3))
            listed = ", ".join(f"({', '.join(r)})" for r in rows)
            return f"INSERT INTO {table} VALUES {listed}"
        case "update":
            target = draw(st.sampled_from("kxy"))
            new = draw(st.sampled_from(["1", "2", "NULL", "k", f"{target} + 1"]))
            if target == "y":
                new = draw(typed)
            return f"UPDATE {table} SET {target} = {new} WHERE {column} = {value}"
        case _:
            where = draw(st.sampled_from([f" WHERE {column} = {value}", ""]))
            return f"DELETE FROM {table}{where}"


def shown(rows: list[dict[str, object]]) -> set[str]:
    return {repr(sorted(row.items())) for row in rows}


SUMS = (
    "COUNT(*)",
    "COUNT({}.x)",
    "SUM({}.x)",
    "MAX({}.x)",
    "MIN({}.k)",
    "COUNT(DISTINCT {}.x)",
)
SCHEMAS = st.tuples(st.sampled_from(sorted(TYPES)), st.sampled_from(KEYS))
CHANGES = st.lists(st.lists(change(), min_size=1, max_size=3), min_size=1, max_size=6)
START = st.lists(change(), max_size=3)


def agree(
    check: str,
    start: list[str],
    transactions: list[list[str]],
    schema: str = SCHEMA,
) -> int:
    """Run transactions with and without the assertion; return how many broke it.

    What a constraint refuses is left out.
    """
    [made] = parse(f"CREATE ASSERTION a CHECK ({check}) DEFERRABLE")
    broken = 0
    with Sandbox() as checked, Sandbox() as free:
        for sandbox in (checked, free):
            sandbox.run(schema)
            for statement in start:
                attempt(sandbox, statement)
        if free.violations(made):
            return 0
        checked.run(made.text)
        free.commit()
        for changes in transactions:
            for statement in changes:
                attempt(free, statement)
            wanted = shown(free.violations(made))
            if wanted:
                free.rollback()
            else:
                free.commit()
            assert found(checked, changes) == wanted, changes
            broken += bool(wanted)
    return broken


def attempt(sandbox: Sandbox, statement: str) -> None:
    """Run a statement, unless a constraint refuses it: NOT NULL, or too large a number."""
    try:
        sandbox.execute(statement)
    except SqlError as error:
        if error.code not in (1400, 1407, 1438):
            raise


def found(checked: Sandbox, changes: list[str]) -> set[str]:
    """Run a transaction with the assertion in force; return what it says.

    A transaction of one statement is checked by the statement, others at the commit.
    """
    put_off = ["SET CONSTRAINTS ALL DEFERRED"] if len(changes) > 1 else []
    try:
        for statement in (*put_off, *changes, "COMMIT"):
            attempt(checked, statement)
    except AssertionViolated as error:
        return shown(error.rows)
    return set()


def random_change(random: Random) -> str:
    table, column = random.choice(TABLES), random.choice("kxy")
    value = [random.choice(["1", "1", "2", "2", "3", "NULL"]) for _ in range(9)]
    match random.choice(["insert", "insert", "insert", "update", "update", "delete"]):
        case "insert":
            rows = [f"({', '.join(value[i : i + 3])})" for i in range(0, 9, 3)]
            return (
                f"INSERT INTO {table} VALUES {', '.join(rows[: random.randint(1, 3)])}"
            )
        case "update":
            target = random.choice("kxy")
            new = random.choice(["1", "2", "NULL", "k", f"{target} + 1"])
            return f"UPDATE {table} SET {target} = {new} WHERE {column} = {value[0]}"
        case _:
            more = random.choice(["", " AND x > 1"])
            return f"DELETE FROM {table} WHERE {column} = {value[0]}{more}"


@pytest.mark.parametrize("check", FORMS, ids=range(len(FORMS)))
def test_deltas_agree_with_the_full_check(check: str) -> None:
    """Long runs: the state must grow before rows can go in ways that matter."""
    random = Random(check)  # noqa: S311  (a fixed sequence, not a secret)
    transactions = [
        [random_change(random) for _ in range(random.choice([1, 1, 1, 2, 3]))]
        for _ in range(settings().max_examples // 5)
    ]
    agree(check, [], transactions)


@pytest.mark.parametrize(
    ("check", "start", "transaction"),
    [
        (  # two rows that meet go together
            FORMS[6],
            ["INSERT INTO ta VALUES (1, 0, 0)", "INSERT INTO tb VALUES (1, 2, 0)", "INSERT INTO tc VALUES (9, 2, 0)"],
            ["DELETE FROM tb", "DELETE FROM tc"],
        ),
        (  # so they do in one statement, where both are of one table
            FORMS[7],
            ["INSERT INTO ta VALUES (1, 0, 0)", "INSERT INTO tb VALUES (1, 0, 5), (2, 5, 0)"],
            ["DELETE FROM tb"],
        ),
        (  # the NULL goes that made NOT IN unknown
            FORMS[4],
            ["INSERT INTO ta VALUES (3, 0, 0)", "INSERT INTO tb VALUES (1, 0, 0), (NULL, 0, 0)"],
            ["DELETE FROM tb WHERE k IS NULL"],
        ),
        (  # the last value goes that a NULL subject was compared with
            "NOT EXISTS (SELECT k FROM ta a WHERE a.k NOT IN (SELECT b.k FROM tb b))",
            ["INSERT INTO ta VALUES (NULL, 0, 0)", "INSERT INTO tb VALUES (1, 0, 0)"],
            ["DELETE FROM tb"],
        ),
        (  # a key moves away
            FORMS[2],
            ["INSERT INTO ta VALUES (1, 0, 0)", "INSERT INTO tb VALUES (1, 0, 0)"],
            ["UPDATE tb SET k = 2"],
        ),
        (  # both sides move, one of them not far enough
            FORMS[2],
            ["INSERT INTO ta VALUES (1, 0, 0)", "INSERT INTO tb VALUES (1, 0, 0)"],
            ["UPDATE tb SET k = 3", "UPDATE ta SET k = 2"],
        ),
        (  # what had exempted the row no longer does
            FORMS[8],
            ["INSERT INTO ta VALUES (1, 0, 0)", "INSERT INTO tb VALUES (1, 2, 0)"],
            ["INSERT INTO tc VALUES (1, 2, 0)"],
        ),
        (FORMS[13], ["INSERT INTO ta VALUES (1, 0, 0)", "INSERT INTO tb VALUES (1, 0, 0)"], ["DELETE FROM ta"]),
        (FORMS[15], ["INSERT INTO ta VALUES (1, 1, 0)"], ["INSERT INTO tb VALUES (1, 0, 0), (1, 0, 0)"]),
        (FORMS[16], ["INSERT INTO ta VALUES (1, 1, 0)"], ["INSERT INTO tb VALUES (1, 2, 0)"]),
    ],
)  # fmt: skip
def test_changes_that_break_it_are_seen(
    check: str, start: list[str], transaction: list[str]
) -> None:
    assert agree(check, start, [transaction]) == 1


@settings(max_examples=settings().max_examples // 4)
@given(random_assertion(), START, CHANGES, SCHEMAS)
def test_deltas_of_random_assertions_agree_with_the_full_check(
    check: str,
    start: list[str],
    transactions: list[list[str]],
    schema: tuple[str, str],
) -> None:
    kind, key = schema
    tables = "".join(f"CREATE TABLE {t} ({key}, x NUMBER, y {kind});" for t in TABLES)
    typed = [[written(s, kind) for s in changes] for changes in transactions]
    first = [written(s, kind) for s in start]
    event(f"broken {agree(written(check, kind), first, typed, tables)}")


def written(text: str, kind: str) -> str:
    """Return SQL with its `@n` written as values of a type."""
    for number in "123":
        text = text.replace(f"@{number}", TYPES[kind].format(number))
    return text


def deltas(check: str) -> list[tuple[str, str, tuple[str, ...]]]:
    [made] = parse(f"CREATE ASSERTION a CHECK ({check})")
    return [(str(d.table), d.event, d.columns) for d in made.deltas()]


def test_events_that_cannot_break_it_have_no_query() -> None:
    assert deltas(FORMS[2]) == [
        ("TA", "insert", ("K",)),
        ("TA", "update", ("K",)),
        ("TB", "delete", ("K",)),
        ("TB", "update", ("K",)),
    ]
    assert deltas("NOT EXISTS (SELECT y FROM ta WHERE x > 1)") == [
        ("TA", "insert", ("X",)),
        ("TA", "update", ("X",)),
    ]
    assert deltas("EXISTS (SELECT 1 FROM ta)") == [
        ("TA", "delete", ()),
    ]
    whole = deltas("ALL (SELECT k, COUNT(*) n FROM ta GROUP BY k) a SATISFY (a.n < 3)")
    assert whole == [("TA", e, ("K",)) for e in ("insert", "delete", "update")]


def test_an_update_of_other_columns_is_not_checked() -> None:
    db = Sandbox()
    db.run(
        f"{SCHEMA} CREATE ASSERTION a CHECK (NOT EXISTS (SELECT k FROM ta WHERE x > 1)) ENABLE;"
    )
    [enforced] = db.assertions.values()
    assert [q.columns for q in enforced.deltas] == [("X",), ("X",)]
    db.run("INSERT INTO ta VALUES (1, 1, 1); UPDATE ta SET y = 5;")
    with pytest.raises(AssertionViolated):
        db.execute("UPDATE ta SET x = 5")


def test_deltas_are_written_for_oracle_too() -> None:
    [made] = parse(f"CREATE ASSERTION app.a CHECK ({FORMS[2].replace('tb', 'app.tb')})")
    found = {(d.event, str(d.table)): d.sql for d in made.deltas("oracle")}
    assert 'FROM "NEW_TA" "TA"' in found["insert", "TA"]
    assert '"OLD_APP_TB" "B"' in found["delete", "APP.TB"]
