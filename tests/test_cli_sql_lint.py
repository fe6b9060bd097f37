"""`comply sql lint`: reports, exit codes, rewriting."""

import io
import json
import sys
from pathlib import Path

import pytest
from tests.lint_cases import CASES, PLAIN, SCHEMA

from comply.cli.commands import SQL_COMMANDS
from comply.cli.main import run

BAD = f"-- mine\n{CASES['ansi-join'][0]};\n"
GOOD = f"{CASES['nullable-join'][1]};\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schema.sql").write_text(SCHEMA)
    (tmp_path / "bad.sql").write_text(BAD)
    (tmp_path / "good.sql").write_text(GOOD)
    return tmp_path


def lint(*words: str) -> int:
    return run(["sql", "lint", *words])


def test_a_refusal_is_shown_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint("bad.sql", "--schema", "schema.sql") == 1
    out = capsys.readouterr().out.splitlines()
    line = next(i for i, text in enumerate(out) if "ORA-08735" in text)
    marked, carets = out[line + 1 : line + 3]
    assert marked[carets.index("^") :].startswith("JOIN")
    assert carets.count("^") == 4
    assert any("sql-lint/ansi-join" in text for text in out)
    assert folder.exists()


@pytest.mark.usefixtures("folder")
def test_what_oracle_accepts_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("good.sql", "--schema", "schema.sql") == 0
    assert "No findings" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_without_the_schema_what_was_not_checked_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert lint("good.sql", "-f", "json") == 0
    [finding] = json.loads(capsys.readouterr().out)["findings"]
    assert finding["status"] == "undetermined"
    assert finding["rule_id"] == "sql-lint/not-checked"
    assert "nullable-join" in finding["message"]


def test_the_schema_may_be_among_the_paths(folder: Path) -> None:
    (folder / "bad.sql").unlink()
    assert lint() == 0
    assert lint("good.sql", "schema.sql") == 0


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("form", ["json", "sarif", "github", "text"])
def test_reports_of_every_kind(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("bad.sql", "--schema", "schema.sql", "-f", form) == 1
    assert "sql-lint/ansi-join" in capsys.readouterr().out.replace("%2F", "/")


def test_a_diff_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint("bad.sql", "--schema", "schema.sql", "--diff") == 1
    out = capsys.readouterr().out
    assert "--- bad.sql\n+++ bad.sql (fixed)\n" in out
    assert (folder / "bad.sql").read_text() == BAD
    assert lint("good.sql", "--schema", "schema.sql", "--diff") == 0


def test_a_fix_rewrites_the_file(folder: Path) -> None:
    assert lint("bad.sql", "--schema", "schema.sql", "--fix") == 0
    after = (folder / "bad.sql").read_text()
    assert after.startswith("-- mine\nCREATE ASSERTION")
    assert "FROM p, c WHERE p.id = c.pid AND c.m = 3" in after
    assert lint("bad.sql", "--schema", "schema.sql", "--diff") == 0


def test_a_fix_keeps_line_ends(folder: Path) -> None:
    path = folder / "bad.sql"
    path.write_bytes(BAD.replace(" FROM", "\r\nFROM").encode())
    assert lint("bad.sql", "--schema", "schema.sql", "--fix") == 0
    assert b"\r\nFROM p, c WHERE" in path.read_bytes()


def test_a_file_that_cannot_be_written(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    assert lint("bad.sql", "--fix") == 2
    assert "bad.sql: cannot be written" in capsys.readouterr().err
    assert folder.exists()


def test_advice_fails_only_a_strict_run(folder: Path) -> None:
    (folder / "a.sql").write_text(CASES["never-fails"][0])
    assert lint("a.sql", "--schema", "schema.sql") == 0
    assert lint("a.sql", "--schema", "schema.sql", "--strict") == 1


def test_broken_text_is_a_refusal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.sql").write_text("CREATE ASSERTION x CHECK (1 = 1);")
    assert lint("a.sql", "--schema", "schema.sql") == 1
    assert "expected ALL, EXISTS or NOT EXISTS" in capsys.readouterr().out


def test_a_string_without_end_is_a_refusal(folder: Path) -> None:
    (folder / "a.sql").write_text("CREATE ASSERTION x CHECK (EXISTS (SELECT 'a))")
    assert lint("a.sql") == 1


def test_what_cannot_be_read_fails_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint("missing.sql") == 2
    assert lint("schema.sql") == 2
    assert "there is nothing to check" in capsys.readouterr().err
    assert lint("schema.sql", "--allow-empty") == 0
    assert lint("missing.sql", "--allow-empty") == 2
    (folder / "odd.sql").write_text("CREATE TABLE t (a b c d)")
    assert lint("good.sql", "--schema", "odd.sql", "--schema", "schema.sql") == 2
    assert "odd.sql" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_fix_and_diff_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("--fix", "--diff") == 2
    assert "choose" in capsys.readouterr().err


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(CASES["body-parentheses"][0].encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert lint("-", "--fix", "--schema", str(folder / "schema.sql")) == 0
    assert capsys.readouterr().out.startswith(PLAIN)


def test_the_group_lists_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sql", "--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in SQL_COMMANDS)


def test_a_refusal_without_a_number_of_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.sql").write_text(CASES["set-operator"][0])
    assert lint("a.sql", "--schema", "schema.sql") == 1
    out = capsys.readouterr().out
    assert "ORA-08689: CREATE ASSERTION failed. MINUS is not supported." in out
