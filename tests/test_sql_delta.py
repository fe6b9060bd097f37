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
    # what groups is asked for the groups of what changed
    "ALL (SELECT k, COUNT(*) n FROM ta GROUP BY k) a SATISFY (a.n <= 2)",
    "NOT EXISTS (SELECT DISTINCT a.k FROM ta a, tb b WHERE a.k = b.k AND b.x = 2)",
    "ALL (SELECT k FROM ta UNION SELECT k FROM tb) SATISFY (EXISTS (SELECT 1 FROM tc))",
    # what nests or joins from outside is checked whole
    "NOT EXISTS (SELECT 1 FROM ta a LEFT JOIN tb b ON a.k = b.k WHERE b.k IS NULL AND a.x = 1)",
    "ALL (SELECT k, n FROM (SELECT k, COUNT(*) n FROM ta GROUP BY k) q) a SATISFY (a.n <= 2)",
    # groups of joins, of several keys, of rows that others decide
    "ALL (SELECT a.k, SUM(b.x) n FROM ta a, tb b WHERE a.k = b.k GROUP BY a.k) g SATISFY (g.n <= 2 OR EXISTS (SELECT 1 FROM tc c WHERE c.k = g.k AND c.x > 2))",
    "NOT EXISTS (SELECT k, x, COUNT(*) n FROM ta GROUP BY k, x HAVING COUNT(*) = 2)",
    "NOT EXISTS (SELECT k, COUNT(*) n FROM ta WHERE EXISTS (SELECT 1 FROM tb WHERE tb.x = ta.x) GROUP BY k HAVING COUNT(*) > 1)",
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
def grouped_assertion(draw: st.DrawFn) -> str:
    names, froms, where = draw(block([], 1))
    column = st.builds("{}.{}".format, st.sampled_from(names), st.sampled_from("kxy"))
    key = st.one_of(column, st.just(f"{names[0]}.k + {names[-1]}.x"))
    keys = draw(st.lists(key, min_size=1, max_size=2, unique=True))
    total = draw(st.sampled_from(SUMS)).format(names[-1])
    listed = ", ".join(f"{k} k{i}" for i, k in enumerate(keys))
    grouped = f"FROM {froms} WHERE {where} GROUP BY {', '.join(keys)}"
    test = f"{draw(st.sampled_from(['<', '=', '>', '<>']))} {draw(st.integers(0, 3))}"
    if draw(st.booleans()):
        return (
            f"NOT EXISTS (SELECT {listed}, {total} n {grouped} HAVING {total} {test})"
        )
    satisfied = f"q.n {test}"
    if draw(st.booleans()):
        inner = f"SELECT 1 FROM {draw(TABLE)} e WHERE e.k = q.n"
        word = draw(st.sampled_from(["EXISTS", "NOT EXISTS"]))
        satisfied = f"{satisfied} OR {word} ({inner})"
    return f"ALL (SELECT {listed}, {total} n {grouped}) q SATISFY ({satisfied})"


@st.composite
def random_assertion(draw: st.DrawFn) -> str:
    names, froms, where = draw(block([], 0))
    listed = ", ".join(f"{n}.k {n}k, {n}.x {n}x, {n}.y {n}y" for n in names)
    form = draw(st.sampled_from(["NOT EXISTS", "NOT EXISTS", "EXISTS", "ALL"]))
    if form == "ALL":
        satisfied = draw(condition(names, 0))
        return f"ALL (SELECT {listed} FROM {froms}) SATISFY ({satisfied})"
    return f"{form} (SELECT {listed} FROM {froms} WHERE {where})"


ORACLE_CHANGES = (
    "INSERT ALL WHEN x > 1 THEN INTO {t} (k, x) VALUES (x, k) ELSE INTO {s} (k, x) VALUES (k, x) SELECT k, x FROM {q}",
    "MERGE INTO {t} t USING (SELECT k, MAX(x) x FROM {s} GROUP BY k) s ON (t.k = s.k) WHEN MATCHED THEN UPDATE SET x = s.x + 1 WHEN NOT MATCHED THEN INSERT (k, x) VALUES (s.k, s.x)",
    "MERGE INTO {t} t USING (SELECT DISTINCT k FROM {s}) s ON (t.k = s.k) WHEN MATCHED THEN UPDATE SET x = t.x + 1 DELETE WHERE t.x > 2",
    "UPDATE {t} t SET x = t.x + 1 FROM (SELECT DISTINCT k FROM {s}) s WHERE s.k = t.k",
    "DELETE FROM {t} t FROM {s} s WHERE s.k = t.x",
    "SAVEPOINT s",
    "ROLLBACK TO s",
)


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
OWN_CHANGE = st.builds(
    lambda form, t, s, q: form.format(t=t, s=s, q=q),
    *(st.sampled_from(ORACLE_CHANGES), TABLE, TABLE, TABLE),
)
OWN_CHANGES = st.lists(
    st.lists(st.one_of(change(), change(), OWN_CHANGE), min_size=1, max_size=3),
    min_size=1,
    max_size=6,
)


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
    """Run a statement, unless it is refused: a key, NULL, a number, no savepoint."""
    try:
        sandbox.execute(statement)
    except SqlError as error:
        if error.code not in (1, 1086, 1400, 1407, 1438, 2291, 2292):
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
@given(
    st.one_of(random_assertion(), random_assertion(), grouped_assertion()),
    START,
    OWN_CHANGES,
    SCHEMAS,
)
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


@settings(max_examples=settings().max_examples // 10)
@given(random_assertion(), OWN_CHANGES, st.sampled_from(["CASCADE", "SET NULL"]))
def test_what_a_delete_takes_along_counts_as_deleted(
    check: str, transactions: list[list[str]], rule: str
) -> None:
    """Rows go in three tables by one statement on the first."""
    schema = f"""CREATE TABLE ta (k NUMBER PRIMARY KEY, x NUMBER, y NUMBER);
        CREATE TABLE tb (k NUMBER PRIMARY KEY, x NUMBER REFERENCES ta ON DELETE CASCADE, y NUMBER);
        CREATE TABLE tc (k NUMBER REFERENCES tb ON DELETE {rule}, x NUMBER, y NUMBER);"""
    start = [f"INSERT INTO {t} VALUES (1, 1, 1), (2, 1, 2), (3, 2, 3)" for t in TABLES]
    deletes = [["DELETE FROM ta WHERE k = 1"], ["DELETE FROM ta"]]
    typed = [[written(s, "NUMBER") for s in c] for c in [*transactions, *deletes]]
    event(f"broken {agree(written(check, 'NUMBER'), start, typed, schema)}")


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
    whole = deltas(
        "ALL (SELECT DISTINCT k FROM ta UNION SELECT x FROM ta) SATISFY (k < 3)"
    )
    assert whole == [("TA", e, ("K", "X")) for e in ("insert", "delete", "update")]


def test_groups_are_followed_by_their_keys() -> None:
    """Keys that are NULL are looked for apart, so that others are found by an index."""
    sums = "ALL (SELECT k, SUM(x) n FROM ta WHERE y = 1 GROUP BY k) a SATISFY (a.n < 3)"
    events = ("insert", "delete", "update")
    assert set(deltas(sums)) == {("TA", e, ("K", "X", "Y")) for e in events}
    [made] = parse(f"CREATE ASSERTION a CHECK ({sums})")
    for delta in made.deltas():
        assert 'WHERE EXISTS(SELECT 1 FROM "' in delta.sql
    count = (
        "NOT EXISTS (SELECT k, x, COUNT(*) FROM ta GROUP BY k, x HAVING COUNT(*) > 2)"
    )
    assert set(deltas(count)) == {("TA", e, ("K", "X")) for e in events}
    [made] = parse(f"CREATE ASSERTION a CHECK ({count})")
    said = (
        '("GROUP$TA"."X" = "TA"."X" OR ("GROUP$TA"."X" IS NULL AND "TA"."X" IS NULL))'
    )
    assert all(said in delta.sql for delta in made.deltas("oracle"))
    assert all("IS NOT DISTINCT FROM" in delta.sql for delta in made.deltas("postgres"))


def test_groups_are_found_by_an_index_on_their_key() -> None:
    db = Sandbox()
    db.run(
        f"{SCHEMA} CREATE ASSERTION a CHECK (NOT EXISTS (SELECT k FROM ta WHERE x > 0 GROUP BY k HAVING COUNT(*) > 2));"
    )
    [enforced] = db.assertions.values()
    assert {(str(table), column) for table, column in enforced.joined} == {("TA", "K")}
    assert all(check.each is not None for check in enforced.deltas)
    db.execute("INSERT INTO ta VALUES (1, 1, 0), (1, 2, 0), (NULL, 1, 0)")
    db.execute("INSERT INTO ta VALUES (NULL, 1, 0), (1, 0, 0), (2, 5, 0)")
    for row in ("(1, 1, 0)", "(NULL, 3, 0)"):
        with pytest.raises(AssertionViolated):
            db.execute(f"INSERT INTO ta VALUES {row}")


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        ("ALL (SELECT k FROM ta UNION SELECT k FROM tb) SATISFY (k > 1)", "query in FROM"),
        ("NOT EXISTS (SELECT k FROM ta MINUS SELECT k FROM tb)", "MINUS"),
        ("NOT EXISTS (SELECT 1 FROM ta a LEFT JOIN tb b ON a.k = b.k)", "LEFT JOIN"),
        ("NOT EXISTS (SELECT 1 FROM ta JOIN tb USING (k))", "USING"),
        ("NOT EXISTS (SELECT k FROM ta FETCH FIRST 1 ROWS ONLY)", "limits rows"),
        ("NOT EXISTS (SELECT k, MAX(x) OVER (ORDER BY k) n FROM ta)", "OVER"),
        ("NOT EXISTS (SELECT SUM(x) FROM ta HAVING SUM(x) > 9)", "sums over all"),
        ("NOT EXISTS (SELECT k FROM ta GROUP BY k HAVING k = (SELECT MAX(k) FROM tb))", "groups by more"),
        ("ALL (SELECT k FROM (SELECT k FROM ta) q GROUP BY k) a SATISFY (a.k > 1)", "query in FROM"),
        ("NOT EXISTS (SELECT k FROM ta)", ""),
        ("NOT EXISTS (SELECT k FROM ta GROUP BY k HAVING COUNT(*) > 1)", ""),
    ],
)  # fmt: skip
def test_what_is_checked_whole_says_why(check: str, reason: str) -> None:
    [made] = parse(f"CREATE ASSERTION a CHECK ({check})")
    found = made.deltas()
    assert found
    for delta in found:
        assert reason in delta.whole
        assert bool(reason) is bool(delta.whole)
        assert (delta.sql == made.denial()) is bool(reason)


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
