"""REASONS AND STORIES -> TEXT: why something held or did not, for people."""

from collections.abc import Iterable, Iterator

from comply.rego.explain import Line, Reason
from comply.report.characters import one_line, visible
from comply.report.look import Look


def reason_lines(reason: Reason, look: Look, file: str = "") -> Iterator[str]:
    """Yield the lines of a reason; the file is named where it is another than `file`."""
    more = (
        f" (in {reason.turns:,} turns, the first is shown)" if reason.turns > 1 else ""
    )
    yield look.paint("1", one_line(reason.text)) + more
    if reason.span.file != file:
        yield look.paint("2", f"{reason.span.file}:{reason.span.row}")
    yield from look.excerpt(reason.span)
    yield from (f"    {line}" for line in value_lines(reason.values, look))
    for inner in reason.because:
        arrow = look.pick("→", "->")
        first, *rest = reason_lines(inner, look, reason.span.file)
        yield f"  {look.paint('33', arrow)} {look.paint('1', inner.rule)}: {first}"
        yield from (f"      {line}" for line in rest)


def value_lines(values: Iterable[tuple[str, str]], look: Look) -> Iterator[str]:
    """Yield `expression = value`, the signs of equality under each other."""
    pairs = [(one_line(text), one_line(value)) for text, value in values]
    width = min(max((len(text) for text, _ in pairs), default=0), 40)
    for text, value in pairs:
        yield f"{look.paint('36', f'{text:<{width}}')} = {value}"


def held_lines(lines: Iterable[Line], look: Look) -> Iterator[str]:
    """Yield the lines of a rule that held, each with the values that it saw."""
    listed = list(lines)
    width = max((len(str(line.span.row)) for line in listed), default=1)
    bar = look.pick("│", "|")
    for line in listed:
        text = visible(line.span.line.strip())
        yield look.paint("2", f"{line.span.row:>{width}} {bar} ") + text
        for value in value_lines(line.values, look):
            yield look.paint("2", f"{'':>{width}} {bar}     ") + value
