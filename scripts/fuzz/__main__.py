"""Hand comply mutated inputs, and count what becomes of them.

    python -m scripts.fuzz                           200,000 inputs: half an hour or more
    python -m scripts.fuzz --inputs 500              a few seconds, as the tests do
    python -m scripts.fuzz --seed 7 --only "cache"   others, of one target
    python -m scripts.fuzz --show 1234 > input       one input, to look at it

Each input is a file that `comply check` reads, or rules, settings, a baseline or a cache
that it uses: a seed of the project's fixtures and rules with bits flipped, parts moved,
repeated, nested, cut off or replaced, by its bytes or by its JSON or YAML. Of the policies
that are evaluated on plans, manifests and data the syntax trees are changed, so that most
compile, and of the documents the facts. An input is a function of the seed and its number,
so a fault can be tried again.

Whatever comes in, the command has to end within 2 s of processor time and 1 GiB, with
exit code 0, 1 or 2, a report or a message, and without a traceback. A damaged cache must
not change what is found. The run ends with 1 if there was a fault.
"""

import argparse
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from scripts.fuzz.targets import TARGETS, target_of
from scripts.fuzz.worker import Told, made, told

INPUTS = 200_000
_EVERY = 5_000


@dataclass(slots=True)
class Counts:
    """What a run has seen: exit codes by target, the slowest input, the largest memory."""

    codes: defaultdict[str, Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    faults: list[Told] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    peak: int = 0

    def add(self, one: Told) -> None:
        """Count an input."""
        self.codes[target_of(one.number)][one.outcome.code] += 1
        self.slowest = max(self.slowest, (one.outcome.seconds, one.number))
        self.peak = max(self.peak, one.peak)
        if one.outcome.fault:
            self.faults.append(one)

    def table(self) -> str:
        """Return the numbers of inputs by target and exit code."""
        rows = [
            f"{'':<26}{'inputs':>9}{'exit 0':>9}{'exit 1':>9}{'exit 2':>9}{'faults':>9}"
        ]
        faulty = Counter(target_of(one.number) for one in self.faults)
        for name in TARGETS:
            codes = self.codes[name]
            cells = [codes.total(), codes[0], codes[1], codes[2], faulty[name]]
            rows.append(f"{name:<26}" + "".join(f"{cell:>9,}" for cell in cells))
        everything = sum(self.codes.values(), Counter[int]())
        cells = [everything.total(), *(everything[i] for i in range(3)), faulty.total()]
        rows.append(f"{'all':<26}" + "".join(f"{cell:>9,}" for cell in cells))
        return "\n".join(rows)


def main() -> int:
    """Return 1 if an input made comply fail, else 0."""
    words = argparse.ArgumentParser(
        prog="python -m scripts.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words.add_argument("--inputs", type=int, default=INPUTS, help="how many")
    words.add_argument(
        "--seed", type=int, default=1, help="what all inputs follow from"
    )
    words.add_argument("--start", type=int, default=0, help="the first number")
    words.add_argument(
        "--only",
        action="append",
        choices=TARGETS,
        help="a target, its share of them; may be given several times",
    )
    words.add_argument("--show", type=int, metavar="N", help="write input N and end")
    given = words.parse_args()
    if given.show is not None:
        sys.stdout.buffer.write(made(given.seed, given.show))
        return 0
    numbers = range(given.start, given.start + given.inputs)
    chosen = [n for n in numbers if not given.only or target_of(n) in given.only]
    return _counted(given.seed, chosen)


def _counted(seed: int, numbers: list[int]) -> int:
    counts = Counts()
    for at, one in enumerate(told(seed, numbers), 1):
        counts.add(one)
        if one.outcome.fault:
            name = target_of(one.number)
            print(f"input {one.number} ({name}): {one.outcome.fault}", flush=True)
        if at % _EVERY == 0:
            print(f"{at:,} inputs, {len(counts.faults)} faults", flush=True)
    seconds, number = counts.slowest
    print(counts.table())
    print(
        f"slowest: {seconds:.2f} s of processor time, input {number}; "
        f"largest memory: {counts.peak / 1024:,.0f} MiB"
    )
    return int(bool(counts.faults))


if __name__ == "__main__":
    sys.exit(main())
