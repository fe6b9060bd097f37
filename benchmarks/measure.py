"""Clocks, processes and memory: what the benchmarks measure with.

A benchmark is a file with a claim in its docstring and a `run` that returns an
`Outcome`. Called as a program it prints the outcome; `run.py` collects them all.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

QUICK: Final = "--quick" in sys.argv
"""Whether a benchmark only shows that it works: small inputs, no claims."""

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "engine"
RULES = ROOT / "rules"


@dataclass(frozen=True, slots=True)
class Bar:
    """One measurement of an outcome: what was measured, its value, in which unit."""

    label: str
    value: float
    unit: str = "ms"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A claim in numbers: `value` must be at least, or at most, `bound`."""

    what: str
    value: float
    sense: str
    bound: float

    @property
    def met(self) -> bool:
        """Tell whether the claim holds."""
        at_least = self.sense == "at least"
        return self.value >= self.bound if at_least else self.value <= self.bound


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one benchmark found. `skipped` says why it could not run."""

    claim: str
    bars: tuple[Bar, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    notes: str = ""
    skipped: str = ""


def scaled(full: int, quick: int) -> int:
    """Return a size: the one that the claim names, or with `--quick` a small one."""
    return quick if QUICK else full


def interleaved(
    runs: Mapping[str, Callable[[], Mapping[str, float]]], rounds: int
) -> dict[str, float]:
    """Return the median of each measurement over rounds in which all take their turn.

    So that what else the machine does hits one as much as the other.
    """
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        for run in runs.values():
            for what, milliseconds in run().items():
                taken.setdefault(what, []).append(milliseconds)
    return {what: statistics.median(times) for what, times in taken.items()}


def clock(run: Callable[[], object]) -> float:
    """Return the duration of one run in milliseconds."""
    return median(run, 1)


def median(run: Callable[[], object], repeats: int = 5) -> float:
    """Return the median duration of `run` in milliseconds, its result kept until after."""
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = run()
        durations.append((time.perf_counter() - start) * 1000)
        del result
    return statistics.median(durations)


def median_of(prepare: Callable[[], Callable[[], object]], repeats: int = 5) -> float:
    """Return the median duration of what `prepare` returns, made anew for each repeat.

    So that no index, memo or cache of one repeat serves the next.
    """
    durations = []
    for _ in range(repeats):
        run = prepare()
        durations.append(median(run, 1))
    return statistics.median(durations)


def process(command: Sequence[str | Path], repeats: int = 5, code: int = 0) -> float:
    """Return the median duration of a whole process in milliseconds.

    One more runs before, after which Python has its modules compiled.

    Raises:
        RuntimeError: the process did not end with `code`; a crash is no measurement.
    """
    output(command, code)
    return median(lambda: output(command, code), repeats)


def output(command: Sequence[str | Path], code: int = 0) -> str:
    """Run a process and return what it printed, if it ended with `code`."""
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
    )
    if done.returncode != code:
        message = f"{command[0]} ended with {done.returncode}, not {code}"
        raise RuntimeError(f"{message}: {done.stderr[-2000:]}{done.stdout[-500:]}")
    return done.stdout


def peak_memory(command: Sequence[str | Path], code: int = 0) -> int:
    """Return the peak resident memory of a process, in bytes."""
    with Path(os.devnull).open("wb") as nowhere:
        child = subprocess.Popen(
            [str(part) for part in command], stdout=nowhere, env=environment()
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != code:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}, not {code}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def environment() -> dict[str, str]:
    """Return the environment of the processes: comply from this checkout.

    Python may keep its modules compiled, as an installation has them.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(ENGINE)}


def comply(*arguments: str | Path) -> list[str | Path]:
    """Return what the installed `comply` runs, with this interpreter."""
    start = "from comply.cli.main import main; main()"
    return [sys.executable, "-c", start, *arguments]


def ratio(slow: float, fast: float) -> float:
    """Return how many times faster `fast` is."""
    return slow / fast


def show(outcome: Outcome) -> None:
    """Print an outcome: as JSON for run.py if asked so, else for people."""
    if "--json" in sys.argv:
        print(json.dumps(asdict(outcome)))
        return
    print(outcome.claim.strip(), "\n")
    if outcome.skipped:
        print("skipped:", outcome.skipped)
    if QUICK:
        print("a quick run: too small to say anything about the claim")
    for bar in outcome.bars:
        print(f"{bar.label:60} {bar.value:12,.2f} {bar.unit}")
    for verdict in outcome.verdicts:
        word = "met" if verdict.met else "NOT MET"
        word = "not claimed of so little" if QUICK else word
        bound = f"{verdict.sense} {verdict.bound:g}"
        print(f"{verdict.what:60} {verdict.value:12,.2f} {bound}: {word}")
    if outcome.notes:
        print("\n" + outcome.notes.strip())
