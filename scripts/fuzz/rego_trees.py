"""REGO -> REGO: policies with parts of their trees exchanged, so that most still compile.

Bytes of Rego that change seldom leave Rego. A tree in which one term stands for another,
an operator for another, a literal is gone or there twice is still a policy, mostly one
that nobody would write: what compiles is evaluated.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from random import Random
from typing import Any, Final

from comply.plan.builtins.signatures import CONTEXTUAL, NONDETERMINISTIC, SIGNATURES
from comply.rego import syntax as s

Path = tuple[str | int, ...]

_TERMS: Final = (
    s.Scalar, s.Var, s.Ref, s.Array, s.Object, s.Set, s.ArrayComprehension,
    s.SetComprehension, s.ObjectComprehension, s.Call, s.Template,
)  # fmt: skip
_LITERALS: Final = (s.Expr, s.Some, s.SomeIn, s.Every)
_FIXED: Final = frozenset(
    {"at", "end", "ref", "args", "name", "names", "target", "head", "parts"}
)
"""Fields that hold names, patterns of heads, or what only some terms may be."""

_COMPARISONS: Final = ("equal", "neq", "lt", "lte", "gt", "gte", "eq")
_ARITHMETIC: Final = ("plus", "minus", "mul", "div", "rem")
_OF_SETS: Final = ("and", "or", "minus")
_OPERATORS: Final = (_COMPARISONS, _ARITHMETIC, _OF_SETS)

_ODD: Final[tuple[s.ScalarValue, ...]] = (
    None, True, False, 0, -1, 1, 2.5, 10**30, -(10**400), 1e308, 63, 2**64, "", "a",
    "\0", "\u202e", "x" * 5_000, "%d%s%v%", "[", "(a+)+$", "**", "{{.x}}", "2026-02-30",
    "1.2.3-x", "10.0.0.0/8", "é" * 40, "a/b/c",
)  # fmt: skip
_INPUT: Final = (
    (), ("resource_changes",), ("resource_changes", 0, "change", "after"), ("metadata",),
    ("metadata", "labels"), ("spec", "containers", 0), ("a",), ("xs",), ("nowhere", "x"),
)  # fmt: skip


def _operands(signature: str) -> int:
    """Return how many operands a built-in takes; types hold commas of their own."""
    operands, depth = signature.partition(" -> ")[0], 0
    if not operands or operands == "none":
        return 0
    count = 1
    for char in operands:
        depth += (char == "[") - (char == "]")
        count += char == "," and depth == 0
    return count


def _callable() -> dict[int, tuple[str, ...]]:
    """Return the built-ins that depend on nothing else, by how many operands they take."""
    found: dict[int, list[str]] = {}
    for name, (_, signature) in SIGNATURES.items():
        outside = name in CONTEXTUAL or name in NONDETERMINISTIC
        if not (outside or name.startswith("internal.") or "any*" in signature):
            found.setdefault(_operands(signature), []).append(name)
    return {count: tuple(names) for count, names in found.items()}


BUILTINS: Final = _callable()


def changed(random: Random, module: s.Module, donor: s.Module) -> s.Module:
    """Return a module with a part of its tree exchanged, mostly one, some from `donor`."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 4))):
        module = random.choice(_CHANGES)(random, module, donor)
    return module


def _nodes(
    node: object, kinds: tuple[type, ...], at: Path = ()
) -> Iterator[tuple[Path, Any]]:
    """Yield the nodes of some kinds in a tree, with the ways to them."""
    if isinstance(node, kinds):
        yield at, node
    if isinstance(node, tuple):
        for i, item in enumerate(node):
            yield from _nodes(item, kinds, (*at, i))
    elif is_dataclass(node):
        fixed = _FIXED | ({"key", "value"} if isinstance(node, s.Every) else set())
        if isinstance(node, s.Call):
            fixed -= {"args"}
        if isinstance(node, s.ArrayComprehension | s.SetComprehension):
            fixed -= {"head"}
        if isinstance(node, s.Rule):
            fixed -= {"head"}
        for item in fields(node):
            if item.name not in fixed:
                yield from _nodes(getattr(node, item.name), kinds, (*at, item.name))


def _put(node: Any, at: Path, new: object) -> Any:  # noqa: ANN401  (any node)
    """Return a tree with another node at the end of a way."""
    if not at:
        return new
    step, *rest = at
    if isinstance(step, int):
        inner = _put(node[step], tuple(rest), new)
        return (*node[:step], inner, *node[step + 1 :])
    return replace(node, **{step: _put(getattr(node, step), tuple(rest), new)})


def _with_rules(module: s.Module, rules: tuple[s.Rule, ...]) -> s.Module:
    return replace(module, rules=rules)


def _at_one(
    random: Random,
    module: s.Module,
    kinds: tuple[type, ...],
    change: Callable[[Any], object],
) -> s.Module:
    """Return a module in which one node of some kinds is what `change` makes of it."""
    found = list(_nodes(module.rules, kinds))
    if not found:
        return module
    at, node = random.choice(found)
    return _with_rules(module, _put(module.rules, at, change(node)))


def _input(random: Random) -> s.Term:
    steps = tuple(s.Scalar(0, step) for step in random.choice(_INPUT))
    return s.Ref(0, s.Var(0, "input"), steps) if steps else s.Var(0, "input")


def _other(random: Random, module: s.Module, donor: s.Module) -> s.Term:
    """Return a term: one of the module, of another, of the input, or an odd scalar."""
    chance = random.random()
    if chance < 0.3:
        return s.Scalar(0, random.choice(_ODD))
    if chance < 0.4:
        return _input(random)
    origin = donor if chance < 0.5 else module
    terms = [node for _, node in _nodes(origin.rules, _TERMS)]
    return random.choice(terms) if terms else s.Scalar(0, "x")


def _exchange_term(random: Random, module: s.Module, donor: s.Module) -> s.Module:
    other = _other(random, module, donor)
    return _at_one(random, module, _TERMS, lambda _: other)


def _exchange_scalar(random: Random, module: s.Module, _donor: s.Module) -> s.Module:
    odd = s.Scalar(0, random.choice(_ODD))
    return _at_one(random, module, (s.Scalar,), lambda _: odd)


def _exchange_operator(random: Random, module: s.Module, _donor: s.Module) -> s.Module:
    def other(call: s.Call) -> s.Term:
        name = call.name.name if isinstance(call.name, s.Var) else ""
        for family in _OPERATORS:
            if call.infix and name in family:
                return replace(call, name=s.Var(0, random.choice(family)))
        if call.infix:
            return call
        return _called(random, call.args)

    return _at_one(random, module, (s.Call,), other)


def _called(random: Random, args: tuple[s.Term, ...]) -> s.Term:
    """Return the call of any built-in that takes so many operands."""
    names = BUILTINS.get(len(args))
    if not names:
        return s.Array(0, args)
    head, *steps = random.choice(names).split(".")
    name = s.Var(0, head)
    path = tuple(s.Scalar(0, step) for step in steps)
    return s.Call(0, s.Ref(0, name, path) if path else name, args)


def _wrap(random: Random, module: s.Module, donor: s.Module) -> s.Module:
    """Hand a term to a built-in, an operator, a collection or a comprehension."""
    more = [_other(random, module, donor) for _ in range(random.randrange(3))]

    def wrapped(term: s.Term) -> s.Term:
        args = [term, *more]
        random.shuffle(args)
        match random.randrange(6):
            case 0:
                return s.Array(0, tuple(args))
            case 1:
                return s.Set(0, tuple(args))
            case 2:
                return s.Object(
                    0, ((s.Scalar(0, "k"), term), (s.Scalar(0, 1), args[0]))
                )
            case 3:
                item = s.Var(0, "item")
                found = s.SomeIn(0, None, item, term)
                return random.choice((s.ArrayComprehension, s.SetComprehension))(
                    0, item, (found,)
                )
            case _:
                return _called(random, tuple(args))

    return _at_one(random, module, _TERMS, wrapped)


def _step(random: Random, module: s.Module, donor: s.Module) -> s.Module:
    """Lead a reference elsewhere: a step more, less, another, or any there is."""

    def led(ref: s.Ref) -> s.Term:
        at = random.randrange(len(ref.path) + 1)
        step = random.choice((s.Var(0, "$9"), _other(random, module, donor)))
        match random.randrange(3):
            case 0:
                return replace(ref, path=(*ref.path[:at], step, *ref.path[at:]))
            case 1 if len(ref.path) > 1:
                return replace(ref, path=(*ref.path[:at], *ref.path[at + 1 :]))
            case _:
                return replace(ref, path=(*ref.path[:at], step, *ref.path[at + 1 :]))

    return _at_one(random, module, (s.Ref,), led)


def _bodies(module: s.Module) -> list[tuple[Path, s.Body]]:
    """Return the bodies of a module that hold something, with the ways to them."""
    owners = (
        s.Rule, s.Every, s.ArrayComprehension, s.SetComprehension, s.ObjectComprehension,
    )  # fmt: skip
    found = _nodes(module.rules, owners)
    return [((*at, "body"), node.body) for at, node in found if node.body]


def _rewrite(random: Random, module: s.Module, donor: s.Module) -> s.Module:
    """Drop, repeat, take over or move a literal of a body."""
    bodies = _bodies(module)
    if not bodies:
        return module
    at, body = random.choice(bodies)
    i, j = random.randrange(len(body)), random.randrange(len(body))
    others = [node for _, node in _nodes((module.rules, donor.rules), _LITERALS)]
    match random.randrange(4):
        case 0 if len(body) > 1:
            made = (*body[:i], *body[i + 1 :])
        case 1:
            made = (*body[:i], random.choice(others), *body[i:])
        case 2:
            listed = list(body)
            listed[i], listed[j] = listed[j], listed[i]
            made = tuple(listed)
        case _:
            made = (*body, body[i])
    return _with_rules(module, _put(module.rules, at, made))


def _turn(random: Random, module: s.Module, donor: s.Module) -> s.Module:
    """Negate an expression, or evaluate it with something else in the place of input."""
    value = _other(random, module, donor)

    def turned(expr: s.Expr) -> s.Literal:
        match random.randrange(4):
            case 0 | 1:
                return replace(expr, negated=not expr.negated)
            case 2:
                given = s.With(
                    0, random.choice((s.Var(0, "input"), _input(random))), value
                )
                return replace(expr, withs=(*expr.withs, given))
            case _:
                each = s.Every(0, None, s.Var(0, "each"), value, (expr,))
                return each if not expr.withs else expr

    return _at_one(random, module, (s.Expr,), turned)


def _reshape_rules(random: Random, module: s.Module, donor: s.Module) -> s.Module:
    """Drop a rule, repeat one with another value, or take one of the donor."""
    rules = module.rules
    if not rules:
        return module
    i = random.randrange(len(rules))
    rule = rules[i]
    match random.randrange(4):
        case 0 if len(rules) > 1:
            return _with_rules(module, (*rules[:i], *rules[i + 1 :]))
        case 1 if donor.rules and donor.version == module.version:
            taken = replace(random.choice(donor.rules), chained=False)
            return _with_rules(module, (*rules, taken))
        case 2 if rule.head.key is None and not rule.default and not rule.chained:
            value = _other(random, module, donor)
            head = replace(rule.head, value=value, assign=module.version == 1)
            last = replace(rule, head=head, otherwise=None, body=())
            return _with_rules(module, _put(rules, (i,), replace(rule, otherwise=last)))
        case _:
            return _with_rules(module, (*rules, replace(rule, chained=False)))


_CHANGES: Final[tuple[Callable[[Random, s.Module, s.Module], s.Module], ...]] = (
    _exchange_term,
    _exchange_term,
    _exchange_scalar,
    _exchange_operator,
    _exchange_operator,
    _wrap,
    _wrap,
    _step,
    _rewrite,
    _rewrite,
    _turn,
    _reshape_rules,
)
