"""ASSERTIONS x DOCUMENTS -> FINDINGS: in a sandbox for tables, over relations for facts."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from comply.findings import Finding
from comply.load.facts import Document
from comply.rules.files import RuleFile
from comply.rules.rule import Rule
from comply.source import ComplyError, Source
from comply.sql.check import Outcome, run_scripts
from comply.sql.fact_check import check_facts, is_on_facts
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


def run_assertions(
    rules: Sequence[AssertionRule],
    scripts: Sequence[Source],
    documents: Sequence[Document],
    now: datetime | None,
) -> tuple[list[Finding], dict[str, int]]:
    """Return the findings of assertions, and how often each rule was evaluated.

    Scripts run in order in one sandbox, with the assertions they create and those of
    the rules in force; rules over relations of facts are checked on the documents.
    """
    on_facts = [rule for rule in rules if is_on_facts(rule)]
    on_tables = [rule for rule in rules if not is_on_facts(rule)]
    outcomes: list[Outcome] = []
    if scripts:
        outcomes.append(run_scripts(scripts, now, on_tables))
    if on_facts:
        outcomes.append(check_facts(on_facts, documents))
    findings = [item for outcome in outcomes for item in outcome.findings]
    evaluated = {k: v for outcome in outcomes for k, v in outcome.evaluated.items()}
    return findings, evaluated
