"""TEXT <-> BYTES: strings that hold any bytes, as Go's do.

A decoded string may be no UTF-8 at all (`base64.decode` of a digest). Such bytes live
in a Python string as lone surrogates (PEP 383), so that `hex.encode(base64.decode(x))`
loses nothing. A surrogate that stands for no byte becomes U+FFFD, as in Go.
"""


def to_octets(text: str) -> bytes:
    r"""Return the bytes that `text` stands for.

    >>> to_octets("é"), to_octets("\udcff"), to_octets("\ud800")
    (b'\xc3\xa9', b'\xff', b'\xef\xbf\xbd')
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return _replace_surrogates(text).encode("utf-8", "surrogateescape")


def to_text(octets: bytes) -> str:
    r"""Return the string that holds `octets`.

    >>> to_text(b"\xc3\xa9"), to_text(b"\xff")
    ('é', '\udcff')
    """
    return octets.decode("utf-8", "surrogateescape")


def printable(text: str) -> str:
    r"""Return `text` with U+FFFD for whatever is no character.

    >>> printable("a\udcffb")
    'a\ufffdb'
    """
    if text.isascii():
        return text
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


def quoted(text: str) -> str:
    r"""Return a text in quotes, what is not plain ASCII escaped.

    >>> quoted('a"é')
    '"a\\"\\xc3\\xa9"'
    """
    out = []
    for octet in to_octets(text):
        c = chr(octet)
        if c in '"\\':
            out.append("\\" + c)
        else:
            out.append(c if " " <= c < "\x80" else f"\\x{octet:02x}")
    return f'"{"".join(out)}"'


def _replace_surrogates(text: str) -> str:
    return "".join(
        "\ufffd" if "\ud800" <= c <= "\udc7f" or "\udd00" <= c <= "\udfff" else c
        for c in text
    )
