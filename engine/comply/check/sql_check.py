"""ASSERTIONS x SCRIPTS -> FINDINGS: in a sandbox; and which assertions are over facts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module

from comply.check.fact_checks import FactChecks, fact_checks
from comply.findings import Finding
from comply.rules.files import RuleFile
from comply.rules.rule import Rule
from comply.source import ComplyError, Source
from comply.sql.fact_rules import is_on_facts
from comply.sql.rule import AssertionRule, rules_in


def read_rules(
    files: Sequence[RuleFile],
) -> tuple[list[AssertionRule], list[tuple[RuleFile, ComplyError]]]:
    """Return the assertions in rule files, and the files that cannot be read."""
    rules: list[AssertionRule] = []
    failed: list[tuple[RuleFile, ComplyError]] = []
    for file in files:
        try:
            rules += rules_in(file.source, file.id)
        except ComplyError as error:
            failed.append((file, error))
    return rules, failed


def described(rule: AssertionRule, packs: Mapping[str, str]) -> Rule:
    """Return what reports say of an assertion; `packs` are the packs of rule ids."""
    name = rule.assertion.source.name
    pack = packs.get(rule.id, "")
    return Rule(
        rule.id,
        rule.title,
        rule.severity,
        "sql",
        name,
        remediation=rule.remediation,
        pack=pack,
    )


def on_facts(rules: Sequence[AssertionRule]) -> FactChecks | None:
    """Return the assertions over facts, compiled; None if there are none."""
    found = [rule for rule in rules if is_on_facts(rule)]
    return fact_checks(found) if found else None


def run_assertions(
    rules: Sequence[AssertionRule], scripts: Sequence[Source], now: datetime | None
) -> tuple[list[Finding], dict[str, int]]:
    """Return the findings of scripts, and how often each rule was evaluated.

    Scripts run in order in one sandbox, with the assertions they create and those of
    the rules in force that are over tables.
    """
    on_tables = [rule for rule in rules if not is_on_facts(rule)]
    # Imported here because assertions over facts need no sandbox.
    run = import_module("comply.sql.check").run_scripts
    outcome = run(scripts, now, on_tables)
    return outcome.findings, outcome.evaluated
