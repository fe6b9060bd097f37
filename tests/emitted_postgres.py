"""Assertions emitted for PostgreSQL and put in force in a database of the tests'."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from tests.postgres_server import SECRET, USER, Postgres

from comply.load.oracle_ddl import read_scripts
from comply.source import Source
from comply.sql import parse
from comply.sql.emit.outline import Outline, outline
from comply.sql.emit.postgres import install

# What Oracle's types are called in PostgreSQL.
TYPES = {
    "NUMBER": "numeric",
    "VARCHAR2": "varchar",
    "DATE": "timestamp(0)",
    "BINARY_DOUBLE": "double precision",
}

Conn = psycopg.Connection[Any]


def connection(server: Postgres, path: str = "public", **options: Any) -> Conn:
    return psycopg.connect(
        host="127.0.0.1",
        port=server.port,
        user=USER,
        password=SECRET,
        dbname="postgres",
        options=f"-c search_path={path} -c client_min_messages=warning",
        **options,
    )


def outlines(schema: str, assertions: str) -> list[Outline]:
    tables = read_scripts([Source("schema.sql", schema)]).schema
    return [outline(a, tables, "postgres") for a in parse(assertions, "rules.sql")]


def run_script(conn: Conn, text: str) -> None:
    conn.execute(text.encode())


def put_in_force(conn: Conn, schema: str, assertions: str) -> list[Outline]:
    """Install assertions over tables that an Oracle script creates."""
    made = outlines(schema, assertions)
    run_script(conn, install(made))
    return made


@contextmanager
def fresh(conn: Conn, *names: str) -> Iterator[None]:
    """Run a block with empty schemas of these names."""
    for name in names:
        run_script(conn, f"DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}")
    yield


def in_postgres(schema: str) -> str:
    """Return CREATE TABLE with PostgreSQL's names of types."""
    for oracle, own in TYPES.items():
        schema = schema.replace(f" {oracle}", f" {own}")
    return schema
