"""MANIFESTS -> ALLOWANCES: the annotation `comply.dev/ignore`, which survives rendering.

Its value holds an exception a line, written as the comments are:

    metadata:
      annotations:
        comply.dev/ignore: |
          kubernetes/baseline/no-latest reason="pinned by digest" until=2027-01-31
"""

from dataclasses import replace
from typing import Any, Final

from comply.exempt.allowance import KEY, Allowance
from comply.exempt.directive import Mistake, mistaken, parse_directive
from comply.findings import Finding
from comply.load.facts import Document
from comply.load.kubernetes import identity, load
from comply.source import LoadError, Source

_PATH: Final = ("metadata", "annotations")


def annotated_exceptions(source: Source) -> tuple[list[Allowance], list[Finding]]:
    """Return the exceptions in the annotations of a file's manifests, and mistakes."""
    allowances: list[Allowance] = []
    mistakes: list[Finding] = []
    if KEY not in source.text:
        return [], []
    try:
        documents = load(source)
    except LoadError:
        # The loader has said what is wrong with this file: nothing in it is allowed.
        return [], []
    for document in documents:
        value = _annotation(document)
        if value is None:
            continue
        place = document.locate((*_PATH, KEY))
        texts = value.splitlines() if isinstance(value, str) else [""]
        for text in (
            filter(None, map(str.strip, texts)) if isinstance(value, str) else texts
        ):
            made = parse_directive(text)
            if isinstance(made, Mistake):
                mistakes.append(mistaken(made, place))
                continue
            allowances.append(
                replace(made, place=place, inline=True, fact=identity(document.value))
            )
    return allowances, mistakes


def _annotation(document: Document) -> Any:  # noqa: ANN401  (JSON)
    value = document.value
    for step in (*_PATH, KEY):
        value = value.get(step) if isinstance(value, dict) else None
    return value
