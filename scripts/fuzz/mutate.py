"""SEED -> INPUT: one text turned into another that somebody might hand in, or try.

Everything is a function of the random numbers given, so an input can be made again from
its number alone.
"""

import json
import re  # noqa: TID251  (linear, over texts of our own)
from collections.abc import Callable
from random import Random
from typing import Any, Final

import yaml

LARGEST: Final = 200_000
"""The most bytes an input has: what takes long there takes long because of its form."""

_ODD_BYTES: Final = (
    b"\x00",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r\n",
    b"\r",
    b"\x0b\x0c\x85",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xae",
    b"\xcc\x81" * 40,
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\\u0000",
    b"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80",
    b"\xff",
    b"\x1b[31m",
    b"1e999999",
    b"-0",
    b"9" * 5000,
    b"0x" + b"f" * 300,
    b"1" + b"0" * 400 + b".5",
    b"NaN",
    b".inf",
    b"null",
    b"${",
    b"%{ for x in y }",
    b"{{",
    b"<<EOT\n",
    b"&a [*a]",
    b"<<: *a",
    b"!!python/object:os.system",
    b"? - : |>\n",
    b"/*",
    b"*/",
    b"--",
    b"q'[",
    b"'",
    b'"',
    b"`",
    b";\n/\n",
    b"# comply:ignore * reason=",
    b"__proto__",
    b"../" * 50,
)
_NESTS: Final = (
    (b"[", b"]"),
    (b"{", b"}"),
    (b'{"a":', b"}"),
    (b"(", b")"),
    (b"- ", b""),
    (b"not ", b""),
    (b"-", b""),
    (b"${", b"}"),
    (b"f(", b")"),
    (b"/* ", b" */"),
    (b"a.", b""),
    (b"a[", b"]"),
    (b"1+", b"1"),
    (b"a { ", b"}"),
    (b"!", b""),
    (b"case when ", b" end"),
    (b"(select ", b")"),
    (b"x ? ", b" : y"),
)
_ODD_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    10**400,
    -0.0,
    1e308,
    "",
    "\0",
    "\ud800",
    "\u202e\u0301",
    "x" * 10_000,
    [],
    {},
    [[]],
    {"": None},
    [None, [None]],
    "2026-02-30",
    "${var.nothing}",
    "*",
)
_LARGEST_VALUE: Final = 5 * LARGEST
"""About how many characters of text a value is repeated to: repeated again and again it
would fill the memory of the fuzzer."""

_WORDS: Final[re.Pattern[bytes]] = re.compile(rb"\w+|\W")


def mutated(random: Random, seeds: tuple[bytes, ...], shaped: bool) -> bytes:  # noqa: FBT001  (of a table)
    """Return an input made from one of `seeds`, of some others too where texts are joined.

    Of what is `shaped`, JSON or YAML, the value is changed as often as the text.
    """
    data = random.choice(seeds)
    if shaped and random.random() < 0.5:
        data = reshaped(random, data, random.choice(seeds))
        if random.random() < 0.7:
            return data[:LARGEST]
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        data = random.choice(_CHANGES)(random, data, seeds)[:LARGEST]
    return data


def _flip(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    changed = bytearray(data or b"\n")
    for _ in range(random.choice((1, 2, 16))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _truncate(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    at = _place(random, data)
    return data[:at] if random.random() < 0.8 else data[at:]


def _insert(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    at = _place(random, data)
    return data[:at] + random.choice(_ODD_BYTES) + data[at:]


def _begin_oddly(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    return random.choice(_ODD_BYTES) + data


def _splice(random: Random, data: bytes, seeds: tuple[bytes, ...]) -> bytes:
    other = random.choice(seeds)
    return data[: _place(random, data)] + other[_place(random, other) :]


def _take(random: Random, data: bytes, seeds: tuple[bytes, ...]) -> bytes:
    """Put a line or a few of another seed between two lines."""
    lines, others = data.splitlines(keepends=True), random.choice(seeds).splitlines()
    start = random.randrange(len(others) + 1)
    taken = [line + b"\n" for line in others[start : start + random.randrange(1, 6)]]
    at = random.randrange(len(lines) + 1)
    return b"".join(lines[:at] + taken + lines[at:])


def _drop(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    at = _place(random, data)
    return data[:at] + data[at + random.choice((1, 1, 4, 40)) :]


def _repeat(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    at = _place(random, data)
    part = data[at : at + random.choice((1, 10, 100))]
    return data[:at] + part * random.choice((2, 50, 1000)) + data[at:]


def _repeat_lines(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    lines = data.splitlines(keepends=True)
    at = random.randrange(len(lines) + 1)
    part = lines[at : at + random.randrange(1, 8)]
    return b"".join(lines[:at] + part * random.choice((2, 2, 30)) + lines[at:])


def _nest(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    opening, closing = random.choice(_NESTS)
    depth = random.choice((20, 300, 3_000, 30_000))
    start = _place(random, data)
    end = min(len(data), start + random.choice((0, 1, 10, 100)))
    if random.random() < 0.3:
        closing = b""
    return (
        data[:start] + opening * depth + data[start:end] + closing * depth + data[end:]
    )


def _exchange_words(random: Random, data: bytes, seeds: tuple[bytes, ...]) -> bytes:
    """Replace some words by words of this seed or of another."""
    words = _words(data)
    others = _words(random.choice((data, random.choice(seeds))))
    if not words or not others:
        return data
    for _ in range(random.choice((1, 1, 2, 5))):
        words[random.randrange(len(words))] = random.choice(others)
    return b"".join(words)


def _move_words(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    words = _words(data)
    if len(words) < 2:
        return data
    first, second = random.randrange(len(words)), random.randrange(len(words))
    words[first], words[second] = words[second], words[first]
    return b"".join(words)


def _recode(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    text = data.decode("utf-8", "replace")
    name = random.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig"))
    return text.encode(name, "replace")


def _end_lines_oddly(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    ending = random.choice((b"\r\n", b"\r", b"\n\n", b"\n\t", b"\\\n", b" "))
    return data.replace(b"\n", ending)


def _enlarge_numbers(random: Random, data: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    number = random.choice((b"9" * 20, b"9" * 5000, b"1e400", b"-1", b"0", b"1e-400"))
    return b"".join(
        number if word.isdigit() and random.random() < 0.3 else word
        for word in _words(data)
    )


_CHANGES: Final[tuple[Callable[[Random, bytes, tuple[bytes, ...]], bytes], ...]] = (
    _flip,
    _truncate,
    _insert,
    _begin_oddly,
    _splice,
    _take,
    _drop,
    _repeat,
    _repeat_lines,
    _nest,
    _exchange_words,
    _exchange_words,
    _move_words,
    _recode,
    _end_lines_oddly,
    _enlarge_numbers,
)


def _place(random: Random, data: bytes) -> int:
    return random.randrange(len(data) + 1)


def _words(data: bytes) -> list[bytes]:
    """Return words and what is between them, a character each; joined they are `data`."""
    return _WORDS.findall(data)


def reshaped(random: Random, data: bytes, other: bytes) -> bytes:
    """Return a seed with parts of its value replaced, left out, wrapped or exchanged."""
    value, wrote_json = _value(data)
    donor, _ = _value(other)
    for _ in range(random.choice((1, 1, 2, 4))):
        value = exchanged(random, value, donor)
    if wrote_json:
        indent = random.choice((None, 2))
        return json.dumps(value, indent=indent).encode()
    flow = random.choice((None, False, True))
    try:
        # Deeper values are beyond PyYAML's writer; `_nest` makes texts of them.
        text: str = yaml.dump(
            value, Dumper=yaml.CSafeDumper, default_flow_style=flow, allow_unicode=True
        )
        return text.encode()
    except UnicodeEncodeError:
        # Halves of characters are escaped in JSON, which is YAML as well.
        return json.dumps(value).encode()


def _value(data: bytes) -> tuple[Any, bool]:
    """Return the value of a seed, and whether it is JSON."""
    try:
        return json.loads(data), True
    except ValueError:
        # Seeds are the project's own: text without a time, so a scalar stays as written.
        loaded = list(yaml.load_all(data, yaml.CBaseLoader))
        return loaded[0], False


def exchanged(random: Random, value: Any, donor: Any) -> Any:  # noqa: ANN401  (any JSON)
    """Return a copy of a value in which one place, mostly a deep one, is another."""
    if not isinstance(value, dict | list) or not value or random.random() < 0.1:
        return _replacement(random, value, donor)
    if isinstance(value, list):
        at = random.randrange(len(value))
        return [*value[:at], exchanged(random, value[at], donor), *value[at + 1 :]]
    key = random.choice(list(value))
    match random.randrange(8):
        case 0:
            return {k: v for k, v in value.items() if k != key}
        case 1:
            renamed = random.choice(("", "\0", key.upper(), key + "s", "0"))
            return {renamed if k == key else k: v for k, v in value.items()}
        case _:
            return value | {key: exchanged(random, value[key], donor)}


def _replacement(random: Random, value: Any, donor: Any) -> Any:  # noqa: ANN401  (any JSON)
    match random.randrange(6):
        case 0:
            times = random.choice((1, 2, 500))
            return [value] * min(times, 1 + _LARGEST_VALUE // _size(value))
        case 1:
            return {random.choice(("a", "", "address")): value}
        case 2:
            return _part(random, donor)
        case 3:
            for _ in range(random.choice((2, 20, 60))):
                value = [value] if random.random() < 0.5 else {"a": value}
            return value
        case _:
            return random.choice(_ODD_VALUES)


def _size(value: Any) -> int:  # noqa: ANN401  (any JSON)
    """Return about how many characters a value takes, counted to `_LARGEST_VALUE` only."""
    size, waiting = 0, [value]
    while waiting and size < _LARGEST_VALUE:
        match waiting.pop():
            case dict() as members:
                size += sum(map(len, members)) + 1
                waiting += members.values()
            case list() as items:
                size += 1
                waiting += items
            case str() as text:
                size += len(text) + 1
            case int() as number:
                size += number.bit_length() // 3 + 1
            case _:
                size += 1
    return size


def _part(random: Random, value: Any) -> Any:  # noqa: ANN401  (any JSON)
    """Return a part of a value, at any depth."""
    while isinstance(value, dict | list) and value and random.random() < 0.8:
        value = random.choice(
            list(value.values() if isinstance(value, dict) else value)
        )
    return value
