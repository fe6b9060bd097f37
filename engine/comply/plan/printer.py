"""What is shared while a plan is printed: the writer, what is known, how steps fail."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.kinds import Kinds, kind_of
from comply.plan.probe import Probes
from comply.plan.writer import Writer, name


@dataclass(slots=True)
class Printer:
    """What the functions of this module share while they print a plan.

    `functions` holds functions lifted out of the one being printed, `mocked` the
    built-ins that some `with` replaces, `pending` the locals that are sets to be, `used` the built-ins called, `covered` the data
    paths replaced and the rules under them, `functions` the paths of functions.
    `answering` tells that what is printed works out an answer to be remembered;
    `stood_for` are the functions that some `with` replaces by a built-in, which may fail.
    """

    writer: Writer
    mocked: frozenset[str]
    covered: dict[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]
    functions: frozenset[tuple[str, ...]]
    source: int = 0
    counter: int = 0
    used: set[str] = field(default_factory=set)
    lifted: list[Callable[[], None]] = field(default_factory=list)
    kinds: Kinds = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    probes: Probes | None = None
    answering: bool = False
    stood_for: frozenset[int] = frozenset()

    def begin(self) -> None:
        """Forget what only held in the function printed before."""
        writer = self.writer
        writer.nested, writer.top = 1, (len(writer.lines), writer.depth)
        self.kinds.clear()
        self.pending.clear()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Print a block that may not run: nothing it began is there after it."""
        before = set(self.pending)
        with self.writer.level():
            yield
        self.pending &= before

    def settle(self, names: Iterable[str]) -> None:
        """Make sets of those locals that still are the dicts of their members."""
        for pending in sorted(self.pending.intersection(names)):
            text = name(ir.Local(pending))
            self.writer.line(f"{text} = RegoSet.of({text})")
            self.pending.discard(pending)

    def number(self) -> int:
        """Return a number no other lifted function has."""
        self.counter += 1
        return self.counter

    def place(self, at: int) -> str:
        """Return the operands that tell the run time a place."""
        return f"{self.source}, {at}"

    def later(self, write: Callable[[], None]) -> None:
        """Print a function of its own when the one being printed is done."""
        source, probes = self.source, self.probes
        here = probes.here if probes else None

        def run() -> None:
            self.source = source
            if probes:
                probes.here = here
            write()

        self.lifted.append(run)


@dataclass(slots=True)
class Flow:
    """How steps being printed fail, and the contexts that `with` opened."""

    fail: str
    contexts: list[str] = field(default_factory=lambda: ["c"])

    @property
    def context(self) -> str:
        """Return the name of the innermost context."""
        return self.contexts[-1]


def atom(printer: Printer, flow: Flow, value: ir.Atom) -> str:
    """Return the text of an atom."""
    match value:
        case ir.Local():
            return name(value)
        case ir.Const(value=constant):
            return printer.writer.constant(constant)
        case ir.Input():
            return f"{flow.context}.input"
        case ir.BaseData():
            return f"{flow.context}.data"


def frozen(printer: Printer, value: ir.Atom, text: str) -> str:
    """Return the text of a value's key."""
    if kind_of(printer.kinds, value) == "string":
        return text
    return f"{text} if type({text}) is str else freeze({text})"


def builtin_name(builtin: str) -> str:
    """Return the Python name of a built-in.

    >>> builtin_name("net.cidr_contains")
    'b_net_cidr_contains'
    """
    return "b_" + builtin.replace(".", "_")
