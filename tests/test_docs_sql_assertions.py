"""docs/sql-assertions.md names tests that exist, and every rule of the lint."""

import ast
import os
from pathlib import Path

import pytest
from tests.lint_cases import CASES, SCHEMA, check

from comply.load.oracle_ddl import read_scripts
from comply.source import Source
from comply.sql.lint.check import lint
from comply.sql.lint.rules import BY_ID, RULES, LintRule

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("COMPLY_SHARED", ROOT.parent / "shared"))
_ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "sql-assertions.md").read_text().splitlines()
    if line.startswith("|") and "::" in line
]


def _table(head: str) -> list[list[str]]:
    """Return the rows of the table that begins with a heading, without its marks."""
    text = (ROOT / "docs" / "sql-assertions.md").read_text()
    lines = text.partition(f"\n| {head} |")[2].splitlines()[2:]
    rows = lines[: lines.index("")]
    return [[c.strip(" `") for c in row.strip("|").split(" | ")] for row in rows]


_ALLOWED = _table("Allowed")
_REFUSED = _table("Not allowed")
_ODD = "CREATE MATERIALIZED VIEW mv AS SELECT id FROM p; CREATE TABLE odd (bf BFILE, lg LONG, js JSON, ad address_t);"
_TABLES = read_scripts([Source("schema.sql", SCHEMA + _ODD)]).schema


def _rules(example: str) -> set[str]:
    found = lint([Source("a.sql", check(example))], _TABLES)
    return {reported.problem.rule for reported in found}


@pytest.mark.parametrize("row", _ALLOWED, ids=lambda row: row[0])
def test_what_is_documented_as_allowed_passes(row: list[str]) -> None:
    refused = {r for r in _rules(row[1]) if _code(BY_ID[r]) != "advice"}
    assert refused == set()


@pytest.mark.parametrize("row", _REFUSED, ids=lambda row: row[0])
def test_what_is_documented_as_refused_is_refused(row: list[str]) -> None:
    _, example, rule = row
    assert rule in _rules(example)
    assert _code(BY_ID[rule]) != "advice"


def test_no_word_of_the_documented_list_is_missing() -> None:
    reference = SHARED / "reference" / "oracle_assertions.md"
    if not reference.exists():
        pytest.skip(f"the reference is not here: {reference}")
    text = reference.read_text()
    listed = text.partition("Not allowed [S1 list]: ")[2].partition(".\n")[0]
    parts = listed.translate(_PARTED).lower().split(",")
    words = [" ".join(part.split()) for part in parts]
    said = " ".join(row[0] for row in _REFUSED).lower()
    assert len(words) > 40
    assert [w for w in words if w not in said] == []
    allowed = " ".join(row[0] for row in _ALLOWED)
    for word in ("equijoins", "AND", "OR", "<", ">", "<>", "!=", "BETWEEN", "+ - * /"):
        assert word in allowed
    for word in ("SUBSTR", "UPPER", "three levels", "NOT IN", "not correlated"):
        assert word in allowed


_PARTED = str.maketrans({";": ",", "/": ",", "\n": " "})


def _functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}


def _code(rule: LintRule) -> str:
    return rule.oracle or ("advice" if rule.code is None else "syntax")


def test_every_named_test_exists() -> None:
    assert len(_ROWS) > len(RULES)
    for row in _ROWS:
        file, _, name = row[-1].strip("|` ").partition("::")
        function, _, case = name.rstrip("]").partition("[")
        assert function in _functions(file), row
        assert not case or case in CASES, row


def test_every_rule_has_a_row_that_says_what_it_is() -> None:
    rows = {row[0].strip("|` "): row for row in _ROWS if len(row) == 5}
    assert list(rows) == [rule.id for rule in RULES]
    for rule in RULES:
        _, code, title, marks, test = rows[rule.id]
        assert (code, title) == (_code(rule), rule.title)
        assert ("--fix" in marks) is rule.fixable
        assert ("schema" in marks) is bool(rule.needs)
        assert f"[{rule.id}]" in test
