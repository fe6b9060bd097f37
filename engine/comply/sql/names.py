"""TREE -> TREE with every name resolved as Oracle resolves it.

Each column gets the alias of the relation it belongs to and the kind of its value
(`meta["kind"]`), each relation an alias that no other in the tree has, so that pieces
may be moved about without capturing a name. Without a catalog names are taken on
trust, and an unqualified column belongs to the only relation in its query.
"""

from collections.abc import Iterator, Mapping

from sqlglot import exp

from comply.classes import dataclass, field
from comply.dialect.errors import SqlError, nearest
from comply.dialect.oracle import place_of, stored_name
from comply.dialect.syntax import Name
from comply.source import Source
from comply.sql.catalog import Catalog, Columns, Kind
from comply.sql.kinds import kind

_PSEUDO: dict[str, Kind] = {
    "ROWNUM": "number",
    "LEVEL": "number",
    "USER": "char",
    "DEFAULT": "unknown",
}
ROWID = "ORA$ROWID"
_DUAL: Columns = {"DUMMY": "char"}


@dataclass(frozen=True, slots=True)
class Relation:
    """One entry of FROM: the name it goes by, the alias it gets, its columns.

    `columns` is None where nothing is known; `values` holds, for the alias of a
    universal assertion, the expression behind each column.
    """

    name: str
    alias: str
    columns: Columns | None
    table: Name | None = None
    values: dict[str, exp.Expr] | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The relations of one query block, and the block around it.

    `merged` are the columns that USING makes one of two; `common` the queries that
    WITH names, with their columns.
    """

    relations: tuple[Relation, ...]
    outer: "Scope | None" = None
    merged: frozenset[str] = frozenset()
    common: Mapping[str, Columns | None] = field(default_factory=dict)

    def chain(self) -> Iterator["Scope"]:
        """Yield this block and those around it, the innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer


@dataclass(slots=True)
class Resolver:
    """What resolution needs to know; `aliases` are those given so far."""

    source: Source
    catalog: Catalog | None
    aliases: set[str] = field(default_factory=set)

    def query(self, tree: exp.Expr, outer: Scope | None = None) -> Scope | None:
        """Resolve the names of a query in place; return the scope of its block.

        Raises:
            SqlError: a table (ORA-00942) or column (ORA-00904) does not exist, or a
                name is ambiguous (ORA-00918).
        """
        common = self._common(tree, outer)
        if isinstance(tree, exp.SetOperation):
            for side in (tree.this, tree.expression):
                inner = side.unnest() if isinstance(side, exp.Subquery) else side
                self.query(inner, common)
            return None
        if isinstance(tree, exp.Subquery):
            return self.query(tree.unnest(), common)
        return self._select(tree, common)

    def _common(self, tree: exp.Expr, outer: Scope | None) -> Scope | None:
        """Resolve WITH, whose queries the block sees as relations."""
        clause = tree.args.get("with_")
        if clause is None:
            return outer
        common: dict[str, Columns | None] = {}
        for entry in clause.expressions:
            self.query(entry.this, Scope((), outer, common=common))
            columns = _projected(entry.this)
            named = entry.args["alias"].args.get("columns") or ()
            if named and columns is not None:
                names = [stored_name(_identifier(n)) for n in named]
                columns = dict(zip(names, columns.values(), strict=False))
            common[stored_name(entry.args["alias"].this)] = columns
        return Scope((), outer, common=common)

    def _select(self, tree: exp.Expr, outer: Scope | None) -> Scope:
        relations: list[Relation] = []
        merged: set[str] = set()
        for node, join in _sources(tree):
            relations.append(self._relation(node, outer))
            for identifier in (join.args.get("using") or ()) if join else ():
                merged.add(stored_name(_identifier(identifier)))
        scope = Scope(tuple(relations), outer, frozenset(merged))
        if self.catalog is not None:
            _expand_stars(tree, scope)
        aliases = set()
        for select in _aliased(tree):
            label = stored_name(select.args["alias"])
            select.set("alias", _quoted(label))
            aliases.add(label)
        for key in ("expressions", "joins", "where", "connect"):
            self._parts(tree, key, scope, frozenset())
        for key in ("group", "having", "order", "windows", "distinct"):
            self._parts(tree, key, scope, frozenset(aliases))
        return scope

    def _parts(
        self, tree: exp.Expr, key: str, scope: Scope, aliases: frozenset[str]
    ) -> None:
        found = tree.args.get(key)
        for part in found if isinstance(found, list) else [found]:
            if isinstance(part, exp.Join):
                self.expression(part.args.get("on"), scope, aliases)
            elif isinstance(part, exp.Expr):
                self.expression(part, scope, aliases)

    def expression(
        self,
        node: exp.Expr | None,
        scope: Scope,
        aliases: frozenset[str] = frozenset(),
    ) -> None:
        """Resolve the names in an expression in place, nested queries among them."""
        if node is None:
            return
        if isinstance(node, exp.Query):
            self.query(node, scope)
        elif isinstance(node, exp.Column):
            self._column(node, scope, aliases)
        else:
            for child in list(node.iter_expressions()):
                self.expression(child, scope, aliases)

    def _relation(self, node: exp.Expr, outer: Scope | None) -> Relation:
        alias = node.args.get("alias")
        given = stored_name(alias.this) if alias and alias.this else ""
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            return self._table(node, given, outer)
        if isinstance(node, exp.Subquery):
            self.query(node.unnest(), outer)
            name = given or "ORA$VIEW"
            own = self._alias(name)
            node.set("alias", exp.TableAlias(this=_quoted(own)))
            return Relation(given, own, _projected(node.unnest()))
        if isinstance(node, exp.Values):
            return self._values(node, given)
        message = "comply does not know this kind of table expression"
        raise SqlError(0, message, place_of(node, self.source))

    def _values(self, node: exp.Values, given: str) -> Relation:
        """Resolve rows that FROM spells out, `(VALUES (1, 'a'), ..) v (id, name)`.

        Raises:
            SqlError: rows differ in length, or columns have no names.
        """
        rows = [row.expressions for row in node.expressions]
        for value in (value for row in rows for value in row):
            self.expression(value, Scope(()))
        alias = node.args.get("alias")
        named = alias.args.get("columns") if alias else ()
        names = [stored_name(_identifier(n)) for n in named or ()]
        # Where WITH names the columns, they need no names of their own.
        names = names or [f"COLUMN{i + 1}" for i in range(len(rows[0]))]
        if {len(row) for row in rows} != {len(names)}:
            message = "every row of VALUES has a value for each column of its alias"
            hint = "write (VALUES (1, 'a'), (2, 'b')) v (id, name)"
            raise SqlError(0, message, place_of(node, self.source), hint)
        own = self._alias(given or "ORA$VALUES")
        columns = [_quoted(name) for name in names]
        node.set("alias", exp.TableAlias(this=_quoted(own), columns=columns))
        kinds = [[kind(v) for v in of] for of in zip(*rows, strict=True)]
        known: dict[str, Kind] = {
            name: next((k for k in of if k != "unknown"), "unknown")
            for name, of in zip(names, kinds, strict=True)
        }
        return Relation(given, own, known)

    def table(self, node: exp.Expr) -> Relation:
        """Resolve the table that a statement changes, or takes its rows from, in place."""
        return self._relation(node, None)

    def _table(self, node: exp.Table, given: str, outer: Scope | None) -> Relation:
        owner = stored_name(node.args["db"]) if node.args.get("db") else ""
        name = Name(owner, stored_name(node.this))
        seen = given or name.name
        own = self._alias(seen)
        table, columns = _common_columns(outer, name) or self._columns(node, name)
        if table is not None:
            node.set("this", _quoted(table.name))
            node.set("db", _quoted(table.owner) if table.owner else None)
        if own != name.name or given:
            node.set("alias", exp.TableAlias(this=_quoted(own)))
        node.meta["table"] = table
        return Relation(seen, own, columns, table)

    def _columns(
        self, node: exp.Table, name: Name
    ) -> tuple[Name | None, Columns | None]:
        if name.name == "DUAL":
            return None, _DUAL
        if self.catalog is None:
            return name, None
        found = self.catalog.find(name)
        if found is None:
            raise self._missing(node, name)
        return found

    def _missing(self, node: exp.Table, name: Name) -> SqlError:
        known = [n.name for n in self.catalog.relations] if self.catalog else []
        close = nearest(name.name, known)
        hint = f"did you mean {close}?" if close else ""
        message = f"table or view {name} does not exist"
        return SqlError(942, message, place_of(node.this, self.source), hint)

    def _alias(self, name: str) -> str:
        """Return an alias for a relation that no other in the tree has."""
        own, n = name, 2
        while own in self.aliases:
            own, n = f"{name}_{n}", n + 1
        self.aliases.add(own)
        return own

    def _column(self, node: exp.Column, scope: Scope, aliases: frozenset[str]) -> None:
        name = stored_name(_identifier(node.this))
        if node.table:
            if name in ("NEXTVAL", "CURRVAL"):
                if node.find_ancestor(exp.Where):
                    message = "sequence number not allowed here"
                    raise SqlError(2287, message, place_of(node, self.source))
                node.meta["kind"] = "number"
                return
            self._qualified(node, name, scope)
            return
        for block in scope.chain():
            owners = [r for r in block.relations if _has(r, name)]
            if name in block.merged and owners:
                _kind(node, owners[0], name)
                return
            if len(owners) > 1:
                message = f"{name}: column ambiguously specified"
                hint = "write which table it belongs to"
                raise SqlError(918, message, place_of(node, self.source), hint)
            if owners:
                _bind(node, owners[0], name)
                return
        self._elsewhere(node, name, scope, aliases)

    def _elsewhere(
        self, node: exp.Column, name: str, scope: Scope, aliases: frozenset[str]
    ) -> None:
        """Take care of a name that is no known relation's column."""
        if name in aliases:
            node.set("this", _quoted(name))
        elif name in _PSEUDO:
            node.meta["kind"] = _PSEUDO[name]
        elif name == "ROWID" and len(scope.relations) == 1:
            _bind(node, scope.relations[0], ROWID)
        elif self.catalog is None:
            unknown = [r for r in scope.relations if r.columns is None]
            if len(unknown) == 1:
                _bind(node, unknown[0], name)
        else:
            raise self._invalid(node, name, scope)

    def _qualified(self, node: exp.Column, name: str, scope: Scope) -> None:
        qualifier = stored_name(node.args["table"])
        for block in scope.chain():
            for relation in block.relations:
                if relation.name != qualifier:
                    continue
                if name == "ROWID":
                    _bind(node, relation, ROWID)
                elif _has(relation, name) or relation.columns is None:
                    _bind(node, relation, name)
                elif relation.values is not None:
                    # The alias of ALL hides no column that its query does not list.
                    continue
                else:
                    raise self._invalid(node, name, Scope((relation,)))
                return
        raise self._invalid(node, name, scope)

    def _invalid(self, node: exp.Column, name: str, scope: Scope) -> SqlError:
        qualifier = stored_name(node.args["table"]) if node.table else ""
        relations = [r for block in scope.chain() for r in block.relations]
        hint = ""
        if qualifier and qualifier not in {r.name for r in relations}:
            close = nearest(qualifier, [r.name for r in relations])
            hint = f"did you mean {close}.{name}?" if close else _NO_SUCH_ALIAS
        else:
            known = [c for r in relations for c in r.columns or ()]
            close = nearest(name, known)
            hint = f"did you mean {close}?" if close else ""
        shown = f'"{qualifier}"."{name}"' if qualifier else f'"{name}"'
        place = place_of(node.this, self.source)
        return SqlError(904, f"{shown}: invalid identifier", place, hint)


_NO_SUCH_ALIAS = "no table in this query or around it has that name or alias"


def _sources(
    tree: exp.Expr,
) -> Iterator[tuple[exp.Expr, exp.Join | None]]:
    """Yield what stands in FROM, with the join that brings it in."""
    clause = tree.args.get("from_")
    if clause is not None:
        yield clause.this, None
        for join in clause.this.args.get("joins") or ():
            yield join.this, join
    for join in tree.args.get("joins") or ():
        yield join.this, join


def label(tree: exp.Expr) -> None:
    """Name the unnamed expressions that a query lists as Oracle does: by their text."""
    listed = [
        s
        if isinstance(s, exp.Alias | exp.Column | exp.Star)
        else exp.alias_(s, output_of(s), quoted=True)
        for s in selects(tree)
    ]
    if isinstance(tree, exp.Select):
        tree.set("expressions", listed)


def selects(tree: exp.Expr) -> list[exp.Expr]:
    """Return what a query lists; nothing for what is no query."""
    return tree.selects if isinstance(tree, exp.Query) else []


def _aliased(tree: exp.Expr) -> list[exp.Alias]:
    return [s for s in selects(tree) if isinstance(s, exp.Alias)]


def _identifier(node: exp.Expr | str) -> exp.Identifier:
    if isinstance(node, exp.Identifier):
        return node
    if isinstance(node, exp.Column):
        return _identifier(node.this)
    return exp.to_identifier(node if isinstance(node, str) else node.name)


def _quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def _common_columns(
    outer: Scope | None, name: Name
) -> tuple[None, Columns | None] | None:
    """Return the columns of the WITH query that a table's name means, if one does."""
    if name.owner or outer is None:
        return None
    for block in outer.chain():
        if name.name in block.common:
            return None, block.common[name.name]
    return None


def _projected(tree: exp.Expr) -> Columns | None:
    """Return the columns that a resolved query yields, None if a star hides them."""
    listed = selects(tree)
    if any(s.is_star for s in listed):
        return None
    return {output_of(s): kind(s) for s in listed}


def output_of(node: exp.Expr) -> str:
    """Return the name that a projection gives its value."""
    if isinstance(node, exp.Alias):
        return stored_name(node.args["alias"])
    if isinstance(node, exp.Column):
        return stored_name(_identifier(node.this))
    return node.sql(dialect="oracle").upper()


def _has(relation: Relation, name: str) -> bool:
    return relation.columns is not None and name in relation.columns


def _bind(node: exp.Column, relation: Relation, name: str) -> None:
    """Make a column one of `relation`."""
    if relation.values is not None and name in relation.values:
        node.replace(relation.values[name].copy())
        return
    identifier = _quoted(name)
    identifier.meta.update(_identifier(node.this).meta)
    node.set("this", identifier)
    node.set("table", _quoted(relation.alias))
    node.set("db", None)
    node.set("catalog", None)
    _kind(node, relation, name)
    node.meta["base"] = relation.table


def _kind(node: exp.Column, relation: Relation, name: str) -> None:
    columns = relation.columns or {}
    node.meta["kind"] = "number" if name == ROWID else columns.get(name, "unknown")


def _expand_stars(tree: exp.Expr, scope: Scope) -> None:
    """Replace `*` and `t.*` by the columns they stand for."""
    listed: list[exp.Expr] = []
    for select in selects(tree):
        if not select.is_star or not isinstance(select, exp.Star | exp.Column):
            listed.append(select)
            continue
        only = stored_name(select.args["table"]) if select.args.get("table") else ""
        for relation in scope.relations:
            if not only or relation.name == only:
                listed += [
                    exp.column(_quoted(c), _quoted(relation.name or relation.alias))
                    for c in relation.columns or ()
                ]
    tree.set("expressions", listed)
