"""BYTES -> SOURCE: text in the encoding it is in, or an error that says what it is."""

import codecs
from pathlib import Path
from typing import Final

from comply.source import LoadError, Source, Span

LARGEST: Final = 1 << 30
"""The most bytes a file may have: 1 GiB. A plan of 100 MB is real; this is not."""

_MARKS: Final = (
    # Longest first: the UTF-16 mark begins the UTF-32 one.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)

_FORMATS: Final = (
    (b"\x1f\x8b", "a gzip archive", "unpack it first: gunzip FILE"),
    (b"BZh", "a bzip2 archive", "unpack it first: bunzip2 FILE"),
    (b"\xfd7zXZ", "an xz archive", "unpack it first: xz -d FILE"),
    (b"(\xb5/\xfd", "a zstd archive", "unpack it first: zstd -d FILE"),
    (b"%PDF", "a PDF document", ""),
    (b"\x89PNG", "a picture", ""),
    (b"\x7fELF", "a program", ""),
    (b"SQLite format 3\x00", "an SQLite database", ""),
)

_ZIP: Final = b"PK\x03\x04"


def decode(name: str, data: bytes) -> Source:
    r"""Return the text of a file's bytes, without its byte order mark.

    The encoding is UTF-8, or UTF-16 or UTF-32 with a byte order mark, which is what
    `>` writes in Windows PowerShell.

    Raises:
        LoadError: if the bytes are a binary format, are too many, or are no text.

    >>> decode("a", b"\xff\xfea\x00").text
    'a'
    """
    if len(data) > LARGEST:
        raise LoadError(
            f"{name}: {len(data):,} bytes are more than the {LARGEST:,} a file may have"
        )
    encoding = next((e for mark, e in _MARKS if data.startswith(mark)), "utf-8")
    if encoding in {"utf-8", "utf-8-sig"}:
        _refuse_binary(name, data)
    try:
        return Source(name, data.decode(encoding))
    except UnicodeDecodeError as error:
        raise _undecodable(name, data, error) from None


def read(path: Path, name: str) -> Source:
    """Return the text of the file at `path`, called `name` in messages.

    Raises:
        LoadError: if the file cannot be read or is no text.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise LoadError(
                f"{name}: larger than the {LARGEST:,} bytes a file may have"
            )
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(name, error) from None
    return decode(name, data)


def unreadable(name: str, error: OSError) -> LoadError:
    """Return the error for a file or folder that the system does not let us read."""
    match error:
        case FileNotFoundError():
            return LoadError(f"{name}: no such file or folder")
        case PermissionError():
            return LoadError(
                f"{name}: no permission to read it",
                hint="nothing in it was checked; grant read access or leave it out",
            )
        case _:
            return LoadError(f"{name}: {error.strerror or error}")


def _refuse_binary(name: str, data: bytes) -> None:
    if data.startswith(_ZIP):
        raise _zipped(name, data)
    for magic, what, hint in _FORMATS:
        if data.startswith(magic):
            raise LoadError(f"{name}: this is {what}, not text", hint=hint)
    if b"\0" in data[:8192]:
        raise LoadError(f"{name}: this is a binary file, not text")


def _zipped(name: str, data: bytes) -> LoadError:
    """Return the error for a zip archive; Terraform's plan files are ones."""
    if b"tfplan" in data[:65536] or b"tfstate" in data[:65536]:
        return LoadError(
            f"{name}: this is Terraform's binary plan, not the JSON made from it",
            hint=f"run: terraform show -json {name} > plan.json   (or: tofu show -json)",
        )
    return LoadError(f"{name}: this is a zip archive, not text")


def _undecodable(name: str, data: bytes, error: UnicodeDecodeError) -> LoadError:
    """Return the error for bytes that are no text in the encoding they claim."""
    start = data.rfind(b"\n", 0, error.start) + 1
    row = data.count(b"\n", 0, start) + 1
    if error.encoding != "utf-8":
        return LoadError(f"{name}: not {error.encoding.upper()}: {error.reason}")
    col = len(data[start : error.start].decode("utf-8", "replace")) + 1
    return LoadError(
        f"not UTF-8: byte 0x{data[error.start]:02x}",
        Span(name, row, col),
        hint="save the file as UTF-8",
    )
