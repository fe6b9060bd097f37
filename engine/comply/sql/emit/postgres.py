# ruff: noqa: S608  (writing SQL is what it is for)
"""OUTLINE -> PostgreSQL: triggers that enforce an assertion, and what removes them.

Statement triggers copy the relevant columns of changed rows from transition tables to a
log and announce the change in a table of their own. The constraint trigger on that table
bears the assertion's name: PostgreSQL runs it at the end of the statement or at the
commit, as the assertion says, and SET CONSTRAINTS works on it. It takes locks, then asks
the deltas of the assertion about the logged rows.

The locks are rows of a table that the check updates, one for each bucket of key values,
in ascending order, held until the transaction ends. At READ COMMITTED who waits for such
a row reads, in the queries that follow, what the other has committed. At REPEATABLE READ
and SERIALIZABLE, where the snapshot may be older than that, the update itself fails with
40001 if the row was updated since. An advisory lock would not tell, and SERIALIZABLE
alone protects only from transactions that are SERIALIZABLE too.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from comply.dialect.syntax import Name
from comply.sql.emit.naming import limited, quoted, text
from comply.sql.emit.outline import SHOWN, Outline, Probe, Watched, versions
from comply.sql.postgres import stored
from comply.sql.restricted import Event, Way
from comply.version import VERSION

BUCKETS: Final = 256
"""Rows to lock where keys are known: unrelated keys meet in one of them by chance."""

_LIMIT: Final = 63
# Of two triggers the one whose name comes first runs first: check, then sweep.
_SWEEP: Final = "$sweep"
_EVENTS: Final = '"comply$events"'
_DEFINED: Final = (
    "LANGUAGE plpgsql SECURITY DEFINER SET jit = off SET search_path FROM CURRENT"
)


def install(outlines: Sequence[Outline]) -> str:
    """Return the script that enforces assertions, in place of an earlier version."""
    tables = sorted({_table(w.table) for o in outlines for w in o.tables})
    lines = [
        f"-- SQL assertions as PostgreSQL triggers, written by comply {VERSION}.",
        "-- Needs PostgreSQL 13 or newer. Run it as the owner of the tables, with the",
        "-- search_path under which they are found; it can be run again.",
        "BEGIN;",
        "SET LOCAL client_min_messages = warning;",
        "-- Functions keep this path: a temporary table must not pass for one of yours.",
        "DO $comply$ BEGIN PERFORM set_config('search_path', concat_ws(', ',",
        "  nullif(current_setting('search_path'), ''), 'pg_temp'), true); END $comply$;",
    ]
    if tables:
        listed = ", ".join(tables)
        lines.append(f"LOCK TABLE {listed} IN SHARE ROW EXCLUSIVE MODE;")
    for one in outlines:
        lines += ["", *_head(one), *_removal(one), *_objects(one)]
        lines += [*_functions(one), *_triggers(one), *_rights(one), *_validation(one)]
    return "\n".join([*lines, "", "COMMIT;", ""])


def uninstall(outlines: Sequence[Outline]) -> str:
    """Return the script that removes what `install` made."""
    lines = [
        f"-- Removes the triggers of SQL assertions that comply {VERSION} wrote.",
        "BEGIN;",
        "SET LOCAL client_min_messages = warning;",
    ]
    for one in outlines:
        lines += ["", *_head(one), *_removal(one)]
    return "\n".join([*lines, "", "COMMIT;", ""])


def _head(one: Outline) -> list[str]:
    return [f"-- Assertion {one.assertion.full_name} of {one.origin}."]


def _constraint(one: Outline) -> str:
    """Return the name of the constraint trigger: the assertion's."""
    return limited(stored(one.assertion.name), _LIMIT - len(_SWEEP))


def _bare(one: Outline, what: str) -> str:
    """Return the name of one of the assertion's objects, without its schema."""
    return limited(f"comply_{stored(one.assertion.name)}${what}", _LIMIT)


def _name(one: Outline, what: str) -> str:
    return quoted(stored(one.assertion.owner), _bare(one, what))


def _log(one: Outline, table: Name) -> str:
    return _name(one, f"log_{stored(str(table))}")


def _table(table: Name) -> str:
    return quoted(stored(table.owner), stored(table.name))


def _listed(columns: Sequence[str], prefix: str = "") -> str:
    return "".join(f", {prefix}{quoted(stored(c))}" for c in columns)


def _removal(one: Outline) -> Iterator[str]:
    yield f"DROP FUNCTION IF EXISTS {_name(one, 'note')}() CASCADE;"
    yield f"DROP TABLE IF EXISTS {_name(one, 'due')} CASCADE;"
    for what in ("check()", "sweep()", "lock(bigint[], boolean)"):
        name, _, arguments = what.partition("(")
        yield f"DROP FUNCTION IF EXISTS {_name(one, name)}({arguments};"
    for watched in one.tables:
        yield f"DROP TABLE IF EXISTS {_log(one, watched.table)};"
    yield f"DROP TABLE IF EXISTS {_name(one, 'locks')};"
    yield f"DROP SEQUENCE IF EXISTS {_name(one, 'number')};"


def _objects(one: Outline) -> Iterator[str]:
    """Yield the tables: what is due, what changed, what is locked."""
    yield f"CREATE SEQUENCE {_name(one, 'number')};"
    yield (
        f"CREATE UNLOGGED TABLE {_name(one, 'due')} (id bigint PRIMARY KEY,"
        " tx xid8 NOT NULL DEFAULT pg_current_xact_id(),"
        " whole boolean NOT NULL, done boolean NOT NULL DEFAULT false);"
    )
    for watched in _logged(one):
        log = _log(one, watched.table)
        columns = _listed(watched.columns)
        yield (
            f"CREATE UNLOGGED TABLE {log} AS SELECT 0::bigint AS comply_event,"
            f" 0::smallint AS comply_way{columns} FROM {_table(watched.table)}"
            " WITH NO DATA;"
        )
        yield f"CREATE INDEX ON {log} (comply_event);"
    if not one.lock.alone:
        locks = _name(one, "locks")
        yield (
            f"CREATE TABLE {locks} (bucket integer PRIMARY KEY,"
            " changes bigint NOT NULL DEFAULT 0) WITH (fillfactor = 20);"
        )
        last = _last_bucket(one)
        yield f"INSERT INTO {locks} (bucket) SELECT generate_series(0, {last});"


def _last_bucket(one: Outline) -> int:
    return BUCKETS - 1 if one.lock.family else 0


def _logged(one: Outline) -> Iterator[Watched]:
    """Yield the tables of which rows are logged."""
    yield from (w for w in one.tables if any(w.ways.values()))


def _function(name: str, returns: str, lines: Sequence[str]) -> Iterator[str]:
    body = "\n".join(lines)
    tag = _tag(body)
    yield f"CREATE FUNCTION {name} RETURNS {returns} {_DEFINED} AS {tag}"
    yield "#variable_conflict use_column"
    yield body
    yield f"{tag};"


def _tag(body: str) -> str:
    """Return a quote that nothing in a function's body can end early."""
    tag = "$comply$"
    while tag in body:
        tag = tag[:-1] + "_$"
    return tag


def _functions(one: Outline) -> Iterator[str]:
    yield from _function(f"{_name(one, 'note')}()", "trigger", list(_note(one)))
    if not one.lock.alone:
        arguments = f'{_EVENTS} bigint[], "comply$whole" boolean'
        lines = list(_locking(one))
        yield from _function(f"{_name(one, 'lock')}({arguments})", "void", lines)
    yield from _function(f"{_name(one, 'check')}()", "trigger", list(_check(one)))
    yield from _function(f"{_name(one, 'sweep')}()", "trigger", list(_sweep(one)))


def _note(one: Outline) -> Iterator[str]:
    """Yield the function that logs the changes of a statement."""
    due = _name(one, "due")
    sweep = quoted(stored(one.assertion.owner), _constraint(one) + _SWEEP)
    yield "DECLARE"
    yield f'  "comply$event" bigint := nextval({text(_name(one, "number"))});'
    yield '  "comply$many" bigint;'
    yield '  "comply$any" boolean := false;'
    yield "BEGIN"
    for watched in _logged(one):
        for event, ways in watched.ways.items():
            table = text(str(watched.table))
            yield f"  IF TG_ARGV[0] = {table} AND TG_OP = {text(event.upper())} THEN"
            for way in ways:
                yield from _logging(one, watched, event, way)
            yield "  END IF;"
    whole = "true" if not one.probes else "TG_OP = 'TRUNCATE'"
    yield f'  IF "comply$any" OR {whole} THEN'
    yield "    -- SET CONSTRAINTS ALL IMMEDIATE must not empty the log too early."
    yield f"    SET CONSTRAINTS {sweep} DEFERRED;"
    yield f'    INSERT INTO {due} (id, whole) VALUES ("comply$event", {whole});'
    yield "  END IF;"
    yield "  RETURN NULL;"
    yield "END"


def _logging(one: Outline, watched: Watched, event: Event, way: Way) -> Iterator[str]:
    """Yield what copies the rows of a statement; an update may change nothing read."""
    columns = _listed(watched.columns)
    mine, other = ("came", "went") if way > 0 else ("went", "came")
    rows = mine
    if event == "update":
        names = columns.removeprefix(", ")
        rows = f"(SELECT {names} FROM {mine} EXCEPT ALL SELECT {names} FROM {other})"
    log = _log(one, watched.table)
    yield f"    INSERT INTO {log} (comply_event, comply_way{columns})"
    yield (
        f'      SELECT "comply$event", {way}{_listed(watched.columns, "c.")}'
        f" FROM {rows} c;"
    )
    yield '    GET DIAGNOSTICS "comply$many" = ROW_COUNT;'
    yield '    "comply$any" := "comply$any" OR "comply$many" > 0;'


def _locking(one: Outline) -> Iterator[str]:
    """Yield the function that locks what the changed rows have in common with others."""
    yield "DECLARE"
    yield '  "comply$bucket" integer;'
    yield "BEGIN"
    yield '  FOR "comply$bucket" IN'
    found = [f"SELECT generate_series(0, {_last_bucket(one)}) AS bucket"]
    if one.lock.family:
        found[0] += ' WHERE "comply$whole"'
        found += [
            f"SELECT {_bucket(one, column)} FROM {_log(one, watched.table)} l"
            f" WHERE l.comply_event = ANY ({_EVENTS})"
            f" AND l.{quoted(stored(column))} IS NOT NULL"
            for watched in _logged(one)
            for column in one.lock.columns.get(watched.table, ())
        ]
    yield "    " + "\n    UNION ".join(found)
    yield "    ORDER BY 1"
    yield "  LOOP"
    yield f"    UPDATE {_name(one, 'locks')} SET changes = changes + 1"
    yield '      WHERE bucket = "comply$bucket";'
    yield "    IF NOT FOUND THEN"
    yield "      RAISE EXCEPTION USING ERRCODE = '40001',"
    why = f"the transaction began before assertion {one.assertion.full_name} was there"
    yield f"        MESSAGE = {text(f'could not serialize access: {why}')};"
    yield "    END IF;"
    yield "  END LOOP;"
    yield "END"


def _bucket(one: Outline, column: str) -> str:
    """Return the row to lock for a value: the same for all values that are equal."""
    value = f"l.{quoted(stored(column))}"
    if one.lock.family == "number":
        canonical = f"trim_scale({value}::numeric)::text"
    else:
        canonical = f"lower(rtrim({value}::text))"
    return f"(hashtextextended({canonical}, 0) & {BUCKETS - 1})::integer"


def _check(one: Outline) -> Iterator[str]:
    """Yield the function behind the constraint trigger."""
    due = _name(one, "due")
    yield "DECLARE"
    yield f"  {_EVENTS} bigint[];"
    yield '  "comply$whole" boolean;'
    yield '  "comply$rows" text;'
    yield "BEGIN"
    yield f'  SELECT array_agg(d.id), bool_or(d.whole) INTO {_EVENTS}, "comply$whole"'
    yield f"    FROM {due} d WHERE d.tx = pg_current_xact_id() AND NOT d.done;"
    yield f"  IF {_EVENTS} IS NULL THEN"
    yield "    RETURN NULL;"
    yield "  END IF;"
    if not one.lock.alone:
        yield f'  PERFORM {_name(one, "lock")}({_EVENTS}, "comply$whole");'
    yield '  IF "comply$whole" THEN'
    yield from _evidence(one, one.denial, "    ")
    yield "  END IF;"
    for probe in one.probes:
        yield f'  IF "comply$rows" IS NULL AND {_happened(one, probe)} THEN'
        yield from _evidence(one, _versions(one, probe) + probe.sql, "    ")
        yield "  END IF;"
    yield from _violated(one, "violated")
    yield f"  UPDATE {due} d SET done = true WHERE d.id = ANY ({_EVENTS});"
    yield "  RETURN NULL;"
    yield "END"


def _happened(one: Outline, probe: Probe) -> str:
    return (
        f"EXISTS (SELECT 1 FROM {_log(one, probe.table)} l"
        f" WHERE l.comply_event = ANY ({_EVENTS}) AND l.comply_way = {probe.way})"
    )


def _evidence(one: Outline, sql: str, indent: str) -> Iterator[str]:
    """Yield what puts the first rows of a query into a text, NULL if there are none."""
    columns = _listed(one.shown, "v.").removeprefix(", ") or "*"
    yield f"{indent}SELECT string_agg(row_to_json(r)::text, E'\\n') INTO \"comply$rows\""
    yield f"{indent}FROM (SELECT {columns} FROM ("
    yield sql
    yield f"{indent}) v LIMIT {SHOWN}) r;"


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

    What came may have gone or changed since, so it is looked up by its key.
    """
    log, table = _log(one, watched.table), _table(watched.table)
    columns = _listed(watched.columns, "l.").removeprefix(", ")
    mine = f"l.comply_event = ANY ({_EVENTS})"
    if version == "NEW":
        test = "=" if watched.key else "IS NOT DISTINCT FROM"
        same = "".join(
            f" AND l.{quoted(stored(c))} {test} t.{quoted(stored(c))}"
            for c in watched.key or watched.columns
        )
        return (
            f"SELECT t.* FROM {table} t WHERE EXISTS (SELECT 1 FROM {log} l"
            f" WHERE {mine} AND l.comply_way = 1{same})"
        )
    went = f"SELECT {columns} FROM {log} l WHERE l.comply_way = -1 AND"
    if version == "OLD":
        return f"{went} {mine}"
    here = _listed(watched.columns, "t.").removeprefix(", ")
    return (
        f"SELECT {here} FROM {table} t UNION ALL {went} l.comply_event IN"
        f" (SELECT d.id FROM {_name(one, 'due')} d WHERE d.tx = pg_current_xact_id())"
    )


def _violated(one: Outline, how: str, hint: str = "") -> Iterator[str]:
    name = one.assertion.full_name
    yield '  IF "comply$rows" IS NOT NULL THEN'
    yield "    RAISE EXCEPTION USING ERRCODE = '23514',"
    yield f"      MESSAGE = {text(f'assertion {name} {how}')},"
    yield '      DETAIL = "comply$rows",'
    yield f"      HINT = {text(hint or f'The assertion is in {one.origin}.')},"
    yield f"      CONSTRAINT = {text(_constraint(one))};"
    yield "  END IF;"


def _sweep(one: Outline) -> Iterator[str]:
    """Yield the function that empties the log when the transaction ends.

    Inside another trigger the statement around it may not be complete.
    """
    yield "BEGIN"
    due = _name(one, "due")
    yield f"  IF pg_trigger_depth() = 1 AND EXISTS (SELECT 1 FROM {due} d"
    yield "    WHERE d.id = NEW.id AND d.done) THEN"
    for watched in _logged(one):
        log = _log(one, watched.table)
        yield f"    DELETE FROM {log} l WHERE l.comply_event = NEW.id;"
    yield f"    DELETE FROM {due} d WHERE d.id = NEW.id;"
    yield "  END IF;"
    yield "  RETURN NULL;"
    yield "END"


def _triggers(one: Outline) -> Iterator[str]:
    """Yield the triggers on the assertion's tables, and those on what is due."""
    for watched in one.tables:
        for event in watched.ways:
            yield _trigger(one, watched, event.upper(), _transition(watched, event))
        if "delete" in watched.ways:
            yield _trigger(one, watched, "TRUNCATE", "")
    due = _name(one, "due")
    constraint = _constraint(one)
    when = "NOT DEFERRABLE"
    if one.state.deferrable or one.state.initially_deferred:
        moment = "DEFERRED" if one.state.initially_deferred else "IMMEDIATE"
        when = f"DEFERRABLE INITIALLY {moment}"
    yield (
        f"CREATE CONSTRAINT TRIGGER {quoted(constraint)} AFTER INSERT ON {due} {when}"
        f" FOR EACH ROW EXECUTE FUNCTION {_name(one, 'check')}();"
    )
    yield (
        f"CREATE CONSTRAINT TRIGGER {quoted(constraint + _SWEEP)} AFTER INSERT ON {due} DEFERRABLE INITIALLY"
        f" DEFERRED FOR EACH ROW EXECUTE FUNCTION {_name(one, 'sweep')}();"
    )


def _transition(watched: Watched, event: Event) -> str:
    if not any(watched.ways.values()):
        return ""
    tables = {
        "insert": "NEW TABLE AS came",
        "update": "OLD TABLE AS went NEW TABLE AS came",
        "delete": "OLD TABLE AS went",
    }
    return f" REFERENCING {tables[event]}"


def _trigger(one: Outline, watched: Watched, event: str, transition: str) -> str:
    name = quoted(_bare(one, event.lower()))
    return (
        f"CREATE TRIGGER {name} AFTER {event} ON {_table(watched.table)}{transition}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {_name(one, 'note')}"
        f"({text(str(watched.table))});"
    )


def _rights(one: Outline) -> Iterator[str]:
    """Yield what keeps others from calling the functions, and comments that lead back."""
    comment = text(f"Assertion {one.assertion.full_name} of {one.origin} (comply)")
    named = [f"{_name(one, what)}()" for what in ("note", "check", "sweep")]
    if not one.lock.alone:
        named.append(f"{_name(one, 'lock')}(bigint[], boolean)")
    for name in named:
        yield f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC;"
        yield f"COMMENT ON FUNCTION {name} IS {comment};"
    tables = [_name(one, "due"), *(_log(one, w.table) for w in _logged(one))]
    if not one.lock.alone:
        tables.append(_name(one, "locks"))
    for name in tables:
        yield f"COMMENT ON TABLE {name} IS {comment};"


def _validation(one: Outline) -> Iterator[str]:
    """Yield the check of the data that is there, unless the assertion is NOVALIDATE."""
    if not one.state.validated:
        yield "-- NOVALIDATE: the data that is there is not checked."
        return
    body = ["DECLARE", '  "comply$rows" text;', "BEGIN"]
    body += _evidence(one, one.denial, "  ")
    hint = "Mend these rows, or declare the assertion ENABLE NOVALIDATE."
    body += [*_violated(one, "is violated by data that is there", hint), "END"]
    lines = "\n".join(body)
    tag = _tag(lines)
    yield f"DO {tag}\n{lines}\n{tag};"
