"""ORDERED FLAT RULES -> TYPES AND ERRORS: every expression against what is known.

Follows OPA's type checker: rules after those they depend on, bodies in the order they
run; what nothing is known of may be anything. Of the body of an
`every` only the references and closures are checked.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from comply.classes import dataclass
from comply.rego import flat as f
from comply.rego import syntax as s
from comply.rego.tree import Group, Node, node_at
from comply.rego.types.complaints import (
    Complaints,
    complain_astray,
    complain_member,
    complain_mismatch,
    complain_operands,
    complain_replacement,
)
from comply.rego.types.environment import (
    Environment,
    function_at,
    function_type,
    holding,
    type_of,
)
from comply.rego.types.lattice import (
    ANY,
    ArrayType,
    FunctionType,
    Maybe,
    ObjectType,
    SetType,
    filled,
    keys_of,
    merged,
    values_of,
)
from comply.rego.types.matching import match, match_terms
from comply.rego.types.references import check_reference
from comply.rego.types.unify import unifies


@dataclass(frozen=True, slots=True)
class Checking:
    """What is known, and where errors go.

    `ordered` holds the literals of each body, by its identity, as they run; those that
    cannot run are left out.
    """

    env: Environment
    errors: Complaints
    ordered: dict[int, list[f.FlatLiteral]]


def infer_group(context: Checking, group: Group) -> None:
    """Check the rules of a group, and note the type of what they define.

    The type of rules that hold an error is `any`, so that nothing else fails by it.
    """
    before = len(context.errors.found)
    kind: Maybe = None
    rules = (*group.rules, *((group.default,) if group.default else ()))
    for rule in rules:
        for clause in rule.clauses:
            kind = merged(kind, _clause(context, clause, function=rule.function))
    failed = len(context.errors.found) > before
    context.env.rules[group.id] = ANY if failed or kind is None else kind


def _clause(context: Checking, clause: f.FlatClause, *, function: bool) -> Maybe:
    """Return the type that one clause gives its rule."""
    env = context.env
    env.variables.clear()
    env.closures.clear()
    context.errors.source = clause.source
    check_body(context, clause.body)
    value = type_of(env, clause.value)
    if function:
        args = tuple(filled(type_of(env, arg)) for arg in clause.args)
        return FunctionType(args, filled(value))
    kind: Maybe = SetType(value) if clause.member else value
    for step in reversed(clause.suffix):
        kind = _below(env, step, kind)
    return kind


def _below(env: Environment, step: f.FlatTerm, kind: Maybe) -> ObjectType:
    """Return the type of a document that holds `kind` at `step`."""
    if isinstance(step, s.Scalar) and not isinstance(step.value, str):
        # The other keys are not those of the rule: base documents may have any.
        return ObjectType({}, (ANY, ANY))
    return ObjectType({}, (type_of(env, step), kind))


def check_body(context: Checking, body: f.FlatBody) -> None:
    """Check the literals of a body in the order in which they run."""
    for literal in context.ordered.get(id(body), ()):
        if literal.withs:
            with _replaced(context.env, literal.withs):
                _literal(context, literal)
        else:
            _literal(context, literal)


@contextmanager
def _replaced(env: Environment, withs: f.Replacements) -> Iterator[None]:
    """Let the rules that an expression replaces be of any type in it.

    The paths of the input that it replaces are known to be there.
    """
    nodes = [node_at(env.root, item.path) for item in withs]
    before = env.replaced, env.input
    env.replaced = env.replaced.union(
        id(node) for node in nodes if node and not _is_function(node)
    )
    inputs = [item.path[1:] for item in withs if item.path[0] == "input"]
    env.input = holding(inputs) if inputs else env.input
    yield
    env.replaced, env.input = before


def _is_function(node: Node) -> bool:
    return node.group is not None and node.group.kind == "function"


def _literal(context: Checking, literal: f.FlatLiteral) -> None:
    before = len(context.errors.found)
    for item in literal.withs:
        _replacement(context, item)
    match literal:
        case f.Unify(left=left, right=right):
            _operands(context, (left, right))
            fits = match_terms(context.env, left, right)
            if not fits and len(context.errors.found) == before:
                complain_mismatch(context.errors, context.env, literal)
        case f.Test(term=term):
            _operands(context, (term,))
        case f.Negate(literal=inner):
            _literal(context, inner)
        case f.Invoke(args=args):
            _operands(context, args)
            _call(context, literal)
        case f.ForAll(domain=domain):
            _operands(context, (domain,))
            _inside_every(context, literal)


def _inside_every(context: Checking, literal: f.ForAll) -> None:
    """Check the references and closures in the body of an `every`.

    As in OPA, its expressions are not.
    """
    for inner in context.ordered.get(id(literal.body), ()):
        plain = inner.literal if isinstance(inner, f.Negate) else inner
        with _replaced(context.env, inner.withs):
            _operands(context, _terms(plain))
        if isinstance(inner, f.ForAll):
            _inside_every(context, inner)


def _terms(literal: f.FlatLiteral) -> tuple[f.FlatTerm, ...]:
    match literal:
        case f.Unify(left=left, right=right):
            return left, right
        case f.Test(term=term):
            return (term,)
        case _:
            return ()


def _operands(context: Checking, terms: Iterable[f.FlatTerm]) -> None:
    """Check the comprehensions and references among the operands of a literal."""
    for term in terms:
        if isinstance(term, s.Ref):
            astray = check_reference(context.env, term)
            if astray is not None:
                complain_astray(context.errors, astray)
        elif isinstance(term, f.Comprehension):
            _closure(context, term)


def _closure(context: Checking, term: f.Comprehension) -> None:
    """Check a comprehension and note its type.

    What its body says of variables from around it holds in there only.
    """
    env = context.env
    open_ = [name for name in term.outer if env.variables.get(name) is None]
    before = len(context.errors.found)
    check_body(context, term.body)
    value = type_of(env, term.value)
    kind: Maybe
    match term.kind, term.key:
        case "object", key if key is not None:
            kind = ObjectType({}, (type_of(env, key), value))
        case "array", _:
            kind = ArrayType((), value)
        case _:
            kind = SetType(value)
    env.closures[id(term)] = ANY if len(context.errors.found) > before else kind
    for name in open_:
        env.variables.pop(name, None)


def _call(context: Checking, literal: f.Invoke) -> None:
    env = context.env
    if literal.builtin in ("internal.member_2", "internal.member_3"):
        _member(context, literal)
    function = function_type(env, literal)
    if function is None:
        if literal.output is not None:
            match(env, literal.output, ANY)
        return
    operands = zip(literal.args, function.args, strict=False)
    wrong = [i for i, (arg, kind) in enumerate(operands) if not match(env, arg, kind)]
    # The result of a call that failed may be anything, so that no other error follows.
    result = ANY if wrong else function.result
    if literal.output is not None and not match(env, literal.output, result):
        wrong.append(len(literal.args))
    if wrong:
        complain_operands(context.errors, env, literal, function, wrong[0])


def _member(context: Checking, literal: f.Invoke) -> None:
    """Check that a collection may have the member that `in` looks for."""
    env = context.env
    *wanted, collection = literal.args
    kind = type_of(env, collection)
    there = [values_of(kind)] if len(wanted) == 1 else [keys_of(kind), values_of(kind)]
    for term, member in zip(wanted, there, strict=True):
        have = type_of(env, term)
        if member is not None and have is not None and not unifies(have, member):
            complain_member(context.errors, term, collection, (have, kind))
            return


def _replacement(context: Checking, item: f.Replacement) -> None:
    """Check that a function replaced by another takes the same operands."""
    if item.function is None:
        return
    target = function_at(context.env, item.path)
    value = function_at(context.env, item.function)
    if target is not None and value is not None and not unifies(target, value):
        complain_replacement(context.errors, item, target, value)
