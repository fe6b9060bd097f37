# ruff: noqa: S608  (SQL is the point)
"""`comply sql deltas`: queries for what changed, and what is safe."""

import json
from pathlib import Path
from typing import Any

import pytest

from comply.cli.main import run

SCHEMA = """CREATE TABLE ta (k NUMBER, x NUMBER, y NUMBER);
CREATE TABLE tb (k NUMBER);
ALTER TABLE tb ADD (x NUMBER);
"""
ASSERTION = """CREATE ASSERTION a CHECK (
  ALL (SELECT k FROM ta) a SATISFY (EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k)));
"""


def read(
    capsys: pytest.CaptureFixture[str], folder: Path, text: str, *options: str
) -> Any:
    file = folder / "a.sql"
    file.write_text(text)
    assert run(["sql", "deltas", str(file), "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_queries_come_with_the_events_before_and_the_safe_ones_after(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "a.sql"
    file.write_text(SCHEMA + ASSERTION)
    assert run(["sql", "deltas", str(file), "--dialect", "postgres"]) == 0
    out = capsys.readouterr().out
    assert "-- after insert into TA\n-- after update of K on TA\nSELECT\n" in out
    assert 'FROM "new_ta" AS "ta"' in out
    assert "-- after delete from TB\n-- after update of K on TB\nSELECT\n" in out
    assert out.endswith(
        "-- safe: delete from TA: fewer of its rows cannot break what forbids rows\n"
        "-- safe: update of X, Y on TA: the condition does not read them\n"
        "-- safe: insert into TB: more of its rows cannot break what asks for rows to be"
        " there\n"
        "-- safe: update of X on TB: the condition does not read them\n"
    )


def test_json_has_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    value = read(capsys, tmp_path, ASSERTION, "--dialect", "oracle")
    assert value["dialect"] == "oracle"
    [made] = value["assertions"]
    assert made["name"] == "A"
    assert [(d["table"], d["event"], d["columns"]) for d in made["deltas"]] == [
        ("TA", "insert", ["K"]),
        ("TA", "update", ["K"]),
        ("TB", "delete", ["K"]),
        ("TB", "update", ["K"]),
    ]
    assert [(s["table"], s["event"]) for s in made["safe"]] == [
        ("TA", "delete"),
        ("TA", "update"),
        ("TB", "insert"),
        ("TB", "update"),
    ]


def test_without_tables_other_columns_are_not_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "a.sql"
    file.write_text(ASSERTION + "CREATE ASSERTION b CHECK (EXISTS (SELECT 1 FROM tb));")
    assert run(["sql", "deltas", str(file)]) == 0
    out = capsys.readouterr().out
    assert "-- safe: update of other columns on TA: " in out
    assert "-- safe: update of any column on TB: none of its columns is read" in out


def test_an_assertion_checked_whole_on_all_columns_has_nothing_safe(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = "CREATE TABLE t (k NUMBER); CREATE ASSERTION a CHECK (ALL (SELECT SUM(k) n FROM t) a SATISFY (a.n < 3));"
    [made] = read(capsys, tmp_path, text)["assertions"]
    assert [d["event"] for d in made["deltas"]] == ["insert", "delete", "update"]
    assert {d["whole"] for d in made["deltas"]} == {
        "it takes rows from a query in FROM"
    }
    assert made["safe"] == []
    (tmp_path / "a.sql").write_text(text)
    assert run(["sql", "deltas", str(tmp_path / "a.sql")]) == 0
    assert "-- checked whole: it takes rows" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "CREATE TABLE t (a NUMBER);"])
def test_no_assertion_is_an_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    file = tmp_path / "a.sql"
    file.write_text(text)
    assert run(["sql", "deltas", str(file)]) == 2
    assert "no CREATE ASSERTION in there" in capsys.readouterr().err
