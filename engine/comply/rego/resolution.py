"""What the resolution of a rule knows: global names, functions, fresh locals."""

from collections.abc import Callable, Iterable
from typing import Final

from comply.classes import dataclass, field
from comply.rego import syntax as s
from comply.rego.errors import Code, RegoError
from comply.rego.names import GlobalPath
from comply.source import Source, Span

Metadata = Callable[[str], object]

_SHARED: Final = ("future", "rego")


def _no_metadata(_name: str) -> object:
    """Return what a query, which is no rule, knows of itself."""
    return {}


@dataclass(slots=True)
class Resolution:
    """What is known while one rule is resolved.

    `globals` maps a name to its path, `functions` the path of a function to its arity;
    `metadata` answers rego.metadata.rule and .chain for the rule.
    """

    module: s.Module
    index: int
    globals: dict[str, GlobalPath]
    functions: dict[GlobalPath, int]
    errors: list[RegoError]
    metadata: Metadata = _no_metadata
    taken: dict[str, int] = field(default_factory=lambda: {"input": 1, "data": 1})
    temporary: int = 0

    def fail(self, code: Code, message: str, at: int, hint: str = "") -> None:
        """Record an error at the offset `at` of the module."""
        span = named_place(self.module.source, at)
        self.errors.append(RegoError(code, message, span, hint))

    def unique(self, name: str) -> str:
        """Return a name for `name` that no other local of the rule has."""
        count = self.taken.get(name, 0)
        self.taken[name] = count + 1
        return f"{name}.{count}" if count else name

    def fresh(self, at: int) -> s.Var:
        """Return a new temporary variable."""
        self.temporary += 1
        return s.Var(at, f"%{self.temporary}")

    def wildcard(self, at: int) -> s.Var:
        """Return a new variable that nothing reads."""
        self.temporary += 1
        return s.Var(at, f"$i{self.temporary}")


def named_place(source: Source, at: int) -> Span:
    """Return the place of the name that begins at `at`; of a call, its whole name."""
    text, end = source.text, at
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    whole = end
    while text[whole : whole + 1].isalnum() or text[whole : whole + 1] in ("_", "."):
        whole += 1
    called = text[whole : whole + 1] == "("
    return source.span(at, max(1, (whole if called else end) - at))


def globals_of(module: s.Module, rule_names: Iterable[str]) -> dict[str, GlobalPath]:
    """Return what names mean in a module: its package's rules, then its imports."""
    package = ("data", *module.package)
    table: dict[str, GlobalPath] = {name: (*package, name) for name in rule_names}
    for item in module.imports:
        path = static_path(item.path)
        if path is None or path[0] in _SHARED:
            continue
        table[item.alias or path[-1]] = path
    table["data"] = ("data",)
    table["input"] = ("input",)
    return table


def static_path(term: s.Term) -> GlobalPath | None:
    """Return the path of a reference made of names and strings only."""
    match term:
        case s.Var(name=name):
            return (name,)
        case s.Ref(head=s.Var(name=name), path=path):
            steps = [p.value for p in path if isinstance(p, s.Scalar)]
            if len(steps) == len(path) and all(isinstance(x, str) for x in steps):
                return (name, *map(str, steps))
            return None
        case _:
            return None


def head_path(rule: s.Rule) -> tuple[tuple[str, ...], tuple[s.Term, ...]]:
    """Return a rule's name in its package: the ground prefix, and the steps after it."""
    steps: list[str] = []
    for i, term in enumerate(rule.head.ref):
        match term:
            case s.Var(name=name) if i == 0:
                steps.append(name)
            case s.Scalar(value=str(text)):
                steps.append(text)
            case _:
                return tuple(steps), rule.head.ref[i:]
    return tuple(steps), ()
