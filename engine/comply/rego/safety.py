"""FLAT BODY -> ORDERED BODY: each literal after those that bind its variables.

A variable that no literal can bind is unsafe. Follows OPA's reorderBodyForSafety: take,
again and again, the first literal that is ready.
"""

from collections.abc import Callable, Iterator
from typing import Final

from comply.rego import flat as f
from comply.rego import syntax as s

Names = frozenset[str]
Unsafe = Callable[[str, int], None]
_ROOTS = frozenset({"input", "data"})


def variables(term: f.FlatTerm) -> Iterator[s.Var]:  # noqa: C901  (one case a term)
    """Yield the variables of a flat term; of a closure, those from around it."""
    match term:
        case s.Var(name=name):
            if name not in _ROOTS:
                yield term
        case s.Ref(head=head, path=path):
            yield from variables(f.as_flat(head))
            for step in path:
                yield from variables(f.as_flat(step))
        case s.Array(items=items) | s.Set(items=items):
            for item in items:
                yield from variables(f.as_flat(item))
        case s.Object(pairs=pairs):
            for key, value in pairs:
                yield from variables(f.as_flat(key))
                yield from variables(f.as_flat(value))
        case f.Comprehension(at=at, outer=outer):
            for name in sorted(outer):
                yield s.Var(at, name)
        case s.Scalar():
            return


def names(term: f.FlatTerm) -> Names:
    """Return the names of a term's variables."""
    return frozenset(v.name for v in variables(term))


def required(term: f.FlatTerm) -> Names:
    """Return what must be bound before `term` can be matched against a value.

    The head of a reference, the keys of an object, the members of a set and what a
    closure takes from around it; the rest of a term can be bound by matching.
    """
    match term:
        case s.Ref(head=head):
            return names(f.as_flat(head))
        case s.Array(items=items):
            return frozenset().union(*(required(f.as_flat(i)) for i in items))
        case s.Object(pairs=pairs):
            keys = (names(f.as_flat(k)) for k, _ in pairs)
            values = (required(f.as_flat(v)) for _, v in pairs)
            return frozenset().union(*keys, *values)
        case s.Set() | f.Comprehension():
            return names(term)
        case s.Var() | s.Scalar():
            return frozenset()


def computable(term: f.FlatTerm, bound: Names) -> bool:
    """Tell whether the value of `term` can be computed; a reference may still scan."""
    match term:
        case s.Ref():
            return required(term) <= bound
        case _:
            return names(term) <= bound


def ready(literal: f.FlatLiteral, bound: Names) -> Names | None:  # noqa: C901  (one case a literal)
    """Return the names that a literal binds, or None where it cannot run yet."""
    if not _withs_ready(literal, bound):
        return None
    match literal:
        case f.Unify(left=left, right=right, test=test):
            able = _test_ready if test else _unify_ready
            if able(left, right, bound) or able(right, left, bound):
                return names(left) | names(right)
        case f.Test(term=term):
            if computable(term, bound):
                return names(term)
        case f.Invoke(args=args, output=output):
            if all(names(arg) <= bound for arg in args) and (
                output is None or required(output) <= bound
            ):
                return names(output) if output is not None else frozenset()
        case f.Negate(literal=inner):
            if all(v.name in bound for v in literal_variables(inner)):
                return frozenset()
        case f.ForAll(domain=domain, outer=outer):
            if names(domain) <= bound and outer <= bound:
                return frozenset()
    return None


def _test_ready(first: f.FlatTerm, then: f.FlatTerm, bound: Names) -> bool:
    return computable(first, bound) and computable(then, bound | names(first))


def _unify_ready(known: f.FlatTerm, other: f.FlatTerm, bound: Names) -> bool:
    if not computable(known, bound):
        return False
    if _mismatched(known, other):
        return names(other) <= bound | names(known)
    return required(other) <= bound | names(known)


_LITERALS: Final = s.Scalar | s.Array | s.Object | s.Set


def _mismatched(one: f.FlatTerm, other: f.FlatTerm) -> bool:
    """Tell whether two terms have shapes that never match, so that neither binds.

    Arrays of one length and objects with the same strings for keys were unified member
    by member before; of other objects, only the number of keys is compared.
    """
    match one, other:
        case s.Object(pairs=xs), s.Object(pairs=ys):
            strings = all(_is_string(key) for key, _ in (*xs, *ys))
            return strings or len(xs) != len(ys)
        case (s.Object(), f.Comprehension()) | (f.Comprehension(), s.Object()):
            return True
        case _:
            return isinstance(one, _LITERALS) and isinstance(other, _LITERALS)


def _is_string(key: s.Term) -> bool:
    return isinstance(key, s.Scalar) and isinstance(key.value, str)


def _withs_ready(literal: f.FlatLiteral, bound: Names) -> bool:
    return all(
        item.value is None or names(item.value) <= bound for item in literal.withs
    )


def literal_variables(literal: f.FlatLiteral) -> Iterator[s.Var]:  # noqa: C901  (one case a literal)
    """Yield the variables of a literal that its own scope must know."""
    for item in literal.withs:
        if item.value is not None:
            yield from variables(item.value)
    match literal:
        case f.Unify(left=left, right=right):
            yield from variables(left)
            yield from variables(right)
        case f.Test(term=term):
            yield from variables(term)
        case f.Invoke(args=args, output=output):
            for arg in args:
                yield from variables(arg)
            if output is not None:
                yield from variables(output)
        case f.Negate(literal=inner):
            yield from literal_variables(inner)
        case f.ForAll(at=at, domain=domain, outer=outer):
            yield from variables(domain)
            for name in sorted(outer):
                yield s.Var(at, name)


def order(
    body: f.FlatBody, bound: Names, unsafe: Unsafe
) -> tuple[list[f.FlatLiteral], Names]:
    """Return the literals in an order that can run, and the names bound after them.

    `unsafe(name, at)` is called for each variable that nothing binds; the literals that
    need it are left out.
    """
    waiting = list(body)
    ordered: list[f.FlatLiteral] = []
    progress = True
    while waiting and progress:
        progress = False
        later: list[f.FlatLiteral] = []
        for literal in waiting:
            bound_now = ready(literal, bound)
            if bound_now is None:
                later.append(literal)
                continue
            ordered.append(literal)
            bound |= bound_now
            progress = True
        waiting = later
    _report(waiting, bound, unsafe)
    return ordered, bound


def _report(waiting: list[f.FlatLiteral], bound: Names, unsafe: Unsafe) -> None:
    """Report the variables to blame: those that no waiting literal could bind."""
    seen: set[str] = set()
    given: set[str] = set()
    for literal in waiting:
        given |= _could_bind(literal)
    for only_roots in (True, False):
        for literal in waiting:
            for var in literal_variables(literal):
                name = var.name
                rooted = name not in given or not only_roots
                if name in bound or name in seen or not rooted:
                    continue
                if name.startswith(("%", "$i")):
                    continue
                seen.add(name)
                unsafe(name, var.at)
        if seen:
            return


def _could_bind(literal: f.FlatLiteral) -> set[str]:
    """Return the names that a literal would bind if it could run."""
    match literal:
        case f.Unify(left=left, right=right, test=test):
            both = {*names(left), *names(right)}
            if test or _mismatched(left, right):
                both -= names(left) if not isinstance(left, s.Ref) else set()
                both -= names(right) if not isinstance(right, s.Ref) else set()
            return both - required(left) - required(right)
        case f.Test(term=s.Ref() as term):
            return set(names(term) - required(term))
        case f.Invoke(output=output):
            return set(names(output)) if output is not None else set()
        case f.Test() | f.Negate() | f.ForAll():
            return set()
