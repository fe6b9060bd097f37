"""What runs found, kept in one SQLite file: never trusted blindly, never fatal.

Every row carries a checksum over its key and its value, so a row that was damaged is a
row that is not there. A file that SQLite cannot read, or that another version wrote, is
set aside and begun anew. A cache that cannot be read or written is none: the run then
costs what it would without one.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from json import dumps
from pathlib import Path
from typing import Final, TypeVar
from zlib import crc32

from comply.classes import dataclass
from comply.kept_file import is_private

_T = TypeVar("_T")

NAME: Final = "findings.sqlite"
LARGEST: Final = 256 << 20
"""How many bytes the file may have before what was used least recently has to go."""

_FAILURES: Final = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises; the second where its message quotes bytes that are no text."""

_VERSION: Final = 2
_APPLICATION: Final = 0x636F6D70
_WAIT: Final = 2.0
"""Seconds to wait for another run that writes: longer than any of our writes takes."""

_TABLES: Final = (
    "CREATE TABLE scope (id TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID",
    (
        "CREATE TABLE entry (scope TEXT, name TEXT, value TEXT NOT NULL,"
        " sum INTEGER NOT NULL, PRIMARY KEY (scope, name))"
    ),
    "CREATE TABLE last_run (asked INTEGER NOT NULL, hits INTEGER NOT NULL)",
)


@dataclass(frozen=True, slots=True)
class Stats:
    """What a cache holds; `asked` and `hits` count the files of the last run."""

    path: Path
    size: int = 0
    scopes: int = 0
    entries: int = 0
    asked: int = 0
    hits: int = 0


@dataclass(slots=True)
class Store:
    """A cache that is open; `largest` bounds the bytes of its file."""

    path: Path
    connection: sqlite3.Connection | None
    largest: int = LARGEST

    def fetch(self, scope: str, names: Iterable[str]) -> dict[str, str]:
        """Return the values that are kept under names, as they were when written."""
        wanted = dumps(list(names))
        rows = self._attempt(
            lambda db: db.execute(
                "SELECT e.name, e.value, e.sum FROM json_each(?) AS j"
                " CROSS JOIN entry AS e ON e.scope = ? AND e.name = j.value",
                (wanted, scope),
            ).fetchall()
        )
        begun = _begun(scope)
        return {
            name: value
            for name, value, found in rows or ()
            if isinstance(name, str)
            and isinstance(value, str)
            and found == _sum(begun, name, value)
        }

    def keep(self, scope: str, values: dict[str, str], asked: int, hits: int) -> None:
        """Keep values under names, and how many of those `asked` for were found."""
        begun = _begun(scope)
        rows = [
            (scope, name, value, _sum(begun, name, value))
            for name, value in values.items()
            if is_writable(name)
        ]
        self._attempt(lambda db: self._write(db, scope, rows, (asked, hits)))

    def _write(
        self,
        db: sqlite3.Connection,
        scope: str,
        rows: list[tuple[str, str, str, int]],
        last: tuple[int, int],
    ) -> None:
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT OR REPLACE INTO scope VALUES (?, ?)", (scope, _now()))
            db.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)", rows)
            db.execute("DELETE FROM last_run")
            db.execute("INSERT INTO last_run VALUES (?, ?)", last)
        if rows:
            self._evict(db)

    def _evict(self, db: sqlite3.Connection) -> None:
        """Forget the scopes used least recently until the file is well below its bound."""
        if _size(db) <= self.largest:
            return
        for (scope,) in db.execute("SELECT id FROM scope ORDER BY used").fetchall():
            with db:
                db.execute("DELETE FROM entry WHERE scope = ?", (scope,))
                db.execute("DELETE FROM scope WHERE id = ?", (scope,))
            db.execute("VACUUM")
            if _size(db) <= self.largest * 3 // 4:
                return

    def stats(self) -> Stats:
        """Return what the cache holds."""
        found = self._attempt(
            lambda db: (
                _size(db),
                db.execute("SELECT count(*) FROM scope").fetchone()[0],
                db.execute("SELECT count(*) FROM entry").fetchone()[0],
                *(db.execute("SELECT asked, hits FROM last_run").fetchone() or (0, 0)),
            )
        )
        return Stats(self.path, *(found or ()))

    def close(self) -> None:
        """Let go of the file."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _attempt(self, work: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Return what `work` gives; None, and no cache from then on, where it fails."""
        if self.connection is None:
            return None
        try:
            return work(self.connection)
        except _FAILURES as error:
            self.close()
            if _is_damaged(error):
                _set_aside(self.path)
            return None


def is_writable(name: str) -> bool:
    """Tell whether SQLite can keep a name: not one whose bytes are no text."""
    return name.isascii() or not any("\ud800" <= c <= "\udfff" for c in name)


def open_store(folder: Path, largest: int = LARGEST) -> Store | None:
    """Return the cache in a folder, None if there can be none.

    It is taken only from a folder that nobody else can write to.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not is_private(folder):
            return None
        # SQLite would create the file readable to others.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | _NO_FOLLOW, 0o600))
    except OSError:
        return None
    for _ in range(2):
        try:
            return Store(path, _connect(path), largest)
        except _FAILURES as error:
            if not _is_damaged(error):
                return None
            _set_aside(path)
            with suppress(OSError):
                os.close(os.open(path, os.O_CREAT | os.O_RDWR | _NO_FOLLOW, 0o600))
    return None


_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
    try:
        # A kill loses nothing that was committed. A power cut may; checksums tell.
        db.execute("PRAGMA synchronous = OFF")
        _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    """Create the tables of a new file.

    Raises:
        sqlite3.DatabaseError: if the file is another version's or somebody else's.
    """
    if _is_ours(db):
        return
    with db:
        db.execute("BEGIN IMMEDIATE")
        if _is_ours(db):
            return
        if db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise sqlite3.DatabaseError(_FOREIGN)
        for statement in _TABLES:
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {_APPLICATION}")
        db.execute(f"PRAGMA user_version = {_VERSION}")


_FOREIGN: Final = "not a cache of this version"


def _is_ours(db: sqlite3.Connection) -> bool:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    application = db.execute("PRAGMA application_id").fetchone()[0]
    return (version, application) == (_VERSION, _APPLICATION)


def _is_damaged(error: Exception) -> bool:
    """Tell whether an error is about the file: not a lock, a full disk or a read-only one.

    A table that is missing is reported as an operational error, as a lock is.
    """
    return not isinstance(error, sqlite3.OperationalError) or "no such" in str(error)


def _set_aside(path: Path) -> None:
    """Rename a file that cannot be used, with what SQLite keeps beside it."""
    with suppress(OSError):
        path.replace(path.with_name(f"{path.name}.broken"))
    for suffix in ("-journal", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def _size(db: sqlite3.Connection) -> int:
    pages: int = db.execute("PRAGMA page_count").fetchone()[0]
    each: int = db.execute("PRAGMA page_size").fetchone()[0]
    return pages * each


def _begun(scope: str) -> int:
    return crc32(scope.encode())


def _sum(begun: int, name: str, value: str) -> int:
    return crc32(f"\0{name}\0{value}".encode("utf-8", "surrogatepass"), begun)


def _now() -> int:
    return time.time_ns()
