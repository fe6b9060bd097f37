"""What tables and columns are: only the schema knows, and sometimes only the text."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from comply.dialect.columns import TYPES as BUILT_IN_TYPES
from comply.dialect.errors import SqlError
from comply.dialect.oracle import stored_name
from comply.dialect.schema import Schema, Table, find
from comply.dialect.syntax import Column, Name
from comply.sql.lint.outline import Block
from comply.sql.lint.problem import Edit, Problem, Subject
from comply.sql.lint.tree import (
    PLACE,
    block_of,
    columns_in,
    conditions,
    conjuncts,
    joined,
    place_in,
)

_MOST: Final = 32
_TYPES: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "BLOB CLOB NCLOB BFILE LONG JSON XMLTYPE SDO_GEOMETRY ANYDATA"
    ).split()
)
_RULE_OF: Final = {
    942: "no-such-table",
    904: "no-such-column",
    918: "ambiguous-column",
}


def unresolved(subject: Subject, error: SqlError) -> Problem:
    """Return the problem that a name makes."""
    message = error.message.partition(": ")[2]
    rule = _RULE_OF.get(error.code, "syntax")
    if error.code == 0:
        message = error.message
    if error.hint:
        message += f" ({error.hint})"
    span = error.span
    at, width = subject.statement.start, 1
    if span is not None:
        lines = subject.source.text.split("\n")
        at = sum(len(line) + 1 for line in lines[: span.row - 1]) + span.col - 1
        width = span.width
    return Problem(rule, message[:1].upper() + message[1:], at, width)


def sources(subject: Subject) -> Iterator[Problem]:
    """Find tables that are none: views, synonyms, temporary and external tables."""
    schema, assertion = subject.schema, subject.assertion
    if schema is None or assertion is None:
        return
    for tree in (assertion.query, assertion.condition):
        for node in tree.find_all(exp.Table) if tree is not None else ():
            if not isinstance(node.this, exp.Identifier):
                continue
            owner = stored_name(node.args["db"]) if node.args.get("db") else ""
            name = Name(owner, stored_name(node.this))
            found = _what(schema, name, subject.made.name.owner)
            if found:
                start, end = node.this.meta[PLACE]
                rule, what = found
                yield Problem(rule, f"{name} is {what}.", start, end - start)


def _what(schema: Schema, name: Name, near: str) -> tuple[str, str] | None:
    """Return the rule against what a name means, and in words what it means."""
    table = schema.table(name, near)
    if table is not None:
        if table.temporary:
            return "temporary-table", "a temporary table"
        return ("external-table", "an external table") if table.external else None
    view = find(schema.views, name, near)
    if view is not None:
        kinds = {"materialized": "a materialized view", "duality": "a duality view"}
        return "view", kinds.get(view.kind, "a view")
    program = find(schema.programs, name, near)
    if program is not None and "SYNONYM" in program.kind:
        return "synonym", "a synonym"
    return None


def unlisted(subject: Subject) -> Iterator[Problem]:
    """Find columns that the condition of SATISFY needs and ALL does not list."""
    assertion = subject.assertion
    if assertion is None or assertion.condition is None:
        return
    query = assertion.query
    names = _names(query) | ({assertion.alias} if assertion.alias else set())
    listed = {s.alias_or_name.upper() for s in query.selects} | {
        s.alias_or_name for s in query.selects
    }
    if any(s.is_star for s in query.selects):
        return
    seen: set[str] = set()
    for column in assertion.condition.find_all(exp.Column):
        if not column.args.get("table") or not isinstance(column.this, exp.Identifier):
            continue
        owner, name = stored_name(column.args["table"]), stored_name(column.this)
        if owner not in names - _around(column) or name in listed | seen:
            continue
        seen.add(name)
        start, end = column.meta[PLACE]
        message = f"ALL (..) does not list {name}, so SATISFY cannot name it."
        edits = _listing(subject, subject.source.text[start:end])
        yield Problem("unlisted-column", message, start, end - start, edits)


def _names(tree: exp.Expr) -> set[str]:
    """Return the names that the tables of a query go by."""
    if not isinstance(tree, exp.Select):
        return set()
    clause = tree.args.get("from_")
    nodes = [clause.this] if clause else []
    nodes += [join.this for join in tree.args.get("joins") or ()]
    return {_name(node) for node in nodes}


def _name(node: exp.Expr) -> str:
    alias = node.args.get("alias")
    identifier = alias.this if alias and alias.this else node.this
    return stored_name(identifier) if isinstance(identifier, exp.Identifier) else ""


def _around(column: exp.Column) -> set[str]:
    """Return the names of tables in the blocks around a column, up to the condition."""
    found: set[str] = set()
    block = block_of(column)
    while block is not None:
        found |= _names(block)
        block = block_of(block)
    return found


def _listing(subject: Subject, text: str) -> tuple[Edit, ...]:
    """Return the edit that adds a column to what ALL lists, under its table's name."""
    lines = subject.outline
    block = next((b for b in lines.blocks if b.role == "all"), None)
    if block is None or subject.assertion is None or not subject.assertion.alias:
        return ()
    names = _names(subject.assertion.query)
    if len(names) != 1 or "FROM" not in block.clauses:
        return ()
    end = lines.tokens[block.clauses["FROM"][0] - 1].end
    return ((end, end, f", {text.rpartition('.')[2].strip()}"),)


def types(subject: Subject) -> Iterator[Problem]:
    """Find columns that are computed or of a type that assertions do not take."""
    if subject.schema is None or subject.tree is None:
        return
    seen: set[tuple[Name, str]] = set()
    for node in columns_in(subject.tree):
        found = column_of(subject.schema, node)
        if found is None or (found[0].name, found[1].name) in seen:
            continue
        table, column = found
        seen.add((table.name, column.name))
        shown = f"{table.name.name}.{column.name}"
        at = place_in(node)
        if column.virtual:
            message = f"{shown} is a virtual column."
            yield Problem("virtual-column", message, at, _width(node))
        bad = _bad_type(subject.schema, column)
        if bad:
            message = f"{shown} is of type {bad}."
            yield Problem("column-type", message, at, _width(node))


def _width(node: exp.Expr) -> int:
    start, end = node.meta.get(PLACE, (0, 1))
    return int(end - start)


def _bad_type(schema: Schema, column: Column) -> str:
    """Return the type that keeps a column out of assertions, "" if none does."""
    kind = column.type
    if column.domain is not None and kind is None:
        domain = find(schema.domains, column.domain)
        if domain is None:
            return str(column.domain)
        kind = domain.type
    if kind is None:
        return ""
    head = kind.name.partition(" ")[0]
    # A type that Oracle does not bring along is an object type of somebody's.
    return kind.name if head in _TYPES or head not in BUILT_IN_TYPES else ""


def column_of(schema: Schema, node: exp.Column) -> tuple[Table, Column] | None:
    """Return the table and the column that a resolved column is, None if unknown."""
    base = node.meta.get("base")
    table = schema.tables.get(base) if isinstance(base, Name) else None
    column = table.column(node.name) if table else None
    return (table, column) if table and column else None


def required(table: Table, name: str) -> bool:
    """Tell whether a column cannot be NULL."""
    column = table.column(name)
    keys = ("not_null", "primary_key")
    return (column is not None and not column.nullable) or any(
        c.kind in keys and name in c.columns and c.state.enabled and c.state.validated
        for c in table.constraints
    )


def nullable_joins(subject: Subject) -> Iterator[Problem]:
    """Find equalities between tables on columns that may be NULL."""
    schema, tree = subject.schema, subject.tree
    if schema is None or tree is None:
        return
    seen: set[tuple[int, str, str]] = set()
    for node in tree.find_all(exp.EQ):
        sides = joined(node)
        block = block_of(node)
        if sides is None or block is None or _is_negated(node, block):
            continue
        for column, text in sides:
            found = column_of(schema, column)
            key = (id(block), column.table, column.name)
            if found is None or required(found[0], column.name) or key in seen:
                continue
            seen.add(key)
            if not _ruled_out(column, block):
                yield _nullable(subject, node, text, block)


def _is_negated(node: exp.Expr, block: exp.Select) -> bool:
    """Tell whether NOT stands between a comparison and its block: that joins nothing."""
    here = node.parent
    while here is not None and here is not block:
        if isinstance(here, exp.Not):
            return True
        here = here.parent
    return False


def _ruled_out(column: exp.Column, block: exp.Select) -> bool:
    """Tell whether a block, or one around it, says that a column IS NOT NULL."""
    here: exp.Select | None = block
    while here is not None:
        for part in conditions(here):
            inner = part.this.unnest() if isinstance(part, exp.Not) else None
            if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
                said = inner.this.unnest()
                same = isinstance(said, exp.Column) and said.table == column.table
                if same and said.name == column.name:
                    return True
        here = block_of(here)
    return False


def _nullable(
    subject: Subject, node: exp.Expr, text: str, block: exp.Select
) -> Problem:
    start, end = node.meta.get(PLACE, (place_in(node), place_in(node) + 1))
    message = (
        f"{text} may be NULL: the equijoin does not meet the criteria for FAST"
        " validation."
    )
    edits: tuple[Edit, ...] = ()
    written = subject.outline.block_at(start)
    if written and _is_plain(node, block) and "WHERE" in written.clauses:
        edits = (_not_null(subject, written, text),)
    return Problem("nullable-join", message, start, end - start, edits)


def _is_plain(node: exp.Expr, block: exp.Select) -> bool:
    """Tell whether a comparison is one of the conditions that WHERE connects by AND."""
    where = block.args.get("where")
    return any(part is node for part in conjuncts(where.this if where else None))


def _not_null(subject: Subject, block: Block, text: str) -> Edit:
    end = subject.outline.tokens[block.clauses["WHERE"][1] - 1].end
    return end, end, f" AND {text} IS NOT NULL"


def references(subject: Subject) -> Iterator[Problem]:
    """Find tables whose columns are compared more often than Oracle counts."""
    if subject.tree is None:
        return
    counts: Counter[Name] = Counter()
    for select in subject.tree.find_all(exp.Select):
        for part in conditions(select):
            for column in part.find_all(exp.Column):
                if block_of(column) is select:
                    counts[_base(column)] += _times(column)
    for name, count in counts.items():
        if name.name and count > _MOST:
            message = f"{count} references to columns of {name}, {_MOST} are allowed."
            yield subject.at("column-references", 0, message)


def _base(column: exp.Column) -> Name:
    base = column.meta.get("base")
    return base if isinstance(base, Name) else Name("", column.table)


def _times(column: exp.Column) -> int:
    """Return how often Oracle counts a column: once for each value of an IN list."""
    parent = column.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    listed = isinstance(parent, exp.In) and parent.this.unnest() is column
    return max(1, len(parent.expressions)) if listed and parent else 1
