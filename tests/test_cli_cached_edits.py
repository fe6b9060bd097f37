"""The law of the cache: what a run finds with it is what a run finds without."""

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.cached_trees import (
    CLOCK,
    JOIN,
    JOINED,
    NAMED,
    SETTLED,
    TIER,
    manifest,
    outcome,
)

from comply.check.cache_store import NAME, open_store
from comply.cli.cached_check import Options
from comply.cli.check import check
from comply.cli.settings import Settings
from comply.cli.whole_check import check_whole

TICK = 0.012
"""Seconds after which every file system here gives another time."""


contents = st.one_of(
    st.builds(
        manifest,
        st.sampled_from(("Pod", "Service")),
        st.sampled_from(("a", "b", "cc")),
        st.sampled_from(("one", "two", "six")),
    ),
    st.sampled_from(
        (
            "apiVersion: v1\nkind: [\n",
            "hello: world\n",
            "",
            "{{ template }} apiVersion kind",
            manifest("Pod", "x", "two") + "---\n" + manifest("Service", "x", "one"),
            '{"format_version": "1.2", "resource_changes": []}',
        )
    ),
)
names = st.sampled_from(("a.yaml", "b.yaml", "sub/c.yaml", "sub/d.json", "comply.yaml"))
rule_texts = st.sampled_from(
    (
        # Mostly those that let files be checked one by one.
        [TIER],
        [NAMED],
        [TIER, NAMED],
        [NAMED, TIER],
        [TIER, JOIN],
        [NAMED, JOINED],
        [NAMED, CLOCK],
    )
)


class Edits(RuleBasedStateMachine):
    """Files, rules, parameters and the cache change in all ways; findings follow."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.tree = self.root / "tree"
        (self.tree / "sub").mkdir(parents=True)
        self.policy = self.root / "rules"
        self.policy.mkdir()
        self.cache = self.root / "cache"
        self.parameters: dict[str, dict[str, Any]] = {}
        self.old = b""
        self.clock = pytest.MonkeyPatch()
        # Files of a moment ago are not trusted; here they count as old.
        real = time.time_ns
        self.clock.setattr(time, "time_ns", lambda: real() + SETTLED)

    def teardown(self) -> None:
        self.clock.undo()
        shutil.rmtree(self.root)

    @property
    def settings(self) -> Settings:
        return Settings(
            paths=(self.tree,), rules=(self.policy,), parameters=self.parameters
        )

    @property
    def file(self) -> Path:
        return self.cache / NAME

    @initialize(texts=rule_texts)
    def begin(self, texts: list[str]) -> None:
        self.change_rules(texts)
        (self.tree / "a.yaml").write_text(manifest("Pod", "a", "two"))

    @rule(name=names, text=contents)
    def write(self, name: str, text: str) -> None:
        time.sleep(TICK)
        (self.tree / name).write_text(text)

    @rule(name=names, text=contents)
    def write_unseen(self, name: str, text: str) -> None:
        """Change a file to one of the same size, and give it its old time back."""
        path = self.tree / name
        if path.exists():
            time.sleep(TICK)
            state = path.stat()
            path.write_text(text.ljust(state.st_size)[: state.st_size])
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    @rule(name=names, when=st.sampled_from((0, 10**18, 2 * 10**18)))
    def touch(self, name: str, when: int) -> None:
        if (self.tree / name).exists():
            os.utime(self.tree / name, ns=(when, when))

    @rule(name=names, other=names)
    def rename(self, name: str, other: str) -> None:
        if (self.tree / name).exists():
            time.sleep(TICK)
            (self.tree / name).replace(self.tree / other)

    @rule(name=names)
    def remove(self, name: str) -> None:
        (self.tree / name).unlink(missing_ok=True)

    @rule(texts=rule_texts)
    def change_rules(self, texts: list[str]) -> None:
        for path in self.policy.iterdir():
            path.unlink()
        for i, text in enumerate(texts):
            (self.policy / f"r{i}.rego").write_text(text)

    @rule(tier=st.sampled_from(("one", "two", "six")))
    def change_parameters(self, tier: str) -> None:
        self.parameters = {"tiers": {"refused": tier}}

    @rule(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
    def damage(self, where: float, flip: int) -> None:
        if self.file.exists():
            data = bytearray(self.file.read_bytes())
            if data:
                data[int(where * len(data))] ^= flip
                self.file.write_bytes(data)

    @rule(where=st.floats(0, 1))
    def truncate(self, where: float) -> None:
        if self.file.exists():
            os.truncate(self.file, int(where * self.file.stat().st_size))

    @rule(data=st.sampled_from((b"", b"not a database", b"SQLite format 3\0" * 9)))
    def replace_by_another(self, data: bytes) -> None:
        self.cache.mkdir(exist_ok=True, mode=0o700)
        self.file.write_bytes(data)

    @rule()
    def remember(self) -> None:
        if self.file.exists():
            self.old = self.file.read_bytes()

    @rule()
    def bring_back_an_old_one(self) -> None:
        if self.old:
            self.file.write_bytes(self.old)

    @rule()
    def kill_a_writer(self) -> None:
        """Let a run be killed with half of what it writes written."""
        child = os.fork()
        if not child:
            try:
                die_while_writing(self.cache)
            finally:
                os._exit(1)
        os.waitpid(child, 0)

    @rule()
    def two_at_once(self) -> None:
        child = os.fork()
        if not child:
            try:
                outcome(check, self.settings, Options(cache=self.cache, jobs=1))
            finally:
                os._exit(0)
        try:
            self.same()
        finally:
            os.waitpid(child, 0)

    @invariant()
    def same(self) -> None:
        options = Options(cache=self.cache, jobs=1)
        expected = outcome(check_whole, self.settings, Options())
        assert outcome(check, self.settings, options) == expected


def die_while_writing(folder: Path) -> None:
    store = open_store(folder)
    if store is not None and store.connection is not None:
        db = store.connection
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE entry SET value = 'half', sum = 0")
        rows = [("s", str(i), "v" * 4000, 0) for i in range(50)]
        db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
        os.kill(os.getpid(), signal.SIGKILL)


TestEdits = Edits.TestCase
TestEdits.settings = profile(max_examples=10, stateful_step_count=15, deadline=None)
