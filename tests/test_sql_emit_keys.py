"""By whose values transactions are serialised."""

import pytest

from comply.dialect.syntax import Name
from comply.sql import parse
from comply.sql.catalog import Catalog, Kind
from comply.sql.denial import resolved
from comply.sql.emit.keys import Lock, lock_of

COLUMNS: dict[str, Kind] = {
    "K": "number",
    "X": "number",
    "C": "char",
    "P": "padded",
    "D": "date",
}
CATALOG = Catalog({Name("", t): COLUMNS for t in ("TA", "TB", "TC")})


def lock(check: str) -> Lock:
    [made] = parse(f"CREATE ASSERTION a CHECK ({check})")
    return lock_of(resolved(made.parts(), CATALOG))


def columns(check: str) -> dict[str, tuple[str, ...]]:
    return {str(table): names for table, names in lock(check).columns.items()}


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        ("NOT EXISTS (SELECT 1 FROM ta a, tb b WHERE a.k = b.x)", {"TA": ("K",), "TB": ("X",)}),
        ("NOT EXISTS (SELECT 1 FROM ta a, ta b WHERE a.k = b.x)", {"TA": ("K", "X")}),
        ("ALL (SELECT k FROM ta) a SATISFY (EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k))", {"TA": ("K",), "TB": ("K",)}),
        # through another table
        ("NOT EXISTS (SELECT 1 FROM ta a, tb b, tc c WHERE a.k = b.k AND b.k = c.x)", {"TA": ("K",), "TB": ("K",), "TC": ("X",)}),
        ("NOT EXISTS (SELECT 1 FROM ta a WHERE EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k AND NOT EXISTS (SELECT 1 FROM tc c WHERE c.x = b.k)))", {"TA": ("K",), "TB": ("K",), "TC": ("X",)}),
        # a second column does where the first does not
        ("NOT EXISTS (SELECT 1 FROM ta a, tb b, tc c WHERE a.k = b.k AND a.x = b.x AND a.x = c.x)", {"TA": ("X",), "TB": ("X",), "TC": ("X",)}),
        ("ALL (SELECT k, x FROM ta) a SATISFY ((SELECT COUNT(*) FROM tb b WHERE b.k = a.k) <= a.x)", {"TA": ("K",), "TB": ("K",)}),
    ],
)  # fmt: skip
def test_one_value_runs_through_a_violation(
    check: str, wanted: dict[str, tuple[str, ...]]
) -> None:
    assert columns(check) == wanted
    assert lock(check).family == "number"


@pytest.mark.parametrize(
    "check",
    [
        # no column of one is set equal to one of the other
        "NOT EXISTS (SELECT 1 FROM ta a, tb b WHERE a.k < b.k)",
        "NOT EXISTS (SELECT 1 FROM ta a, tb b WHERE a.k = b.k OR a.x = b.x)",
        "NOT EXISTS (SELECT 1 FROM ta a, tb b, tc c WHERE a.k = b.k AND b.x = c.x)",
        # NULL on either side of NOT IN meets every row
        "NOT EXISTS (SELECT 1 FROM ta a WHERE a.k NOT IN (SELECT b.k FROM tb b))",
        # the equality ties rows of TC, not those of TB around it
        "NOT EXISTS (SELECT 1 FROM ta a WHERE NOT EXISTS (SELECT 1 FROM tb b WHERE b.x = 1 AND NOT EXISTS (SELECT 1 FROM tc c WHERE c.k = a.k AND a.k = b.k)))",
        # any row will do
        "EXISTS (SELECT 1 FROM ta a, tb b WHERE a.k = b.k)",
        # what groups is checked whole
        "ALL (SELECT COUNT(*) n FROM ta) a SATISFY (a.n < 3)",
        # equal values of these kinds need not have one text
        "NOT EXISTS (SELECT 1 FROM ta a, tb b WHERE a.d = b.d)",
        "NOT EXISTS (SELECT 1 FROM ta a, tb b WHERE a.c = b.k)",
        "NOT EXISTS (SELECT 1 FROM ta a, tb b WHERE a.k + 1 = b.k)",
    ],
)  # fmt: skip
def test_else_all_changes_are_serialised(check: str) -> None:
    assert lock(check) == Lock()


def test_texts_are_one_family() -> None:
    found = lock("NOT EXISTS (SELECT 1 FROM ta a, tb b WHERE a.c = b.p)")
    assert (found.family, found.alone) == ("text", False)


def test_a_row_that_is_wrong_by_itself_needs_no_lock() -> None:
    assert lock("NOT EXISTS (SELECT 1 FROM ta WHERE k > x)") == Lock(alone=True)
