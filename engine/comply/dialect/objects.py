"""Definitions other than tables: indexes, views, domains, grants and the rest."""

from dataclasses import replace

from comply.dialect.columns import (
    annotations,
    constraint,
    data_type,
    sequence_options,
)
from comply.dialect.cursor import Cursor
from comply.dialect.syntax import (
    AlterIndex,
    Column,
    Comment,
    CreateDomain,
    CreateIndex,
    CreateProgram,
    CreateSequence,
    CreateView,
    Drop,
    Grant,
    Name,
    Rename,
    Truncate,
)


def create_index(cursor: Cursor) -> CreateIndex:
    """Read what follows CREATE, from `[UNIQUE | BITMAP | MULTIVALUE] INDEX`."""
    head = cursor.accept_any("UNIQUE", "BITMAP", "MULTIVALUE")
    cursor.expect("INDEX")
    missing = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.name("an index")
    cursor.expect("ON")
    table = cursor.name("a table")
    if cursor.next.kind == "name":
        cursor.take()
    columns = _index_columns(cursor)
    words = [t.value for t in cursor.tokens[cursor.at :] if t.kind == "name"]
    cursor.at = len(cursor.tokens)
    return CreateIndex(
        name,
        table,
        columns,
        unique=head == "UNIQUE",
        bitmap=head == "BITMAP",
        visible="INVISIBLE" not in words,
        usable="UNUSABLE" not in words,
        if_not_exists=missing,
    )


def _index_columns(cursor: Cursor) -> tuple[str, ...]:
    """Read the columns of an index; an expression keeps its text."""
    cursor.expect("(")
    columns = []
    while True:
        simple = cursor.peek(1).value in (",", ")", "ASC", "DESC")
        if simple and cursor.next.kind in ("name", "quoted"):
            columns.append(cursor.take().value)
        else:
            columns.append(cursor.until("ASC", "DESC").sql)
        cursor.accept_any("ASC", "DESC")
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return tuple(columns)


def alter_index(cursor: Cursor) -> AlterIndex:
    """Read what follows ALTER INDEX."""
    cursor.accept("IF", "EXISTS")
    name = cursor.name("an index")
    if cursor.accept("RENAME", "TO"):
        return AlterIndex(name, rename=cursor.identifier("an index"))
    word = cursor.next.value
    cursor.at = len(cursor.tokens)
    visible = {"VISIBLE": True, "INVISIBLE": False}.get(word)
    usable = {"UNUSABLE": False, "REBUILD": True}.get(word)
    return AlterIndex(name, visible=visible, usable=usable)


def create_view(cursor: Cursor) -> CreateView:
    """Read what follows CREATE, from OR REPLACE on."""
    replaces = cursor.accept("OR", "REPLACE")
    words = []
    while not cursor.accept("VIEW"):
        words.append(cursor.identifier("VIEW"))
    duality = "DUALITY" in words
    materialized = "MATERIALIZED" in words
    missing = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.name("a view")
    columns = _view_columns(cursor) if cursor.sees("(") else ()
    noted = annotations(cursor).values if cursor.accept("ANNOTATIONS") else {}
    while not cursor.done and not cursor.sees("AS"):
        if not materialized and not cursor.sees("DEFAULT") and not words:
            cursor.fail("expected AS")
        cursor.take()
    cursor.expect("AS")
    body = cursor.text(cursor.at, len(cursor.tokens))
    tables = _duality_tables(cursor) if duality else ()
    cursor.at = len(cursor.tokens)
    return CreateView(
        name,
        "duality" if duality else "materialized" if materialized else "view",
        body,
        columns,
        tables,
        replace=replaces,
        force="FORCE" in words,
        if_not_exists=missing,
        annotations=noted,
    )


def _view_columns(cursor: Cursor) -> tuple[str, ...]:
    """Read a view's column list; constraints and annotations in it are skipped."""
    cursor.expect("(")
    columns = []
    while not cursor.accept(")"):
        if constraint(cursor) is None:
            columns.append(cursor.identifier("a column"))
            while not (cursor.sees(",") or cursor.sees(")") or cursor.done):
                if cursor.sees("("):
                    cursor.skip_group()
                else:
                    cursor.take()
        cursor.accept(",")
    return tuple(columns)


def _duality_tables(cursor: Cursor) -> tuple[Name, ...]:
    """Return the tables of a duality view, its root first.

    In the SQL form they follow FROM, in the GraphQL form they stand before `{`, with
    directives such as `@insert` between.
    """
    tables: list[Name] = []
    graphql = not cursor.sees("SELECT")
    depth = 0
    while not cursor.done:
        if graphql and _graphql_table(cursor):
            tables.append(cursor.name())
        elif not graphql and cursor.accept("FROM"):
            found = cursor.name("a table")
            tables = [found, *tables] if depth == 0 else [*tables, found]
        else:
            token = cursor.take()
            if token.kind == "symbol":
                depth += (token.value in "{[(") - (token.value in "}])")
    return tuple(dict.fromkeys(tables))


def _graphql_table(cursor: Cursor) -> bool:
    """Tell whether the next name is followed by directives and a `{` or `[`."""
    if cursor.next.kind not in ("name", "quoted") or cursor.peek(-1).value == "@":
        return False
    i = 1
    while cursor.peek(i).value == "@":
        i += 2
        if cursor.peek(i).value == "(":
            while cursor.peek(i).value not in (")", ""):
                i += 1
            i += 1
    return cursor.peek(i).value == "{" and cursor.peek(i).kind == "symbol"


def create_domain(cursor: Cursor) -> CreateDomain:
    """Read what follows CREATE, from OR REPLACE on."""
    replaces = cursor.accept("OR", "REPLACE")
    cursor.accept("USECASE")
    cursor.accept("FLEXIBLE")
    cursor.expect("DOMAIN")
    missing = cursor.accept("IF", "NOT", "EXISTS")
    read = CreateDomain(
        cursor.name("a domain"), None, replace=replaces, if_not_exists=missing
    )
    if cursor.accept("AS", "ENUM"):
        read = replace(read, values=_enumerated(cursor))
    elif cursor.sees("AS", "("):
        cursor.expect("AS")
        read = replace(read, columns=_domain_columns(cursor))
    else:
        cursor.expect("AS")
        read = replace(read, type=data_type(cursor))
        cursor.accept("STRICT")
    while not cursor.done:
        read = _domain_clause(cursor, read)
    return read


def _domain_columns(cursor: Cursor) -> tuple[Column, ...]:
    cursor.expect("(")
    columns = []
    while True:
        at = cursor.next.start
        name = cursor.identifier("a column")
        cursor.expect("AS")
        columns.append(Column(name, at, data_type(cursor)))
        cursor.accept("STRICT")
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return tuple(columns)


def _enumerated(cursor: Cursor) -> tuple[str, ...]:
    cursor.expect("(")
    values = []
    while True:
        values.append(cursor.identifier("a value"))
        while cursor.accept("="):
            cursor.take()
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return tuple(values)


_DOMAIN_CLAUSES = (
    *("CONSTRAINT", "CHECK", "DEFAULT", "DISPLAY", "ORDER", "ANNOTATIONS", "COLLATE"),
    *("NOT", "NULL", "VALIDATE"),
)


def _domain_clause(cursor: Cursor, read: CreateDomain) -> CreateDomain:
    found = constraint(cursor)
    if found:
        return replace(read, constraints=(*read.constraints, found))
    word = cursor.accept_any(*_DOMAIN_CLAUSES[2:])
    match word:
        case "DEFAULT":
            cursor.accept("ON", "NULL")
            return replace(read, default=cursor.until(*_DOMAIN_CLAUSES))
        case "DISPLAY":
            return replace(read, display=cursor.until(*_DOMAIN_CLAUSES))
        case "ORDER":
            return replace(read, order=cursor.until(*_DOMAIN_CLAUSES))
        case "ANNOTATIONS":
            return replace(read, annotations=annotations(cursor).values)
        case "COLLATE":
            cursor.identifier("a collation")
            return read
        case "NULL":
            return read
        case _:
            return cursor.fail("expected a clause of CREATE DOMAIN")


def create_sequence(cursor: Cursor) -> CreateSequence:
    """Read what follows CREATE SEQUENCE."""
    missing = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.name("a sequence")
    start, increment = sequence_options(cursor)
    return CreateSequence(name, start, increment, missing)


def create_program(cursor: Cursor) -> CreateProgram:
    """Read what follows CREATE of an object that holds no facts: kind and name."""
    kind = ""
    while kind in ("", "EDITIONABLE", "NONEDITIONABLE", "PUBLIC") or kind == "OR":
        kind = cursor.identifier("what to create")
        if kind == "OR":
            cursor.expect("REPLACE")
    if kind in {"TYPE", "PACKAGE"}:
        kind += " BODY" if cursor.accept("BODY") else ""
    cursor.accept_any("LINK", "SOURCE NAMED", "CONTEXT")
    cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.name(f"the name of the {kind.lower()}")
    cursor.at = len(cursor.tokens)
    return CreateProgram(kind, name)


_TWO_WORDS = (
    *("MATERIALIZED VIEW LOG", "MATERIALIZED VIEW", "PACKAGE BODY", "TYPE BODY"),
    *("PUBLIC SYNONYM", "DATABASE LINK", "USECASE DOMAIN", "FLEXIBLE DOMAIN"),
)


def drop(cursor: Cursor) -> Drop:
    """Read what follows DROP."""
    kind = cursor.accept_any(*_TWO_WORDS) or cursor.identifier("what to drop")
    if_exists = cursor.accept("IF", "EXISTS")
    name = cursor.name(f"the name of the {kind.lower()}")
    cascade = bool(
        cursor.accept_any("CASCADE CONSTRAINTS", "CASCADE CONSTRAINT", "CASCADE")
    )
    force = cursor.accept("FORCE")
    cursor.accept_any("INCLUDING CONTENTS AND DATAFILES", "INCLUDING CONTENTS")
    cursor.accept_any("PURGE", "PRESERVE", "ONLINE", "IMMEDIATE")
    return Drop(
        kind.removeprefix("USECASE ").removeprefix("FLEXIBLE "),
        name,
        if_exists,
        cascade,
        force,
    )


def rename(cursor: Cursor) -> Rename:
    """Read what follows RENAME."""
    old = cursor.name("an object")
    cursor.expect("TO")
    return Rename(old, cursor.identifier("a name"))


def truncate(cursor: Cursor) -> Truncate:
    """Read what follows TRUNCATE."""
    cursor.expect("TABLE")
    name = cursor.name("a table")
    cascade = False
    while option := cursor.accept_any(
        "DROP STORAGE",
        "DROP ALL STORAGE",
        "REUSE STORAGE",
        "CASCADE",
        "PRESERVE MATERIALIZED VIEW LOG",
        "PURGE MATERIALIZED VIEW LOG",
    ):
        cascade = cascade or option == "CASCADE"
    return Truncate(name, cascade)


def comment(cursor: Cursor) -> Comment:
    """Read what follows COMMENT."""
    cursor.expect("ON")
    kind = cursor.identifier("TABLE or COLUMN")
    parts = [cursor.name("an object")]
    column_name = ""
    if kind == "COLUMN":
        first = parts[0]
        if cursor.accept("."):
            column_name = cursor.identifier("a column")
            table = first
        else:
            table, column_name = Name("", first.owner, first.at), first.name
        parts = [table]
    cursor.expect("IS")
    return Comment(parts[0], column_name, cursor.string())


def grant(cursor: Cursor) -> Grant:
    """Read what follows GRANT."""
    return _grant(cursor, revoke=False)


def revoke(cursor: Cursor) -> Grant:
    """Read what follows REVOKE."""
    return _grant(cursor, revoke=True)


def _grant(cursor: Cursor, *, revoke: bool) -> Grant:
    direction = "FROM" if revoke else "TO"
    privileges = [_privilege(cursor, direction)]
    while cursor.accept(","):
        privileges.append(_privilege(cursor, direction))
    on = _granted_object(cursor) if cursor.accept("ON") else None
    cursor.expect(direction)
    grantees = [cursor.identifier("a grantee")]
    while cursor.accept(","):
        grantees.append(cursor.identifier("a grantee"))
    cursor.accept_any("CASCADE CONSTRAINTS", "FORCE")
    if cursor.accept("IDENTIFIED", "BY"):
        cursor.take()
    read = Grant(tuple(privileges), tuple(grantees), on, revoke=revoke)
    if cursor.accept("WITH"):
        word = cursor.accept_any("GRANT OPTION", "ADMIN OPTION", "HIERARCHY OPTION")
        if word == "GRANT OPTION":
            return replace(read, option="GRANT")
        return replace(read, option="HIERARCHY" if word[:1] == "H" else "ADMIN")
    return read


def _privilege(cursor: Cursor, direction: str) -> str:
    """Read a privilege or a role; columns follow it in parentheses."""
    words = []
    while not (cursor.sees(",") or cursor.sees("ON") or cursor.sees(direction)):
        if cursor.sees("("):
            words.append("(" + ", ".join(cursor.names()) + ")")
        else:
            words.append(cursor.identifier("a privilege"))
    if not words:
        cursor.fail("expected a privilege")
    return " ".join(words)


def _granted_object(cursor: Cursor) -> Name:
    cursor.accept_any(
        "DIRECTORY",
        "SCHEMA",
        "USER",
        "EDITION",
        "MINING MODEL",
        "JAVA SOURCE",
        "JAVA RESOURCE",
        "SQL TRANSLATION PROFILE",
    )
    return cursor.name("an object")
