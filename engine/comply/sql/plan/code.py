"""Python under construction: what the parts of a compiled denial share."""

from collections.abc import Callable, Mapping
from typing import Protocol

from sqlglot import exp

from comply.classes import dataclass, field
from comply.dialect.oracle import place_of
from comply.dialect.syntax import Name
from comply.source import ComplyError, Source
from comply.sql.relation import Field


class UntranslatedError(ComplyError):
    """A denial that has to be checked by a database; the message says why."""


@dataclass(frozen=True, slots=True)
class Mode:
    """Which truth a condition is asked for: that it is true, or false.

    Where values are not known yet, a condition may be `possible` or else sure.
    """

    wanted: bool = True
    possible: bool = True

    @property
    def flipped(self) -> "Mode":
        """What is asked of a condition under NOT."""
        return Mode(not self.wanted, self.possible)


@dataclass(frozen=True, slots=True)
class IndexCode:
    """An index on the rows at a place: its number, and the function that gives keys."""

    number: int
    alias: str
    function: str


class Subqueries(Protocol):
    """What expressions need of the queries inside them."""

    def exists(
        self, code: "Code", query: exp.Select, extra: list[exp.Expr], *, possible: bool
    ) -> str:
        """Return the condition that a query has a row for which `extra` holds too."""
        ...

    def scalar(self, code: "Code", query: exp.Select) -> str:
        """Return the value of a query of one row."""
        ...


@dataclass(slots=True)
class Code:
    """A module being written.

    `fields` are the columns of relations, `variables` the Python names of the rows at
    the places of tables, by alias. `functions` are those that are done, by what they
    compute; `constants` what they name, `memos` how many results they remember.
    `settled` are the functions of queries that read no row outside, by their text; `bound`
    are the texts of queries that some function compares with a row outside.
    """

    source: Source
    fields: Mapping[Name, tuple[Field, ...]]
    subqueries: Subqueries
    variables: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    functions: dict[object, str] = field(default_factory=dict)
    constants: dict[str, object] = field(default_factory=dict)
    indexes: dict[tuple[str, ...], IndexCode] = field(default_factory=dict)
    sums: dict[int, str] = field(default_factory=dict)
    settled: dict[str, list[str]] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    memos: int = 0
    names: int = 0

    def variable(self, alias: str) -> str:
        """Return the Python name of the row at a table's place."""
        return self.variables.setdefault(alias, f"r{len(self.variables)}")

    def fresh(self, start: str) -> str:
        """Return a name that is not taken."""
        self.names += 1
        return f"{start}{self.names}"

    def constant(self, value: object) -> str:
        """Return the text that stands for a value."""
        if value is None or isinstance(value, str | int):
            return repr(value)
        name = self.fresh("c")
        self.constants[name] = value
        return name

    def define(self, key: object, write: Callable[[str], list[str]]) -> str:
        """Return the function that computes `key`, written if it is not there yet."""
        if key not in self.functions:
            name = self.functions[key] = self.fresh("f")
            self.lines += write(name)
        return self.functions[key]

    def field_of(self, column: exp.Column) -> tuple[int, Field]:
        """Return the position and the description of a column.

        Raises:
            UntranslatedError: it is none of a relation's.
        """
        base = column.meta.get("base")
        for i, found in enumerate(self.fields.get(base, ()) if base else ()):
            if found.name.upper() == column.name:
                return i, found
        raise self.untranslated(column, f"the column {column.name}")

    def weight(self, node: exp.Expr) -> int:
        """Return how much an equality of an expression tells rows apart."""
        is_key = isinstance(node, exp.Column) and self.field_of(node)[1].is_key
        return 4 if is_key else 1

    def is_unsure(self, node: exp.Expr) -> bool:
        """Tell whether an expression may rest on values known only after apply."""
        columns = node.find_all(exp.Column)
        return any(self.field_of(c)[1].is_unsure for c in columns)

    def untranslated(self, node: exp.Expr, what: str) -> UntranslatedError:
        """Return the error that names what has no translation, and where it stands."""
        return UntranslatedError(what, place_of(node, self.source))
