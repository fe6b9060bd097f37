"""DENIAL -> DENIALS whose queries, inner ones too, join rows of tables and no more.

What SQL says in other words is said so: a query in FROM or WITH becomes the tables it
reads, an outer join the pairs and the rows without a partner, MINUS and INTERSECT become
[NOT] EXISTS, UNION several queries, and a sum of a group a value that its rows ask for.
That keeps the rows that come out, not how often each does, so what counts rows is left
alone where the number would change. What remains as it was, has no plan.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Final, TypeAlias

from sqlglot import exp

from comply.classes import dataclass, field
from comply.dialect.oracle import place_of, stored_name
from comply.source import Source
from comply.sql.names import output_of, selects
from comply.sql.places import sources
from comply.sql.plan.code import UntranslatedError
from comply.sql.plan.grouped import is_summed, own_sums, ungrouped

Node: TypeAlias = exp.Expr

_MOST: Final = 16
"""Into so many queries one may fall apart."""
_CUTS: Final = {
    "connect": "CONNECT BY",
    "limit": "a limit of rows",
    "offset": "OFFSET",
    "qualify": "QUALIFY",
    "windows": "WINDOW",
}
_INNER: Final = frozenset({"", "INNER", "CROSS"})


@dataclass(frozen=True, slots=True)
class Flattening:
    """What the work rests on: where errors are, what WITH names, which aliases are free."""

    source: Source
    common: Mapping[str, exp.Query] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def alias(self) -> str:
        """Return an alias that no other table has."""
        return f"ORA$FLAT{next(self.numbers)}"

    def refusal(self, node: Node, what: str) -> UntranslatedError:
        """Return the error that names what has no plan, and where it stands."""
        return UntranslatedError(what, place_of(node, self.source))


def flattened(denial: exp.Query, source: Source) -> list[exp.Select]:
    """Return the denials whose rows together are those of a resolved one.

    Raises:
        UntranslatedError: it holds what has no plan.
    """
    work = Flattening(source)
    found = list(_flat(work, denial.copy(), counted=False))
    for tree in found:
        _tell_apart(tree)
    return found


def _flat(work: Flattening, query: Node, *, counted: bool) -> Iterator[exp.Select]:
    """Yield the queries of tables that have the rows of a query.

    With `counted`, rows have to come out as often as they did.
    """
    for number, select in enumerate(_sides(work, query, counted=counted), 1):
        if number > _MOST:
            raise work.refusal(query, "a query that falls apart into too many")
        yield select


def _sides(work: Flattening, query: Node, *, counted: bool) -> Iterator[exp.Select]:
    work = _with_common(work, query)
    match query:
        case exp.Subquery():
            yield from _flat(work, query.unnest(), counted=counted)
        case exp.Union():
            if counted:
                raise work.refusal(query, "a sum over a UNION")
            names = [output_of(s) for s in query.selects]
            for side in (query.this, query.expression):
                for select in _flat(work, side, counted=counted):
                    yield _labelled(select, names)
        case exp.Intersect() | exp.Except():
            yield from _compared(work, query, counted=counted)
        case exp.Select():
            yield from _of_select(work, query, counted=counted)
        case _:
            raise work.refusal(query, f"the query {query.key.upper()}")


def _with_common(work: Flattening, query: Node) -> Flattening:
    """Take WITH off a query; return what knows its queries by name."""
    clause = query.args.get("with_")
    if clause is None:
        return work
    common = dict(work.common)
    for entry in clause.expressions:
        if entry.args["alias"].args.get("columns"):
            raise work.refusal(query, "WITH that names columns")
        # A query may name those before it, which `common` has by then.
        name = stored_name(entry.args["alias"].this)
        common[name] = entry.this.copy()
    query.set("with_", None)
    return replace(work, common=common)


def _labelled(select: exp.Select, names: list[str]) -> exp.Select:
    """Return a query whose values go by other names."""
    listed = [
        _as(s.unalias(), name) for s, name in zip(select.selects, names, strict=True)
    ]
    select.set("expressions", listed)
    return select


def _compared(
    work: Flattening, query: exp.SetOperation, *, counted: bool
) -> Iterator[exp.Select]:
    """MINUS and INTERSECT: rows of one side that the other has not, or has."""
    if counted or not query.args.get("distinct"):
        raise work.refusal(query, f"{query.key.upper()} where rows count")
    for select in _flat(work, query.this, counted=False):
        alias = work.alias()
        other = query.expression.copy().unnest()
        tests = [
            exp.NullSafeEQ(this=_output(alias, theirs), expression=own.unalias().copy())
            for own, theirs in zip(select.selects, selects(other), strict=True)
        ]
        derived = exp.Subquery(this=other, alias=_named(alias))
        inner = exp.select(exp.Literal.number(1)).from_(derived).where(*tests)
        there: Node = exp.Exists(this=inner)
        if isinstance(query, exp.Except):
            there = exp.Not(this=there)
        # The list's own queries are flat; what was added is not.
        select.where(_condition(work, there), copy=False)
        yield select.distinct(copy=False)


def _output(alias: str, of: Node) -> exp.Column:
    return exp.column(_quoted(output_of(of)), _quoted(alias))


def _quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def _as(node: Node, name: str) -> exp.Alias:
    # A query can have an alias of its own, which is no name of a value.
    return exp.Alias(this=node, alias=_quoted(name))


def _named(alias: str) -> exp.TableAlias:
    return exp.TableAlias(this=_quoted(alias))


def _of_select(
    work: Flattening, select: exp.Select, *, counted: bool
) -> Iterator[exp.Select]:
    _refuse_cuts(work, select)
    select.set("order", None)
    _name_common(work, select)
    if counted and (select.args.get("distinct") or is_summed(select)):
        raise work.refusal(select, "a sum over DISTINCT, groups or sums")
    outer = _outer_join(work, select)
    if outer is not None:
        if counted or is_summed(select):
            raise work.refusal(outer, "a sum over an outer join")
        for part in _parted(select, outer):
            yield from _flat(work, part, counted=False)
        return
    derived = next((s for s in sources(select) if not isinstance(s, exp.Table)), None)
    if derived is not None:
        yield from _inlined(work, select, derived, counted=counted)
        return
    if is_summed(select):
        select = _ungrouped(work, select)
    _rewrite(work, select)
    yield select


def _refuse_cuts(work: Flattening, select: exp.Select) -> None:
    for key, what in _CUTS.items():
        if select.args.get(key):
            raise work.refusal(select, what)
    if any(s.find(exp.Window) for s in select.selects):
        raise work.refusal(select, "values over other rows")


def _ungrouped(work: Flattening, select: exp.Select) -> exp.Select:
    made = ungrouped(select)
    if made is None:
        raise work.refusal(select, "groups of other than their rows")
    return made


def _name_common(work: Flattening, select: exp.Select) -> None:
    """Put the queries that WITH names in the places of their names."""
    for table in sources(select):
        named = isinstance(table, exp.Table) and not table.args.get("db")
        found = work.common.get(stored_name(table.this)) if named else None
        if found is not None and table.meta.get("table") is None:
            alias = _named(_alias(table))
            own = _renamed(work, found.copy())
            table.replace(exp.Subquery(this=own, alias=alias))


def _renamed(work: Flattening, tree: exp.Query) -> exp.Query:
    """Give what a copy of a query reads other aliases than the original's."""
    for select in tree.find_all(exp.Select):
        for source in sources(select):
            _rename(select, source, work.alias())
    return tree


def _alias(source: Node) -> str:
    """Return what columns call an entry of FROM; a name of WITH is as it was written."""
    named = isinstance(source, exp.Table) and not source.alias
    return stored_name(source.this) if named else source.alias_or_name


def _rename(select: exp.Select, source: Node, alias: str) -> None:
    before = _alias(source)
    for column in select.find_all(exp.Column):
        if column.table == before:
            column.set("table", _quoted(alias))
    source.set("alias", _named(alias))


def _outer_join(work: Flattening, select: exp.Select) -> exp.Join | None:
    """Return the last outer join of a query, None if it has none."""
    found = None
    for join in select.args.get("joins") or ():
        words = {
            str(join.args.get(k) or "").upper() for k in ("side", "kind", "method")
        }
        if join.args.get("using") or "NATURAL" in words:
            raise work.refusal(join, "a join by the names of columns")
        if not words - _INNER:
            continue
        if words - _INNER - {"LEFT", "RIGHT", "OUTER"}:
            raise work.refusal(join, f"{' '.join(sorted(words - _INNER))} JOIN")
        found = join
    return found


def _parted(select: exp.Select, join: exp.Join) -> Iterator[exp.Select]:
    """Yield the rows of an outer join: those with a partner, and those without one."""
    at = select.args["joins"].index(join)
    is_left = str(join.side).upper() == "LEFT"
    met = select.copy()
    met.args["joins"][at].set("side", None)
    met.args["joins"][at].set("kind", None)
    yield met
    alone = select.copy()
    joins = alone.args["joins"]
    join = joins.pop(at)
    before = [alone.args["from_"].this, *(j.this for j in joins[:at])]
    if is_left:
        missing = [join.this]
        tests = [join.args.get("on")]
    else:
        # All that stands before is what has no partner.
        missing = before
        tests = [join.args.get("on"), *(j.args.get("on") for j in joins[:at])]
        alone.set("from_", exp.From(this=join.this))
        del joins[:at]
    _without(alone, missing)
    inner = exp.select(exp.Literal.number(1)).from_(missing[0], copy=False)
    for table in missing[1:]:
        inner.join(table, copy=False)
    inner.where(*(t for t in tests if t is not None), copy=False)
    yield alone.where(exp.Not(this=exp.Exists(this=inner)), copy=False)


def _without(select: exp.Select, missing: list[Node]) -> None:
    """Let the columns of missing rows be NULL."""
    names = {table.alias_or_name for table in missing}
    for column in list(select.find_all(exp.Column)):
        if column.table in names:
            if column.parent is select and column.arg_key == "expressions":
                column.replace(_as(exp.Null(), column.name))
            else:
                column.replace(exp.Null())


def _inlined(
    work: Flattening, select: exp.Select, derived: Node, *, counted: bool
) -> Iterator[exp.Select]:
    """Put the tables of a query in FROM into the query around it."""
    if not isinstance(derived, exp.Subquery):
        raise work.refusal(derived, "rows that FROM spells out")
    if derived.args["alias"].args.get("columns"):
        raise work.refusal(derived, "an alias that names columns")
    at = next(i for i, s in enumerate(sources(select)) if s is derived)
    alias = derived.alias_or_name
    names = [output_of(s) for s in selects(derived.unnest())]
    strict = counted or is_summed(select)
    for inner in _flat(work, derived.unnest(), counted=strict):
        values = {n: s.unalias() for n, s in zip(names, inner.selects, strict=True)}
        around = select.copy()
        _put(around, at, inner)
        _substitute(around, alias, values)
        if inner.args.get("distinct"):
            around.distinct(copy=False)
        yield from _flat(work, around, counted=counted)


def _put(select: exp.Select, at: int, inner: exp.Select) -> None:
    """Let the tables and conditions of a flat query stand where it stood in FROM."""
    joins = list(select.args.get("joins") or ())
    tables: list[exp.Join] = [exp.Join(this=s) for s in sources(select)]
    tests = [j.args["on"] for j in joins if j.args.get("on")]
    tests += [j.args["on"] for j in inner.args.get("joins") or () if j.args.get("on")]
    tables[at : at + 1] = [exp.Join(this=s) for s in sources(inner)]
    if inner.args.get("where"):
        tests.append(exp.Paren(this=inner.args["where"].this))
    select.set("from_", exp.From(this=tables[0].this) if tables else None)
    select.set("joins", tables[1:])
    if tests:
        select.where(*(t.copy() for t in tests), copy=False)


def _substitute(tree: Node, alias: str, values: Mapping[str, Node]) -> None:
    """Put values in the places of the columns of a query that is no more."""
    for column in list(tree.find_all(exp.Column)):
        if column.table != alias:
            continue
        found = values[column.name].copy()
        if column.parent is tree and column.arg_key == "expressions":
            column.replace(_as(found, column.name))
        else:
            simple = isinstance(found, exp.Column | exp.Literal | exp.Null)
            column.replace(found if simple else exp.Paren(this=found))


def _rewrite(work: Flattening, select: exp.Select) -> None:
    """Flatten the queries in a query's conditions and values."""
    where = select.args.get("where")
    parts = [where.this] if where is not None else []
    parts += [j.args["on"] for j in select.args.get("joins") or () if j.args.get("on")]
    for part in (*parts, *select.expressions):
        made = _condition(work, part)
        if made is not part:
            part.replace(made)


def _condition(work: Flattening, node: Node) -> Node:
    """Return an expression with the queries in it flattened."""
    match node:
        case exp.Exists():
            return _any(_flat(work, node.this, counted=False), _exists)
        case exp.In() if node.args.get("query"):
            subject = _condition(work, node.this)
            return _any(
                _flat(work, node.args["query"].unnest(), counted=False),
                lambda query: exp.In(this=subject.copy(), query=query.subquery()),
            )
        case exp.Predicate() if every := _quantifier(node):
            return _quantified(work, node, every)
        case exp.Subquery():
            return _value(work, node)
        case _:
            for child in list(node.iter_expressions()):
                made = _condition(work, child)
                if made is not child:
                    child.replace(made)
            return node


def _quantifier(node: Node) -> exp.Any | exp.All | None:
    found = node.args.get("expression")
    if not isinstance(found, exp.Any | exp.All):
        return None
    return found if isinstance(found.this.unnest(), exp.Query) else None


def _quantified(work: Flattening, node: Node, every: exp.Any | exp.All) -> Node:
    """Compare with ANY or ALL of a query: of each that it falls apart into."""
    subject = _condition(work, node.this)
    tests = [
        type(node)(this=subject.copy(), expression=type(every)(this=query))
        for query in _flat(work, every.this.unnest(), counted=False)
    ]
    if len(tests) == 1:
        return tests[0]
    word = exp.and_ if isinstance(every, exp.All) else exp.or_
    return exp.Paren(this=word(*tests))


def _exists(query: exp.Select) -> Node:
    query.set("expressions", [exp.Literal.number(1)])
    return exp.Exists(this=query)


def _any(queries: Iterator[exp.Select], test: Callable[[exp.Select], Node]) -> Node:
    """Return that a test holds for one of some queries."""
    found = [test(query) for query in queries]
    return found[0] if len(found) == 1 else exp.Paren(this=exp.or_(*found))


def _value(work: Flattening, node: exp.Subquery) -> Node:
    """Return a query of one value over tables; its own sums stay."""
    query = node.unnest()
    if not isinstance(query, exp.Select):
        raise work.refusal(node, "a set operator")
    sums = query.selects
    bare = query.copy()
    if query.args.get("group") or query.args.get("having") or not own_sums(query):
        raise work.refusal(node, "a value from a query that does not sum up")
    bare.set("expressions", [exp.Literal.number(1)])
    alias = _kept(bare, sums)
    found = list(_flat(work, bare, counted=True))
    if len(found) != 1:
        raise work.refusal(node, "a sum over several queries")
    [flat] = found
    values = [s.unalias() for s in flat.selects[1:]]
    _restore(flat, sums, alias, values)
    return exp.Subquery(this=flat)


def _kept(bare: exp.Select, sums: list[Node]) -> list[exp.Column]:
    """List what sums read, so that it follows their query; return the columns."""
    columns = [c for s in sums for c in s.find_all(exp.Column)]
    for column in columns:
        bare.append("expressions", column.copy())
    return columns


def _restore(
    flat: exp.Select, sums: list[Node], columns: list[exp.Column], values: list[Node]
) -> None:
    """Let sums stand over a flat query, reading what became of their columns."""
    for column, value in zip(columns, values, strict=True):
        column.replace(value.copy())
    flat.set("expressions", sums)


def _tell_apart(tree: exp.Select) -> None:
    """Give each place of a table an alias of its own: some were copied with their query."""
    seen: set[str] = set()
    for select in tree.find_all(exp.Select, bfs=False):
        for table in sources(select):
            name = own = table.alias_or_name
            number = 2
            while own in seen:
                own, number = f"{name}_{number}", number + 1
            seen.add(own)
            if own != name:
                _rename(select, table, own)
