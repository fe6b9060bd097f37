"""What is read of assertions prints back as Oracle documents it, and reads the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.dialect.assertion_printer import assertion_text
from comply.dialect.assertions import SetConstraints, set_constraints
from comply.dialect.cursor import Cursor
from comply.dialect.definitions import definition
from comply.dialect.errors import SqlError
from comply.dialect.statements import statements
from comply.dialect.syntax import (
    AlterAssertion,
    CreateAssertion,
    Definition,
    Drop,
    Existential,
    Name,
    State,
    Text,
    Universal,
)
from comply.source import Source
from comply.sql import parse


def read(text: str) -> Definition | None:
    [statement] = statements(Source("s", text))
    return definition(statement)


def read_set(text: str) -> SetConstraints:
    [statement] = statements(Source("s", text))
    return set_constraints(Cursor(statement))


PLAIN = st.from_regex(r"[A-Z][A-Z0-9_$#]{0,8}", fullmatch=True)
QUOTED = st.text(
    st.characters(codec="utf-8", exclude_characters='"\x00\n\r'), min_size=1, max_size=9
)
IDENTIFIERS = PLAIN | QUOTED | st.sampled_from(["ALL", "SATISFY", "CHECK", "NOT", "IF"])
NAMES = st.builds(Name, st.just("") | IDENTIFIERS, IDENTIFIERS)

COLUMNS = st.sampled_from(["a.id", "b.n", 'c."Its (x)"', "d.day"])
VALUES = COLUMNS | st.sampled_from(
    ["3", "'it''s ('", "q'[)]'", "DATE '2026-01-01'", "UPPER(a.st)", "-1.5", "NULL"]
)
COMPARISONS = st.builds(
    lambda left, operator, right: f"{left} {operator} {right}",
    COLUMNS,
    st.sampled_from(["=", "<", ">", "<=", ">=", "<>", "!="]),
    VALUES,
) | st.builds(
    lambda column, rest: f"{column} {rest}",
    COLUMNS,
    st.sampled_from(
        [
            "IS NULL",
            "IS NOT NULL",
            "BETWEEN 1 AND 9",
            "NOT IN (1, 2)",
            "/* ) */ = 1",
            "= -- (\n 1",
            "LIKE 'a%'",
        ]
    ),
)


def _query(where: str, listed: str) -> str:
    return f"SELECT {listed} FROM t a, app.u b WHERE {where}"  # noqa: S608


QUERIES = st.deferred(
    lambda: st.builds(_query, CONDITIONS, st.sampled_from(["1", "a.id", "a.id, b.n x"]))
)
CONDITIONS: st.SearchStrategy[str] = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds(lambda a, b: f"({a}) AND {b}", inner, inner)
        | st.builds(lambda a, b: f"({a}) OR ({b})", inner, inner)
        | st.builds(lambda a: f"NOT ({a})", inner)
        | st.builds(
            lambda word, a: f"{word} ({_query(a, '1')})",
            st.sampled_from(["EXISTS", "NOT EXISTS", "a.id IN", "b.n NOT IN"]),
            inner,
        )
    ),
    max_leaves=6,
)
BODIES = st.builds(Existential, st.builds(Text, QUERIES), st.booleans()) | st.builds(
    Universal,
    st.builds(Text, QUERIES),
    st.just("") | IDENTIFIERS,
    st.builds(Text, CONDITIONS),
)
STATES = st.builds(
    State, st.booleans(), st.booleans(), st.booleans(), st.booleans()
).filter(lambda s: s.deferrable or not s.initially_deferred)
CREATED = st.builds(
    CreateAssertion, NAMES, st.just(Text("")), BODIES, STATES, st.booleans()
)
CHOICES = st.sampled_from([None, True, False])
ALTERED = st.builds(AlterAssertion, NAMES, CHOICES, CHOICES, st.booleans()).filter(
    lambda a: a.enabled is not None or a.validated is not None
)
DROPPED = st.builds(
    Drop,
    st.just("ASSERTION"),
    NAMES.filter(lambda n: str(n)[:2] != "IF"),
    st.booleans(),
)


@given(CREATED)
def test_what_is_printed_reads_the_same(made: CreateAssertion) -> None:
    text = assertion_text(made)
    again = read(text)
    assert again == made
    assert isinstance(again, CreateAssertion)
    assert assertion_text(again) == text


@given(ALTERED | DROPPED)
def test_alter_and_drop_print_as_they_read(made: AlterAssertion | Drop) -> None:
    assert read(assertion_text(made)) == made


@given(st.builds(SetConstraints, st.lists(NAMES, max_size=3).map(tuple), st.booleans()))
def test_set_constraints_prints_as_it_reads(made: SetConstraints) -> None:
    assert read_set(assertion_text(made)) == made


@given(CREATED)
def test_the_tree_of_what_is_printed_is_the_same(made: CreateAssertion) -> None:
    [one] = parse(assertion_text(made))
    again = read(one.text)
    assert isinstance(again, CreateAssertion)
    assert parse(assertion_text(again)) == [one]


@pytest.mark.parametrize(
    ("published", "documented"),
    [
        ("CHECK ((NOT EXISTS (SELECT 1 FROM t)))", "CHECK (NOT EXISTS (SELECT 1 FROM t))"),
        ("CHECK (NOT (EXISTS (SELECT 1 FROM t)))", "CHECK (NOT EXISTS (SELECT 1 FROM t))"),
        ("CHECK (NOT (NOT EXISTS (SELECT 1 FROM t)))", "CHECK (EXISTS (SELECT 1 FROM t))"),
        (
            "CHECK (ALL (SELECT i FROM t) AS r SATISFY r.i = 1)",
            "CHECK (ALL (SELECT i FROM t) R SATISFY (r.i = 1))",
        ),
        (
            "CHECK (ALL (SELECT i FROM t) r SATISFY ((r.i = 1)))",
            "CHECK (ALL (SELECT i FROM t) R SATISFY (r.i = 1))",
        ),
        (
            "CHECK (ALL (SELECT i FROM t) r SATISFY (r.i = 1) OR (r.i = 2))",
            "CHECK (ALL (SELECT i FROM t) R SATISFY ((r.i = 1) OR (r.i = 2)))",
        ),
        (
            "CHECK ((SELECT COUNT(*) FROM t) = 0)",
            "CHECK (NOT EXISTS (SELECT 1        FROM t))",
        ),
        ("CHECK (0 < (SELECT COUNT(1) FROM t))", "CHECK (EXISTS (SELECT 1        FROM t))"),
        (
            "CHECK (NOT ((SELECT COUNT(*) FROM t) >= 1))",
            "CHECK (NOT EXISTS (SELECT 1        FROM t))",
        ),
        (
            "CHECK (EXISTS (SELECT 1 FROM t)) INITIALLY DEFERRED DISABLE",
            "CHECK (EXISTS (SELECT 1 FROM t))\nDEFERRABLE INITIALLY DEFERRED DISABLE NOVALIDATE",
        ),
        (
            "CHECK (EXISTS (SELECT 1 FROM t)) NOVALIDATE INITIALLY IMMEDIATE",
            "CHECK (EXISTS (SELECT 1 FROM t))\nENABLE NOVALIDATE",
        ),
        (
            "CHECK (EXISTS (SELECT 1 FROM t)) DISABLE VALIDATE",
            "CHECK (EXISTS (SELECT 1 FROM t))\nDISABLE VALIDATE",
        ),
    ],
)  # fmt: skip
def test_published_forms_print_as_documented(published: str, documented: str) -> None:
    made = read(f'create assertion if not exists app."a b" {published}')
    assert isinstance(made, CreateAssertion)
    text = assertion_text(made)
    assert text == f'CREATE ASSERTION IF NOT EXISTS APP."a b"\n{documented}'
    assert read(text) == made


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CREATE ASSERTION a CHECK (1 = 1)", "expected ALL, EXISTS or NOT EXISTS"),
        ("CREATE ASSERTION a CHECK ((SELECT COUNT(*) FROM t) = 2)", "expected ALL"),
        ("CREATE ASSERTION a CHECK ((SELECT MAX(i) FROM t) = 0)", "expected ALL"),
        ("CREATE ASSERTION a CHECK (NOT (ALL (SELECT 1 FROM t) r SATISFY (1 = 1)))", "cannot be negated"),
        ("CREATE ASSERTION a CHECK (ALL (SELECT 1 FROM t) r (1 = 1))", "expected SATISFY"),
        ("ALTER ASSERTION a", "expected ENABLE, DISABLE"),
        ("ALTER ASSERTION a INITIALLY DEFERRED", "cannot be altered"),
        ("ALTER ASSERTION a NOT DEFERRABLE", "cannot be altered"),
    ],
)  # fmt: skip
def test_what_is_no_assertion_says_so(text: str, message: str) -> None:
    with pytest.raises(SqlError) as caught:
        read(text)
    assert message in caught.value.message
    assert caught.value.span is not None


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("SET CONSTRAINTS ALL DEFERRED", SetConstraints((), deferred=True)),
        (
            'set constraint a, app."b" immediate',
            SetConstraints((Name("", "A"), Name("APP", "b")), deferred=False),
        ),
    ],
)  # fmt: skip
def test_set_constraints(text: str, made: SetConstraints) -> None:
    assert read_set(text) == made


@pytest.mark.parametrize(
    "text", ["SET ROLE NONE", "SET CONSTRAINTS ALL", "SET CONSTRAINTS DEFERRED"]
)
def test_set_of_something_else(text: str) -> None:
    with pytest.raises(SqlError):
        read_set(text)
