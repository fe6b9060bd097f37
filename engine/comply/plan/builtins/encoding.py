"""The built-ins base64.*, base64url.* and hex.*: bytes as text, and back.

https://www.openpolicyagent.org/docs/policy-reference/builtins/encoding
"""

from base64 import b64decode, b64encode, urlsafe_b64encode
from string import ascii_letters, digits
from typing import Final

from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.octets import to_octets, to_text
from comply.plan.builtins.operands import string
from comply.plan.values import Value

STANDARD: Final = frozenset(ascii_letters + digits + "+/")
_URL: Final = frozenset(ascii_letters + digits + "-_")
_HEX: Final = frozenset("0123456789abcdefABCDEF")


def encode_base64(value: Value) -> str:
    """Return a string's base64.

    >>> encode_base64("hello")
    'aGVsbG8='
    """
    return b64encode(to_octets(string(value))).decode()


def decode_base64(value: Value) -> str:
    """Return the string whose base64 is `value`; line ends do not count.

    Raises:
        BuiltinError: at the first byte that is no base64.

    >>> decode_base64("aGVsbG8=")
    'hello'
    """
    text = string(value)
    fault = base64_fault(text, STANDARD, padded=True)
    if fault is not None:
        raise _illegal(fault)
    return to_text(b64decode(_without_line_ends(text)))


def is_base64(value: Value) -> bool:
    """Tell whether `value` is a string that `base64.decode` takes.

    >>> is_base64("aGVsbG8="), is_base64("aGVsbG8"), is_base64(1)
    (True, False, False)
    """
    return type(value) is str and base64_fault(value, STANDARD, padded=True) is None


def encode_base64url(value: Value) -> str:
    """Return a string's URL-safe base64, padded.

    >>> encode_base64url("subjects?_d~~")
    'c3ViamVjdHM_X2R-fg=='
    """
    return urlsafe_b64encode(to_octets(string(value))).decode()


def encode_base64url_no_pad(value: Value) -> str:
    """Return a string's URL-safe base64 without padding.

    >>> encode_base64url_no_pad("hello")
    'aGVsbG8'
    """
    return encode_base64url(value).rstrip("=")


def decode_base64url(value: Value) -> str:
    """Return the string whose URL-safe base64, padded or not, is `value`.

    Raises:
        BuiltinError: at the first byte that is no URL-safe base64.

    >>> decode_base64url("aGVsbG8")
    'hello'
    """
    return to_text(base64url_octets(string(value)))


def base64url_octets(text: str) -> bytes:
    """Return the bytes whose URL-safe base64, padded or not, is `text`.

    Raises:
        BuiltinError: at the first byte that is no URL-safe base64.
    """
    if not text.endswith("="):
        if len(to_octets(text)) % 4 == 1:
            raise BuiltinError(f"illegal base64url string: {text}")
        text += "=" * (-len(text) % 4)
    fault = base64_fault(text, _URL, padded=True)
    if fault is not None:
        raise _illegal(fault)
    return b64decode(_without_line_ends(text), altchars=b"-_")


def raw_base64url_octets(text: str) -> bytes:
    """Return the bytes whose URL-safe base64 without padding is `text`.

    Raises:
        BuiltinError: at the first byte that is no URL-safe base64.
    """
    fault = base64_fault(text, _URL, padded=False)
    if fault is not None:
        raise _illegal(fault)
    bare = _without_line_ends(text)
    return b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_")


def base64_fault(text: str, alphabet: frozenset[str], *, padded: bool) -> int | None:
    """Return the offset at which Go's decoder gives up on `text`, or None.

    The offset counts bytes. A character or padding out of place is named itself, an
    end that comes too early is named by the start of its group.

    >>> base64_fault("aGVsbG8", STANDARD, padded=True)
    4
    """
    kept: list[tuple[int, str]] = []
    at = 0
    for c in text:
        if c not in "\r\n":
            kept.append((at, c))
        at += len(to_octets(c))
    for i, (offset, c) in enumerate(kept):
        if c not in alphabet:
            return _padding_fault(kept, i, at) if padded and c == "=" else offset
    rest = len(kept) % 4
    if rest == 0 or (not padded and rest != 1):
        return None
    return at - rest


def _padding_fault(kept: list[tuple[int, str]], i: int, end: int) -> int | None:
    """Return what is wrong with the padding that starts at `kept[i]`, or None."""
    if i % 4 < 2:
        return kept[i][0]
    after = i + 1
    if i % 4 == 2:
        if after == len(kept):
            return end
        if kept[after][1] != "=":
            return kept[after][0] - 1
        after += 1
    return kept[after][0] if after < len(kept) else None


def _without_line_ends(text: str) -> str:
    return text.replace("\n", "").replace("\r", "")


def _illegal(offset: int) -> BuiltinError:
    return BuiltinError(f"illegal base64 data at input byte {offset}")


def encode_hex(value: Value) -> str:
    """Return a string's bytes in hexadecimal.

    >>> encode_hex("lorem")
    '6c6f72656d'
    """
    return to_octets(string(value)).hex()


def decode_hex(value: Value) -> str:
    """Return the string whose bytes are `value` in hexadecimal.

    Raises:
        BuiltinError: if a character is no digit, or the number of digits is odd.

    >>> decode_hex("6c6f72656d")
    'lorem'
    """
    octets = to_octets(string(value))
    for octet in octets:
        if chr(octet) not in _HEX:
            raise BuiltinError(f"encoding/hex: invalid byte: {_rune(octet)}")
    if len(octets) % 2:
        raise BuiltinError("encoding/hex: odd length hex string")
    return to_text(bytes.fromhex(octets.decode()))


def _rune(octet: int) -> str:
    """Return a byte as Go's `%#U` prints it."""
    shown = f" '{chr(octet)}'" if chr(octet).isprintable() else ""
    return f"U+{octet:04X}{shown}"


BUILTINS: Final = {
    "base64.decode": decode_base64,
    "base64.encode": encode_base64,
    "base64.is_valid": is_base64,
    "base64url.decode": decode_base64url,
    "base64url.encode": encode_base64url,
    "base64url.encode_no_pad": encode_base64url_no_pad,
    "hex.decode": decode_hex,
    "hex.encode": encode_hex,
}
