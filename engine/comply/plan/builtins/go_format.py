"""FORMAT x OPERANDS -> TEXT: `sprintf`, with the verbs, flags and complaints of Go.

https://www.openpolicyagent.org/docs/policy-reference/builtins/strings and
https://pkg.go.dev/fmt: a wrong format never fails, it prints what is wrong with it.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from comply.classes import dataclass
from comply.plan.builtins.failure import HaltError, operand_error
from comply.plan.builtins.go_verbs import (
    Directive,
    Operand,
    go_type,
    operand,
    print_operand,
)
from comply.plan.values import RegoSet, Value, number_text, show

_FLAGS: Final[dict[str, str]] = {
    "#": "sharp",
    "0": "zero",
    "+": "plus",
    "-": "minus",
    " ": "space",
}
_LARGEST: Final = 1_000_000
_LONGEST: Final = 100_000_000
_SHOWN: Final = frozenset({bool, type(None), list, dict, RegoSet})
_NO_VERB: Final = "%!(NOVERB)"


def sprintf(template: Value, values: Value) -> str:
    """Return a format with its verbs replaced by the operands in an array.

    >>> sprintf("%s is %d, %v", ["a", 3, ["b", 1.5]])
    'a is 3, ["b", 1.5]'
    >>> sprintf("%05.1f|%x", [2.25, "hi"]), sprintf("%d", ["a"])
    ('002.2|6869', '%!d(string=a)')
    """
    if type(template) is not str:
        raise operand_error(1, "string", template)
    if type(values) is not list:
        raise operand_error(2, "array", values)
    simple = _simple(template)
    if simple is not None and len(simple[1]) == len(values):
        texts = [
            value if type(value) is str and verb != "d" else _plain(verb, value)
            for verb, value in zip(simple[1], values, strict=True)
        ]
        return simple[0] % tuple(texts)
    return format_text(template, [operand(value) for value in values])


@lru_cache(maxsize=2048)
def _simple(template: str) -> tuple[str, str] | None:
    """Return the format for Python, and the verbs, if all are plain `s v d`.

    >>> _simple("%s: 5%% of %d"), _simple("%5d")
    (('%s: 5%% of %s', 'sd'), None)
    """
    first, *parts = template.split("%")
    pieces, verbs = [first], ""
    escaped = False
    for part in parts:
        if escaped:
            pieces.append(part)
            escaped = False
        elif not part:
            pieces.append("%%")
            escaped = True
        elif part[0] in "svd":
            verbs += part[0]
            pieces.append("%s" + part[1:])
        else:
            return None
    return None if escaped else ("".join(pieces), verbs)


def _plain(verb: str, value: Value) -> str:
    """Return a value under a verb without flags."""
    kind = type(value)
    if kind is int and verb != "s":
        return number_text(value)
    if kind in _SHOWN and verb != "d":
        return show(value)
    return print_operand(operand(value), Directive(verb))


@dataclass(slots=True)
class _Cursor:
    """Where a format is being read, and which operand comes next."""

    text: str
    values: list[Operand]
    at: int = 0
    next: int = 0
    reordered: bool = False
    good: bool = True
    after_index: bool = False

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]


def format_text(template: str, values: list[Operand]) -> str:
    """Return what Go's `Sprintf` returns of operands that `operand` made.

    Raises:
        HaltError: if the widths asked for add up to an absurd length.

    >>> format_text("%[2]d %[1]d", [1, 2]), format_text("%!", [1])
    ('2 1', '%!!(int64=1)')
    """
    cursor = _Cursor(template, values)
    out: list[str] = []
    length = 0
    while cursor.at < len(template):
        percent = template.find("%", cursor.at)
        end = percent if percent >= 0 else len(template)
        out.append(template[cursor.at : end])
        if percent < 0:
            break
        cursor.at = percent + 1
        out.append(_directive(cursor))
        length += len(out[-1])
        if length > _LONGEST:
            raise HaltError(f"a text of more than {_LONGEST} characters")
    if not cursor.reordered and cursor.next < len(values):
        out.append(_extra(values[cursor.next :]))
    return "".join(out)


def _extra(values: list[Operand]) -> str:
    notes = [
        f"{'*' if go_type(v) == 'big.Int' else ''}{go_type(v)}"
        f"={print_operand(v, Directive())}"
        for v in values
    ]
    return f"%!(EXTRA {', '.join(notes)})"


def _directive(cursor: _Cursor) -> str:
    """Return the text of the directive that begins after the cursor's `%`."""
    cursor.good, cursor.after_index = True, False
    how, notes = _flags(cursor), ""
    if not _is_simple_verb(cursor):
        _argument_index(cursor)
        how, notes = _width(cursor, how)
        how, note = _precision(cursor, how)
        notes += note
        if not cursor.after_index:
            _argument_index(cursor)
    verb = cursor.peek()
    if not verb:
        return notes + _NO_VERB
    cursor.at += 1
    return notes + _print_next(cursor, verb, how)


def _flags(cursor: _Cursor) -> Directive:
    flags: dict[str, bool] = {}
    while flag := _FLAGS.get(cursor.peek()):
        flags[flag] = True
        cursor.at += 1
    return Directive("v", **flags)


def _is_simple_verb(cursor: _Cursor) -> bool:
    return "a" <= cursor.peek() <= "z" and cursor.next < len(cursor.values)


def _print_next(cursor: _Cursor, verb: str, how: Directive) -> str:
    if verb == "%":
        return "%"
    if not cursor.good:
        return f"%!{verb}(BADINDEX)"
    if cursor.next >= len(cursor.values):
        return f"%!{verb}(MISSING)"
    how = replace(how, verb=verb)
    if verb in "vw":
        how = replace(how, sharp=False, plus=False, sharp_v=how.sharp, plus_v=how.plus)
    value = cursor.values[cursor.next]
    cursor.next += 1
    return print_operand(value, how)


def _width(cursor: _Cursor, how: Directive) -> tuple[Directive, str]:
    if cursor.peek() != "*":
        width = _number(cursor)
        if cursor.after_index and width is not None:
            cursor.good = False
        return replace(how, width=width), ""
    cursor.at += 1
    cursor.after_index = False
    width = _operand_number(cursor)
    if width is None:
        return how, "%!(BADWIDTH)"
    if width < 0:
        return replace(how, width=-width, minus=True, zero=False), ""
    return replace(how, width=width), ""


def _precision(cursor: _Cursor, how: Directive) -> tuple[Directive, str]:
    if cursor.peek() != ".":
        return how, ""
    cursor.at += 1
    if cursor.after_index:
        cursor.good = False
    _argument_index(cursor)
    if cursor.peek() != "*":
        return replace(how, precision=_number(cursor) or 0), ""
    cursor.at += 1
    cursor.after_index = False
    precision = _operand_number(cursor)
    if precision is None or precision < 0:
        return how, "%!(BADPREC)"
    return replace(how, precision=precision), ""


def _number(cursor: _Cursor) -> int | None:
    """Read a decimal number; one that is too large swallows the rest, as in Go."""
    start = cursor.at
    value = 0
    while "0" <= cursor.peek() <= "9":
        if value > _LARGEST:
            cursor.at = len(cursor.text)
            return None
        value = value * 10 + int(cursor.peek())
        cursor.at += 1
    return value if cursor.at > start else None


def _operand_number(cursor: _Cursor) -> int | None:
    """Take the next operand as a width or precision, None if it is none."""
    if cursor.next >= len(cursor.values):
        return None
    value = cursor.values[cursor.next]
    cursor.next += 1
    if isinstance(value, int) and -_LARGEST <= value <= _LARGEST:
        return value
    return None


def _argument_index(cursor: _Cursor) -> None:
    """Read `[n]`, if it is there: the next operand is number n."""
    cursor.after_index = False
    if cursor.peek() != "[":
        return
    cursor.reordered = True
    start = cursor.at
    close = cursor.text.find("]", start + 1)
    if close < 0:
        cursor.good = False
        cursor.at = start + 1
        return
    cursor.at = start + 1
    index = _number(cursor)
    well_formed = index is not None and cursor.at == close
    cursor.at = close + 1
    cursor.after_index = well_formed
    if index is not None and well_formed and 1 <= index <= len(cursor.values):
        cursor.next = index - 1
    else:
        cursor.good = False
