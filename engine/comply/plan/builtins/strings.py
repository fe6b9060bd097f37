"""Strings.

https://www.openpolicyagent.org/docs/policy-reference/builtins/strings
"""

from collections.abc import Callable, Sequence
from typing import Final

from comply.plan.builtins import operands
from comply.plan.builtins.arithmetic import format_integer
from comply.plan.builtins.failure import BuiltinError, OperandError, operand_error
from comply.plan.builtins.go_format import sprintf
from comply.plan.builtins.octets import to_octets, to_text
from comply.plan.values import (
    UNDEFINED,
    RegoSet,
    Undefined,
    Value,
    show,
    type_name,
)

# What Go's unicode.IsSpace says; str.strip() alone would take more.
_SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)


def startswith(text: Value, prefix: Value) -> bool:
    """Tell whether a string begins with another.

    >>> startswith("abc", "ab"), startswith("abc", "")
    (True, True)
    """
    if type(text) is str and type(prefix) is str:
        return text.startswith(prefix)
    raise _not_strings(text, prefix)


def endswith(text: Value, suffix: Value) -> bool:
    """Tell whether a string ends with another.

    >>> endswith("abc", "bc")
    True
    """
    if type(text) is str and type(suffix) is str:
        return text.endswith(suffix)
    raise _not_strings(text, suffix)


def contains(text: Value, part: Value) -> bool:
    """Tell whether a string holds another.

    >>> contains("abc", "b"), contains("abc", "")
    (True, True)
    """
    if type(text) is str and type(part) is str:
        return part in text
    raise _not_strings(text, part)


def _not_strings(*values: Value) -> OperandError:
    """Return the error of the first operand that is no string."""
    positions = enumerate(values, 1)
    return next(
        operand_error(at, "string", value)
        for at, value in positions
        if type(value) is not str
    )


def lower(text: Value) -> str:
    """Return a string in lower case, character by character.

    >>> lower("ABC"), lower("ΟΔΟΣ") == "οδοσ"
    ('abc', True)
    """
    if type(text) is not str:
        raise operand_error(1, "string", text)
    if text.isascii():
        return text.lower()
    return "".join([_LOWER.get(c) or c.lower() for c in text])


def upper(text: Value) -> str:
    """Return a string in upper case; a character that would become two stays.

    >>> upper("abc"), upper("straße")
    ('ABC', 'STRAßE')
    """
    if type(text) is not str:
        raise operand_error(1, "string", text)
    if text.isascii():
        return text.upper()
    return "".join([_upper_character(c) for c in text])


# The one character whose full lower case is two: Go knows only single mappings.
_LOWER: Final = {"\u0130": "i"}


def _upper_character(char: str) -> str:
    full = char.upper()
    if len(full) == 1:
        return full
    title = char.title()
    return title if len(title) == 1 else char


def concat(delimiter: Value, parts: Value) -> str:
    """Return the strings of an array or a set, joined.

    >>> concat(",", ["b", "a"]), concat(",", RegoSet(["b", "a"]))
    ('b,a', 'a,b')
    """
    if type(delimiter) is not str:
        raise operand_error(1, "string", delimiter)
    return delimiter.join(_texts(parts, 2, "one of {set, array}"))


def _texts(value: Value, position: int, wanted: str) -> Sequence[str]:
    """Return the strings of an array or a set operand."""
    if type(value) is RegoSet:
        texts = value.ordered()
    elif type(value) is list:
        texts = value
    else:
        raise operand_error(position, wanted, value)
    for text in texts:
        if type(text) is not str:
            name = type_name(value)
            raise OperandError(
                f"operand {position} must be {name} of strings"
                f" but got {name} containing {type_name(text)}"
            )
    return texts


def split(text: Value, delimiter: Value) -> list[str]:
    """Return the parts between the delimiters; an empty one parts all characters.

    >>> split("a.b", "."), split("ab", ""), split("", ".")
    (['a', 'b'], ['a', 'b'], [''])
    """
    if type(text) is str and type(delimiter) is str:
        return text.split(delimiter) if delimiter else list(text)
    raise _not_strings(text, delimiter)


def split_n(text: Value, delimiter: Value, limit: Value) -> list[str]:
    """Return the first `limit` parts, or the last ones if it is negative.

    >>> split_n("a.b.c", ".", 2), split_n("a.b.c", ".", -1)
    (['a', 'b'], ['c'])
    """
    parts = split(text, delimiter)
    number = operands.integer(limit, 3)
    return parts[:number] if number >= 0 else parts[max(0, len(parts) + number) :]


def index_of(text: Value, part: Value) -> int:
    """Return where a string first holds another, -1 if it does not.

    >>> index_of("abcb", "b"), index_of("abc", "z")
    (1, -1)
    """
    if type(text) is not str or type(part) is not str:
        raise _not_strings(text, part)
    if not part:
        raise BuiltinError("empty search character")
    return text.find(part)


def index_of_n(text: Value, part: Value) -> list[int]:
    """Return every place where a string holds another; they may overlap.

    >>> index_of_n("aaa", "aa")
    [0, 1]
    """
    at = index_of(text, part)
    found: list[int] = []
    while at >= 0:
        found.append(at)
        at = text.find(part, at + 1)
    return found


def occurrences(text: Value, part: Value) -> int:
    """Return how often a string holds another, without overlap.

    >>> occurrences("cheese", "e"), occurrences("abc", "")
    (3, 4)
    """
    if type(text) is str and type(part) is str:
        return text.count(part)
    raise _not_strings(text, part)


def substring(text: Value, offset: Value, length: Value) -> str:
    """Return `length` characters from `offset`, all that follow if it is negative.

    >>> substring("abcd", 1, 2), substring("abcd", 2, -1)
    ('bc', 'cd')
    """
    if type(text) is not str:
        raise operand_error(1, "string", text)
    start = operands.integer(offset, 2)
    size = operands.integer(length, 3)
    if start < 0:
        raise BuiltinError("negative offset")
    return text[start:] if size < 0 else text[start : start + size]


def replace(text: Value, old: Value, new: Value) -> str:
    """Return a string with every `old` replaced by `new`.

    >>> replace("aXbX", "X", "-"), replace("ab", "", "-")
    ('a-b-', '-a-b-')
    """
    if type(text) is not str or type(old) is not str or type(new) is not str:
        raise _not_strings(text, old, new)
    if old or text.isascii():
        return text.replace(old, new)
    # OPA puts `new` between the bytes, even of one character.
    octets = bytes_as_text(text).replace("", bytes_as_text(new))
    return to_text(octets.encode("latin-1"))


def replace_n(patterns: Value, text: Value) -> str:
    """Return a string with every key of an object replaced by its value, in one pass.

    Where several keys match, the first in order is taken.

    >>> replace_n({"a": "b", "b": "c"}, "ab")
    'bc'
    """
    mapping = operands.mapping(patterns, 1)
    operands.string(text, 2)
    for key, value in mapping.items():
        if type(key) is not str:
            raise OperandError("operand 1 non-string key found in pattern object")
        if type(value) is not str:
            raise OperandError("operand 1 non-string value found in pattern object")
    pairs = [(key, mapping[key]) for key in sorted(mapping)]
    if "" not in mapping or text.isascii():
        return _replace_in_one_pass(pairs, text)
    octets = [(bytes_as_text(old), bytes_as_text(new)) for old, new in pairs]
    replaced = _replace_in_one_pass(octets, bytes_as_text(text))
    return to_text(replaced.encode("latin-1"))


def bytes_as_text(text: str) -> str:
    r"""Return a string with a character for each byte of `text` in UTF-8.

    >>> bytes_as_text("é") == "\xc3\xa9"
    True
    """
    return to_octets(text).decode("latin-1")


def _replace_in_one_pass(pairs: list[tuple[str, str]], text: str) -> str:
    out: list[str] = []
    at, after_empty = 0, False
    while at <= len(text):
        found = next(
            (
                p
                for p in pairs
                if (p[0] or not after_empty) and text.startswith(p[0], at)
            ),
            None,
        )
        if found is None:
            out.append(text[at : at + 1])
            at += 1
            after_empty = False
        else:
            out.append(found[1])
            at += len(found[0])
            after_empty = not found[0]
    return "".join(out)


def reverse(text: Value) -> str:
    """Return a string's characters, last first.

    >>> reverse("abc")
    'cba'
    """
    return operands.string(text, 1)[::-1]


def trim(text: Value, cutset: Value) -> str:
    """Return a string without the leading and trailing characters in a set of them.

    >>> trim("xyaxy", "xy")
    'a'
    """
    if type(text) is str and type(cutset) is str:
        return text.strip(cutset) if cutset else text
    raise _not_strings(text, cutset)


def trim_left(text: Value, cutset: Value) -> str:
    """Return a string without the leading characters in a set of them.

    >>> trim_left("xxa", "x")
    'a'
    """
    if type(text) is str and type(cutset) is str:
        return text.lstrip(cutset) if cutset else text
    raise _not_strings(text, cutset)


def trim_right(text: Value, cutset: Value) -> str:
    """Return a string without the trailing characters in a set of them.

    >>> trim_right("axx", "x")
    'a'
    """
    if type(text) is str and type(cutset) is str:
        return text.rstrip(cutset) if cutset else text
    raise _not_strings(text, cutset)


def trim_prefix(text: Value, prefix: Value) -> str:
    """Return a string without a prefix, if it has it.

    >>> trim_prefix("abc", "a"), trim_prefix("abc", "z")
    ('bc', 'abc')
    """
    if type(text) is str and type(prefix) is str:
        return text.removeprefix(prefix)
    raise _not_strings(text, prefix)


def trim_suffix(text: Value, suffix: Value) -> str:
    """Return a string without a suffix, if it has it.

    >>> trim_suffix("abc", "c")
    'ab'
    """
    if type(text) is str and type(suffix) is str:
        return text.removesuffix(suffix)
    raise _not_strings(text, suffix)


def trim_space(text: Value) -> str:
    r"""Return a string without leading and trailing white space.

    >>> trim_space(" \ta\u00a0")
    'a'
    """
    return operands.string(text, 1).strip(_SPACES)


def any_prefix_match(texts: Value, prefixes: Value) -> bool:
    """Tell whether any of the strings begins with any of the prefixes.

    Both operands are a string, or an array or a set of strings.

    >>> any_prefix_match(["ab", "cd"], RegoSet(["c"])), any_prefix_match("ab", [])
    (True, False)
    """
    wanted = _one_or_more(prefixes, 2)
    return any(text.startswith(wanted) for text in _one_or_more(texts, 1))


def any_suffix_match(texts: Value, suffixes: Value) -> bool:
    """Tell whether any of the strings ends with any of the suffixes.

    >>> any_suffix_match("ab.tf", [".json", ".tf"])
    True
    """
    wanted = _one_or_more(suffixes, 2)
    return any(text.endswith(wanted) for text in _one_or_more(texts, 1))


def _one_or_more(value: Value, position: int) -> tuple[str, ...]:
    if type(value) is str:
        return (value,)
    return tuple(_texts(value, position, "one of {string, set, array}"))


def template(parts: Sequence[Value | Undefined]) -> str:
    """Return the text of `$"..."`: its parts in turn, strings without quotes.

    An undefined part reads `<undefined>`.

    >>> template(["n = ", 1, ", ", ["a", None], UNDEFINED])
    'n = 1, ["a", null]<undefined>'
    """
    return "".join([p if type(p) is str else _part(p) for p in parts])


def _part(value: Value | Undefined) -> str:
    return "<undefined>" if isinstance(value, Undefined) else show(value)


def template_string(parts: Value) -> str:
    """Return the text of a template as OPA compiles it.

    A part that is no literal text is a set: of its value, or empty if undefined.

    >>> template_string(["a = ", RegoSet([1]), RegoSet()])
    'a = 1<undefined>'
    """
    return template([_unwrap(part) for part in operands.array(parts, 1)])


def _unwrap(part: Value) -> Value | Undefined:
    if type(part) is not RegoSet:
        return part
    if len(part) > 1:
        raise BuiltinError("template expression has more than one value")
    return next(iter(part), UNDEFINED)


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "concat": concat,
    "contains": contains,
    "endswith": endswith,
    "format_int": format_integer,
    "indexof": index_of,
    "indexof_n": index_of_n,
    "internal.template_string": template_string,
    "lower": lower,
    "replace": replace,
    "split": split,
    "sprintf": sprintf,
    "startswith": startswith,
    "strings.any_prefix_match": any_prefix_match,
    "strings.any_suffix_match": any_suffix_match,
    "strings.count": occurrences,
    "strings.replace_n": replace_n,
    "strings.reverse": reverse,
    "strings.split_n": split_n,
    "substring": substring,
    "trim": trim,
    "trim_left": trim_left,
    "trim_prefix": trim_prefix,
    "trim_right": trim_right,
    "trim_space": trim_space,
    "trim_suffix": trim_suffix,
    "upper": upper,
}
