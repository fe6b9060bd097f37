"""INSERT BY NAMES -> INSERT BY POSITION: `SET column = value, ..` and `BY NAME`.

sqlglot reads neither. SET is read as that of an UPDATE, row by row, with blanks in the
place of all others, so that every name keeps its offset.
"""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from comply.dialect import oracle
from comply.dialect.cursor import Cursor
from comply.dialect.errors import SqlError
from comply.dialect.oracle import place_of, stored_name
from comply.dialect.syntax import Text
from comply.source import Source

_QUERIES = frozenset({"SELECT", "VALUES", "WITH"})


def by_names(cursor: Cursor, places: Sequence[int], text: str) -> exp.Expr | None:
    """Return an INSERT that names its values as one that lists columns, None if it is another.

    `places` are the words outside parentheses, `text` the statement without what is read
    on its own.

    Raises:
        SqlError: it is malformed, or rows set different columns.
    """
    tokens = cursor.tokens
    for at in places:
        if at < 2 or tokens[at - 1].value in (".", "INTO"):
            continue
        if tokens[at].value in _QUERIES:
            return None
        if tokens[at].value == "SET":
            return _setting(cursor, at, text)
        if tokens[at].value == "BY":
            return _named(cursor, at, text)
    return None


def _setting(cursor: Cursor, at: int, text: str) -> exp.Insert:
    start, source = cursor.statement.start, cursor.statement.source
    tokens = cursor.tokens
    into = tokens[1].end - start
    head = "UPDATE".ljust(into) + text[into : tokens[at].end - start]
    rows: list[exp.Update] = []
    for first, last in _rows(cursor, at + 1, len(text) + start):
        row = text[first - start : last - start]
        whole = head + " " * (first - start - len(head)) + row
        made = oracle.statement(Text(whole, start), source)
        if not isinstance(made, exp.Update) or made.args.get("where"):
            raise SqlError(927, "missing equal sign", source.span(first))
        rows.append(made)
    columns = [stored_name(_column(pair, source)) for pair in rows[0].expressions]
    values = [exp.Tuple(expressions=_values(row, columns, source)) for row in rows]
    listed = [_column(pair, source) for pair in rows[0].expressions]
    schema = exp.Schema(this=rows[0].this, expressions=listed)
    return exp.Insert(this=schema, expression=exp.Values(expressions=values))


def _rows(cursor: Cursor, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the assignments of each row stand: one list, or several in parentheses."""
    tokens = cursor.tokens
    if at >= len(tokens):
        cursor.at = at
        cursor.fail("expected column = value")
    if tokens[at].value != "(":
        yield tokens[at].start, end
        return
    depth, first = 0, 0
    for token in tokens[at:]:
        if token.value == "(" and token.kind == "symbol":
            depth += 1
            first = token.end if depth == 1 else first
        elif token.value == ")" and token.kind == "symbol":
            depth -= 1
            if depth == 0:
                yield first, token.start


def _column(pair: exp.Expr, source: Source) -> exp.Identifier:
    target = pair.this
    if isinstance(target, exp.Column) and isinstance(target.this, exp.Identifier):
        return target.this
    raise SqlError(1747, "expected one column", place_of(pair, source))


def _values(row: exp.Update, columns: list[str], source: Source) -> list[exp.Expr]:
    """Return the values of a row in the order of columns."""
    pairs = {
        stored_name(_column(pair, source)): pair.args["expression"]
        for pair in row.expressions
    }
    if pairs.keys() != set(columns):
        message = "every row sets the same columns here"
        hint = f"the first row sets {', '.join(columns)}; or write one INSERT a row"
        raise SqlError(0, message, place_of(row.expressions[0].this, source), hint)
    return [pairs[column] for column in columns]


def _named(cursor: Cursor, at: int, text: str) -> exp.Expr:
    """BY NAME puts the query's values where their names say; BY POSITION is the default."""
    start, source = cursor.statement.start, cursor.statement.source
    cursor.at = at + 1
    word = cursor.accept_any("NAME", "POSITION")
    if not word:
        cursor.fail("expected NAME or POSITION")
    first, last = cursor.tokens[at].start - start, cursor.tokens[at + 1].end - start
    bare = text[:first] + " " * (last - first) + text[last:]
    tree = oracle.statement(Text(bare, start), source)
    query = tree.args.get("expression")
    if not isinstance(query, exp.Query):
        place = source.span(cursor.tokens[at].start, len("BY"))
        raise SqlError(0, "BY NAME and BY POSITION are for a query", place)
    if word == "NAME":
        if isinstance(tree.this, exp.Schema):
            message = "comply does not understand a list of columns beside BY NAME"
            raise SqlError(0, message, place_of(tree.this.expressions[0], source))
        listed = [_name(select, source) for select in query.selects]
        tree.set("this", exp.Schema(this=tree.this, expressions=listed))
    return tree


def _name(select: exp.Expr, source: Source) -> exp.Identifier:
    """Return the name of a value of a query."""
    found = select.args.get("alias") if isinstance(select, exp.Alias) else None
    if isinstance(select, exp.Column) and not select.is_star:
        found = select.this
    if not isinstance(found, exp.Identifier):
        message = "BY NAME needs the name of each value"
        raise SqlError(
            0, message, place_of(select, source), "give it an alias: .. AS name"
        )
    return found
