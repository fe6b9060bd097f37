"""TERM -> TYPE: what is known of variables, documents and rules."""

from collections.abc import Iterable, Iterator

from comply.classes import dataclass, field
from comply.plan.builtins.signatures import SIGNATURES
from comply.rego import flat as f
from comply.rego import syntax as s
from comply.rego.tree import Node, node_at
from comply.rego.types.lattice import (
    ANY,
    STRING,
    ArrayType,
    FunctionType,
    Key,
    Maybe,
    ObjectType,
    SetType,
    Type,
    either,
    key_of,
    select,
    type_of_scalar,
    values_of,
)
from comply.rego.types.signature import builtin_type


@dataclass(slots=True)
class Environment:
    """The types of rules by the id of their group, and of one clause's variables.

    `closures` holds the types of comprehensions by identity, `replaced` the identities
    of the nodes in whose place a `with` puts something else, `input` the type of the
    document that a `with` leaves there.
    """

    root: Node
    rules: dict[int, Maybe] = field(default_factory=dict)
    variables: dict[str, Maybe] = field(default_factory=dict)
    closures: dict[int, Maybe] = field(default_factory=dict)
    replaced: frozenset[int] = frozenset()
    input: Type = ANY


def type_of(env: Environment, term: f.FlatTerm) -> Maybe:
    """Return the type of a term, None where it depends on unbound variables."""
    match term:
        case s.Var(name=name):
            return env.variables.get(name)
        case s.Scalar(value=value):
            return type_of_scalar(value)
        case s.Ref():
            return type_of_reference(env, term)
        case s.Array(items=items):
            return ArrayType(tuple(type_of(env, f.as_flat(item)) for item in items))
        case s.Set(items=items):
            member: Maybe = None
            for item in items:
                member = either(member, type_of(env, f.as_flat(item)))
            return SetType(member)
        case s.Object(pairs=pairs):
            return _object(env, pairs)
        case f.Comprehension():
            return env.closures.get(id(term))


def _object(env: Environment, pairs: tuple[tuple[s.Term, s.Term], ...]) -> ObjectType:
    fields: dict[Key, Maybe] = {}
    rest: tuple[Maybe, Maybe] | None = None
    for key, value in pairs:
        constant = key_of(key)
        kind = type_of(env, f.as_flat(value))
        if constant is not None:
            fields[constant] = kind
        else:
            rest = type_of(env, f.as_flat(key)), kind
    return ObjectType(fields, rest)


def type_of_reference(env: Environment, term: s.Ref) -> Maybe:
    """Return the type of what a reference leads to."""
    kind, rest = head_type(env, term)
    for step in rest:
        kind = step_type(kind, step)
        if kind is None:
            return None
    return kind


def step_type(kind: Maybe, step: s.Term) -> Maybe:
    """Return the type of `value[step]`."""
    if isinstance(step, s.Scalar):
        key = key_of(step)
        return None if key is None else select(kind, key)
    return values_of(kind)


def head_type(env: Environment, term: s.Ref) -> tuple[Maybe, tuple[s.Term, ...]]:
    """Return the type of the document that a reference begins with, and its next steps.

    Of a path under `data` that is all of it up to a rule.
    """
    match term.head:
        case s.Var(name="input"):
            return env.input, term.path
        case s.Var(name="data"):
            return _document(env, term.path)
        case head:
            # An argument that is only looked into may be anything.
            return type_of(env, f.as_flat(head)) or ANY, term.path


def _document(
    env: Environment, path: tuple[s.Term, ...]
) -> tuple[Maybe, tuple[s.Term, ...]]:
    node = env.root
    for number, step in enumerate(path):
        if id(node) in env.replaced:
            return ANY, path[number:]
        if node.group is not None and not node.children:
            return env.rules.get(node.group.id, ANY), path[number:]
        if isinstance(step, s.Var):
            return _open(node), path[number:]
        if not isinstance(step, s.Scalar):
            return ANY, path[number:]
        child = node.children.get(step.value) if isinstance(step.value, str) else None
        if child is None:
            return ANY, path[number:]
        node = child
    return extent_type(env, node), ()


def holding(paths: Iterable[tuple[str, ...]]) -> Type:
    """Return the type of a document that has something at each of `paths`.

    >>> holding([("a",)])
    ObjectType(fields={'a': Union(members=())}, rest=(Basic(name='string'), Union(members=())))
    """
    found = set(paths)
    if not found or () in found:
        return ANY
    fields: dict[Key, Maybe] = {
        name: holding(path[1:] for path in found if path[0] == name)
        for name in {path[0] for path in found}
    }
    return ObjectType(fields, (STRING, ANY))


def _open(node: Node) -> ObjectType:
    """Return the type of a node some key of which is looked up.

    Base documents may hold anything beside the rules.
    """
    return ObjectType(dict.fromkeys(node.children, ANY), (STRING, ANY))


def extent_type(env: Environment, node: Node) -> Maybe:
    """Return the type of all documents at a node of the tree of rules."""
    if id(node) in env.replaced:
        return ANY
    if node.group is not None:
        return env.rules.get(node.group.id, ANY)
    fields: dict[Key, Maybe] = dict(_extents(env, node))
    return ObjectType(fields, (STRING, ANY))


def _extents(env: Environment, node: Node) -> Iterator[tuple[Key, Maybe]]:
    for name, child in node.children.items():
        kind = extent_type(env, child)
        # Functions are no part of documents.
        yield name, ANY if isinstance(kind, FunctionType) else kind


def function_type(env: Environment, literal: f.Invoke) -> FunctionType | None:
    """Return the type of the function that a call names, None where it is not known."""
    return function_at(env, literal.path or (literal.builtin,))


def function_at(env: Environment, path: tuple[str, ...]) -> FunctionType | None:
    """Return the type of the function at a path, or of the built-in with that name."""
    if path[0] != "data":
        return builtin_type(path[0]) if path[0] in SIGNATURES else None
    node = node_at(env.root, path)
    group = None if node is None else node.group
    kind = None if group is None else env.rules.get(group.id)
    return kind if isinstance(kind, FunctionType) else None
