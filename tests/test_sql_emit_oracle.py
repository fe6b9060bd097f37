# ruff: noqa: S608  (SQL at random is the point)
"""Scripts for Oracle: no Oracle here, so what they say is held to what is known of it.

The queries of the triggers are read back and run in DuckDB on rows at random.
"""

import os
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
import sqlglot
from sqlglot import exp
from tests.shared_data import FIXTURES
from tests.test_sql_delta import FORMS, TABLES, random_change

from comply.cli.main import run
from comply.database.duckdb import DuckDb
from comply.dialect.oracle import query
from comply.dialect.syntax import Name, Text
from comply.load.oracle_ddl import read_scripts
from comply.source import Source
from comply.sql import duckdb, parse
from comply.sql.catalog import Catalog, Kind
from comply.sql.delta import delta_trees
from comply.sql.denial import resolved
from comply.sql.emit import oracle_triggers
from comply.sql.emit.naming import limited
from comply.sql.emit.oracle_triggers import install
from comply.sql.emit.outline import Watched, outline, qualified
from comply.sql.names import Resolver
from comply.sql.restricted import Event
from comply.version import VERSION

FOLDER = FIXTURES / "sql" / "emit"
COLUMNS: dict[str, Kind] = {"K": "number", "X": "number", "Y": "number"}
SCHEMA = "".join(f"CREATE TABLE {t} (k NUMBER, x NUMBER, y NUMBER);" for t in TABLES)

KEYED = SCHEMA.replace(")", ", id NUMBER PRIMARY KEY)")
Rows = dict[object, dict[str, object]]


@pytest.mark.parametrize("target", ["oracle", "oracle-triggers", "postgresql"])
@pytest.mark.parametrize("way", ["install", "uninstall"])
def test_scripts_are_as_reviewed(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    way: str,
) -> None:
    monkeypatch.chdir(FOLDER)
    options = ["--uninstall"] if way == "uninstall" else []
    files = ["assertions.sql", *([] if target == "oracle" else ["beyond.sql"])]
    command = ["sql", "emit", *files, "--schema", "schema.sql"]
    assert run([*command, "--target", target, *options]) == 0
    found = capsys.readouterr().out.replace(VERSION, "VERSION")
    golden = FOLDER / f"{target}.{way}.sql"
    if os.environ.get("COMPLY_UPDATE_GOLDEN"):
        golden.write_text(found)
    assert found == golden.read_text()


@pytest.mark.parametrize("name", ["oracle", "oracle-triggers"])
@pytest.mark.parametrize("way", ["install", "uninstall"])
def test_scripts_are_statements_that_our_reader_knows(name: str, way: str) -> None:
    text = (FOLDER / f"{name}.{way}.sql").read_text()
    read = read_scripts(
        [Source("golden.sql", (FOLDER / "schema.sql").read_text()), Source("s", text)]
    )
    unread = [e for e in read.unread if "does not exist" not in e.message]
    assert not unread
    if name == "oracle-triggers" and way == "install":
        programs = {(p.kind, str(p.name)) for p in read.schema.programs.values()}
        assert ("TRIGGER", "COMPLY_CREWS_HAVE_SHIFTS$SHIFTS") in programs
        assert ("PACKAGE BODY", "COMPLY_CREWS_HAVE_SHIFTS") in programs
        logs = [t for t in read.schema.tables.values() if t.temporary]
        assert {t.name.name for t in logs} == {
            "COMPLY_CREWS_HAVE_SHIFTS$LOG_CREWS",
            "COMPLY_CREWS_HAVE_SHIFTS$LOG_SHIFTS",
            "COMPLY_ONE_LEADER_AT_A_TIME$LOG_SHIFTS",
        }


def test_ddl_is_what_lint_accepts(capsys: pytest.CaptureFixture[str]) -> None:
    schema = str(FOLDER / "schema.sql")
    text = "CREATE ASSERTION a CHECK (ALL (SELECT id FROM crews) SATISFY EXISTS (SELECT 1 FROM shifts s WHERE s.crew_id = crews.id)); ALTER ASSERTION a DISABLE;"
    file = Path("a.sql")
    file.write_text(text)
    arguments = ["sql", "emit", "a.sql", "--schema", schema, "--target", "oracle"]
    assert run([*arguments, "-o", "b.sql"]) == 0
    assert Path("b.sql").read_text().endswith(")))\nDISABLE NOVALIDATE;\n")
    assert run(["sql", "lint", "b.sql", "--schema", schema]) == 0
    file.write_text(
        "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT COUNT(*) FROM crews));"
    )
    capsys.readouterr()
    assert run(arguments) == 2
    assert "Oracle would refuse it. ORA-08661" in capsys.readouterr().err


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "schema", "said"),
    [
        ("CREATE ASSERTION a CHECK (EXISTS (SELECT 1 FROM t))", "", "--schema"),
        ("SELECT 1 FROM dual", SCHEMA, "no CREATE ASSERTION"),
        ("CREATE ASSERTION a CHECK (EXISTS (SELECT 1 FROM t))", SCHEMA, "ORA-00942"),
        ("CREATE ASSERTION a CHECK (EXISTS (SELECT z FROM ta))", SCHEMA, "ORA-00904"),
        ("CREATE ASSERTION a CHECK EXISTS", SCHEMA, "CHECK"),
        ("CREATE ASSERTION a CHECK (EXISTS (SELECT 1 FROM ta)) DISABLE", SCHEMA, "nothing to enforce"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("target", ["oracle-triggers", "postgresql"])
def test_what_cannot_be_enforced_is_said(
    capsys: pytest.CaptureFixture[str], text: str, schema: str, said: str, target: str
) -> None:
    Path("a.sql").write_text(f"{schema}{text};")
    assert run(["sql", "emit", "a.sql", "--target", target]) == 2
    assert said in capsys.readouterr().err


def test_files_that_cannot_be_written_are_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("a.sql").write_text("CREATE ASSERTION a CHECK (EXISTS (SELECT 1 FROM t));")
    arguments = ["sql", "emit", "a.sql", "--target", "oracle", "-o", "no/b.sql"]
    assert run(arguments) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_names_of_more_than_128_bytes_end_in_a_digest() -> None:
    tables = read_scripts([Source("s", SCHEMA)]).schema
    [made] = parse(
        f'CREATE ASSERTION "{"n" * 120}" CHECK (NOT EXISTS (SELECT 1 FROM ta WHERE k = 1))'
    )
    script = install([outline(made, tables, "oracle")])
    names = script.split('"')[1::2]
    assert max(len(name.encode()) for name in names) == 128
    assert limited("ä" * 10, 15).startswith("äää_")


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_queries_find_in_duckdb_what_the_deltas_find(form: int) -> None:
    """What Oracle would be asked, read back as Oracle's SQL, has the deltas' answers."""
    tables = read_scripts([Source("s", SCHEMA)]).schema
    [made] = parse(f"CREATE ASSERTION a CHECK ({FORMS[form]})")
    one = outline(made, tables, "oracle")
    versions = [
        Name("", f"{v}{t.upper()}")
        for t in TABLES
        for v in ("", "NEW_", "OLD_", "PAST_")
    ]
    catalog = Catalog(dict.fromkeys(versions, COLUMNS))
    denial = resolved(made.parts(), catalog)
    qualified(denial)
    trees = {
        duckdb.write(duckdb.Translator(made.source).translate(d.tree))
        for d in delta_trees(denial, catalog)
        if d.place is not None
    }
    random = Random(form)  # noqa: S311  (a fixed sequence, not a secret)
    read = {_again(probe.sql, catalog) for probe in one.probes}
    with closing(DuckDb()) as db:
        for name in versions:
            db.run(f'CREATE TABLE "{name}" (K DECIMAL(9), X DECIMAL(9), Y DECIMAL(9))')
        for _ in range(5):
            for name in versions:
                cells = [random.choice(["1", "2", "3", "NULL"]) for _ in range(9)]
                rows = [f"({', '.join(cells[i : i + 3])})" for i in (0, 3, 6)]
                listed = ", ".join(rows[: random.randint(1, 3)])
                db.run(f'DELETE FROM "{name}"; INSERT INTO "{name}" VALUES {listed}')
            assert _answers(db, read) == _answers(db, trees)


def _again(sql: str, catalog: Catalog) -> str:
    assert isinstance(sqlglot.parse_one(sql, read="oracle"), exp.Query)
    source = Source("probe", sql)
    tree = query(Text(sql), source)
    Resolver(source, catalog).query(tree)
    return duckdb.write(duckdb.Translator(source).translate(tree))


def _answers(db: DuckDb, queries: set[str]) -> set[str]:
    return {repr(row) for sql in queries for row in db.query(sql).rows}


class Simulated:
    """The triggers of an assertion, acted out in DuckDB: rows logged, queries asked.

    The queries are those of the package, read back; what logs rows is PL/SQL, which only
    Oracle runs, so that it is written here once more.
    """

    def __init__(self, db: DuckDb, check: str) -> None:
        self.db = db
        tables = read_scripts([Source("s", KEYED)]).schema
        [made] = parse(f"CREATE ASSERTION a CHECK ({check})")
        self.one = outline(made, tables, "oracle")
        relations: dict[Name, dict[str, Kind]] = {
            name: {**COLUMNS, "ID": "number"} for name in tables.tables
        }
        for name in tables.tables:
            db.run(
                f"CREATE TABLE \"{name}\" (K DECIMAL(9), X DECIMAL(9), Y DECIMAL(9), ID DECIMAL(9) DEFAULT nextval('ids'))"
            )
        for watched in self.one.tables:
            log = f"COMPLY_A$LOG_{watched.table}"
            columns: dict[str, Kind] = dict.fromkeys(watched.columns, "number")
            relations[Name("", log)] = {"COMPLY_WAY": "number", **columns}
            listed = ", ".join(f"{c} DECIMAL(9)" for c in relations[Name("", log)])
            db.run(f'CREATE TABLE "{log}" ({listed})')
        catalog = Catalog(relations)
        asked = [
            oracle_triggers._versions(self.one, p) + p.sql for p in self.one.probes
        ]
        self.queries = [_again(sql, catalog) for sql in asked or [self.one.denial]]
        self.denial = made.denial("duckdb", catalog)

    def rows(self, table: Name) -> Rows:
        return {r["ID"]: r for r in self.db.query(f'SELECT * FROM "{table}"').dicts()}

    def change(self, statement: str) -> tuple[bool, bool]:
        """Run a statement; tell whether the triggers object, and the full check."""
        before = {w.table: self.rows(w.table) for w in self.one.tables}
        self.db.run(f"BEGIN; {statement}")
        for watched in self.one.tables:
            self.log(watched, before[watched.table], self.rows(watched.table))
        found = any(self.db.query(sql).rows for sql in self.queries)
        wanted = bool(self.db.query(self.denial).rows)
        if wanted:
            self.db.run("ROLLBACK")
            return found, wanted
        for watched in self.one.tables:
            self.db.run(f'DELETE FROM "COMPLY_A$LOG_{watched.table}"')
        self.db.run("COMMIT")
        return found, wanted

    def log(self, watched: Watched, old: Rows, new: Rows) -> None:
        for identity in {*old, *new}:
            was, now = old.get(identity), new.get(identity)
            event: Event = (
                "insert" if was is None else "delete" if now is None else "update"
            )
            if was and now and all(was[c] == now[c] for c in watched.columns):
                continue
            for way in watched.ways.get(event, ()):
                row = (now if way > 0 else was) or {}
                cells = [
                    "NULL" if row[c] is None else str(row[c]) for c in watched.columns
                ]
                self.db.run(
                    f'INSERT INTO "COMPLY_A$LOG_{watched.table}" VALUES ({", ".join([str(way), *cells])})'
                )


# Those that the sequences below do not break.
UNBROKEN = (10, 13, 14)


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_triggers_acted_out_refuse_what_the_full_check_finds(form: int) -> None:
    random = Random(form)  # noqa: S311  (a fixed sequence, not a secret)
    with closing(DuckDb()) as db:
        db.run("CREATE SEQUENCE ids")
        triggers = Simulated(db, FORMS[form])
        db.run("INSERT INTO ta (k, x) VALUES (1, 1), (2, 2)")
        if not FORMS[form].startswith("EXISTS"):
            db.run("DELETE FROM ta")
        db.run("INSERT INTO tb (k, x) VALUES (1, 1)")
        broken = 0
        for _ in range(40):
            change = random_change(random).replace(" VALUES", "(k, x, y) VALUES")
            found, wanted = triggers.change(change)
            assert found == wanted, change
            broken += wanted
        assert broken or form in UNBROKEN
