"""RESULTS x REGO-CPP -> COMPARISON: a second opinion on the same tests.

rego-cpp knows Rego v1 only, so v0 files are rewritten first. It may crash, and print what
is no JSON: that is said, and is no disagreement.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Final

from comply.plan.values import to_json
from comply.rego.errors import RegoError
from comply.rego.format import format_module
from comply.rego.parser import parse_module
from comply.rego.printer import print_module
from comply.rego.syntax import Module, Rule, Var
from comply.source import ComplyError, Source
from comply.testing.compiled import Compiled
from comply.testing.results import Opinion, Outcome, Result, Verdict
from comply.testing.rules import TestRule, test_name

_COUNTED: Final = {Outcome.PASS, Outcome.FAIL}
_SECONDS: Final = 60
_MOST: Final = 300


def require_other_engine() -> None:
    """Refuse to go on without rego-cpp.

    Raises:
        ComplyError: if it is not installed.
    """
    if find_spec("regopy") is None:
        raise ComplyError(
            "--cross-check needs rego-cpp, which is not installed",
            hint="pip install regopy",
        )


def compare(compiled: Compiled, results: Iterable[Result]) -> list[Opinion]:
    """Return what rego-cpp says of the tests of a group that passed or failed here.

    Tests with several cases are left out: rego-cpp does not know them.
    """
    ours = {r.full_name: r.outcome for r in results if r.outcome in _COUNTED}
    tests = {
        name: test
        for test in compiled.tests
        if not test.cases and (name := ".".join(test.path)) in ours
    }
    if not tests:
        return []
    try:
        asked = _questions(compiled, tests)
    except RegoError as error:
        text = f"it cannot be written as v1: {error.message}"
        return [Opinion(name, "refused", ours[name], text) for name in tests]
    answers = _ask(asked, to_json(compiled.data))
    pairs = zip(tests, answers, strict=True)
    return [_opinion(name, ours[name], answer) for name, answer in pairs]


def _questions(compiled: Compiled, tests: dict[str, TestRule]) -> list[dict[str, Any]]:
    """Return a query for each test, with the modules it is asked of.

    Other tests are left out, so that one that crashes rego-cpp does so alone.
    """
    plain = [m for m in compiled.modules if not any(map(test_name, m.rules))]
    mixed = [m for m in compiled.modules if m not in plain]
    shared = {m.source.name: _text(m, "") for m in plain}
    return [
        {
            "query": _query(test),
            "modules": {
                **shared,
                **{m.source.name: _text(m, test.name) for m in mixed},
            },
        }
        for test in tests.values()
    ]


def _query(test: TestRule) -> str:
    package = "".join(f'["{step}"]' for step in test.package)
    return f'data{package}["{_plain(test.name)}"]'


def _plain(name: str) -> str:
    """Return the name of a test in text: the number of a second one needs letters."""
    return name.replace("#", "__")


def _text(module: Module, test: str) -> str:
    """Return a module as v1 text with one of its tests, or none."""
    rules = tuple(_renamed(rule) for rule in module.rules if _is_kept(rule, test))
    text = print_module(replace(module, rules=rules))
    if module.version == 0:
        old = parse_module(Source(module.source.name, text), "v0")
        return format_module(old, modern=True)
    return text


def _is_kept(rule: Rule, test: str) -> bool:
    name = test_name(rule)
    return not name or name == test


def _renamed(rule: Rule) -> Rule:
    first, *rest = rule.head.ref
    if not isinstance(first, Var) or "#" not in first.name:
        return rule
    head = replace(rule.head, ref=(Var(first.at, _plain(first.name)), *rest))
    otherwise = rule.otherwise and _renamed(rule.otherwise)
    return replace(rule, head=head, otherwise=otherwise)


def _ask(asked: list[dict[str, Any]], data: Any) -> Iterator[Any]:  # noqa: ANN401  (JSON)
    """Yield the answer to each question; a new process follows one that died.

    An answer is the object that the process wrote, or how it ended.
    """
    waiting = asked
    while waiting:
        ended, lines = _run({"data": data, "questions": waiting})
        yield from lines
        rest = waiting[len(lines) :]
        if rest:
            yield ended
        waiting = rest[1:]


def _run(job: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return how a process ended, and the answers it wrote until then."""
    command = [sys.executable, "-m", "comply.testing.other_engine"]
    try:
        done = subprocess.run(  # noqa: S603  (our own module)
            command,
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as stopped:
        return f"no answer within {_SECONDS} s", _lines(stopped.stdout or b"")
    how = f"signal {-done.returncode}" if done.returncode < 0 else "an early end"
    return how, _lines(done.stdout)


def _lines(written: bytes) -> list[Any]:
    """Return the objects in the lines that are whole: a process may die in one."""
    whole = written[: written.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]


def _opinion(name: str, ours: Outcome, answer: Any) -> Opinion:  # noqa: ANN401  (JSON)
    """Return what an answer means beside our own."""
    if isinstance(answer, str):
        return Opinion(name, "crashed", ours, answer)
    if "error" in answer:
        return Opinion(name, "refused", ours, _short(answer["error"]))
    said = answer["answer"].strip()
    theirs = Outcome.FAIL
    if said != "undefined":
        try:
            value = json.loads(said)
        except ValueError:
            return Opinion(name, "unreadable", ours, _short(said))
        right = isinstance(value, dict) and value.get("expressions") == [True]
        theirs = Outcome.PASS if right else Outcome.FAIL
    verdict: Verdict = "agrees" if theirs is ours else "differs"
    return Opinion(name, verdict, ours, _short(said))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST else f"{line[: _MOST - 3]}..."
