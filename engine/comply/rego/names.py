"""Names: what a module can see, and the scopes of its local variables."""

from collections.abc import Iterator

from comply.classes import dataclass, field
from comply.rego import syntax as s

GlobalPath = tuple[str, ...]


@dataclass(slots=True)
class Scope:
    """The variables of one body.

    `implicit` are the names it uses without declaring, `names` maps a name to its
    unique one, `declared` are those that `:=`, `some` or a head's arguments introduced,
    `seen` those of others resolved so far, `outer` the unique names it takes from around
    it. `how` tells what introduced a declared name, `idle` where a `some` or `every` did that
    nothing has used since.
    """

    implicit: frozenset[str]
    parent: "Scope | None" = None
    names: dict[str, str] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    how: dict[str, str] = field(default_factory=dict)
    idle: dict[str, int] = field(default_factory=dict)


def holder(scope: Scope, name: str) -> tuple[Scope | None, bool]:
    """Return the scope that owns `name`, and whether it declares it.

    An undeclared name belongs to the outermost scope that uses it, so that a
    comprehension shares it with the body around it.
    """
    best: Scope | None = None
    at: Scope | None = scope
    while at is not None:
        if name in at.declared:
            return at, True
        if name in at.implicit:
            best = at
        at = at.parent
    return best, False


def use(scope: Scope, owner: Scope, name: str, unique: str) -> None:
    """Record that `scope` reads `name`, which `owner` holds as `unique`."""
    declared = name in owner.declared
    at: Scope | None = scope
    while at is not None:
        if not declared:
            at.seen.add(name)
        if at is owner:
            at.idle.pop(name, None)
            return
        at.outer.add(unique)
        at = at.parent


def implicit_names(body: s.Body, *heads: s.Term) -> frozenset[str]:
    """Return the names that a body and its head use without declaring them.

    Those of closures are left out.
    """
    used = set(_used_names(body))
    for head in heads:
        used.update(term_names(head))
    return frozenset(used.difference(declared_names(body)))


def declared_names(body: s.Body) -> Iterator[str]:
    """Yield the names that a body introduces by `:=` and `some`."""
    for literal in body:
        match literal:
            case s.Some(names=names):
                yield from (var.name for var in names)
            case s.SomeIn(key=key, value=value):
                for pattern in (key, value):
                    if pattern is not None:
                        yield from (v.name for v in pattern_names(pattern))
            case s.Expr(term=s.Call(name=s.Var(name="assign"), args=(target, _))):
                yield from (v.name for v in pattern_names(target))
            case _:
                pass


def _used_names(body: s.Body) -> Iterator[str]:
    for literal in body:
        match literal:
            case s.Expr(term=term):
                yield from term_names(term)
            case s.SomeIn(key=key, value=value, domain=domain):
                for part in (key, value, domain):
                    if part is not None:
                        yield from term_names(part)
            case s.Every(domain=domain):
                yield from term_names(domain)
            case s.Some():
                continue
        for item in literal.withs:
            yield from term_names(item.value)


def term_names(term: s.Term) -> Iterator[str]:  # noqa: C901  (one case a term)
    """Yield the names of variables in a term, those of closures left out."""
    match term:
        case s.Var(name=name):
            yield name
        case s.Ref(head=head, path=path):
            yield from term_names(head)
            for step in path:
                yield from term_names(step)
        case s.Array(items=items) | s.Set(items=items):
            for item in items:
                yield from term_names(item)
        case s.Object(pairs=pairs):
            for key, value in pairs:
                yield from term_names(key)
                yield from term_names(value)
        case s.Call(args=args):
            for arg in args:
                yield from term_names(arg)
        case s.Template(parts=parts):
            yield from _template_names(parts)
        case (
            s.Scalar()
            | s.ArrayComprehension()
            | s.SetComprehension()
            | s.ObjectComprehension()
        ):
            return


def _template_names(parts: tuple[str | s.Term | s.Expr, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, s.Expr):
            yield from term_names(part.term)
            for item in part.withs:
                yield from term_names(item.value)
        elif not isinstance(part, str):
            yield from term_names(part)


def pattern_names(term: s.Term) -> Iterator[s.Var]:
    """Yield the variables that a pattern (`[x, {"a": y}]`) binds."""
    match term:
        case s.Var():
            yield term
        case s.Array(items=items):
            for item in items:
                yield from pattern_names(item)
        case s.Object(pairs=pairs):
            for _, value in pairs:
                yield from pattern_names(value)
        case _:
            return
