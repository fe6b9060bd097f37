"""The tree of definitions: what CREATE, ALTER, DROP, GRANT and COMMENT say.

Expressions and queries inside a definition stay text with an offset (`Text`): loading
a schema needs no more, and whoever evaluates one reads it with `dialect.oracle`.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from comply.classes import dataclass, field

ConstraintKind: TypeAlias = Literal[
    "primary_key", "unique", "foreign_key", "check", "not_null"
]


@dataclass(frozen=True, slots=True)
class Name:
    """An object's name as Oracle stores it: upper-case unless quoted."""

    owner: str
    name: str
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of SQL as written and where it begins."""

    sql: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class DataType:
    """A column's type; `name` is upper-case, as `TIMESTAMP WITH TIME ZONE`."""

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    unit: Literal["", "BYTE", "CHAR"] = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """`GENERATED ALWAYS | BY DEFAULT [ON NULL] AS IDENTITY` and its sequence."""

    always: bool = True
    on_null: bool = False
    start: int = 1
    increment: int = 1


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` is None where the definition leaves it to a domain."""

    name: str
    at: int
    type: DataType | None = None
    nullable: bool = True
    default: Text | None = None
    default_on_null: bool = False
    identity: Identity | None = None
    virtual: Text | None = None
    domain: Name | None = None
    invisible: bool = False
    annotations: Mapping[str, str | None] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a foreign key points at; no columns means the primary key."""

    table: Name
    columns: tuple[str, ...] = ()
    on_delete: Literal["", "CASCADE", "SET NULL"] = ""


@dataclass(frozen=True, slots=True)
class State:
    """Whether and when a constraint or an assertion is checked."""

    deferrable: bool = False
    initially_deferred: bool = False
    enabled: bool = True
    validated: bool = True


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint; `name` is empty until the schema gives one."""

    kind: ConstraintKind
    at: int
    name: str = ""
    columns: tuple[str, ...] = ()
    condition: Text | None = None
    references: Reference | None = None
    state: State = State()
    generated: bool = False


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE TABLE; `query` is the text of `AS SELECT`."""

    name: Name
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    temporary: bool = False
    external: bool = False
    if_not_exists: bool = False
    annotations: Mapping[str, str | None] = field(default_factory=dict)
    query: Text | None = None
    partition_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """What `MODIFY column` says; None leaves the property as it is."""

    name: str
    at: int
    type: DataType | None = None
    nullable: bool | None = None
    default: Text | None = None
    identity: Identity | None = None
    drop_identity: bool = False
    visible: bool | None = None
    annotations: Mapping[str, str | None] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True)
class AddColumns:
    """ALTER TABLE .. ADD of columns, constraints, or both."""

    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class ModifyColumns:
    """ALTER TABLE .. MODIFY of columns."""

    changes: tuple[ColumnChange, ...]


@dataclass(frozen=True, slots=True)
class DropColumns:
    """ALTER TABLE .. DROP COLUMN or DROP (..)."""

    columns: tuple[tuple[str, int], ...]
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class ConstraintTarget:
    """The constraint that an ALTER TABLE means: by name, kind or columns."""

    at: int
    kind: ConstraintKind | None = None
    name: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """ALTER TABLE .. DROP CONSTRAINT, PRIMARY KEY or UNIQUE (..)."""

    target: ConstraintTarget
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class AlterConstraint:
    """ALTER TABLE .. MODIFY CONSTRAINT, ENABLE or DISABLE; None leaves as it is."""

    target: ConstraintTarget
    enabled: bool | None = None
    validated: bool | None = None
    initially_deferred: bool | None = None


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """ALTER TABLE .. RENAME COLUMN a TO b, or CONSTRAINT a TO b."""

    what: Literal["column", "constraint"]
    old: str
    new: str
    at: int


@dataclass(frozen=True, slots=True)
class RenameTable:
    """ALTER TABLE .. RENAME TO b."""

    new: str
    at: int


@dataclass(frozen=True, slots=True)
class Annotate:
    """ALTER TABLE .. ANNOTATIONS (..): values to set, names to drop."""

    values: Mapping[str, str | None]
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Physical:
    """An ALTER TABLE clause about storage, which no fact shows."""

    text: str


TableChange: TypeAlias = (
    AddColumns
    | ModifyColumns
    | DropColumns
    | DropConstraint
    | AlterConstraint
    | RenameColumn
    | RenameTable
    | Annotate
    | Physical
)


@dataclass(frozen=True, slots=True)
class AlterTable:
    """ALTER TABLE and its clauses in order."""

    name: Name
    changes: tuple[TableChange, ...]


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """CREATE [UNIQUE | BITMAP] INDEX; a column is a name or an expression's text."""

    name: Name
    table: Name
    columns: tuple[str, ...]
    unique: bool = False
    bitmap: bool = False
    visible: bool = True
    usable: bool = True
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class AlterIndex:
    """ALTER INDEX .. RENAME TO, VISIBLE, INVISIBLE, UNUSABLE or REBUILD."""

    name: Name
    rename: str = ""
    visible: bool | None = None
    usable: bool | None = None


@dataclass(frozen=True, slots=True)
class CreateView:
    """CREATE VIEW, MATERIALIZED VIEW or JSON RELATIONAL DUALITY VIEW.

    `tables` names what a duality view is made of, its root first.
    """

    name: Name
    kind: Literal["view", "materialized", "duality"]
    body: Text
    columns: tuple[str, ...] = ()
    tables: tuple[Name, ...] = ()
    replace: bool = False
    force: bool = False
    if_not_exists: bool = False
    annotations: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreateDomain:
    """CREATE DOMAIN; the columns of a domain of one column are unnamed."""

    name: Name
    type: DataType | None
    constraints: tuple[Constraint, ...] = ()
    default: Text | None = None
    display: Text | None = None
    order: Text | None = None
    columns: tuple[Column, ...] = ()
    values: tuple[str, ...] = ()
    replace: bool = False
    if_not_exists: bool = False
    annotations: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreateSequence:
    """CREATE SEQUENCE."""

    name: Name
    start: int = 1
    increment: int = 1
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class Existential:
    """`[NOT] EXISTS (query)`."""

    query: Text
    negated: bool


@dataclass(frozen=True, slots=True)
class Universal:
    """`ALL (query) alias SATISFY (condition)`; the alias may be absent."""

    query: Text
    alias: str
    condition: Text


@dataclass(frozen=True, slots=True)
class CreateAssertion:
    """CREATE ASSERTION; `check` is the text between the parentheses of CHECK."""

    name: Name
    check: Text = field(compare=False)
    body: Existential | Universal
    state: State = State()
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class AlterAssertion:
    """ALTER ASSERTION; None leaves the property to Oracle's rule."""

    name: Name
    enabled: bool | None = None
    validated: bool | None = None
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateProgram:
    """A unit of PL/SQL or another object that holds no facts: its kind and name."""

    kind: str
    name: Name


@dataclass(frozen=True, slots=True)
class Drop:
    """DROP of an object; `kind` is TABLE, INDEX, VIEW, DOMAIN, ASSERTION and so on."""

    kind: str
    name: Name
    if_exists: bool = False
    cascade: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Rename:
    """RENAME old TO new."""

    old: Name
    new: str


@dataclass(frozen=True, slots=True)
class Truncate:
    """TRUNCATE TABLE; `cascade` empties the tables that refer to it as well."""

    name: Name
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """COMMENT ON TABLE or COLUMN; `column` is empty for a table."""

    table: Name
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Grant:
    """GRANT or REVOKE; without `on`, of system privileges or roles."""

    privileges: tuple[str, ...]
    grantees: tuple[str, ...]
    on: Name | None = None
    option: Literal["", "GRANT", "ADMIN", "HIERARCHY"] = ""
    revoke: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A statement that sets the session or the database up and defines nothing."""

    words: str


Definition: TypeAlias = (
    CreateTable
    | AlterTable
    | CreateIndex
    | AlterIndex
    | CreateView
    | CreateDomain
    | CreateSequence
    | CreateAssertion
    | AlterAssertion
    | CreateProgram
    | Drop
    | Rename
    | Truncate
    | Comment
    | Grant
    | Session
)
