"""DENIAL -> COLUMNS by which its tables are joined, each worth an index."""

from sqlglot import exp

from comply.dialect.syntax import Name


def joined_columns(denial: exp.Query) -> frozenset[tuple[Name, str]]:
    """Return the columns of tables that a resolved denial sets equal to other columns.

    The only column that a query groups by is set equal to itself.
    """
    found: set[tuple[Name, str]] = set()
    for group in denial.find_all(exp.Group):
        if len(group.expressions) == 1:
            found.update(_pair(group.expressions[0], group.expressions[0]))
    for test in denial.find_all(exp.EQ):
        found.update(_pair(test.this, test.expression))
    for member in denial.find_all(exp.In):
        query = member.args.get("query")
        if query is not None:
            listed = query.unnest().selects
            subjects = (
                member.this.expressions
                if isinstance(member.this, exp.Tuple)
                else [member.this]
            )
            for one, other in zip(subjects, listed, strict=False):
                found.update(_pair(one, other.unalias()))
    return frozenset(found)


def _pair(one: exp.Expr, other: exp.Expr) -> set[tuple[Name, str]]:
    """Return the columns of an equality, none if a side of it is something else."""
    sides = [
        (column.meta["base"], column.name)
        for column in (one, other)
        if isinstance(column, exp.Column) and isinstance(column.meta.get("base"), Name)
    ]
    return set(sides) if len(sides) == 2 else set()
