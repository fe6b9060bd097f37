"""FINDINGS -> BYTES: what a run found, for people, for other programs, for CI systems.

A reporter module has `write(findings, out, run)`; it is imported when it is asked for.
Findings arrive redacted and in order (`comply.report.redact`, `comply.report.run`).
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Final, TextIO, TypeAlias

from comply.findings import Finding
from comply.report.run import Run

Reporter: TypeAlias = Callable[[Iterable[Finding], TextIO, Run], None]

REPORTERS: Final = {
    "text": "comply.report.text",
    "json": "comply.report.json_report",
    "sarif": "comply.report.sarif",
    "junit": "comply.report.junit",
    "github": "comply.report.github",
    "gitlab": "comply.report.gitlab",
    "markdown": "comply.report.markdown",
    "csv": "comply.report.csv_report",
    "html": "comply.report.html_report",
}


def reporter(name: str) -> Reporter:
    """Return the reporter called `name`.

    Raises:
        KeyError: if there is none.
    """
    write: Reporter = import_module(REPORTERS[name]).write
    return write
