"""Bytes become text, or an error that says what the file is."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.load.encoding import decode, read
from comply.source import LoadError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_and_without_a_mark(encoding: str) -> None:
    assert decode("a", "é: 1\n".encode(encoding)).text == "é: 1\n"


@given(st.text())
def test_utf8_comes_back(text: str) -> None:
    data = text.encode("utf-8", "replace")
    if b"\0" in data or not data or data[:1] == b"\x1f":
        return
    assert decode("a", data).text == data.decode("utf-8-sig")


def test_bad_utf8_is_placed_by_line_and_column() -> None:
    with pytest.raises(LoadError) as caught:
        decode("a.yaml", "eins\nzwölf: ".encode() + b"\xff\n")
    assert str(caught.value.span) == "a.yaml:2:8"
    assert "0xff" in caught.value.message


def test_bad_utf16_is_named() -> None:
    with pytest.raises(LoadError, match="not UTF-16"):
        decode("a", b"\xff\xfea")


def archive(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (archive("tfplan"), "binary plan", "terraform show -json p > plan.json"),
        (archive("other"), "zip archive", ""),
        (b"\x1f\x8b\x08", "gzip", "gunzip"),
        (b"\x7fELF\x02", "program", ""),
        (b"abc\0def", "binary file", ""),
    ],
)
def test_binary_formats_are_named(data: bytes, message: str, hint: str) -> None:
    with pytest.raises(LoadError, match=message) as caught:
        decode("p", data)
    assert hint in caught.value.hint


def test_too_many_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("comply.load.encoding.LARGEST", 3)
    with pytest.raises(LoadError, match="more than the 3"):
        decode("a", b"1234")
    (tmp_path / "a").write_bytes(b"1234")
    with pytest.raises(LoadError, match="larger than"):
        read(tmp_path / "a", "a")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"x\.json: no such file"):
        read(tmp_path / "x.json", "x.json")
    with pytest.raises(LoadError, match="folder: Is a directory"):
        read(tmp_path, "folder")


def test_permission_denied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (tmp_path / "a").write_text("x")
    with pytest.raises(LoadError, match="no permission") as caught:
        read(tmp_path / "a", "a")
    assert "nothing in it was checked" in caught.value.hint
