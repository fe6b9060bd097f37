"""Scripts fall into statements where SQL*Plus ends them."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.dialect.errors import SqlError, nearest
from comply.dialect.statements import statements
from comply.dialect.tokens import scan
from comply.source import Source


def texts(script: str) -> list[str]:
    return [s.text for s in statements(Source("s.sql", script))]


def kinds(script: str) -> list[tuple[str, str]]:
    return [(t.kind, t.value) for t in scan(Source("s.sql", script))]


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        (
            "SELECT ';' FROM t -- ;\n;/* ; */ SELECT 2;",
            ["SELECT ';' FROM t", "SELECT 2"],
        ),
        ("SELECT 'it''s;' \"a;b\" ;", ["SELECT 'it''s;' \"a;b\""]),
        ("SELECT q'[a;']b]' x;", ["SELECT q'[a;']b]' x"]),
        ("SELECT nQ'!x;!', N'a;' ;", ["SELECT nQ'!x;!', N'a;'"]),
        ("SELECT 1\n/\nSELECT 4/2\n / \n", ["SELECT 1", "SELECT 4/2"]),
        ("SELECT 4\n/2 FROM t;", ["SELECT 4\n/2 FROM t"]),
        (";;\n;", []),
        ("", []),
        ("-- only words", []),
        ("PROMPT it's open\nSELECT 1;", ["PROMPT it's open", "SELECT 1"]),
        (
            "set define off\nset constraints all deferred;",
            ["set define off", "set constraints all deferred"],
        ),
        ("@@sub/x.sql;\nSELECT 1", ["@@sub/x.sql", "SELECT 1"]),
        ("REM x", ["REM x"]),
        ("BEGIN a; b; END;\n/\nSELECT 1;", ["BEGIN a; b; END;", "SELECT 1"]),
        (
            "BEGIN IF x THEN y; END IF; LOOP z; END LOOP; END;\nSELECT 1;",
            ["BEGIN IF x THEN y; END IF; LOOP z; END LOOP; END;", "SELECT 1"],
        ),
        (
            "CREATE OR REPLACE EDITIONABLE PROCEDURE p IS v NUMBER;\nBEGIN v := 1; END p;\nSELECT 1;",
            [
                "CREATE OR REPLACE EDITIONABLE PROCEDURE p IS v NUMBER;\nBEGIN v := 1; END p;",
                "SELECT 1",
            ],
        ),
        (
            "CREATE TABLE function_log (a NUMBER); SELECT 1",
            ["CREATE TABLE function_log (a NUMBER)", "SELECT 1"],
        ),
        ("<<x>> BEGIN NULL; END;", ["<<x>> BEGIN NULL; END;"]),
    ],
)
def test_split(script: str, wanted: list[str]) -> None:
    assert texts(script) == wanted


def test_a_statement_knows_its_place_and_the_comments_above_it() -> None:
    script = "SELECT 1;\n\n-- METADATA\n-- title: x\n  SELECT 2\n  FROM t;\nSELECT 3"
    _, second, third = statements(Source("s.sql", script))
    assert str(second.span) == "s.sql:5:3"
    assert second.span.width == len("SELECT 2")
    assert [c.value for c in second.comments] == [" METADATA", " title: x"]
    assert third.comments == ()
    assert second.words == ("SELECT",)
    assert script[second.start : second.end] == second.text


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ("a$b_1#", [("name", "A$B_1#")]),
        ('"a b"', [("quoted", "a b")]),
        ("'a''b'", [("string", "a'b")]),
        ("q'{x'y}'", [("string", "x'y")]),
        ("1.5e-3f x", [("number", "1.5e-3f"), ("name", "X")]),
        (".5", [("number", ".5")]),
        ("1..3", [("number", "1"), ("symbol", ".."), ("number", "3")]),
        ("1e", [("number", "1"), ("name", "E")]),
        (
            "a<=b||c",
            [
                ("name", "A"),
                ("symbol", "<="),
                ("name", "B"),
                ("symbol", "||"),
                ("name", "C"),
            ],
        ),
        ("--x\r\n/*y*/", [("comment", "x"), ("comment", "y")]),
    ],
)
def test_tokens(script: str, wanted: list[tuple[str, str]]) -> None:
    assert kinds(script) == wanted


@pytest.mark.parametrize(
    ("script", "code", "place"),
    [
        ("SELECT 'x", 1756, "s.sql:1:8"),
        ("SELECT\n q'[x]", 1756, "s.sql:2:2"),
        ("SELECT q'", 1756, "s.sql:1:8"),
        ('SELECT "x', 1740, "s.sql:1:8"),
        ("SELECT /* x", 0, "s.sql:1:8"),
    ],
)
def test_what_has_no_end_is_an_error_where_it_begins(
    script: str, code: int, place: str
) -> None:
    with pytest.raises(SqlError) as caught:
        texts(script)
    assert caught.value.code == code
    assert str(caught.value.span) == place


@given(st.text(alphabet="ab1'\";-/*\n qQ[]()", max_size=40))
def test_statements_cover_the_script_in_order(script: str) -> None:
    try:
        found = list(statements(Source("s.sql", script)))
    except SqlError:
        return
    ends = [(s.start, s.end) for s in found]
    assert ends == sorted(ends)
    assert all(a[1] <= b[0] for a, b in pairwise(ends))
    gaps = [script[a[1] : b[0]] for a, b in zip([(0, 0), *ends], ends, strict=False)]
    # What stands between statements is blank, a terminator or a comment.
    assert not any("a" in g and "--" not in g and "/*" not in g for g in gaps)


def test_nearest_names_only_what_is_close() -> None:
    assert nearest("CUSTOMR", ["CUSTOMERS", "CUSTOMER", "ORDERS"]) == "CUSTOMER"
    assert nearest("X", ["CUSTOMERS"]) == ""
    assert nearest("X", []) == ""


def test_slashes_on_one_line_are_read_soon() -> None:
    start = time.process_time()
    (found,) = texts("SELECT 1" + " * /" * 40_000)
    assert found.endswith("* /")
    assert time.process_time() - start < 3
