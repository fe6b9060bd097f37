"""TEXT -> ASSERTIONS: CREATE ASSERTION as documented and as people publish it."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from sqlglot import exp

from comply.classes import dataclass, field
from comply.dialect.definitions import definition
from comply.dialect.oracle import condition, query, stored_name
from comply.dialect.statements import Statement, statements
from comply.dialect.syntax import CreateAssertion, Name, State, Universal
from comply.source import Source, Span
from comply.sql.catalog import Catalog
from comply.sql.delta import DeltaQuery, deltas
from comply.sql.denial import Parts, denial_text
from comply.sql.metadata import metadata

Form: TypeAlias = Literal["universal", "exists", "not_exists"]


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion.

    `query` is the tree of the subquery, `alias` and `condition` those of ALL ..
    SATISFY. `text` is the statement as written, `definition` what stands in CHECK.
    """

    name: str
    owner: str
    kind: Form
    query: exp.Query
    alias: str
    condition: exp.Expr | None
    state: State
    text: str
    definition: str
    source: Source = field(repr=False, compare=False)
    span: Span = field(compare=False)
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def deferrable(self) -> bool:
        """Whether SET CONSTRAINTS may put the check off to the commit."""
        return self.state.deferrable

    @property
    def initially_deferred(self) -> bool:
        """Whether the check is put off to the commit unless said otherwise."""
        return self.state.initially_deferred

    @property
    def enabled(self) -> bool:
        """Whether changes are checked."""
        return self.state.enabled

    @property
    def validated(self) -> bool:
        """Whether all data, not only changes, is known to satisfy it."""
        return self.state.validated

    @property
    def full_name(self) -> str:
        """OWNER.NAME, or NAME where the statement names no owner."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    def denial(self, dialect: str = "duckdb", catalog: Catalog | None = None) -> str:
        """Return the query of the rows that violate the assertion: none, if it holds.

        `dialect` is "duckdb" or "oracle". With a catalog every name is checked.

        Raises:
            SqlError: a table (ORA-00942) or column (ORA-00904) does not exist, or
                the dialect lacks something that the assertion uses.
        """
        return denial_text(self.parts(), dialect, catalog)

    def deltas(
        self, dialect: str = "duckdb", catalog: Catalog | None = None
    ) -> list[DeltaQuery]:
        """Return the queries that check the assertion after each event that can break it.

        An event (insert, delete, update of certain columns) on a table that is not
        listed cannot.

        Raises:
            SqlError: a name does not exist, or the dialect is unknown.
        """
        return deltas(self.parts(), dialect, catalog)

    def parts(self) -> Parts:
        """Return what the denial is made of."""
        return Parts(self.source, self.kind, self.query, self.alias, self.condition)


def parse(text: str, name: str = "<text>") -> list[Assertion]:
    """Return the assertions that a script creates, in order.

    Other statements are skipped, but they must be statements of SQL.

    Raises:
        SqlError: a statement is malformed, with its place.
    """
    return parse_source(Source(name, text))


def parse_source(source: Source) -> list[Assertion]:
    """Return the assertions that a script creates, in order."""
    found = []
    for statement in statements(source):
        if "ASSERTION" not in statement.words[:2]:
            continue
        made = definition(statement)
        if isinstance(made, CreateAssertion):
            found.append(read(statement, made))
    return found


def read(statement: Statement, made: CreateAssertion) -> Assertion:
    """Return the assertion that a statement creates, its parts as trees.

    Raises:
        SqlError: the subquery or the condition is malformed.
    """
    source = statement.source
    body = made.body
    alias, satisfied = "", None
    if isinstance(body, Universal):
        kind: Form = "universal"
        alias = body.alias
        satisfied = exp.Paren(this=condition(body.condition, source))
    else:
        kind = "not_exists" if body.negated else "exists"
    width = len(str(made.name))
    return Assertion(
        made.name.name,
        made.name.owner,
        kind,
        query(body.query, source),
        alias,
        satisfied,
        made.state,
        statement.text,
        made.check.sql,
        source,
        source.span(made.name.at, width),
        metadata(statement),
    )


def tables_in(assertion: Assertion) -> list[Name]:
    """Return the tables that an assertion names, each once, as it names them."""
    trees: list[exp.Expr] = [assertion.query]
    if assertion.condition is not None:
        trees.append(assertion.condition)
    found: dict[Name, None] = {}
    for node in (t for tree in trees for t in tree.find_all(exp.Table)):
        if isinstance(node.this, exp.Identifier):
            owner = stored_name(node.args["db"]) if node.args.get("db") else ""
            found[Name(owner, stored_name(node.this))] = None
    return list(found)
