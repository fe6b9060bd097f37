"""RULE x LIMITS -> RESULT OR ERROR: no rule runs for ever, builds too much or says too much.

The code of rules is not slowed: it counts nothing and looks at no clock. A thread wakes
a few times a second, sees which rule runs, and stops one that has had its share by an
exception in the thread that runs it. That takes neither signals nor the main thread, so
it works in servers, in forked processes and on Windows. What one call of C code does, such
as sorting a long list, is not broken off before it returns.
"""

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar
from weakref import ref

from comply.classes import dataclass, field
from comply.findings import Finding
from comply.plan.runtime import EvaluationError

_T = TypeVar("_T")

ALL: Final = ""
"""What runs for many rules at once, and is done again rule by rule if it is stopped."""

LONGEST_MESSAGE: Final = 1_000_000
"""How many characters the message of one finding may have."""

_TOLD: Final = {
    "time": (
        "it was stopped: it took longer than {seconds:g} s",
        (
            "look elements up by a key where all are compared with all (`comply bench` "
            "shows the slowest lines), or allow more: --timeout, `timeout` in comply.yaml"
        ),
    ),
    "memory": (
        "it was stopped: it took more than {megabytes:,} MB of memory",
        "build less at a time, or allow more: `max_memory` in comply.yaml",
    ),
    "findings": (
        "it gives more than {findings:,} findings",
        "say once what they have in common, or allow more: `max_findings` in comply.yaml",
    ),
    "message": (
        f"a message of it has more than {LONGEST_MESSAGE:,} characters",
        "name in messages what is wrong, not all there is",
    ),
}
"""Why a rule is out: what happened, and what to do."""

_STEP: Final = 0.1
_IDLE: Final = 1.0
_AGAIN: Final = 5.0
"""Seconds after which a rule is stopped once more: some code let the first pass."""

_MEMORY: Final = Path("/proc/self/statm")
_GENERATED: Final = "<comply plan "


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one rule may take in a run; 0 is no limit.

    `seconds` of time over all documents, `findings` over all documents, `megabytes` by
    which the process may grow while the rule runs (Linux only).
    """

    seconds: float = 30.0
    findings: int = 250_000
    megabytes: int = 1_024


class StoppedError(BaseException):
    """Raised in the middle of a rule; no handler of rules or built-ins takes it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a rule was stopped, what to do, and at which line of which generated code."""

    message: str
    hint: str
    at: tuple[str, int] | None = None


class OverBudgetError(EvaluationError):
    """A rule took more than it may; it is not run again."""

    def __init__(self, stop: Stop) -> None:
        super().__init__("eval_cancel_error", stop.message, 0, 0)
        self.stop = stop


# It has no slots, as the thread that watches it must not keep it.
@dataclass()
class Budget:
    """What is left to the rules of a run, and the watch over it.

    `out` are the rules that were stopped. A budget is `careful` once a rule was stopped
    among others: rules then run one by one. One thread at a time may use it.
    """

    limits: Limits = field(default_factory=Limits)
    out: dict[str, Stop] = field(default_factory=dict)
    careful: bool = False
    label: str | None = None
    turn: int = 0
    thread: int = 0
    process: int = 0
    fired: str = ""
    blamed: str = ALL
    busy: bool = False
    watcher: object | None = None
    gone: "threading.Lock | None" = None
    spent: dict[str, float] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    def run(self, label: str, work: Callable[..., _T], *operands: Any) -> _T:  # noqa: ANN401
        """Return what `work` gives, done for the rule `label` or, if that is ALL, for many.

        Inside another `run` only rules that are out already are refused.

        Raises:
            OverBudgetError: if the rule is out, or is stopped.
        """
        if self.out and label in self.out:
            raise OverBudgetError(self.out[label])
        if self.label is not None:
            return work(*operands)
        stopped: BaseException
        try:
            self._begin(label)
            try:
                return work(*operands)
            finally:
                self._end()
        except StoppedError as error:
            why, stopped = self._settled(), error
        except MemoryError as error:
            why, stopped, self.blamed = "memory", error, label
        at = _place(stopped)
        # What the frames hold may be what took the memory.
        stopped.__traceback__ = stopped.__context__ = None
        raise OverBudgetError(self._put_out(self.blamed, why, at))

    def take(self, label: str, found: Sequence[Finding]) -> None:
        """Count findings of a rule.

        Raises:
            OverBudgetError: if they are too many, or one of them is too long.
        """
        self.counted[label] += len(found)
        if 0 < self.limits.findings < self.counted[label]:
            raise OverBudgetError(self._put_out(label, "findings", None))
        for item in found:
            if len(item.message) > LONGEST_MESSAGE:
                raise OverBudgetError(self._put_out(label, "message", None))

    def rest(self) -> None:
        """End the watch now: nothing will run for a while."""
        self.watcher = None
        if self.gone is not None:
            _let_go(self.gone)

    def renew(self) -> None:
        """Give every rule its whole share again; those that are out stay out."""
        self.spent.clear()
        self.counted.clear()

    def _put_out(self, label: str, why: str, at: tuple[str, int] | None) -> Stop:
        limits = self.limits
        message, hint = _TOLD[why]
        text = message.format(
            seconds=limits.seconds, findings=limits.findings, megabytes=limits.megabytes
        )
        stop = Stop(text, hint, at)
        if label == ALL:
            self.careful = True
        else:
            self.out[label] = stop
        return stop

    def _begin(self, label: str) -> None:
        self.thread = threading.get_ident()
        self.turn += 1
        self.label = label
        if self.watcher is None or self.process != os.getpid():
            self._watch()

    def _watch(self) -> None:
        """Start a thread that watches until nothing has run for a while, or we are gone."""
        if self.limits.seconds <= 0 and self.limits.megabytes <= 0:
            return
        if sys.gettrace() is not None:
            # A tracer takes locks as we go; one stopped there would hold it for ever.
            return
        self.process = os.getpid()
        me = self.watcher = object()
        # An Event would not do: to set one in the midst of a collection, or in a process
        # forked while somebody waits for it, may wait for ever.
        gone = self.gone = threading.Lock()
        gone.acquire()
        found = ref(self, lambda _: _let_go(gone))
        limit = self.limits.seconds
        step = min(_STEP, limit / 10) if limit > 0 else _STEP
        threading.Thread(
            target=watch,
            args=(found, me, gone, step),
            name="comply budget",
            daemon=True,
        ).start()

    def _end(self) -> None:
        """Leave what is watched; nothing is raised here from now on.

        The watcher says that it is busy before it looks whether something runs, and we
        say that nothing runs before we look whether it is busy.
        """
        self.label = None
        while self.busy:
            time.sleep(0.001)
        if self.fired:
            raise StoppedError

    def _settled(self) -> str:
        """Return why a rule was stopped, once no more exceptions are on their way."""
        last = False
        while True:
            try:
                self.label = None
                while self.busy:
                    time.sleep(0.001)
                # A thread has room for one: ours takes the place of what may be left.
                # To take that back instead leaves CPython 3.11 checking for it for ever.
                last = True
                _interrupts().interrupt(self.thread, StoppedError)
                while True:
                    time.sleep(0.001)
            except StoppedError:
                if last:
                    break
        why, self.fired = self.fired, ""
        return why


@dataclass(slots=True)
class Watch:
    """What the thread that watches knows of the turn that it saw last."""

    turn: int = -1
    last: float = field(default_factory=time.monotonic)
    memory: int = 0
    fired: float = 0.0


def _let_go(lock: threading.Lock) -> None:
    """Release a lock, which may have been done already."""
    with suppress(RuntimeError):
        lock.release()


def watch(
    found: Callable[[], Budget | None], me: object, gone: threading.Lock, step: float
) -> None:
    """Stop rules that take too much, until the budget needs no watcher or another.

    `found` gives the budget, None once nobody else has it, when `gone` is let go; `step`
    are the seconds between two looks.
    """
    held = Watch()
    idle: float | None = 0.0
    while idle is not None and not gone.acquire(timeout=step):
        idle = _watched(found(), me, held, idle + step)


def _watched(
    budget: Budget | None, me: object, held: Watch, idle: float
) -> float | None:
    """Look at a budget that may have been idle for so many seconds.

    Return for how long it has been, None if the watch is over.
    """
    if budget is None or budget.watcher is not me:
        return None
    if budget.label is not None:
        look(budget, held)
        return 0.0
    held.last = time.monotonic()
    if idle > _IDLE:
        # Whoever begins now sees no watcher, or is seen here.
        budget.watcher = None
        if _is_idle(budget):
            return None
        budget.watcher = me
    return idle


def _is_idle(budget: Budget) -> bool:
    return budget.label is None


def look(budget: Budget, held: Watch) -> None:
    """Charge the rule that runs for the time since the last look; stop it if need be."""
    label, turn, now = budget.label, budget.turn, time.monotonic()
    since, held.last = now - held.last, now
    if label is None:
        return
    if turn != held.turn:
        held.turn, held.fired, held.memory = turn, 0.0, resident()
        budget.spent.pop(ALL, None)
    spent = budget.spent[label] = budget.spent.get(label, 0.0) + since
    why = ""
    if 0 < budget.limits.seconds < spent:
        why = "time"
    elif 0 < budget.limits.megabytes << 20 < resident() - held.memory:
        why = "memory"
    if why and now - held.fired > _AGAIN:
        held.fired = now
        _fire(budget, turn, (label, why))


def _fire(budget: Budget, turn: int, blame: tuple[str, str]) -> None:
    interrupt = _interrupts().interrupt
    budget.busy = True
    if budget.turn == turn and budget.label is not None:
        budget.blamed, budget.fired = blame
        interrupt(budget.thread, StoppedError)
    budget.busy = False


def _interrupts() -> Any:  # noqa: ANN401
    # Imported here because ctypes is needed only by runs that are stopped.
    return import_module("comply.check.interrupts")


def resident() -> int:
    """Return how many bytes of memory the process has, 0 where that is not told."""
    try:
        pages = _MEMORY.read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _place(error: BaseException) -> tuple[str, int] | None:
    """Return the innermost line of generated code that an exception came through."""
    found = None
    seen: BaseException | None = error
    while seen is not None:
        trace: TracebackType | None = seen.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file.startswith(_GENERATED):
                found = file, trace.tb_lineno
            trace = trace.tb_next
        seen = None if found else seen.__context__
    return found
