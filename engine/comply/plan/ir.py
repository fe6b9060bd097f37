"""The plan: the one small language that rule languages compile to.

A clause is a list of steps, run in order as nested loops: a `Scan` runs the steps after
it once for each element, any other step may fail, which ends this turn. Atoms are
locals, constants and the two documents. Nothing here knows Rego or SQL.
"""

from typing import TypeAlias

from comply.classes import dataclass
from comply.plan.values import Value, equal, freeze
from comply.source import Source

RuleId: TypeAlias = int
DataPath: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Local:
    """A variable of a clause, assigned before it is read."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """A value known when compiling; equal where Rego says so."""

    value: Value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and equal(self.value, other.value)

    def __hash__(self) -> int:
        return hash(freeze(self.value))


@dataclass(frozen=True, slots=True)
class Input:
    """The input document; a step must have looked at it before it counts as defined."""


@dataclass(frozen=True, slots=True)
class BaseData:
    """The base documents under `data`, rules left out."""


Atom: TypeAlias = Local | Const | Input | BaseData


@dataclass(frozen=True, slots=True)
class Lookup:
    """`target = source[k][l]`, fails where a key is absent.

    Without keys it fails where the source itself is undefined.
    """

    at: int
    target: Local
    source: Atom
    keys: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """`target = source`."""

    at: int
    target: Local
    source: Atom


@dataclass(frozen=True, slots=True)
class MakeArray:
    """`target = [items]`."""

    at: int
    target: Local
    items: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class MakeSet:
    """`target = {items}`."""

    at: int
    target: Local
    items: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class MakeObject:
    """`target = {k: v}`; a key twice with two values is a conflict."""

    at: int
    target: Local
    pairs: tuple[tuple[Atom, Atom], ...]


@dataclass(frozen=True, slots=True)
class Collect:
    """`target` = every `value` that `body` yields; `kind` array, set or object."""

    at: int
    target: Local
    kind: str
    key: Atom | None
    value: Atom
    body: "Steps"


@dataclass(frozen=True, slots=True)
class CallBuiltin:
    """`target = name(args)`; without a target the result must not be false."""

    at: int
    target: Local | None
    name: str
    args: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class CallRule:
    """`target` = the value of a rule."""

    at: int
    target: Local
    rule: RuleId


@dataclass(frozen=True, slots=True)
class CallFunction:
    """`target = f(args)` for a function that is a rule."""

    at: int
    target: Local
    rule: RuleId
    args: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Extent:
    """`target = data[path][keys]`: rules and base documents merged."""

    at: int
    target: Local
    path: DataPath
    keys: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Equal:
    """Fails unless both are equal."""

    at: int
    left: Atom
    right: Atom


@dataclass(frozen=True, slots=True)
class Holds:
    """Fails where the atom is false."""

    at: int
    atom: Atom


@dataclass(frozen=True, slots=True)
class Never:
    """Fails."""

    at: int


@dataclass(frozen=True, slots=True)
class IsArray:
    """Fails unless the atom is an array of `length` items."""

    at: int
    atom: Atom
    length: int


@dataclass(frozen=True, slots=True)
class IsObject:
    """Fails unless the atom is an object of `length` keys."""

    at: int
    atom: Atom
    length: int


@dataclass(frozen=True, slots=True)
class Scan:
    """Runs the rest for each element of `source`.

    Elements of an array come with their index, of an object with their key, of a set
    with themselves. `ordered` asks for Rego's order, where it shows.

    With a `match`, elements whose value at `on` is another may be left out, as a test
    after it would. It is `steady` if the source does not follow from the input.

    What `fills` an index names the path of the collection, and the key it is by.
    """

    at: int
    key: Local | None
    value: Local | None
    source: Atom
    ordered: bool
    on: tuple[str, ...] = ()
    match: Atom | None = None
    steady: bool = False
    fills: tuple[tuple[str, ...], str] | None = None


@dataclass(frozen=True, slots=True)
class ScanIndex:
    """Runs the rest for each element of a collection whose value at `on` is `match`.

    `path` leads from the input to the collection; the index is shared by all rules.
    """

    at: int
    value: Local | None
    path: tuple[str, ...]
    on: tuple[str, ...]
    match: Atom


@dataclass(frozen=True, slots=True)
class Maybe:
    """`target = source[k][l]`, UNDEFINED where a key is absent; never fails."""

    at: int
    target: Local
    source: Atom
    keys: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class ScanRelation:
    """Runs the rest for each result of a built-in that has many (`walk`)."""

    at: int
    target: Local
    name: str
    args: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Fails where `body` succeeds."""

    at: int
    body: "Steps"


@dataclass(frozen=True, slots=True)
class Every:
    """Fails unless `body` succeeds for each element of `source`."""

    at: int
    key: Local | None
    value: Local
    source: Atom
    body: "Steps"


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a `with` puts in place: a value, a function, or a built-in (`name`).

    `path` starts with `input` or `data`, or is the name of a built-in.
    """

    path: tuple[str, ...]
    value: Atom | None = None
    rule: RuleId | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class EnterWith:
    """Runs the steps up to the matching `ExitWith` with replacements in force."""

    at: int
    replacements: tuple[Replacement, ...]


@dataclass(frozen=True, slots=True)
class ExitWith:
    """Ends the innermost `EnterWith`."""


Step: TypeAlias = (
    Lookup
    | Copy
    | MakeArray
    | MakeSet
    | MakeObject
    | Collect
    | CallBuiltin
    | CallRule
    | CallFunction
    | Extent
    | Equal
    | Holds
    | Never
    | IsArray
    | IsObject
    | Scan
    | ScanIndex
    | Maybe
    | ScanRelation
    | Not
    | Every
    | EnterWith
    | ExitWith
)
Steps: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """Steps and what they yield.

    `args` are a function's parameters. `keys` lead to the place of `value` under the
    rule's path; `member` tells that `value` joins a set there.
    """

    at: int
    source: int
    args: tuple[Local, ...]
    steps: Steps
    keys: tuple[Atom, ...]
    value: Atom
    member: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """All clauses that define one path.

    `kind` is "complete", "function", "set" (each clause a member), "object" (each
    clause one key) or "tree" (clauses of several shapes under one path). `chains` holds
    clauses tried in order (`else`). `default` yields the value where no chain does.
    """

    id: RuleId
    path: DataPath
    kind: str
    chains: tuple[tuple[Clause, ...], ...]
    default: Clause | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Steps whose solutions are reported: `shown` pairs a name with its value."""

    source: int
    steps: Steps
    shown: tuple[tuple[str, Atom], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All rules; clauses index `sources`.

    `packages` are paths that exist even without rules, `entries` the rules that a check
    starts from.
    """

    rules: tuple[Rule, ...]
    sources: tuple[Source, ...]
    packages: tuple[DataPath, ...] = ()
    entries: frozenset[RuleId] = frozenset()
    query: Query | None = None
