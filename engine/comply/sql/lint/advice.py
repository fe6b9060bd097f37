"""What Oracle accepts and is unwise: locks, indexes, verdicts that never change."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from sqlglot import exp

from comply.dialect.schema import Schema, Table
from comply.dialect.syntax import Constraint, Name
from comply.sql.lint.bounds import holds
from comply.sql.lint.columns import column_of
from comply.sql.lint.logic import Facts, empty, grouped
from comply.sql.lint.normal import normal
from comply.sql.lint.problem import Problem, Subject
from comply.sql.lint.promises import Guarantee, in_force
from comply.sql.lint.tree import (
    PLACE,
    block_of,
    columns_in,
    conditions,
    conjuncts,
    joined,
    place_in,
    relations,
)

Check: TypeAlias = Callable[[Subject], Iterable[Problem]]


def verdict(subject: Subject) -> Iterator[Problem]:
    """Find assertions whose verdict does not depend on the data, or on a constraint."""
    tree, assertion = subject.tree, subject.assertion
    if not isinstance(tree, exp.Select) or assertion is None:
        return
    if assertion.kind == "exists":
        inner = tree.find(exp.Exists)
        if inner is not None and empty(inner.this, Facts()):
            yield _about(subject, "always-fails", "No row can be what EXISTS asks for.")
        return
    if empty(tree, Facts()):
        message = "Its conditions exclude each other: no row violates it."
        yield _about(subject, "never-fails", message)
    elif subject.schema is not None and empty(tree, Facts(subject.schema)):
        names = ", ".join(_guarantors(tree, subject.schema))
        message = f"Constraints guarantee it already: {names}."
        yield _about(subject, "repeats-constraint", message)
    elif not grouped(tree) and all(holds(part) for part in conditions(tree)):
        message = "It has no condition: every row violates it."
        yield _about(subject, "always-fails", message)
    elif assertion.kind == "universal" and empty(_satisfying(tree), Facts()):
        message = "No row can satisfy it."
        yield _about(subject, "always-fails", message)


def _about(subject: Subject, rule: str, message: str) -> Problem:
    name = subject.made.name
    return Problem(rule, message, name.at, len(str(name)))


def _satisfying(tree: exp.Select) -> exp.Select:
    """Return the rows that satisfy a universal assertion, from those that deny it."""
    made = tree.copy()
    parts = list(conjuncts(made.args["where"].this))
    kept = [p.this if isinstance(p, exp.Not) else p for p in parts[-1:]]
    made.set("where", exp.Where(this=exp.and_(*parts[:-1], *kept, copy=False)))
    return made


def _guarantors(tree: exp.Select, schema: Schema) -> Iterator[str]:
    """Yield the constraints without which the denial could have rows.

    One by one is left out, as long as the others suffice.
    """
    tables = {
        name
        for node in tree.find_all(exp.Table)
        if isinstance(name := node.meta.get("table"), Name)
    }
    known = [t for n, t in schema.tables.items() if n in tables]
    needed: set[Guarantee] = {(t.name, c.name) for t in known for c in in_force(t)}
    for guarantee in sorted(needed, key=str):
        if empty(tree, Facts(schema, frozenset(needed - {guarantee}))):
            needed.discard(guarantee)
    for table in known:
        for constraint in in_force(table, frozenset(needed)):
            yield _shown(table, constraint)


def _shown(table: Table, constraint: Constraint) -> str:
    """Return a constraint's name, or what it is where its author gave it none."""
    if constraint.name and not constraint.generated:
        return constraint.name
    kind = constraint.kind.replace("_", " ").upper()
    return f"{kind} on {table.name.name} ({', '.join(constraint.columns)})"


def join_columns(subject: Subject) -> Iterator[Problem]:
    """Find tables that no equality of columns relates to the rest."""
    if subject.tree is None:
        return
    for select in subject.tree.find_all(exp.Select):
        own = set(relations(select))
        if any(j.args.get("using") for j in select.args.get("joins") or ()):
            continue
        outer = {c.table for c in columns_in(select) if block_of(c) is select} - own
        groups = _groups(select, own, outer)
        if len(groups) > 1 and len(own | outer) > 1:
            names = sorted(min(group & own) for group in groups if group & own)
            if len(names) < 2 and not outer:
                continue
            shown = " and ".join(names) if len(names) > 1 else names[0]
            what = "each other" if len(names) > 1 else "the block around it"
            message = (
                f"No equality of columns relates {shown} to {what}:"
                " changes lock the whole table."
            )
            block = subject.outline.block_at(place_in(select))
            at = block.start if block else 0
            yield subject.at("no-join-column", at, message)


def _groups(select: exp.Select, own: set[str], outer: set[str]) -> list[set[str]]:
    """Return the relations of a block that equalities connect, each group once.

    All relations of blocks around it count as one: their own blocks connect them.
    """
    groups = [{name} for name in own]
    if outer:
        groups.append(set(outer))
    for part in conditions(select):
        sides = joined(part)
        if sides is None:
            continue
        pair = {sides[0][0].table, sides[1][0].table}
        touched = [g for g in groups if g & pair]
        groups = [g for g in groups if not g & pair] + [set().union(*touched)]
    return groups


def indexes(subject: Subject) -> Iterator[Problem]:
    """Find join columns that no index begins with."""
    schema, tree = subject.schema, subject.tree
    if schema is None or tree is None:
        return
    seen: set[tuple[Name, str]] = set()
    for node in tree.find_all(exp.EQ):
        sides = joined(node)
        for column, _ in sides or ():
            found = column_of(schema, column)
            if found is None:
                continue
            table, known = found
            key = (table.name, known.name)
            if key in seen or known.name in _leading(schema, table):
                continue
            seen.add(key)
            start, end = node.meta.get(PLACE, (place_in(node), place_in(node) + 1))
            shown = f"{table.name.name}.{known.name}"
            message = f"No index begins with {shown}."
            yield Problem("unindexed-join", message, start, end - start)


def _leading(schema: Schema, table: Table) -> set[str]:
    """Return the columns that indexes of a table begin with."""
    keys = {k.columns[0] for k in table.unique_keys() if k.columns}
    return keys | {
        index.columns[0]
        for index in schema.indexes.values()
        if index.table == table.name and index.usable and index.columns
    }


def repeated(subjects: Sequence[Subject]) -> Iterator[tuple[Subject, Problem]]:
    """Yield the assertions that say what one before them says."""
    seen: dict[str, Subject] = {}
    for subject in subjects:
        if subject.tree is None:
            continue
        text = normal(subject.tree)
        first = seen.setdefault(text, subject)
        if first is not subject:
            place = first.source.span(first.made.name.at)
            message = f"It says what {first.made.name} says ({place})."
            yield subject, _about(subject, "repeats-assertion", message)


ADVICE: Final[tuple[Check, ...]] = (verdict, join_columns, indexes)
