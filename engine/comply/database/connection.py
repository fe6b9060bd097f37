"""What every database offers, and how its errors look."""

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from typing import Final, Protocol

from comply.classes import dataclass
from comply.source import ComplyError

# More digits than a database has for a number.
_EXACT: Final = Context(prec=99)


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to a query: names of its columns, and its rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]

    def dicts(self) -> list[dict[str, object]]:
        """Return each row as an object; a column that comes twice gets a number.

        >>> Rows(("ID", "ID"), ((1, 2),)).dicts()
        [{'ID': 1, 'ID_2': 2}]
        """
        names: list[str] = []
        for name in self.columns:
            unique, n = name, 2
            while unique in names:
                unique, n = f"{name}_{n}", n + 1
            names.append(unique)
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def plain(self) -> list[dict[str, object]]:
        """Return each row as an object, whole numbers as integers.

        >>> Rows(("N", "M"), ((Decimal("3.000"), Decimal("0.50")),)).plain()
        [{'N': 3, 'M': Decimal('0.5')}]
        """
        return [{k: _plain(v) for k, v in row.items()} for row in self.dicts()]


def _plain(value: object) -> object:
    if not isinstance(value, Decimal):
        return value
    if value == value.to_integral_value():
        return int(value)
    return value.normalize(_EXACT)


class DatabaseError(ComplyError):
    """What a database refused; `code` is Oracle's number where it says one, else 0."""

    def __init__(self, message: str, code: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class ConnectionLost(DatabaseError):  # noqa: N818  (says what happened)
    """The session is gone: what only reads may begin again with another one."""


class Connection(Protocol):
    """A session with a database; `dialect` is "duckdb", "oracle" or "postgresql"."""

    dialect: str

    def query(self, sql: str, limit: int | None = None) -> Rows:
        """Return the rows of a query, at most `limit`.

        Raises:
            DatabaseError: the database refused it.
        """
        ...

    def run(self, sql: str) -> None:
        """Run a statement for its effect.

        Raises:
            DatabaseError: the database refused it.
        """
        ...

    def insert(
        self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[object]]
    ) -> None:
        """Add rows to a table whose columns have these types.

        Raises:
            DatabaseError: the database refused one.
        """
        ...

    def close(self) -> None:
        """End the session."""
        ...
