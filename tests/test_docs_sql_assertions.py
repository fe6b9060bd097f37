"""docs/sql-assertions.md names tests that exist, and every rule of the lint."""

import ast
from pathlib import Path

from tests.lint_cases import CASES

from comply.sql.lint.rules import RULES, LintRule

ROOT = Path(__file__).parents[1]
_ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "sql-assertions.md").read_text().splitlines()
    if line.startswith("|") and "::" in line
]


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
