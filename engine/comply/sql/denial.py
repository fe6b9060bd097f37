"""ASSERTION -> DENIAL: the query of the rows that violate it, in one SQL or another.

Every assertion says "this query has no rows". `NOT EXISTS (q)` denies q itself;
`ALL (q) a SATISFY (c)` denies the rows of q for which c is false, and unknown is not
false; `EXISTS (q)` denies one row that is there when q has none.
"""

from dataclasses import replace
from typing import Final, Literal

from sqlglot import exp

from comply.classes import dataclass
from comply.dialect import oracle
from comply.dialect.errors import SqlError
from comply.dialect.oracle import stored_name
from comply.dialect.syntax import Name
from comply.source import Source
from comply.sql import duckdb, postgres
from comply.sql.catalog import Catalog
from comply.sql.kinds import kind
from comply.sql.names import Relation, Resolver, Scope


@dataclass(frozen=True, slots=True)
class Parts:
    """What an assertion says, as trees whose names are not resolved yet."""

    source: Source
    kind: Literal["universal", "exists", "not_exists"]
    query: exp.Query
    alias: str
    condition: exp.Expr | None


def denial_text(parts: Parts, dialect: str, catalog: Catalog | None) -> str:
    """Return the denial of an assertion as text.

    Raises:
        SqlError: a name does not exist, or the dialect is none of "duckdb", "oracle",
            "postgres".
    """
    return in_dialect(resolved(parts, catalog), dialect, parts)


def in_dialect(
    tree: exp.Expr, dialect: str, parts: Parts, *, pretty: bool = False
) -> str:
    """Return a resolved tree as text in a dialect, over several lines if `pretty`.

    Raises:
        SqlError: there is no such dialect, or it lacks something.
    """
    match dialect:
        case "duckdb":
            translated = duckdb.Translator(parts.source).translate(tree)
            return duckdb.write(translated, pretty=pretty)
        case "oracle":
            return oracle.write(tree.transform(_null_safe), pretty=pretty)
        case "postgres" | "postgresql":
            translated = postgres.translator(parts.source).translate(tree)
            return postgres.write(translated, pretty=pretty)
        case _:
            hint = "there are duckdb, oracle and postgres"
            raise SqlError(0, f"there is no dialect {dialect!r}", hint=hint)


def _null_safe(node: exp.Expr) -> exp.Expr:
    """Say in words of older releases that values are equal or both NULL."""
    if not isinstance(node, exp.NullSafeEQ):
        return node
    sides = (node.this, node.expression)
    both = exp.and_(*[exp.Is(this=s.copy(), expression=exp.Null()) for s in sides])
    equal = exp.EQ(this=node.this.copy(), expression=node.expression.copy())
    return exp.Paren(this=exp.or_(equal, both))


def resolved(parts: Parts, catalog: Catalog | None) -> exp.Query:
    """Return the denial as a tree whose names are resolved, in Oracle's terms."""
    query = parts.query.copy()
    resolver = Resolver(parts.source, catalog)
    if parts.condition is None:
        scope = resolver.query(query)
        return _absent(query) if parts.kind == "exists" else _shown(query, scope)
    condition = exp.Paren(this=parts.condition.copy())
    if _is_plain(query):
        return _universal(resolver, query, parts.alias, condition)
    return _wrapped(resolver, query, parts.alias, condition)


def _absent(query: exp.Query) -> exp.Query:
    """Return the query of one row that is there when `query` has none."""
    missing = exp.alias_(exp.Literal.string("no such row"), "VIOLATION", quoted=True)
    absent = exp.Not(this=exp.Exists(this=query))
    return exp.select(missing).from_("DUAL").where(absent)


def _shown(query: exp.Query, scope: Scope | None) -> exp.Query:
    """Return `query` with a list that tells its rows apart.

    People write `SELECT 1` in EXISTS; a violation should show the rows behind it.
    """
    constant = all(isinstance(s.unalias(), exp.Literal) for s in query.selects)
    if not (isinstance(query, exp.Select) and constant and scope):
        return query
    if not _is_plain(query):
        return query
    query.set("expressions", _all_columns(scope))
    return query


def _all_columns(scope: Scope) -> list[exp.Expr]:
    """Return all columns of a block, named after their table where names collide."""
    relations = scope.relations
    if any(r.columns is None for r in relations):
        return [exp.Star()]
    names = [c for r in relations for c in r.columns or ()]
    shown: list[exp.Expr] = []
    for relation in relations:
        for name, of in (relation.columns or {}).items():
            column = exp.column(_quoted(name), _quoted(relation.alias))
            column.meta["kind"] = of
            column.meta["base"] = relation.table
            label = name if names.count(name) == 1 else f"{relation.alias}.{name}"
            shown.append(exp.alias_(column, label, quoted=True))
    return shown


def _quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


_CUTS: Final = ("group", "having", "limit", "offset", "connect", "with_", "windows")


def _is_plain(query: exp.Query) -> bool:
    """Tell whether a row of the query comes from one row of each of its tables."""
    if not isinstance(query, exp.Select) or any(query.args.get(k) for k in _CUTS):
        return False
    return not any(s.find(exp.AggFunc, exp.Window) for s in query.selects)


def _universal(
    resolver: Resolver, query: exp.Query, alias: str, condition: exp.Paren
) -> exp.Query:
    """Put the condition's negation into the query itself.

    The condition may name the rows by the alias, as documented, or by the query's own
    tables, as published; columns that the query does not list can be meant as well.
    """
    scope = resolver.query(query) or Scope(())
    if alias:
        scope = Scope((_rows(query, alias, scope),), scope)
    resolver.expression(condition.this, scope)
    denied = exp.Not(this=condition)
    where = query.args.get("where")
    both = exp.and_(exp.Paren(this=where.this), denied) if where else denied
    query.set("where", exp.Where(this=both))
    query.set("order", None)
    return query


def _rows(query: exp.Query, alias: str, scope: Scope) -> Relation:
    """Return the rows of a query as the relation that the alias names."""
    starred = any(s.is_star for s in query.selects)
    if starred and len(scope.relations) == 1:
        return replace(scope.relations[0], name=alias)
    listed = _listed(query)
    columns = {n: kind(v) for n, v in listed.items()}
    return Relation(alias, alias, columns, values=listed)


def _listed(query: exp.Query) -> dict[str, exp.Expr]:
    """Return the values that a query lists, by the names it gives them."""
    listed: dict[str, exp.Expr] = {}
    for select in query.selects:
        value = select.unalias()
        if isinstance(select, exp.Alias):
            listed[stored_name(select.args["alias"])] = value
        elif isinstance(select, exp.Column) and isinstance(select.this, exp.Identifier):
            listed[stored_name(select.this)] = value
    return listed


def _wrapped(
    resolver: Resolver, query: exp.Query, alias: str, condition: exp.Paren
) -> exp.Query:
    """Deny rows of a query that groups or cuts: it becomes a table expression."""
    name = alias or _only_table(query)
    derived = exp.Subquery(this=query, alias=exp.TableAlias(this=_quoted(name)))
    tree = exp.select("*").from_(derived).where(exp.Not(this=condition), copy=False)
    resolver.query(tree)
    return tree


def _only_table(query: exp.Query) -> str:
    tables = {Name("", stored_name(t.this)).name for t in query.find_all(exp.Table)}
    return tables.pop() if len(tables) == 1 else "ORA$ALL"
