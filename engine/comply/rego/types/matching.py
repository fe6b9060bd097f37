"""Whether a term can have a type, and what that says of its variables.

Each function tells whether a match is possible, and notes the types that it gives to
variables without one.
"""

from comply.rego import flat as f
from comply.rego import syntax as s
from comply.rego.types.environment import Environment, type_of
from comply.rego.types.lattice import (
    ANY,
    ArrayType,
    Maybe,
    ObjectType,
    SetType,
    Union,
    either,
    key_of,
    select,
    unknown,
    values_of,
)
from comply.rego.types.unify import unifies


def match_terms(env: Environment, left: f.FlatTerm, right: f.FlatTerm) -> bool:
    """Tell whether two terms may be equal."""
    type_left, type_right = type_of(env, left), type_of(env, right)
    unknown_left, unknown_right = unknown(type_left), unknown(type_right)
    if not unknown_left and not unknown_right:
        return unifies(type_left, type_right)
    if not unknown_right:
        return match(env, left, type_right)
    if not unknown_left:
        return match(env, right, type_left)
    return _match_unknown(env, left, right)


def _match_unknown(env: Environment, left: f.FlatTerm, right: f.FlatTerm) -> bool:
    """Tell whether two terms of which little is known may be equal."""
    match left, right:
        case s.Array(items=xs), s.Array(items=ys):
            return len(xs) == len(ys) and all(
                match_terms(env, f.as_flat(x), f.as_flat(y))
                for x, y in zip(xs, ys, strict=True)
            )
        case s.Object(pairs=xs), s.Object(pairs=ys):
            values = {key_of(k): v for k, v in ys}
            return len(xs) == len(ys) and all(
                key_of(k) is None
                or (
                    key_of(k) in values
                    and match_terms(env, f.as_flat(v), f.as_flat(values[key_of(k)]))
                )
                for k, v in xs
            )
        case s.Var(name=name), f.Comprehension():
            env.variables[name] = type_of(env, right)
            return True
        case s.Array() | s.Object(), s.Var():
            return match(env, left, ANY) and match(env, right, type_of(env, left))
        case s.Var(), s.Array() | s.Object():
            return match(env, right, ANY) and match(env, left, type_of(env, right))
        case _:
            match(env, left, ANY)
            match(env, right, ANY)
            return True


def match(
    env: Environment, term: f.FlatTerm, kind: Maybe, *, joined: bool = False
) -> bool:
    """Tell whether a term may have a type; with `joined` it is one of several."""
    match term:
        case s.Var(name=name):
            known = env.variables.get(name)
            if known is not None and not unifies(known, kind):
                return False
            if known is None or joined:
                env.variables[name] = either(known, kind)
            return True
        case s.Array() | s.Object() | s.Set() if isinstance(kind, Union):
            if not kind.members:
                return _match_any(env, term)
            found = [match(env, term, m, joined=True) for m in kind.members]
            return any(found)
        case s.Array(items=items):
            return isinstance(kind, ArrayType) and _items(
                env, items, kind, joined=joined
            )
        case s.Object(pairs=pairs):
            return isinstance(kind, ObjectType) and _fields(
                env, pairs, kind, joined=joined
            )
        case s.Set(items=items):
            member = values_of(kind)
            return isinstance(kind, SetType) and all(
                match(env, f.as_flat(item), member, joined=joined) for item in items
            )
        case s.Scalar() | s.Ref() | f.Comprehension():
            return unifies(type_of(env, term), kind)


def _match_any(env: Environment, term: s.Array | s.Object | s.Set) -> bool:
    """Let what is in a composite be anything."""
    parts: tuple[s.Term, ...]
    if isinstance(term, s.Object):
        parts = tuple(part for pair in term.pairs for part in pair)
    else:
        parts = term.items
    for part in parts:
        match(env, f.as_flat(part), ANY, joined=True)
    return True


def _items(
    env: Environment, items: tuple[s.Term, ...], kind: ArrayType, *, joined: bool
) -> bool:
    if len(items) != len(kind.items) and kind.rest is None:
        return False
    return all(
        match(env, f.as_flat(item), select(kind, ("number", i)), joined=joined)
        for i, item in enumerate(items)
    )


def _fields(
    env: Environment,
    pairs: tuple[tuple[s.Term, s.Term], ...],
    kind: ObjectType,
    *,
    joined: bool,
) -> bool:
    if len(pairs) != len(kind.fields) and kind.rest is None:
        return False
    for key, value in pairs:
        constant = key_of(key)
        # Which property an open key names is not known: its value may be anything.
        child = ANY if constant is None else select(kind, constant)
        fits = child is not None and match(env, f.as_flat(value), child, joined=joined)
        if constant is not None and not fits:
            return False
    return True
