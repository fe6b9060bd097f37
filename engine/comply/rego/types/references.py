"""References into documents whose type is known: steps that lead nowhere."""

from comply.classes import dataclass
from comply.rego import flat as f
from comply.rego import syntax as s
from comply.rego.types.environment import (
    Environment,
    head_type,
    step_type,
    type_of,
)
from comply.rego.types.lattice import (
    FunctionType,
    Maybe,
    ObjectType,
    Union,
    key_of,
    keys_of,
    select,
)
from comply.rego.types.matching import match
from comply.rego.types.show import show_key, sorted_fields
from comply.rego.types.unify import unifies


@dataclass(frozen=True, slots=True)
class Astray:
    """A reference whose step at `index` cannot be: what is there, what was looked for.

    `kind` is the type of the document before the step, `have` that of the step itself,
    None for a constant. `keys` are the keys that there are, where they are known.
    """

    term: s.Ref
    index: int
    kind: Maybe
    have: Maybe
    keys: tuple[str, ...]


def check_reference(env: Environment, term: s.Ref) -> Astray | None:
    """Return what is wrong with a reference, and note the types of its variables."""
    kind, rest = head_type(env, term)
    first = len(term.path) - len(rest)
    if isinstance(kind, FunctionType):
        return Astray(term, first - 1, kind, None, ())
    for index, step in enumerate(rest, first):
        wrong = _check_step(env, f.as_flat(step), kind)
        if wrong is not None:
            return Astray(term, index, kind, wrong.have, key_texts(kind))
        kind = step_type(kind, step)
    return None


@dataclass(frozen=True, slots=True)
class _Wrong:
    have: Maybe = None


def _check_step(env: Environment, step: f.FlatTerm, kind: Maybe) -> _Wrong | None:
    keys = keys_of(kind)
    if keys is None:
        return _Wrong()
    match step:
        case s.Scalar():
            key = key_of(step)
            found = None if key is None else select(kind, key)
            return _Wrong() if found is None else None
        case s.Var(name=name):
            known = env.variables.get(name)
            if known is None:
                env.variables[name] = keys
                return None
            return None if unifies(known, keys) else _Wrong(known)
        case s.Array() | s.Object() | s.Set():
            fits = match(env, step, keys)
            return None if fits else _Wrong(type_of(env, step))
        case _:
            return None


def key_texts(kind: Maybe) -> tuple[str, ...]:
    """Return the keys that objects of a type have, as they are written."""
    match kind:
        case ObjectType(fields=fields):
            return tuple(show_key(key) for key, _ in sorted_fields(fields))
        case Union(members=members):
            found = {text: None for m in members for text in key_texts(m)}
            return tuple(found)
        case _:
            return ()
