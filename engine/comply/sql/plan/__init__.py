"""Assertions over rows in memory: DENIAL -> PYTHON, and what its changes touch.

A denial becomes Python functions over rows, joined through hash indexes: one that finds
the violating combinations of rows from a row of its own FROM, one that finds, from a row
in a subquery, the combinations that it may concern. A change runs these for the rows
that came or went, whatever the number of all rows.

Rego's plan does not fit: it knows no NULL and no unknown truth, its units read one
document, and a change of another one concerns them as a whole.
"""
