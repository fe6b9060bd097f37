"""INPUT -> OUTCOME: one run of the command line on one input, and what was wrong with it."""

import contextlib
import io
import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final, NoReturn

from scripts.fuzz.direct import check, followed, session_for
from scripts.fuzz.mutate import mutated
from scripts.fuzz.policies import KINDS, THEN
from scripts.fuzz.targets import TARGETS, checked_file, target_of

from comply.check.session import Session

SECONDS: Final = 2.0
"""The processor time that one input may take."""

TOO_LONG: Final = -1
"""The exit code of a run that did not end by itself."""

CACHE: Final = "cache"
_FORMATS: Final = (
    "json",
    "sarif",
    "junit",
    "markdown",
    "html",
    "csv",
    "gitlab",
    "github",
)
_ARE_JSON: Final = frozenset({"json", "sarif", "gitlab"})
_BUG: Final = "This is a bug in comply"
_INTERRUPTED: Final = 130


class TooLongError(BaseException):
    """An input that took more than `SECONDS`: nothing in comply catches it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an input: the exit code, processor seconds, what was wrong if any."""

    code: int
    seconds: float
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Ended:
    """A run that ended: its exit code, what it wrote, the processor time it took."""

    code: int
    out: str
    err: str
    seconds: float


@dataclass(slots=True)
class Bench:
    """A folder for inputs and the command line that reads them.

    `seeds` and `sessions` are those used so far; `cache` are the files that a run without
    faults keeps, and `uncached` is what such a run ends with.
    """

    folder: Path
    run: Callable[[list[str]], int]
    seeds: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    cache: dict[str, bytes] = field(default_factory=dict)
    uncached: tuple[int, str] = (0, "")

    def prepare(self) -> None:
        """Keep what a run leaves in an empty cache, to damage it later."""
        place = self._place(CACHE)
        ended = self._run(place, CACHE, "csv")
        self.uncached = (ended.code, ended.out)
        kept = sorted((place / CACHE).iterdir())
        self.cache = {path.name: path.read_bytes() for path in kept}

    def made(self, seed: int, number: int) -> tuple[str, bytes]:
        """Return the target of an input and its bytes, always the same for two numbers."""
        random = Random(f"{seed}/{number}")  # noqa: S311  (no secret)
        name = target_of(number)
        if name not in self.seeds:
            self.seeds[name] = TARGETS[name].seeds()
        seeds = self.seeds[name]
        if name == CACHE:
            seeds = (self.cache[self._damaged(number)],)
        make = TARGETS[name].make
        if make is not None:
            return name, make(random, seeds)
        return name, mutated(random, seeds, TARGETS[name].shaped)

    def attempt(self, name: str, data: bytes, number: int) -> Outcome:
        """Return what becomes of an input; every second report is in another format.

        A session takes most of what it can load, which costs little; of sixteen inputs
        one is given to the command, which besides finds out what kind a file is. Of four
        policies one is run by a session that follows a change of its document. What
        takes too long is tried again: the first of its kind may have imported much.
        """
        outcome = self._attempted(name, data, number)
        if outcome.code == TOO_LONG:
            outcome = self._attempted(name, data, number)
        return outcome

    def _attempted(self, name: str, data: bytes, number: int) -> Outcome:
        place = self._place(name)
        form = "text" if number % 2 else _FORMATS[number // 2 % len(_FORMATS)]
        if name == CACHE:
            form = "csv"
            shutil.rmtree(place / CACHE, ignore_errors=True)
            (place / CACHE).mkdir(mode=0o700)
            for file, kept in self.cache.items():
                (place / CACHE / file).write_bytes(kept)
            (place / CACHE / self._damaged(number)).write_bytes(data)
        elif TARGETS[name].make is not None:
            for file, text in json.loads(data).items():
                (place / file).parent.mkdir(exist_ok=True)
                (place / file).write_bytes(text.encode())
        else:
            (place / TARGETS[name].file).write_bytes(data)
        try:
            if TARGETS[name].make is not None and number % 4 == 0:
                ended, form = self._follow(place, name), "text"
            elif TARGETS[name].kind and number % 16:
                ended = self._load(place, name, form)
            else:
                ended = self._run(place, name, form)
        except TooLongError:
            return Outcome(TOO_LONG, SECONDS, f"took more than {SECONDS} s")
        fault = _fault(ended, form)
        if name == CACHE and (ended.code, ended.out) != self.uncached:
            fault = fault or "a damaged cache changed what was found"
        return Outcome(ended.code, ended.seconds, fault)

    def _damaged(self, number: int) -> str:
        return sorted(self.cache)[number % len(self.cache)]

    def _place(self, name: str) -> Path:
        """Return the folder of a target, with what lies beside the fuzzed file."""
        place = self.folder / name.replace(" ", "-")
        if not place.exists():
            place.mkdir()
            for file, text in TARGETS[name].beside.items():
                (place / file).write_text(text)
        return place

    def _run(self, place: Path, name: str, form: str) -> _Ended:
        target = TARGETS[name]
        words = ["check", checked_file(target), *target.arguments, "-f", form]
        cache = place / CACHE if name == CACHE else self.folder / "kept"
        os.environ["COMPLY_CACHE_DIR"] = str(cache)  # noqa: TID251  (as a user's shell)
        with contextlib.chdir(place):
            return _limited(partial(self.run, words))

    def _load(self, place: Path, name: str, form: str) -> _Ended:
        """Return how a session takes a file that it is given besides what it holds."""
        target = TARGETS[name]
        with contextlib.chdir(place):
            if name not in self.sessions:
                self.sessions[name] = session_for(target.kind, self.folder / "kept")
            session, file = self.sessions[name], target.file
            forget = partial(self._forget, name)
            return _limited(partial(check, session, file, target.kind, form, forget))

    def _follow(self, place: Path, name: str) -> _Ended:
        """Return how a session follows a document that becomes another."""
        file = TARGETS[name].file
        with contextlib.chdir(place):
            return _limited(partial(followed, file, THEN, KINDS[file]))

    def _forget(self, name: str) -> None:
        del self.sessions[name]


def _limited(run: Callable[[], int]) -> _Ended:
    """Return how a command ended.

    Raises:
        TooLongError: if it took more processor time than it may.
    """
    # As strict as a real terminal: what is no text cannot be written.
    written, said = io.BytesIO(), io.BytesIO()
    out = io.TextIOWrapper(written, "utf-8", write_through=True)
    err = io.TextIOWrapper(said, "utf-8", "backslashreplace", write_through=True)
    before = signal.signal(signal.SIGPROF, _too_long)
    start = time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        # Again and again, as a callback of a library may swallow the first.
        signal.setitimer(signal.ITIMER_PROF, SECONDS, 0.2)
        try:
            code = run()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)
    seconds = time.process_time() - start
    # A database that the signal reaches takes it for an interrupt.
    if seconds > SECONDS or code == _INTERRUPTED:
        raise TooLongError
    return _Ended(code, _text(written), _text(said), seconds)


def _too_long(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise TooLongError


def _text(written: io.BytesIO) -> str:
    return written.getvalue().decode("utf-8", "replace")


def _fault(ended: _Ended, form: str) -> str:
    """Return what is wrong with how a run ended, "" if it found or said something."""
    if _BUG in ended.err or "Traceback" in ended.err + ended.out:
        lines = ended.err.split(_BUG)[0].strip().splitlines() or [""]
        places = [line.strip() for line in lines if line.strip().startswith("File ")]
        return f"crashed: {lines[-1][:200]} at {' < '.join(places[-1:-4:-1])}"
    if ended.code not in {0, 1, 2}:
        return f"ended with {ended.code}"
    if not ended.out.strip() and (ended.code != 2 or not ended.err.strip()):
        return f"ended with {ended.code} and said nothing"
    if form in _ARE_JSON and ended.out.strip():
        try:
            json.loads(ended.out)
        except ValueError as error:
            return f"wrote {form} that is none: {error}"
    return ""
