"""The dictionary views that a check reads, as queries: Oracle's, and PostgreSQL's alike.

A query names its schema as the bind `schema`. Where several stand for a view, the first
that the user may run and the release knows is taken, the fullest first. The columns are
those of
https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/static-data-dictionary-views.html
"""

from collections.abc import Mapping
from typing import Final

from comply.classes import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """A view by its name without prefix, and the queries that may read it.

    `lacks` says what is missing if only the last query can be run, or none; empty if
    nothing is, because a user sees all of the own schema.
    """

    name: str
    queries: tuple[str, ...]
    lacks: str = ""


def _of_schema(columns: str, name: str, owner: str = "OWNER", more: str = "") -> View:
    """Return a view of which the user sees the own schema's rows in any case."""
    return View(
        name,
        tuple(
            f"SELECT {columns} FROM {prefix}_{name} WHERE {owner} = :schema{more}"  # noqa: S608  (names of ours)
            for prefix in ("DBA", "ALL")
        ),
    )


_COLUMN: Final = (
    "OWNER, TABLE_NAME, COLUMN_NAME, COLUMN_ID, DATA_TYPE, CHAR_LENGTH, CHAR_USED,"
    " DATA_PRECISION, DATA_SCALE, NULLABLE"
)
_MADE_BY_USERS: Final = (
    "(SELECT USERNAME FROM DBA_USERS WHERE ORACLE_MAINTAINED = 'N'"
    " UNION ALL SELECT ROLE FROM DBA_ROLES WHERE ORACLE_MAINTAINED = 'N'"
    " UNION ALL SELECT 'PUBLIC' FROM DUAL)"
)
_NO_BIN: Final = " AND TABLE_NAME NOT LIKE 'BIN$%'"

ORACLE: Final = (
    _of_schema(
        "OWNER, TABLE_NAME, TEMPORARY, EXTERNAL",
        "TABLES",
        more=" AND NESTED = 'NO' AND DROPPED = 'NO'",
    ),
    View(
        "TAB_COLUMNS",
        tuple(
            f"SELECT {_COLUMN}{more} FROM {prefix}_TAB_COLUMNS WHERE OWNER = :schema"  # noqa: S608
            for more in (", DOMAIN_OWNER, DOMAIN_NAME", "")
            for prefix in ("DBA", "ALL")
        ),
    ),
    _of_schema(
        "OWNER, TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE, STATUS, VALIDATED,"
        " DEFERRABLE, DEFERRED, GENERATED, R_OWNER, R_CONSTRAINT_NAME, DELETE_RULE,"
        " SEARCH_CONDITION_VC",
        "CONSTRAINTS",
        more=_NO_BIN,
    ),
    _of_schema(
        "OWNER, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, POSITION",
        "CONS_COLUMNS",
        more=_NO_BIN,
    ),
    _of_schema(
        "OWNER, INDEX_NAME, TABLE_OWNER, TABLE_NAME, INDEX_TYPE, UNIQUENESS, STATUS,"
        " VISIBILITY",
        "INDEXES",
        "TABLE_OWNER",
    ),
    _of_schema(
        "INDEX_OWNER, INDEX_NAME, COLUMN_NAME, COLUMN_POSITION",
        "IND_COLUMNS",
        "TABLE_OWNER",
    ),
    _of_schema("INDEX_OWNER, INDEX_NAME, STATUS", "IND_PARTITIONS", "INDEX_OWNER"),
    _of_schema("OWNER, VIEW_NAME, TEXT_VC", "VIEWS"),
    _of_schema("OWNER, NAME", "DOMAINS"),
    _of_schema(
        "OBJECT_NAME, OBJECT_TYPE, COLUMN_NAME, ANNOTATION_NAME, ANNOTATION_VALUE",
        "ANNOTATIONS_USAGE",
        "ANNOTATION_OWNER",
    ),
    _of_schema(
        "OWNER, ASSERTION_NAME, STATUS, DEFERRABLE, DEFERRED, VALIDATED, DEFINITION_SQL",
        "ASSERTIONS",
    ),
    _of_schema(
        "OWNER, ASSERTION_NAME, REFERENCED_OWNER, REFERENCED_NAME, VALIDATION_TYPE,"
        " VALIDATION_EVENT",
        "ASSERTION_DEPENDENCIES",
    ),
    _of_schema(
        "OWNER, ASSERTION_NAME, TABLE_NAME, ADJ_TABLE_NAME, LOCK_SCOPE, JOIN_COLUMNS,"
        " LOCK_MODE",
        "ASSERTION_LOCK_MATRIX",
    ),
    _of_schema(
        "OWNER, OBJECT_NAME, OBJECT_TYPE, STATUS",
        "OBJECTS",
        more=" AND STATUS = 'INVALID'",
    ),
    _of_schema(
        "OWNER, TABLE_NAME, STALE_STATS, LAST_ANALYZED, NUM_ROWS, STATTYPE_LOCKED",
        "TAB_STATISTICS",
        more=" AND OBJECT_TYPE = 'TABLE'" + _NO_BIN,
    ),
    View(
        "TAB_PRIVS",
        (
            (
                "SELECT GRANTEE, OWNER, TABLE_NAME, PRIVILEGE, GRANTABLE FROM DBA_TAB_PRIVS"
                " WHERE OWNER = :schema"
            ),
            (
                "SELECT GRANTEE, TABLE_SCHEMA AS OWNER, TABLE_NAME, PRIVILEGE, GRANTABLE"
                " FROM ALL_TAB_PRIVS WHERE TABLE_SCHEMA = :schema"
            ),
        ),
    ),
    View(
        "SYS_PRIVS",
        (
            (
                "SELECT GRANTEE, PRIVILEGE, ADMIN_OPTION FROM DBA_SYS_PRIVS"  # noqa: S608
                f" WHERE GRANTEE IN {_MADE_BY_USERS}"
            ),
            "SELECT USERNAME AS GRANTEE, PRIVILEGE, ADMIN_OPTION FROM USER_SYS_PRIVS",
        ),
        "system privileges of other users",
    ),
    View(
        "USERS_WITH_DEFPWD",
        ("SELECT USERNAME FROM DBA_USERS_WITH_DEFPWD",),
        "accounts with default passwords",
    ),
)

RELEASE_MAY_LACK: Final[Mapping[str, str]] = {
    "DOMAINS": "domains",
    "ANNOTATIONS_USAGE": "annotations",
    "ASSERTIONS": "assertions",
    "ASSERTION_DEPENDENCIES": "how assertions are validated",
    "ASSERTION_LOCK_MATRIX": "how assertions lock",
}
"""Views that came with later releases: their absence says nothing about privileges."""

_PG_TABLES: Final = (
    " FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace"
    " WHERE n.nspname = %(schema)s AND t.relkind IN ('r', 'p')"
)
_PG_CONSTRAINTS: Final = (
    " FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
    " JOIN pg_namespace n ON n.oid = t.relnamespace"
)
_PG_WHERE: Final = " WHERE n.nspname = %(schema)s AND c.contype IN ('p', 'u', 'f', 'c')"
_PG_INDEXES: Final = (
    " FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
    " JOIN pg_class t ON t.oid = x.indrelid"
    " JOIN pg_namespace n ON n.oid = t.relnamespace"
)

POSTGRES: Final = (
    View(
        "TABLES",
        (
            'SELECT n.nspname AS "OWNER", t.relname AS "TABLE_NAME",'
            " CASE t.relpersistence WHEN 't' THEN 'Y' ELSE 'N' END AS \"TEMPORARY\","
            " 'NO' AS \"EXTERNAL\"" + _PG_TABLES,
        ),
    ),
    View(
        "TAB_COLUMNS",
        (
            (
                'SELECT n.nspname AS "OWNER", t.relname AS "TABLE_NAME",'
                ' a.attname AS "COLUMN_NAME", a.attnum AS "COLUMN_ID",'
                ' format_type(a.atttypid, NULL) AS "DATA_TYPE",'
                " CASE WHEN a.attnotnull THEN 'N' ELSE 'Y' END AS \"NULLABLE\""
                " FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid"
                " JOIN pg_namespace n ON n.oid = t.relnamespace"
                " WHERE n.nspname = %(schema)s AND t.relkind IN ('r', 'p')"
                " AND a.attnum > 0 AND NOT a.attisdropped"
            ),
        ),
    ),
    View(
        "CONSTRAINTS",
        (
            'SELECT n.nspname AS "OWNER", t.relname AS "TABLE_NAME",'
            ' c.conname AS "CONSTRAINT_NAME", c.contype AS "CONSTRAINT_TYPE",'
            " 'ENABLED' AS \"STATUS\", CASE WHEN c.convalidated THEN 'VALIDATED'"
            " ELSE 'NOT VALIDATED' END AS \"VALIDATED\","
            " CASE WHEN c.condeferrable THEN 'DEFERRABLE' END AS \"DEFERRABLE\","
            " CASE WHEN c.condeferred THEN 'DEFERRED' END AS \"DEFERRED\","
            ' rn.nspname AS "R_OWNER", rc.conname AS "R_CONSTRAINT_NAME",'
            " CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' END"
            ' AS "DELETE_RULE",'
            " CASE c.contype WHEN 'c' THEN pg_get_constraintdef(c.oid) END"
            ' AS "SEARCH_CONDITION_VC"'
            + _PG_CONSTRAINTS
            + " LEFT JOIN pg_constraint rc"
            " ON rc.conrelid = c.confrelid AND rc.conindid = c.conindid"
            " AND rc.contype IN ('p', 'u')"
            " LEFT JOIN pg_namespace rn ON rn.oid = rc.connamespace" + _PG_WHERE,
        ),
    ),
    View(
        "CONS_COLUMNS",
        (
            'SELECT n.nspname AS "OWNER", c.conname AS "CONSTRAINT_NAME",'
            ' a.attname AS "COLUMN_NAME", k.place AS "POSITION"'
            + _PG_CONSTRAINTS
            + " CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(num, place)"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num"
            + _PG_WHERE,
        ),
    ),
    View(
        "INDEXES",
        (
            'SELECT n.nspname AS "OWNER", i.relname AS "INDEX_NAME",'
            ' n.nspname AS "TABLE_OWNER", t.relname AS "TABLE_NAME",'
            " CASE WHEN x.indisunique THEN 'UNIQUE' END AS \"UNIQUENESS\","
            " CASE WHEN x.indisvalid THEN 'VALID' ELSE 'UNUSABLE' END AS \"STATUS\""
            + _PG_INDEXES
            + " WHERE n.nspname = %(schema)s AND x.indpred IS NULL",
        ),
    ),
    View(
        "IND_COLUMNS",
        (
            'SELECT n.nspname AS "INDEX_OWNER", i.relname AS "INDEX_NAME",'
            " coalesce(a.attname, '(expression)') AS \"COLUMN_NAME\","
            ' k.place AS "COLUMN_POSITION"'
            + _PG_INDEXES
            + " CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(num, place)"
            " LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.num"
            " WHERE n.nspname = %(schema)s",
        ),
    ),
    View(
        "TAB_PRIVS",
        (
            (
                'SELECT grantee AS "GRANTEE", table_schema AS "OWNER",'
                ' table_name AS "TABLE_NAME", privilege_type AS "PRIVILEGE",'
                ' is_grantable AS "GRANTABLE" FROM information_schema.table_privileges'
                " WHERE table_schema = %(schema)s AND grantee <> grantor"
            ),
        ),
    ),
)

POSTGRES_TYPES: Final[Mapping[str, str]] = {
    "smallint": "NUMBER",
    "integer": "NUMBER",
    "bigint": "NUMBER",
    "numeric": "NUMBER",
    "real": "BINARY_FLOAT",
    "double precision": "BINARY_DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "interval": "INTERVAL DAY TO SECOND",
    "bytea": "BLOB",
    "character": "CHAR",
    "character varying": "VARCHAR2",
    "text": "VARCHAR2",
}
"""Oracle's type of the same kind for each of PostgreSQL's that have one."""

NAMES: Final = frozenset(
    {"OWNER", "TABLE_NAME", "COLUMN_NAME", "CONSTRAINT_NAME", "R_OWNER", "INDEX_OWNER"}
    | {"R_CONSTRAINT_NAME", "INDEX_NAME", "TABLE_OWNER", "GRANTEE"}
)
"""Columns that hold names."""
