"""REPORT -> JSON and JUnit XML, for programs."""

import json
from collections import Counter
from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Any, Final, TextIO

from comply.explain.machine import place, reason_object
from comply.explain.text import reason_lines
from comply.report.characters import visible
from comply.report.look import Look
from comply.testing.coverage import percentage
from comply.testing.cross_check_text import opinion_objects
from comply.testing.results import FileUse, Outcome, Report, Result

_PLAIN: Final = Look(colour=False, unicode=False)


def write_json(report: Report, out: TextIO) -> None:
    """Write one object: `summary`, `tests`, `errors` and, if asked for, `coverage`."""
    counts = Counter(result.outcome for result in report.results)
    value: dict[str, Any] = {
        "summary": {
            **{str(outcome): counts[outcome] for outcome in Outcome},
            "files": report.files,
            "file_errors": len(report.problems),
            "seconds": round(report.seconds, 3),
        },
        "tests": [_test(result) for result in report.results],
        "errors": [
            {"code": p.code, "message": p.message, "hint": p.hint, **place(p.span)}
            for p in report.problems
        ],
        "notices": list(report.notices),
    }
    if report.coverage is not None:
        value["coverage"] = coverage_object(report.coverage)
    if report.opinions is not None:
        value["cross_check"] = opinion_objects(report.opinions)
    json.dump(value, out, ensure_ascii=False, indent=2)
    out.write("\n")


def coverage_object(files: tuple[FileUse, ...]) -> dict[str, Any]:
    """Return the coverage as JSON has it: a share in percent, and rows, for each file."""
    return {
        "coverage": round(percentage(files), 2),
        "files": {
            file.file: {
                "coverage": round(percentage([file]), 2),
                "covered": [line.row for line in file.lines if line.covered],
                "not_covered": [line.row for line in file.lines if not line.covered],
                "rules": [
                    {"name": r.name, "row": r.row, "covered": r.covered}
                    for r in file.rules
                ],
            }
            for file in files
        },
    }


def _test(result: Result) -> dict[str, Any]:
    value: dict[str, Any] = {
        "name": result.name,
        "package": result.package,
        "outcome": str(result.outcome),
        "seconds": round(result.seconds, 6),
        **place(result.span),
    }
    if result.message:
        value["message"] = result.message
    if result.place is not None:
        value["place"] = place(result.place)
    if result.reasons:
        value["reasons"] = [reason_object(reason) for reason in result.reasons]
    if result.prints:
        value["printed"] = list(result.prints)
    return value


def write_junit(report: Report, out: TextIO) -> None:
    """Write a `testsuites` element with a suite a file.

    https://github.com/testmoapp/junitxml
    """
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    total = _counts(list(report.results), len(report.problems))
    out.write(f'<testsuites name="comply test" {total} time="{report.seconds:.3f}">\n')
    for name, group in groupby(report.results, key=lambda r: r.span.file):
        results = list(group)
        out.write(f"  <testsuite name={_quoted(name)} {_counts(results)}>\n")
        out.writelines(line for result in results for line in _case(result))
        out.write("  </testsuite>\n")
    for problem in report.problems:
        name = _quoted(problem.span.file if problem.span else "files")
        out.write(f'  <testsuite name={name} tests="1" failures="0" errors="1">\n')
        out.write(f'    <testcase classname={name} name="it compiles">\n')
        message = _quoted(problem.message)
        out.write(f"      <error message={message}>{_text(problem.render())}</error>\n")
        out.write("    </testcase>\n  </testsuite>\n")
    out.write("</testsuites>\n")


def _counts(results: list[Result], errors: int = 0) -> str:
    counts = Counter(result.outcome for result in results)
    return (
        f'tests="{len(results) + errors}" failures="{counts[Outcome.FAIL]}" '
        f'errors="{counts[Outcome.ERROR] + errors}" skipped="{counts[Outcome.SKIP]}"'
    )


def _case(result: Result) -> Iterator[str]:
    span = result.span
    yield (
        f"    <testcase classname={_quoted(result.package)} name={_quoted(result.name)}"
        f' file={_quoted(span.file)} line="{span.row}" time="{result.seconds:.6f}">\n'
    )
    if result.outcome is Outcome.SKIP:
        yield "      <skipped/>\n"
    elif result.outcome is not Outcome.PASS:
        lines = [line for r in result.reasons for line in reason_lines(r, _PLAIN)]
        first = result.message or next(iter(lines), "it is undefined")
        text = "\n".join([*([result.message] if result.message else []), *lines])
        element = "failure" if result.outcome is Outcome.FAIL else "error"
        yield f"      <{element} message={_quoted(first)}>{_text(text)}</{element}>\n"
    if result.prints:
        yield f"      <system-out>{_text(chr(10).join(result.prints))}</system-out>\n"
    yield "    </testcase>\n"


def _quoted(text: str) -> str:
    return '"' + _text(text).replace("\n", "&#10;") + '"'


def _text(text: str) -> str:
    return escape(_text_plain(text))


def _text_plain(text: str) -> str:
    """Return text with what XML cannot hold written out."""
    return visible(text).encode("utf-8", "replace").decode()
