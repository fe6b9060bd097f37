"""The cache when things go wrong: damage, other versions, killed writers, no room."""

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from comply.check import cache_store
from comply.check.cache_records import Kept, Record, decode_all, encode, is_plain
from comply.check.cache_store import NAME, Stats, Store, open_store
from comply.findings import Finding, Severity, Status

STAMP = (1, 2, 3, 4, 5)


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "kept")
    assert store is not None
    yield store
    store.close()


def reopened(store: Store) -> Store:
    """Return the cache in the same folder, as the next run opens it."""
    store.close()
    found = open_store(store.path.parent)
    assert found is not None
    return found


def test_what_was_kept_is_found_by_the_next_run(store: Store) -> None:
    store.keep("s", {"a": "1", "b": "2"}, 2, 0)
    again = reopened(store)
    assert again.fetch("s", ["a", "b", "c"]) == {"a": "1", "b": "2"}
    assert again.fetch("other", ["a"]) == {}
    stats = again.stats()
    assert (stats.scopes, stats.entries, stats.asked, stats.hits) == (1, 2, 2, 0)
    again.close()


def test_a_table_that_is_gone_ends_the_cache_for_this_run(store: Store) -> None:
    assert store.connection is not None
    store.connection.execute("DROP TABLE entry")
    assert store.fetch("s", ["a"]) == {}
    assert store.stats() == Stats(store.path)
    assert store.path.with_name(f"{NAME}.broken").exists()
    store.keep("s", {"a": "1"}, 1, 0)
    assert store.fetch("s", ["a"]) == {}
    fresh = reopened(store)
    fresh.keep("s", {"a": "1"}, 1, 0)
    assert fresh.fetch("s", ["a"]) == {"a": "1"}
    fresh.close()


def test_a_lock_does_not_cost_the_file(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_store, "_WAIT", 0.05)
    store.keep("s", {"a": "1"}, 1, 0)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        blocked = open_store(store.path.parent)
        assert blocked is None or blocked.fetch("s", ["a"]) == {}
    finally:
        other.close()
    assert not store.path.with_name(f"{NAME}.broken").exists()
    again = reopened(store)
    assert again.fetch("s", ["a"]) == {"a": "1"}
    again.close()


def test_a_writer_killed_in_the_middle_leaves_what_was_there(store: Store) -> None:
    store.keep("s", {"a": "1"}, 1, 0)
    store.close()
    child = os.fork()
    if not child:
        db = sqlite3.connect(store.path, isolation_level=None)
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE entry SET value = 'half'")
        rows = [("s", str(i), "v" * 4000, 0) for i in range(50)]
        db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    again = reopened(store)
    assert again.fetch("s", ["a", "7"]) == {"a": "1"}
    again.close()


@pytest.mark.parametrize("size", [0, 1, 100, 4096, 5000])
def test_a_truncated_file_gives_nothing_false(store: Store, size: int) -> None:
    store.keep("s", {str(i): "v" * 500 for i in range(100)}, 100, 0)
    store.close()
    os.truncate(store.path, size)
    again = open_store(store.path.parent)
    if again is not None:
        found = again.fetch("s", map(str, range(100)))
        assert all(value == "v" * 500 for value in found.values())
        again.keep("s", {"a": "1"}, 1, 0)
        again.close()
    last = open_store(store.path.parent)
    assert last is not None
    last.keep("s", {"b": "2"}, 1, 0)
    assert last.fetch("s", ["b"]) == {"b": "2"}
    last.close()


def test_a_stale_row_under_another_name_is_not_taken(store: Store) -> None:
    store.keep("s", {"a": "1"}, 1, 0)
    assert store.connection is not None
    store.connection.execute("UPDATE entry SET name = 'b'")
    assert store.fetch("s", ["b"]) == {}
    store.connection.execute("UPDATE entry SET scope = 't', name = 'a'")
    assert store.fetch("t", ["a"]) == {}


def test_a_row_of_another_type_is_not_taken(store: Store) -> None:
    store.keep("s", {"a": "1"}, 1, 0)
    assert store.connection is not None
    store.connection.execute("UPDATE entry SET value = x'00'")
    assert store.fetch("s", ["a"]) == {}


def test_a_bound_that_nothing_fits_empties_the_cache(tmp_path: Path) -> None:
    store = open_store(tmp_path / "kept", 0)
    assert store is not None
    store.keep("s", {"a": "1"}, 1, 0)
    assert store.fetch("s", ["a"]) == {}
    assert store.stats().scopes == 0
    store.close()


def test_a_file_that_stays_unusable_is_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> sqlite3.Connection:
        raise sqlite3.DatabaseError("file is not a database")

    monkeypatch.setattr(cache_store, "_connect", fail)
    assert open_store(tmp_path / "kept") is None


def test_two_runs_that_begin_at_once_make_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cache_store._is_ours
    answers = [False]

    def late(db: sqlite3.Connection) -> bool:
        if answers:
            # The other run creates the tables between our two looks.
            answers.pop()
            other = open_store(tmp_path / "kept")
            assert other is not None
            other.close()
            return False
        return real(db)

    monkeypatch.setattr(cache_store, "_is_ours", late)
    store = open_store(tmp_path / "kept")
    assert store is not None
    store.keep("s", {"a": "1"}, 1, 0)
    assert store.fetch("s", ["a"]) == {"a": "1"}
    store.close()


def test_no_name_is_kept_that_is_no_text(store: Store) -> None:
    store.keep("s", {"a\udcff": "1", "ä": "2"}, 2, 0)
    assert store.fetch("s", ["ä"]) == {"ä": "2"}


def kept(evidence: object = None) -> Kept:
    """Return a record of a file with one finding."""
    rows = () if evidence is None else ({"value": evidence},)
    finding = Finding(
        "r", "t", Severity.LOW, Status.VIOLATION, "m", "f", None, "", rows
    )
    record = Record("document", 1, 1, ("r",), (finding,), plain=True)
    return Kept(STAMP, time.time_ns(), "digest", record)


@pytest.mark.parametrize("value", [1, 1.5, "x", None, True, [1, [2]], {"a": {"b": []}}])
def test_a_record_comes_back_as_it_was(value: object) -> None:
    text = encode(kept(value))
    assert text is not None
    (found,) = decode_all({"f": text}).values()
    assert found.record.findings[0].evidence == (
        ({"value": value},) if value is not None else ()
    )


@pytest.mark.parametrize("value", [(1,), {1: 2}, [{1}], {"a": [b"x"]}, 1j])
def test_a_record_that_json_would_change_is_not_kept(value: object) -> None:
    assert not is_plain(value)
    assert encode(kept(value)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "no json\n[]",
        "[1,2,3,4,5,6,7]\nno json",
        "[1]\n[]",
        '[1,2,3,4,5,6,"d"]\n["document"]',
        '[1,2,3,4,5,6,"d"]\n["document",1,1,[],[[1]],true]',
        '[1,2,3,4,5,6,"d"]\n["document",1,1,[],3,true]',
        "[" * 100_000 + "\n[]",
    ],
)
def test_a_record_of_another_kind_is_none(text: str) -> None:
    good = encode(kept())
    assert good is not None
    assert decode_all({"g": good}).keys() == {"g"}
    assert decode_all({"g": good, "f": text}) == {}


def test_the_file_is_for_its_owner_only(store: Store) -> None:
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_row_is_not_there(store: Store) -> None:
    store.keep("s", {"a": "1", "b": "2"}, 2, 0)
    assert store.fetch("s", ["a", "b", "c"]) == {"a": "1", "b": "2"}
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE entry SET value = '3' WHERE name = 'a'")
    assert store.fetch("s", ["a", "b"]) == {"b": "2"}


def test_another_version_is_set_aside(store: Store) -> None:
    store.keep("s", {"a": "1"}, 1, 0)
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version = 99")
    store.close()
    fresh = open_store(store.path.parent)
    assert fresh is not None
    assert fresh.fetch("s", ["a"]) == {}
    fresh.close()
    assert store.path.with_name(f"{NAME}.broken").exists()


def test_what_was_used_least_recently_goes_first(tmp_path: Path) -> None:
    store = open_store(tmp_path / "small", largest=300_000)
    assert store is not None
    for i in range(12):
        store.keep(f"s{i}", {str(k): "v" * 1000 for k in range(50)}, 50, 0)
        store.fetch("s0", ["0"])
    assert store.fetch("s0", ["0"]) == {}
    assert store.fetch("s11", ["0"])
    assert store.path.stat().st_size < 400_000
    store.close()


def test_a_locked_file_is_no_cache_for_this_run(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comply.check.cache_store._WAIT", 0.01)
    store.keep("s", {"a": "1"}, 1, 0)
    with sqlite3.connect(store.path, isolation_level=None) as db:
        db.execute("BEGIN EXCLUSIVE")
        other = open_store(store.path.parent)
        assert other is None or other.fetch("s", ["a"]) == {}
        db.execute("ROLLBACK")
    assert store.fetch("s", ["a"]) == {"a": "1"}


def test_a_folder_open_to_others_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    assert open_store(folder) is None


def test_a_schema_that_is_no_text_is_set_aside(store: Store) -> None:
    store.keep("s", {"a": "1"}, 1, 0)
    store.close()
    damaged = store.path.read_bytes().replace(b"scopescope", b"scope\xc2(ope")
    store.path.write_bytes(damaged.replace(b"TABLE entry", b"TABLE \xc2(try"))
    fresh = open_store(store.path.parent)
    assert fresh is not None
    fresh.keep("s", {"b": "2"}, 1, 0)
    assert fresh.fetch("s", ["b"]) == {"b": "2"}
    fresh.close()
    assert store.path.with_name(f"{NAME}.broken").exists()
