"""What the lint says of an assertion's verdict holds on data that the tables may hold."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lint_cases import check

from comply.dialect.errors import SqlError
from comply.load.oracle_ddl import read_scripts
from comply.source import Source
from comply.sql import Sandbox, parse
from comply.sql.lint.check import lint

_TABLES = """
CREATE TABLE p (
  id NUMBER PRIMARY KEY,
  n NUMBER CONSTRAINT few CHECK (n IN (1, 2)),
  m NUMBER NOT NULL,
  CONSTRAINT ordered CHECK (m >= n)
);
CREATE TABLE c (pid NUMBER NOT NULL REFERENCES p (id), q NUMBER UNIQUE, r NUMBER);
"""
_SCHEMA = read_scripts([Source("tables.sql", _TABLES)]).schema
_VALUES = st.none() | st.integers(0, 3)
_P = st.lists(st.tuples(_VALUES, _VALUES, _VALUES), max_size=3)
_C = st.lists(st.tuples(_VALUES, _VALUES, _VALUES), max_size=3)

_OPERATORS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
_COLUMNS = st.sampled_from(["p.id", "p.n", "p.m", "c.pid", "c.q", "c.r"])
_ATOMS = (
    st.builds("{} {} {}".format, _COLUMNS, _OPERATORS, st.integers(0, 3) | _COLUMNS)
    | st.builds(
        "{} {}".format,
        _COLUMNS,
        st.sampled_from(
            [
                *("IS NULL", "IS NOT NULL", "IN (1, 2)", "NOT IN (0, 3)"),
                *("BETWEEN 1 AND 2", "NOT BETWEEN 1 AND 2"),
            ]
        ),
    )
    | st.sampled_from(
        [
            "EXISTS (SELECT 1 FROM c d WHERE d.q = c.q AND d.r <> c.r)",
            "EXISTS (SELECT 1 FROM p x WHERE x.id = c.pid AND (x.n > 2 OR x.m < 1))",
            "NOT EXISTS (SELECT 1 FROM p x WHERE x.id = c.pid)",
            "NOT EXISTS (SELECT 1 FROM p x WHERE x.id = c.r)",
            "p.id NOT IN (SELECT x.pid FROM c x)",
        ]
    )
)
_WHERE = st.recursive(
    _ATOMS,
    lambda inner: (
        st.builds("({}) AND {}".format, inner, inner)
        | st.builds("({}) OR ({})".format, inner, inner)
        | st.builds("NOT ({})".format, inner)
    ),
    max_leaves=4,
)


_TIGHT = st.builds("({}) AND {} AND {} AND {}".format, _WHERE, _ATOMS, _ATOMS, _ATOMS)


@settings(max_examples=30)
@given(_TIGHT, _P, _C)
def test_what_cannot_fail_does_not(
    where: str,
    p: list[tuple[int | None, ...]],
    c: list[tuple[int | None, ...]],
) -> None:
    text = check(f"NOT EXISTS (SELECT 1 FROM p, c WHERE {where})")  # noqa: S608
    said = {r.problem.rule for r in lint([Source("a", text)], _SCHEMA)}
    if said & {"never-fails", "repeats-constraint"}:
        assert not _violations(text, p, c)


@settings(max_examples=15)
@given(_WHERE, _WHERE, _P, _C)
def test_what_repeats_another_fails_with_it(
    one: str,
    other: str,
    p: list[tuple[int | None, ...]],
    c: list[tuple[int | None, ...]],
) -> None:
    turned = f"NOT (NOT ({one})) AND {other}"
    first = check(f"NOT EXISTS (SELECT 1 FROM p, c WHERE ({other}) AND ({one}))")  # noqa: S608
    second = check(f"NOT EXISTS (SELECT 1 FROM c, p WHERE {turned})").replace(  # noqa: S608
        " x ", " y "
    )
    said = {
        r.problem.rule for r in lint([Source("a", f"{first};\n{second};")], _SCHEMA)
    }
    if "repeats-assertion" in said:
        assert bool(_violations(first, p, c)) is bool(_violations(second, p, c))


def _violations(
    text: str, p: list[tuple[int | None, ...]], c: list[tuple[int | None, ...]]
) -> list[dict[str, object]]:
    """Return the violating rows, of the data that the constraints let in."""
    [assertion] = parse(text)
    with Sandbox() as sandbox:
        sandbox.run(_TABLES)
        for table, rows in (("p", p), ("c", c)):
            for row in rows:
                values = dict(zip("abc", row, strict=True))
                try:
                    sandbox.execute(f"INSERT INTO {table} VALUES (:a, :b, :c)", values)  # noqa: S608
                except SqlError:
                    continue
        return sandbox.violations(assertion)
