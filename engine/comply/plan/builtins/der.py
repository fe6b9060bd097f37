"""BYTES -> ELEMENTS: just enough of DER and PEM to cut certificates up unchanged."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Final

from comply.classes import dataclass
from comply.plan.builtins.failure import BuiltinError

BOOLEAN: Final = 0x01

_BEGIN: Final = "-----BEGIN "
_DASHES: Final = "-----"


@dataclass(frozen=True, slots=True)
class Element:
    """A DER element: its tag, its content, and all its bytes."""

    tag: int
    content: bytes
    whole: bytes


def read_elements(octets: bytes) -> list[Element]:
    r"""Return the elements that stand one after another in `octets`.

    Raises:
        BuiltinError: if they are cut short.

    >>> read_elements(b"\x01\x01\xff")[0].content
    b'\xff'
    """
    found = []
    while octets:
        element = _read_element(octets)
        found.append(element)
        octets = octets[len(element.whole) :]
    return found


def _read_element(octets: bytes) -> Element:
    if len(octets) < 2:
        raise BuiltinError("asn1: syntax error: data truncated")
    start, length = 2, octets[1]
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(octets[2:start])
    end = start + length
    if end > len(octets):
        raise BuiltinError("asn1: syntax error: data truncated")
    return Element(octets[0], octets[start:end], octets[:end])


def read_identifier(content: bytes) -> list[int]:
    r"""Return the numbers of an object identifier's content.

    >>> read_identifier(b"\x55\x1d\x13")
    [2, 5, 29, 19]
    """
    numbers = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2) if numbers else 0
    return [first, numbers[0] - first * 40, *numbers[1:]] if numbers else []


@dataclass(frozen=True, slots=True)
class Block:
    """A PEM block: its type, such as `CERTIFICATE`, and what it holds."""

    kind: str
    octets: bytes


def read_pem(text: str) -> list[Block]:
    r"""Return the PEM blocks of a text; what is none is passed over.

    >>> read_pem("-----BEGIN X-----\nAAAA\n-----END X-----\n")
    [Block(kind='X', octets=b'\x00\x00\x00')]
    """
    blocks = []
    at = _next_block(text, 0)
    while at >= 0:
        label_end = text.find(_DASHES, at + len(_BEGIN))
        kind = text[at + len(_BEGIN) : label_end]
        end = text.find(f"\n-----END {kind}{_DASHES}", label_end)
        if label_end < 0 or end < 0:
            break
        body = text[label_end + len(_DASHES) : end]
        octets = _pem_octets(body)
        if octets is not None:
            blocks.append(Block(kind, octets))
        at = _next_block(text, end)
    return blocks


def _next_block(text: str, start: int) -> int:
    """Return where the next block begins, which is at the start of a line, or -1."""
    if start == 0 and text.startswith(_BEGIN):
        return 0
    found = text.find("\n" + _BEGIN, start)
    return found + 1 if found >= 0 else -1


def _pem_octets(body: str) -> bytes | None:
    lines = body.splitlines()
    if any(":" in line for line in lines):  # headers end at an empty line
        blank = next((i for i, line in enumerate(lines) if i and not line), None)
        lines = lines[blank:] if blank is not None else []
    try:
        return b64decode("".join(line.strip() for line in lines), validate=True)
    except Base64Error:
        return None
