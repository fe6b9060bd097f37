"""Random Rego modules as trees, all offsets 0, and trees without their offsets."""

from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from comply.plan.values import NumberLiteral
from comply.rego.lexer import KEYWORDS
from comply.rego.syntax import (
    Array,
    ArrayComprehension,
    Body,
    Call,
    Every,
    Expr,
    Head,
    Import,
    Literal,
    Module,
    Object,
    ObjectComprehension,
    Ref,
    Rule,
    Scalar,
    Set,
    SetComprehension,
    Some,
    SomeIn,
    Template,
    Term,
    Var,
    With,
)
from comply.source import Source

NO_SOURCE = Source("", "")
OPERATORS = (
    "equal", "neq", "lt", "gt", "lte", "gte", "or", "and", "plus", "minus", "mul",
    "div", "rem", "internal.member_2",
)  # fmt: skip


def bare(node: Any) -> Any:
    """Return a tree without what its layout decides: offsets, wildcards' numbers."""
    if isinstance(node, tuple):
        return tuple(bare(item) for item in node)
    if isinstance(node, Module):
        node = replace(node, source=NO_SOURCE, package_at=0, comments=())
    if isinstance(node, Var) and node.name.startswith("$"):
        return Var(0, "$")
    if isinstance(node, NumberLiteral):
        return node.text
    if not is_dataclass(node) or isinstance(node, Source):
        return node
    changes: dict[str, Any] = {}
    for item in fields(node):
        old = getattr(node, item.name)
        changes[item.name] = 0 if item.name in ("at", "end") else bare(old)
    return replace(node, **changes)  # type: ignore[type-var]  # is_dataclass admits classes


names = st.sampled_from(["a", "b", "c_1", "foo", "Bar", "_x"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
strings = st.one_of(texts, st.sampled_from(["", "a", "{", "\\", '"', "\n", "\\{", "`"]))
numbers = st.one_of(
    st.integers(),
    st.integers(10**20, 10**60),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x != 0),
    st.sampled_from(["1e3", "1.50", "2E-3", "-0"]).map(NumberLiteral),
    st.sampled_from(["0.1234567890123456789012", "1E+400"]).map(Decimal),
)
scalars = st.builds(
    Scalar, st.just(0), st.one_of(strings, numbers, st.booleans(), st.none())
)
variables = st.builds(Var, st.just(0), st.one_of(names, st.just("$")))
name_scalars = st.builds(Scalar, st.just(0), st.one_of(names, st.sampled_from(sorted(KEYWORDS)), strings))  # fmt: skip


def infix(name: str, *args: Term) -> Call:
    return Call(0, Var(0, name), args, infix=True)


def refs(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[Ref]:
    heads = terms.filter(lambda t: not isinstance(t, Scalar | Template | Ref))
    steps = st.lists(st.one_of(name_scalars, terms), min_size=1, max_size=3)
    return st.builds(Ref, st.just(0), heads, steps.map(tuple))


def named_refs(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[Ref | Var]:
    path = st.lists(st.one_of(name_scalars, terms), min_size=1, max_size=2).map(tuple)
    return st.one_of(
        st.builds(Var, st.just(0), names),
        st.builds(Ref, st.just(0), st.builds(Var, st.just(0), names), path),
    )


def withs(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[tuple[With, ...]]:
    one = st.builds(With, st.just(0), named_refs(terms), terms)
    return st.lists(one, max_size=2).map(tuple)


def bodies(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[Body]:
    return st.lists(literals(terms), min_size=1, max_size=3).map(tuple)


def literals(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[Literal]:
    bound = st.builds(infix, st.sampled_from(["eq", "assign"]), terms, terms)
    pattern = terms.filter(lambda t: not isinstance(t, Call))
    return st.one_of(
        st.builds(
            Expr, st.just(0), st.one_of(terms, bound), st.booleans(), withs(terms)
        ),
        st.builds(Some, st.just(0), st.lists(variables, min_size=1).map(tuple)),
        st.builds(
            SomeIn, st.just(0), st.none() | pattern, pattern, terms, withs(terms)
        ),
    )


def compounds(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    some = st.lists(terms, max_size=3).map(tuple)
    pairs = st.lists(st.tuples(terms, terms), max_size=2).map(tuple)
    body = bodies(terms)
    every = st.builds(
        Every, st.just(0), st.none() | variables, variables, terms, body, withs(terms)
    )
    inner = st.one_of(body, st.tuples(every))
    return st.one_of(
        refs(terms),
        st.builds(Array, st.just(0), some),
        st.builds(Set, st.just(0), some),
        st.builds(Object, st.just(0), pairs),
        st.builds(Call, st.just(0), named_refs(terms), some),
        st.builds(infix, st.sampled_from(OPERATORS), terms, terms),
        st.builds(infix, st.just("internal.member_3"), terms, terms, terms),
        st.builds(ArrayComprehension, st.just(0), terms, inner),
        st.builds(SetComprehension, st.just(0), terms, inner),
        st.builds(ObjectComprehension, st.just(0), terms, terms, inner),
    )


def templates(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    expression = st.builds(
        lambda term, extra: Expr(0, term, withs=extra) if extra else term,
        terms,
        withs(terms),
    )
    # Two texts in a row, or an empty one, cannot be told in the text.
    part = st.tuples(texts, expression)
    return st.builds(
        lambda parts: Template(0, tuple(p for pair in parts for p in pair if p != "")),
        st.lists(part, max_size=2),
    )


# Deferred, since Hypothesis prints what it draws from, at length.
terms: st.SearchStrategy[Term] = st.deferred(
    lambda: st.recursive(st.one_of(scalars, variables), compounds, max_leaves=6)
)
rich_terms: st.SearchStrategy[Term] = st.deferred(
    lambda: st.one_of(terms, templates(terms))
)


def head_refs() -> st.SearchStrategy[tuple[Term, ...]]:
    start = st.builds(Var, st.just(0), names).map(lambda v: (v,))
    steps = st.lists(st.one_of(name_scalars, terms), max_size=2).map(tuple)
    return st.builds(lambda a, b: a + b, start, steps)


def heads() -> st.SearchStrategy[Head]:
    ref = head_refs()
    args = st.lists(terms, min_size=1, max_size=2).map(tuple)
    value = st.tuples(rich_terms, st.booleans())
    return st.one_of(
        st.builds(lambda r, k: Head(0, r, key=k), ref, rich_terms),
        st.builds(lambda r, v: Head(0, r, value=v[0], assign=v[1]), ref, value),
        st.builds(lambda r, a, v: Head(0, r, a, value=v[0], assign=v[1]), ref, args, value),
        st.builds(lambda r, a: Head(0, r, a), ref, args),
    )  # fmt: skip


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    head = draw(heads())
    body = draw(st.one_of(st.just(()), bodies(rich_terms)))
    rule = Rule(0, 0, head, body)
    ground = all(isinstance(step, Scalar) for step in head.ref[1:])
    if not body or head.key is not None or not ground:
        return rule
    for value in draw(st.lists(rich_terms, max_size=2)):
        other = Head(0, head.ref, head.args, value=value, assign=True)
        last = Rule(0, 0, other, draw(bodies(terms)), otherwise=rule.otherwise)
        rule = replace(rule, otherwise=last)
    return rule


imports = st.builds(
    Import,
    st.just(0),
    st.builds(
        Ref,
        st.just(0),
        st.sampled_from(["data", "input"]).map(lambda name: Var(0, name)),
        st.lists(name_scalars, min_size=1, max_size=2).map(tuple),
    ),
    st.none() | names,
)


@st.composite
def modules(draw: st.DrawFn) -> Module:
    return Module(
        source=NO_SOURCE,
        version=1,
        package_at=0,
        package=(draw(names), *draw(st.lists(strings, max_size=2))),
        imports=tuple(draw(st.lists(imports, max_size=2))),
        rules=tuple(draw(st.lists(rules(), max_size=3))),
        comments=(),
        annotations=(),
    )
