"""What --fix rewrites lints clean, means the same, and leaves comments where they are."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lint_cases import CASES, SCHEMA, check

from comply.dialect.tokens import scan
from comply.load.oracle_ddl import read_scripts
from comply.source import Source
from comply.sql import Sandbox, parse
from comply.sql.lint.check import lint
from comply.sql.lint.fix import fixed
from comply.sql.lint.rules import BY_ID

_SCHEMA = read_scripts([Source("schema.sql", SCHEMA)]).schema
_TABLES = """
CREATE TABLE p (id NUMBER, n NUMBER, st VARCHAR2(5));
CREATE TABLE c (id NUMBER, pid NUMBER, qid NUMBER, m NUMBER);
"""
_LOOSE = read_scripts([Source("tables.sql", _TABLES)]).schema


def mended(text: str) -> str:
    return fixed(Source("a.sql", text), _SCHEMA)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("NOT ((NOT EXISTS (SELECT 1 FROM p WHERE n = 3)))", "EXISTS (SELECT 1 FROM p WHERE n = 3)"),
        ("NOT ((SELECT COUNT(*) FROM p WHERE n = 4) = 0)", "EXISTS (SELECT 1 FROM p WHERE n = 4)"),
        ("0 < (SELECT COUNT(1) FROM p WHERE n = 4)", "EXISTS (SELECT 1 FROM p WHERE n = 4)"),
        (
            "NOT EXISTS (SELECT 1 FROM p WHERE NOT 1 <= (SELECT COUNT(*) FROM c WHERE c.pid = p.id) OR n = 2)",
            "NOT EXISTS (SELECT 1 FROM p WHERE NOT EXISTS (SELECT 1 FROM c WHERE c.pid = p.id) OR n = 2)",
        ),
        (
            "NOT EXISTS (SELECT 1 FROM p AS q JOIN c USING (id) CROSS JOIN c d WHERE id > 3 OR q.n = 2)",
            "NOT EXISTS (SELECT 1 FROM p q, c, c d WHERE q.id = c.id AND (q.id > 3 OR q.n = 2))",
        ),
        (
            "NOT EXISTS (SELECT id FROM p JOIN c USING (id))",
            "NOT EXISTS (SELECT p.id FROM p, c WHERE p.id = c.id)",
        ),
        (
            "NOT EXISTS (SELECT 1 FROM p JOIN c ON p.n = 3 OR p.id = c.pid INNER JOIN c d ON d.id = c.id WHERE p.n = 1 OR c.m = 2)",
            "NOT EXISTS (SELECT 1 FROM p, c, c d WHERE (p.n = 3 OR p.id = c.pid) AND d.id = c.id AND (p.n = 1 OR c.m = 2))",
        ),
        (
            "NOT EXISTS (SELECT 1 FROM p JOIN c ON p.id = c.qid)",
            "NOT EXISTS (SELECT 1 FROM p, c WHERE p.id = c.qid AND c.qid IS NOT NULL)",
        ),
        (
            "ALL (SELECT id FROM p) AS r SATISFY r.n = 3 AND r.id > 2",
            "ALL (SELECT id, n FROM p) r SATISFY (r.n = 3 AND r.id > 2)",
        ),
        (
            "NOT EXISTS (SELECT DISTINCT n FROM p WHERE n = 3 ORDER BY n)",
            "NOT EXISTS (SELECT n FROM p WHERE n = 3)",
        ),
    ],
)  # fmt: skip
def test_rewritings(before: str, after: str) -> None:
    assert mended(check(before)) == check(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ENABLE INITIALLY DEFERRED USING INDEX DEFERRABLE RELY", "DEFERRABLE INITIALLY DEFERRED ENABLE"),
        ("EXCEPTIONS INTO e", ""),
        ("ENABLE -- why\nDEFERRABLE", "ENABLE -- why\nDEFERRABLE"),
    ],
)  # fmt: skip
def test_states_are_put_in_order(before: str, after: str) -> None:
    text = "NOT EXISTS (SELECT 1 FROM p WHERE n = 3)"
    assert mended(check(text, before)) == check(text, after)


def test_comments_stay() -> None:
    text = (
        "-- head\nCREATE TABLE other (i NUMBER); -- not ours\n"
        "CREATE ASSERTION x CHECK ( -- one\n"
        "NOT EXISTS (SELECT 1 FROM p /* a */ JOIN /* b */ c /* c */ ON /* d */ p.id"
        " /* e */ = c.pid /* f */ JOIN p e -- g\n ON e.id = c.id WHERE /* h */ c.m = 3)\n"
        "); -- tail\n"
    )
    after = mended(text)
    assert comments(after) == comments(text)
    assert after.startswith("-- head\nCREATE TABLE other (i NUMBER); -- not ours\n")
    assert after.endswith("\n); -- tail\n")
    assert "JOIN" not in after


def comments(text: str) -> Counter[str]:
    return Counter(t.value for t in scan(Source("s", text)) if t.kind == "comment")


@pytest.mark.parametrize("rule", [r.id for r in BY_ID.values() if r.fixable])
def test_what_is_fixable_is_fixed(rule: str) -> None:
    after = mended(CASES[rule][0])
    assert rule not in [r.problem.rule for r in lint([Source("a", after)], _SCHEMA)]
    assert mended(after) == after


@pytest.mark.parametrize("rule", [r.id for r in BY_ID.values() if not r.fixable])
def test_what_is_not_fixable_stays(rule: str) -> None:
    text = CASES[rule][0]
    if not any(r.problem.edits for r in lint([Source("a", text)], _SCHEMA)):
        assert mended(text) == text


def test_what_would_change_its_meaning_is_left() -> None:
    kept = (
        "NOT EXISTS (SELECT 1 FROM p LEFT JOIN c ON p.id = c.pid JOIN c d ON d.id = p.id)",
        "NOT EXISTS (SELECT 1 FROM p JOIN c USING (id) JOIN c d USING (id))",
        "NOT EXISTS (SELECT 1 FROM p JOIN c USING (id) WHERE EXISTS (SELECT 1 FROM p q WHERE id = 3))",
        "NOT EXISTS (SELECT 1 FROM p, c WHERE p.id = c.qid OR p.n = 3)",
    )  # fmt: skip
    for text in kept:
        assert mended(check(text)) == check(text)


_VALUES = st.none() | st.integers(0, 3)
_ROWS_P = st.lists(st.tuples(_VALUES, _VALUES), max_size=4)
_ROWS_C = st.lists(st.tuples(_VALUES, _VALUES, _VALUES, _VALUES), max_size=4)
_ATOMS = st.sampled_from(
    [
        *("p.n = 1", "c.m <> 2", "p.id < c.m", "p.n IS NULL", "c.pid IN (0, 1)"),
        *("p.id = c.pid", "p.n = c.qid", "c.m = p.n", "NOT (p.n = c.m)"),
    ]
)
_WHERE = st.recursive(
    _ATOMS,
    lambda inner: st.builds(
        lambda a, word, b: f"{a} {word} {b}",
        inner,
        st.sampled_from(["AND", "OR"]),
        inner,
    ),
    max_leaves=4,
)
_JOINS = st.builds(
    lambda words, on, where: f"FROM p {words} c ON {on}{where}",
    st.sampled_from(["JOIN", "INNER JOIN", "/* j */ JOIN /* k */"]),
    _WHERE,
    st.just("") | _WHERE.map(lambda w: f" WHERE {w}"),
) | st.sampled_from(
    [
        "FROM p JOIN c USING (id) WHERE p.n = 1 OR c.m = 2",
        "FROM p CROSS JOIN c WHERE p.id = c.pid",
        "FROM p JOIN c ON p.id = c.pid JOIN p q ON q.id = c.qid OR q.n = 1",
    ]
)
_INNER = _WHERE.map(lambda w: f"FROM c WHERE {w}")
_COUNTED = st.sampled_from(["= 0", "> 0", "<> 0", ">= 1", "< 1", "<= 0"])


def _asserted(parts: tuple[str, str, str, str]) -> str:
    joined, inner, compared, form = parts
    return form.format(joined=joined, inner=inner, compared=compared)


_BODIES = st.tuples(
    _JOINS,
    _INNER,
    _COUNTED,
    st.sampled_from(
        [
            "NOT EXISTS (SELECT 1 {joined})",
            "(EXISTS (SELECT 1 {joined}))",
            "NOT (NOT EXISTS (SELECT 1 {joined}))",
            "(SELECT COUNT(*) {joined}) {compared}",
            "NOT EXISTS (SELECT 1 FROM p WHERE (SELECT COUNT(*) {inner}) {compared})",
            "NOT EXISTS (SELECT 1 FROM p WHERE NOT (SELECT COUNT(1) {inner}) {compared} OR p.n = 2)",
            "ALL (SELECT id, n FROM p) SATISFY EXISTS (SELECT 1 {inner})",
            "ALL (SELECT id FROM p) p SATISFY NOT EXISTS (SELECT 1 {inner})",
            "ALL (SELECT id, n FROM p) SATISFY p.n = 1 OR p.id < 2",
        ]
    ),
).map(_asserted)


@settings(max_examples=40)
@given(_BODIES, _ROWS_P, _ROWS_C)
def test_the_same_rows_violate(
    body: str,
    p: list[tuple[int | None, int | None]],
    c: list[tuple[int | None, int | None, int | None, int | None]],
) -> None:
    text = check(body)
    after = fixed(Source("a", text), _LOOSE)
    left = {
        r.problem.rule for r in lint([Source("a", after)], _LOOSE) if r.problem.edits
    }
    assert not left
    with Sandbox() as sandbox:
        sandbox.run(_TABLES)
        for row in p:
            sandbox.execute(
                "INSERT INTO p (id, n) VALUES (:a, :b)",
                dict(zip("ab", row, strict=True)),
            )
        for line in c:
            values = dict(zip("abcd", line, strict=True))
            sandbox.execute("INSERT INTO c VALUES (:a, :b, :c, :d)", values)
        [one], [two] = parse(text), parse(after)
        first, second = sandbox.violations(one), sandbox.violations(two)
    assert len(first) == len(second)
