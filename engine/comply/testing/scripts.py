"""SCRIPTS OF SQL -> RESULTS: each expectation is a test, and so is a statement that fails."""

from collections.abc import Callable, Iterator
from typing import Final

from comply.dialect.errors import SqlError
from comply.report.characters import one_line
from comply.source import Source
from comply.sql.script import Step, has_expectations, run_steps
from comply.sql.table import table_lines
from comply.testing.results import Outcome, Problem, Result, problems_of

_LONGEST: Final = 60
_ROWS: Final = 10


def run_scripts(
    sources: list[Source], chosen: Callable[[str], bool] | None
) -> tuple[list[Result], list[Problem]]:
    """Return the results of scripts, each in a database of its own, and broken scripts.

    A file in which `expect:` stands in no comment is no test.
    """
    results: list[Result] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            if has_expectations(source):
                results += _results(source, chosen)
        except SqlError as error:
            problems += problems_of(error)
    return results, problems


def _results(source: Source, chosen: Callable[[str], bool] | None) -> Iterator[Result]:
    """Yield the results of a script; all of it runs, whatever is chosen."""
    for step in run_steps([source]):
        if step.expected is None and step.verdict == "ok":
            continue
        result = _result(step, source.name)
        if chosen is None or chosen(result.full_name):
            yield result


def _result(step: Step, package: str) -> Result:
    expected = step.expected
    text = one_line(step.statement.text)
    name = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return Result(
        package,
        f"{name} [{expected}]" if expected else name,
        expected.span if expected else step.statement.span,
        _outcome(step),
        step.seconds,
        "\n".join([step.problem, *table_lines(step.violating, _ROWS)])
        if step.problem
        else "",
        step.statement.span if step.problem else None,
    )


def _outcome(step: Step) -> Outcome:
    match step.verdict:
        case "ok" | "expected":
            return Outcome.PASS
        case "broken" | "unexpected":
            return Outcome.FAIL
        case "failed":
            return Outcome.ERROR
