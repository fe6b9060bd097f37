"""RULE FILES -> CHECKS: compiled, or taken from the cache; what does not compile is told."""

import time
from collections.abc import Iterable
from datetime import datetime
from importlib import import_module
from pathlib import Path

from comply.findings import Finding, Severity, Status
from comply.rules.checks import Compiled, RegoChecks, digest, fetch, keep, linked
from comply.rules.files import RuleFile
from comply.rules.rule import Rule
from comply.source import ComplyError


def compiled(
    files: list[RuleFile], cache: Path | None
) -> tuple[list[RegoChecks], list[Finding]]:
    """Return the checks of Rego files, and the findings of those that do not compile.

    `cache` is the folder of compiled rules, None to keep nothing.
    """
    name = digest(files)
    problems: list[Finding] = []
    found = fetch(cache, name) if cache is not None else None
    if found is None:
        found = _compiled(files, problems)
        if cache is not None and not problems:
            keep(cache, name, found)
    return [linked(made, files) for made in found], problems


def _compiled(files: list[RuleFile], problems: list[Finding]) -> list[Compiled]:
    # Imported here because a cached plan needs no compiler.
    compiler = import_module("comply.rules.rego_rules")
    found: list[Compiled] = []
    for made in compiler.compile_files(files):
        if isinstance(made, Compiled):
            found.append(made)
        else:
            file, error = made
            problems += [problem(file.id, e) for e in error.errors]
    return found


def described(checks: Iterable[RegoChecks]) -> list[Rule]:
    """Return the rules of checks, by id."""
    every = [rule for group in checks for rule in group.rules]
    # Rules of a file share its id; the first is what the file is about.
    rules = {rule.id: rule for rule in reversed(every)}
    return [rules[name] for name in sorted(rules)]


def clock_of(now: datetime | None) -> int:
    """Return the time that rules see, in ns since 1970, that of now by default."""
    return time.time_ns() if now is None else int(now.timestamp() * 1e9)


def problem(rule_id: str, error: ComplyError) -> Finding:
    """Return the error finding of a rule that does not compile."""
    code = getattr(error, "code", "")
    text = f"{code}: {error.message}" if code else error.message
    return Finding(
        rule_id,
        "The rule compiles",
        Severity.HIGH,
        Status.ERROR,
        text,
        span=error.span,
        remediation=error.hint,
    )
