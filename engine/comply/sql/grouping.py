"""DENIAL that groups -> DELTAS of the groups that a changed row is or was in.

A group whose rows all stayed as they were cannot have begun to break an assertion. So the
query that groups is asked for the groups of changed rows alone: those that share their
keys with a row that came or went, or with one whose own condition a row that came or went
decides. Sums are not kept but made anew, over these groups.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlglot import exp

from comply.classes import dataclass
from comply.sql.places import Place, conditions, is_flat, places, sources
from comply.sql.restricted import (
    EVENTS,
    DeltaTree,
    Way,
    chain,
    concerned,
    local_tests,
    named_at,
    selection,
    skeleton,
    tested,
    ways,
)

_CUTS: Final = ("limit", "offset", "connect", "with_", "qualify", "windows")
_SETS: Final = ("grouping_sets", "rollup", "cube", "totals", "all")
_SHADOW: Final = "GROUP$"


@dataclass(frozen=True, slots=True)
class _Grouping:
    """A query that groups: its keys, and a copy of it in which no alias is the same.

    `columns` are those that the copy names, by the alias of their table.
    """

    keys: tuple[exp.Expr, ...]
    shadow: exp.Select
    shadow_keys: tuple[exp.Expr, ...]
    columns: Mapping[str, tuple[str, ...]]


def core_of(denial: exp.Query) -> exp.Select | None:
    """Return the query of a denial that groups, None if its groups cannot be followed.

    It is the denial itself (`NOT EXISTS (SELECT .. GROUP BY .. HAVING ..)`), or stands in
    its FROM (`ALL (SELECT .. GROUP BY ..) SATISFY (..)`).
    """
    if not isinstance(denial, exp.Select):
        return None
    if denial.args.get("group"):
        core = denial
    else:
        found = sources(denial)
        nested = len(found) == 1 and isinstance(found[0], exp.Subquery)
        inner = found[0].unnest() if nested else None
        if not isinstance(inner, exp.Select) or not _wraps(denial):
            return None
        core = inner
    return core if _is_followed(core) else None


def _wraps(denial: exp.Select) -> bool:
    """Tell whether a query takes rows of its FROM one by one."""
    others = [b for c in conditions(denial) for b in c.find_all(exp.Select)]
    plain = not any(denial.args.get(k) for k in (*_CUTS, "having", "joins"))
    return plain and all(is_flat(b) and not b.find(exp.Window) for b in others)


def _is_followed(core: exp.Select) -> bool:
    """Tell whether each group is made of rows that have its keys."""
    group = core.args.get("group")
    if group is None or any(group.args.get(k) for k in _SETS) or core.find(exp.Window):
        return False
    keys = group.expressions
    values = [*keys, *core.expressions, core.args.get("having")]
    if not keys or any(v.find(exp.Query) for v in values if v is not None):
        return False
    if any(not c.table for k in keys for c in k.find_all(exp.Column)):
        return False
    return all(is_flat(block) for block in core.find_all(exp.Select))


def grouped_trees(denial: exp.Select, core: exp.Select) -> Iterator[DeltaTree]:
    """Yield the deltas of a denial whose groups can be followed."""
    if core is not denial:
        for place in places(denial, (), 1, ()):
            columns = named_at(denial, place)
            for event in EVENTS:
                for way in ways(place.sign, event, columns):
                    link = exp.Exists(this=chain(place, way))
                    tree = concerned(denial.copy(), link)
                    yield DeltaTree(place.table, event, columns, tree, place, way)
    grouping = _grouping(core)
    for place in places(grouping.shadow, (), 0, ()):
        columns = grouping.columns.get(place.alias, ())
        for event in EVENTS:
            for way in ways(0, event, columns):
                for tree, one in _of_place(denial, grouping, place, way):
                    own = replace(place, blocks=place.blocks[:1], links=())
                    yield DeltaTree(place.table, event, columns, tree, own, way, one)


def _of_place(
    denial: exp.Select, grouping: _Grouping, place: Place, way: Way
) -> Iterator[tuple[exp.Select, exp.Select | None]]:
    """Yield the queries for rows that come or go at a place: of one key, two.

    Keys that are NULL group as well, but a database finds only others by an index. With
    each comes the query for a single changed row, where that row decides its group.
    """
    for same in _same_keys(grouping):
        tree = _kept(denial, exp.Exists(this=_of_changed(grouping, place, way, same)))
        one = None
        if len(place.blocks) == 1 and len(sources(grouping.shadow)) == 1:
            tests = [*local_tests(grouping.shadow, None), *_copies(same)]
            one = _kept(denial, exp.Paren(this=exp.and_(*tests)))
        yield tree, one


def _grouping(core: exp.Select) -> _Grouping:
    shadow = core.copy()
    own = {s.alias_or_name for s in sources(core)}
    for table in sources(shadow):
        alias = exp.to_identifier(_SHADOW + table.alias_or_name, quoted=True)
        table.set("alias", exp.TableAlias(this=alias))
    for column in shadow.find_all(exp.Column):
        if column.table in own:
            renamed = exp.to_identifier(_SHADOW + column.table, quoted=True)
            column.set("table", renamed)
    keys = tuple(core.args["group"].expressions)
    shadow_keys = tuple(shadow.args["group"].expressions)
    columns: dict[str, set[str]] = {}
    for column in shadow.find_all(exp.Column):
        columns.setdefault(column.table, set()).add(column.name)
    shadow.set("group", None)
    shadow.set("having", None)
    named = {alias: tuple(sorted(names)) for alias, names in columns.items()}
    return _Grouping(keys, shadow, shadow_keys, named)


def _same_keys(grouping: _Grouping) -> Iterator[list[exp.Expr]]:
    """Yield the conditions under which a row has the keys of another: any will do."""
    pairs = list(zip(grouping.shadow_keys, grouping.keys, strict=True))
    if len(pairs) > 1:
        yield [
            exp.NullSafeEQ(this=one.copy(), expression=other.copy())
            for one, other in pairs
        ]
        return
    [(one, other)] = pairs
    yield [exp.EQ(this=one.copy(), expression=other.copy())]
    yield [exp.Is(this=k.copy(), expression=exp.Null()) for k in (one, other)]


def _of_changed(
    grouping: _Grouping, place: Place, way: Way, same: Sequence[exp.Expr]
) -> exp.Select:
    """Return the query of rows that involve a changed one, and have the keys of others."""
    tests = [*local_tests(grouping.shadow, None), *_copies(same)]
    if len(place.blocks) == 1:
        found = skeleton(grouping.shadow, place, way)
    else:
        found = selection([table.copy() for table in sources(grouping.shadow)])
        tests.append(exp.Exists(this=chain(place, way)))
    tested(found, tests)
    return found


def _kept(denial: exp.Select, test: exp.Expr) -> exp.Select:
    """Return a denial that groups only rows of which a condition holds."""
    tree = denial.copy()
    concerned(core_of(tree) or tree, test)
    return tree


def _copies(tests: Sequence[exp.Expr]) -> list[exp.Expr]:
    return [test.copy() for test in tests]
