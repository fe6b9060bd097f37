"""REASONS -> JSON, for programs."""

from typing import Any

from comply.rego.explain import Reason
from comply.source import Span


def reason_object(reason: Reason) -> dict[str, Any]:
    """Return a reason as JSON has it; values are Rego text."""
    return {
        "rule": reason.rule,
        "text": reason.text,
        **place(reason.span),
        "line": reason.span.line,
        "values": dict(reason.values),
        "turns": reason.turns,
        "because": [reason_object(inner) for inner in reason.because],
    }


def place(span: Span | None) -> dict[str, Any]:
    """Return a place as JSON has it; nothing if it is not known."""
    return {} if span is None else {"file": span.file, "row": span.row, "col": span.col}
