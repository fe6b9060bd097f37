# ruff: noqa: S608  (writing SQL is what it is for)
"""OUTLINE -> Oracle before 23.26.1: compound triggers that enforce an assertion.

Per table a compound trigger collects the relevant columns of changed rows in a temporary
table; after the statement a package takes locks, asks the deltas of the assertion about
those rows, and forgets them. What is INITIALLY DEFERRED is asked when the application
calls the package, and a deferred constraint lets nothing commit before it has.

The locks are rows that the check updates, as in PostgreSQL: who waits for one reads, at
READ COMMITTED, what the other has committed; a SERIALIZABLE transaction gets ORA-08177.
DBMS_LOCK needs a grant, does not fail under SERIALIZABLE, and survives ROLLBACK TO.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from comply.dialect.syntax import Name
from comply.sql.emit.naming import limited, quoted, text
from comply.sql.emit.outline import Outline, Probe, Watched, versions
from comply.sql.restricted import Event, Way
from comply.version import VERSION

BUCKETS: Final = 256
"""Rows to lock where keys are known: unrelated keys meet in one of them by chance."""

VIOLATED: Final = -20001
_LIMIT: Final = 128
_WHEN: Final[dict[Event, str]] = {
    "insert": "INSERTING",
    "update": "UPDATING",
    "delete": "DELETING",
}
_HEAD: Final = f"""\
-- SQL assertions as triggers for Oracle 12.2 or newer, written by comply {VERSION}.
-- Run it with SQL*Plus or SQLcl as the owner of the tables; it can be run again.
-- A violation raises ORA-20001. Writers wait for each other on rows of the tables
-- COMPLY_..$LOCKS, one for each of {BUCKETS} buckets of key values, until they commit;
-- under SERIALIZABLE they may get ORA-08177, deadlocks are ORA-00060: try again.
-- Not checked: direct path loads, DDL on partitions, and changes while a trigger is off.
WHENEVER SQLERROR EXIT FAILURE
SET DEFINE OFF
"""


def install(outlines: Sequence[Outline]) -> str:
    """Return the script that enforces assertions, in place of an earlier version."""
    lines = [_HEAD]
    for one in outlines:
        lines += [*_head(one), *_removal(one), *_objects(one), *_package(one)]
        for watched in one.tables:
            lines += _trigger(one, watched)
        lines += [*_truncate(one), *_validation(one), ""]
    return "\n".join(lines)


def uninstall(outlines: Sequence[Outline]) -> str:
    """Return the script that removes what `install` made."""
    lines = [
        f"-- Removes the triggers of SQL assertions that comply {VERSION} wrote.",
        "WHENEVER SQLERROR EXIT FAILURE",
    ]
    for one in outlines:
        lines += ["", *_head(one), *_removal(one)]
    return "\n".join([*lines, ""])


def _head(one: Outline) -> Iterator[str]:
    yield f"-- Assertion {one.assertion.full_name} of {one.origin}."
    if one.state.initially_deferred:
        yield f"-- INITIALLY DEFERRED: call {_name(one)}.check_now before COMMIT,"
        yield "-- or it fails with ORA-02091, ORA-02290 and the name of the assertion."
    elif one.state.deferrable:
        yield "-- DEFERRABLE: triggers cannot be put off, so it is checked at once."
    for cascade in one.cascades:
        yield f"-- {cascade}: a DELETE that it passes on fails with ORA-04091."
    for watched in one.tables:
        if not watched.key and any(watched.ways.values()):
            yield f"-- {watched.table} has no primary key: rows are found by ROWID, so"
            yield "--   its rows must not move (ROW MOVEMENT, FLASHBACK TABLE)."


def _name(one: Outline, what: str = "") -> str:
    """Return the name of one of the assertion's objects; the package has no `what`."""
    return quoted(one.assertion.owner, _bare(one, what))


def _bare(one: Outline, what: str = "") -> str:
    return limited(
        f"COMPLY_{one.assertion.name}" + (f"${what}" if what else ""), _LIMIT
    )


def _log(one: Outline, table: Name) -> str:
    return _name(one, f"LOG_{table}")


def _table(table: Name) -> str:
    return quoted(table.owner, table.name)


def _listed(columns: Sequence[str], prefix: str = "") -> str:
    return "".join(f", {prefix}{quoted(c)}" for c in columns)


def _logged(one: Outline) -> Iterator[Watched]:
    """Yield the tables of which rows are logged."""
    yield from (w for w in one.tables if any(w.ways.values()))


def _deferred(one: Outline) -> bool:
    return one.state.initially_deferred


def _removal(one: Outline) -> Iterator[str]:
    """Yield blocks that drop what is there: before 23ai there is no IF EXISTS."""
    drops = [f"TRIGGER {_name(one, str(w.table))}" for w in one.tables]
    drops += [f"TRIGGER {_name(one, 'TRUNCATE')}", f"PACKAGE {_name(one)}"]
    drops += [f"TABLE {_log(one, w.table)}" for w in one.tables]
    drops += [f"TABLE {_name(one, what)}" for what in ("LOCKS", "DUE")]
    for what in drops:
        yield "BEGIN"
        yield f"  EXECUTE IMMEDIATE {text(f'DROP {what}')};"
        yield "EXCEPTION WHEN OTHERS THEN"
        yield "  IF SQLCODE NOT IN (-942, -4043, -4080) THEN RAISE; END IF;"
        yield "END;"
        yield "/"


def _objects(one: Outline) -> Iterator[str]:
    """Yield the tables: what changed, what is locked, what is due."""
    for watched in _logged(one):
        row = "" if watched.key else ", CAST(NULL AS ROWID) AS comply_row"
        log = _log(one, watched.table)
        yield (
            f"CREATE GLOBAL TEMPORARY TABLE {log} ON COMMIT DELETE ROWS AS"
            f" SELECT CAST(0 AS NUMBER(1)) AS comply_way{row}{_listed(watched.columns)}"
            f" FROM {_table(watched.table)} WHERE 1 = 0;"
        )
    if not one.lock.alone:
        locks = _name(one, "LOCKS")
        yield (
            f"CREATE TABLE {locks} (bucket NUMBER PRIMARY KEY,"
            " changes NUMBER DEFAULT 0 NOT NULL) PCTFREE 90 INITRANS 16;"
        )
        yield f"INSERT INTO {locks} (bucket) SELECT LEVEL - 1 FROM DUAL"
        yield f"  CONNECT BY LEVEL <= {BUCKETS if one.lock.family else 1};"
        yield "COMMIT;"
    if _deferred(one):
        yield (
            f"CREATE TABLE {_name(one, 'DUE')} (pending NUMBER(1) NOT NULL, CONSTRAINT"
            f" {quoted(limited(one.assertion.name, _LIMIT))} CHECK (pending = 0)"
            " DEFERRABLE INITIALLY DEFERRED);"
        )


def _package(one: Outline) -> Iterator[str]:
    """Yield the package that checks what is logged, and forgets it."""
    name = _name(one)
    yield f"CREATE OR REPLACE PACKAGE {name} AUTHID DEFINER AS"
    yield f"  -- Checks assertion {one.assertion.full_name} on what has changed."
    yield "  PROCEDURE check_now;"
    yield f"END {quoted(_bare(one))};"
    yield "/"
    yield f"CREATE OR REPLACE PACKAGE BODY {name} AS"
    yield from _violated(one)
    if not one.lock.alone:
        yield from _locking(one)
    yield "  PROCEDURE check_now IS"
    yield "  BEGIN"
    if not one.lock.alone:
        yield "    lock_keys;"
    if not one.probes:
        yield from _search(one, one.denial)
    for probe in one.probes:
        yield from _search(one, _versions(one, probe) + probe.sql)
    for watched in _logged(one):
        yield f"    DELETE FROM {_log(one, watched.table)};"
    if _deferred(one):
        yield f"    DELETE FROM {_name(one, 'DUE')};"
    yield "  END check_now;"
    yield f"END {quoted(_bare(one))};"
    yield "/"


def _violated(one: Outline) -> Iterator[str]:
    said = text(f"assertion {one.assertion.full_name} violated")
    yield "  PROCEDURE violated(shown VARCHAR2) IS"
    yield "  BEGIN"
    yield f"    RAISE_APPLICATION_ERROR({VIOLATED}, {said} || shown);"
    yield "  END violated;"


def _search(one: Outline, sql: str) -> Iterator[str]:
    """Yield what raises the error if a query has a row."""
    yield f"    FOR v IN (SELECT {_shown(one)} AS shown FROM ("
    yield sql
    yield "    ) v WHERE ROWNUM = 1) LOOP"
    yield "      violated(v.shown);"
    yield "    END LOOP;"


def _shown(one: Outline) -> str:
    """Return the expression that names a violating row by its keys."""
    cells = [f"{text(f'{name} = ')} || v.{quoted(name)}" for name in one.shown]
    if not cells:
        return "''"
    inner = " || ', ' || ".join(cells)
    return f"SUBSTR(' (' || {inner} || ')', 1, 1000)"


def _locking(one: Outline) -> Iterator[str]:
    """Yield what locks what the changed rows have in common with others."""
    found = ["SELECT 0 AS bucket FROM DUAL"]
    if one.lock.family:
        found = [
            f"SELECT {_bucket(one, column)} AS bucket FROM {_log(one, watched.table)} l"
            f" WHERE l.{quoted(column)} IS NOT NULL"
            for watched in _logged(one)
            for column in one.lock.columns.get(watched.table, ())
        ]
    yield "  PROCEDURE lock_keys IS"
    yield "  BEGIN"
    yield "    FOR found IN ("
    yield "      " + "\n      UNION ".join(found)
    yield "      ORDER BY 1) LOOP"
    yield f"      UPDATE {_name(one, 'LOCKS')} SET changes = changes + 1"
    yield "        WHERE bucket = found.bucket;"
    yield "      IF SQL%ROWCOUNT = 0 THEN"
    missing = f"the locks of assertion {one.assertion.full_name} are gone"
    yield f"        RAISE_APPLICATION_ERROR({VIOLATED - 1}, {text(missing)});"
    yield "      END IF;"
    yield "    END LOOP;"
    yield "  END lock_keys;"


def _bucket(one: Outline, column: str) -> str:
    """Return the row to lock for a value: the same for all values that are equal."""
    value = f"l.{quoted(column)}"
    if one.lock.family == "text":
        value = f"LOWER(RTRIM(TO_CHAR({value})))"
    return f"ORA_HASH({value}, {BUCKETS - 1})"


def _versions(one: Outline, probe: Probe) -> str:
    """Return the WITH that gives a probe the changed rows that it reads."""
    tables = {w.table: w for w in one.tables}
    entries = [
        f"{quoted(name)} AS ({_version(one, tables[table], version)})"
        for table, version, name in versions(probe.sql, tables)
    ]
    return "WITH " + ",\n".join(entries) + "\n" if entries else ""


def _version(one: Outline, watched: Watched, version: str) -> str:
    """Return the rows of a table that came, that went, or both those and what is there.

    What came may have gone or changed since, so it is looked up again.
    """
    log, table = _log(one, watched.table), _table(watched.table)
    if version == "NEW":
        same = " AND ".join(
            ["l.comply_way = 1"]
            + [f"l.{quoted(c)} = t.{quoted(c)}" for c in watched.key]
            + ([] if watched.key else ["l.comply_row = t.ROWID"])
        )
        return f"SELECT t.* FROM {table} t WHERE EXISTS (SELECT 1 FROM {log} l WHERE {same})"
    columns = _listed(watched.columns, "l.").removeprefix(", ") or "1 AS comply_one"
    went = f"SELECT {columns} FROM {log} l WHERE l.comply_way = -1"
    if version == "OLD":
        return went
    here = _listed(watched.columns, "t.").removeprefix(", ") or "1 AS comply_one"
    return f"SELECT {here} FROM {table} t UNION ALL {went}"


def _trigger(one: Outline, watched: Watched) -> Iterator[str]:
    """Yield the compound trigger of a table."""
    log = _log(one, watched.table)
    name = _name(one, str(watched.table))
    events = " OR ".join(event.upper() for event in watched.ways)
    yield f"CREATE OR REPLACE TRIGGER {name}"
    yield f"FOR {events} ON {_table(watched.table)}"
    yield "COMPOUND TRIGGER"
    logs = any(watched.ways.values())
    if logs:
        yield f"  TYPE change_list IS TABLE OF {log}%ROWTYPE INDEX BY PLS_INTEGER;"
        yield "  changed change_list;"
        yield "  n PLS_INTEGER;"
        yield "  PROCEDURE write_log IS"
        yield "  BEGIN"
        yield "    FORALL i IN 1 .. changed.COUNT"
        yield f"      INSERT INTO {log} VALUES changed(i);"
        yield "    changed.DELETE;"
        yield "  END write_log;"
        yield "  AFTER EACH ROW IS"
        yield "  BEGIN"
        for event, ways in watched.ways.items():
            yield from _collecting(watched, event, ways)
        yield "    IF changed.COUNT >= 1000 THEN write_log; END IF;"
        yield "  END AFTER EACH ROW;"
    yield "  AFTER STATEMENT IS"
    yield "  BEGIN"
    if logs:
        yield "    write_log;"
    yield from _announced(one)
    yield "  END AFTER STATEMENT;"
    yield f"END {quoted(_bare(one, str(watched.table)))};"
    yield "/"


def _announced(one: Outline) -> Iterator[str]:
    """Yield what has the changes checked, now or before the commit."""
    if not _deferred(one):
        yield f"    {_name(one)}.check_now;"
        return
    due = _name(one, "DUE")
    yield f"    INSERT INTO {due} (pending) SELECT 1 FROM DUAL"
    yield f"      WHERE NOT EXISTS (SELECT 1 FROM {due});"


def _collecting(watched: Watched, event: Event, ways: Sequence[Way]) -> Iterator[str]:
    """Yield what collects a row of an event; an update may change nothing read."""
    test = _WHEN[event]
    if event == "update":
        differ = [
            f":OLD.{c} <> :NEW.{c} OR (:OLD.{c} IS NULL AND :NEW.{c} IS NOT NULL)"
            f" OR (:OLD.{c} IS NOT NULL AND :NEW.{c} IS NULL)"
            for c in map(quoted, watched.columns)
        ]
        test += " AND (" + "\n      OR ".join(differ) + ")"
    yield f"    IF {test} THEN"
    for way in ways:
        row = ":NEW" if way > 0 else ":OLD"
        yield "      n := changed.COUNT + 1;"
        yield f"      changed(n).comply_way := {way};"
        if way > 0 and not watched.key:
            yield f"      changed(n).comply_row := {row}.ROWID;"
        for column in map(quoted, watched.columns):
            yield f"      changed(n).{column} := {row}.{column};"
    yield "    END IF;"


def _truncate(one: Outline) -> Iterator[str]:
    """Yield the trigger that refuses to truncate what the assertion needs."""
    needed = [w.table for w in one.tables if "delete" in w.ways]
    if not needed:
        return
    schema = f"{quoted(one.assertion.owner)}." if one.assertion.owner else ""
    tests = [f"ora_dict_obj_name = {text(table.name)}" for table in needed]
    said = f"assertion {one.assertion.full_name} would not be checked: use DELETE"
    yield f"CREATE OR REPLACE TRIGGER {_name(one, 'TRUNCATE')}"
    yield f"BEFORE TRUNCATE ON {schema}SCHEMA"
    yield "BEGIN"
    yield f"  IF {' OR '.join(tests)} THEN"
    yield f"    RAISE_APPLICATION_ERROR({VIOLATED}, {text(said)});"
    yield "  END IF;"
    yield "END;"
    yield "/"


def _validation(one: Outline) -> Iterator[str]:
    """Yield the check of the data that is there, unless the assertion is NOVALIDATE.

    It waits for writers that began before the triggers were there.
    """
    if not one.state.validated:
        yield "-- NOVALIDATE: the data that is there is not checked."
        return
    tables = ", ".join(sorted(_table(w.table) for w in one.tables))
    said = f"assertion {one.assertion.full_name} is violated by data that is there"
    yield f"LOCK TABLE {tables} IN SHARE MODE;"
    yield "BEGIN"
    yield f"  FOR v IN (SELECT {_shown(one)} AS shown FROM ("
    yield one.denial
    yield "  ) v WHERE ROWNUM = 1) LOOP"
    yield f"    RAISE_APPLICATION_ERROR({VIOLATED}, {text(said)} || v.shown);"
    yield "  END LOOP;"
    yield "END;"
    yield "/"
    yield "COMMIT;"
