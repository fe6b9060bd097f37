"""From how many files on other processes pay: `WORTH` in comply/check/parallel.py.

    python benchmarks/fork_threshold.py

Checks so many manifests in this process and in one a processor, in turns, with compiled
rules, and prints the least time of each, and how many times faster the processes are. The
fewer files, the more their start counts. On a machine that has other things to do they
have nothing to run on: measure on one that has not.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from generate import write_manifests

from comply.check.budget import Budget
from comply.check.parallel import WORTH, processors, spread
from comply.check.session import Session
from comply.check.single import Singles
from comply.cli.file_records import Checker, File

SIZES = (25, 50, 100, 200, 400, 800, 1_600)
REPEATS = 7
PACK = "kubernetes/baseline"


def measure(session: Session, files: list[File]) -> tuple[float, float]:
    """Return the least time of checking files, in ms: in one process, in all."""
    taken: dict[int, list[float]] = {1: [], processors(): []}
    for _ in range(REPEATS):
        for processes, times in taken.items():
            checker = Checker(
                Singles(session.compiled),
                Budget(session.limits),
                session.base_documents([]),
                session.clock,
            )
            start = time.perf_counter()
            spread(_work(checker, files), len(files), processes, _untold)
            times.append((time.perf_counter() - start) * 1000)
            # Processes are not forked beside threads: let the watch over rules end.
            while checker.budget.watcher is not None:
                time.sleep(0.05)
    return min(taken[1]), min(taken[processors()])


def _work(checker: Checker, files: list[File]) -> Callable[[int], object]:
    def work(i: int) -> object:
        return checker.record(files[i])

    return work


def _untold(_: int) -> None:
    pass


def main() -> None:
    """Print what each number of files takes."""
    most = processors()
    out = sys.stdout
    session = Session(packs=[PACK])
    out.write(f"{most} processors; a process for each {WORTH} files\n")
    out.write(
        f"{'files':>6} {'1 process':>10} {f'{most} processes':>12} {'ratio':>6}\n"
    )
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "manifests"
        write_manifests(SIZES[-1], tree)
        files = [File(str(path), named=False) for path in sorted(tree.rglob("*.yaml"))]
        for size in SIZES:
            one, many = measure(session, files[:size])
            faster = f"{one / many:.2f}"
            out.write(f"{size:>6} {one:>7.0f} ms {many:>9.0f} ms {faster:>6}\n")


if __name__ == "__main__":
    main()
