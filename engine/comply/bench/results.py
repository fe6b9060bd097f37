"""What was measured: plain data, for the table and for JSON."""

from comply.classes import dataclass


@dataclass(frozen=True, slots=True)
class UnitTime:
    """One clause of a rule, over all documents.

    `driver` is the collection it goes through, `elements` how many elements that were,
    `hits` how many results it gave. `error` says why it could not be evaluated.
    """

    rule: str
    file: str
    row: int
    driver: str
    documents: int
    elements: int
    hits: int
    milliseconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class RuleTime:
    """All units of a rule."""

    rule: str
    units: int
    elements: int
    hits: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class IndexUse:
    """A hash index: the elements of `path` by their value at `on`.

    `lookups` are those of all runs over all documents once, `hits` those that found
    something. `keys` and `milliseconds`, what building takes, are summed over documents.
    """

    path: str
    on: str
    keys: int
    lookups: int
    hits: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class MemoUse:
    """A helper rule whose value is kept: `reads` in all, `hits` that found it kept."""

    rule: str
    reads: int
    hits: int


@dataclass(frozen=True, slots=True)
class LineTime:
    """A line of a policy: its share of the samples, and of the time of a check."""

    file: str
    row: int
    text: str
    share: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Lines:
    """What sampling gave: `milliseconds` is the median check with the sampler on.

    `outside` is the share of samples in comply's own work, `doubt` that of samples in
    the evaluation of rules on values known only after apply; neither is in a line.
    """

    lines: tuple[LineTime, ...]
    samples: int
    outside: float
    doubt: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything; times are medians in milliseconds.

    `whole` is a check from scratch with nothing measured inside, over `runs` runs.
    `apart` is the sum of the units measured one by one, over `unit_runs` runs. `lines`
    is None where this system or thread cannot sample.
    """

    documents: int
    facts: int
    findings: int
    compiling: float
    loading: float
    whole: float
    runs: int
    apart: float
    unit_runs: int
    rules: tuple[RuleTime, ...]
    units: tuple[UnitTime, ...]
    indexes: tuple[IndexUse, ...]
    memos: tuple[MemoUse, ...]
    lines: Lines | None
    notes: tuple[str, ...] = ()
