"""What a run against a live database needs of it, and how a session is opened."""

import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Final, Protocol, TypeVar

from comply.classes import dataclass
from comply.database.address import Address, Login
from comply.database.connection import ConnectionLost, Rows

T = TypeVar("T")

_DRIVERS: Final = {
    "oracle": "comply.database.oracle",
    "postgresql": "comply.database.postgres",
}


class Live(Protocol):
    """A session with a live database; `dialect` is "oracle" or "postgresql"."""

    @property
    def dialect(self) -> str:
        """Which SQL it speaks."""
        ...

    def query(
        self,
        sql: str,
        limit: int | None = None,
        binds: Mapping[str, object] | None = None,
    ) -> Rows:
        """Return the rows of a query, at most `limit`."""
        ...

    def batches(self, sql: str) -> Iterator[Rows]:
        """Yield the rows of a query in batches."""
        ...

    def run(self, sql: str) -> None:
        """Run a statement for its effect."""
        ...

    def begin_snapshot(self) -> None:
        """Begin a transaction that only reads, and sees one moment of the data."""
        ...

    def use_schema(self, name: str) -> None:
        """Let names without an owner mean those of this schema."""
        ...

    def close(self) -> None:
        """End the session."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How long (seconds) and how much: `rows` of evidence for each assertion.

    After a lost connection the whole check begins again up to `retries` times, each
    time after twice the `pause` (seconds), because its snapshot is lost as well.
    """

    seconds: float = 60.0
    rows: int = 100
    retries: int = 2
    pause: float = 0.5


def open_session(address: Address, login: Login, seconds: float) -> Live:
    """Return a new session with the database at an address.

    Raises:
        DatabaseError: nobody answers there, or refuses the login.
        ComplyError: its driver is not installed.
    """
    session: Live = import_module(_DRIVERS[address.kind]).connect(
        address, login, seconds
    )
    return session


def schema_name(address: Address, session: Live) -> str:
    """Return the schema whose tables are meant, as Oracle would store its name."""
    if address.options.get("schema"):
        name = address.options["schema"]
        return name.upper() if name == name.lower() else name
    if address.kind == "postgresql":
        return "PUBLIC"
    rows = session.query("SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM DUAL")
    return str(rows.rows[0][0])


def in_snapshot(
    address: Address, login: Login, limits: Limits, work: Callable[[Live, str], T]
) -> T:
    """Return what `work` makes of a session, all of it at one moment of the data.

    `work` gets the session and the name of the schema. When the connection is lost it
    is called again with another one: it only reads.

    Raises:
        DatabaseError: as `work` does, or the connection is lost once too often.
    """
    pause = limits.pause
    for left in range(limits.retries, -1, -1):
        session = open_session(address, login, limits.seconds)
        try:
            schema = schema_name(address, session)
            if address.options.get("schema") and address.kind == "oracle":
                session.use_schema(schema)
            session.begin_snapshot()
            if address.options.get("schema") and address.kind == "postgresql":
                session.use_schema(stored_in_postgres(schema))
            return work(session, schema)
        except ConnectionLost as error:
            if not left:
                raise ConnectionLost(
                    f"{address}: the connection was lost {limits.retries + 1} times: "
                    f"{error.message}",
                    error.code,
                    error.hint or "check the network and the server, then try again",
                ) from None
            time.sleep(pause)
            pause *= 2
        finally:
            session.close()
    raise AssertionError("the last attempt returns or raises")


def stored_in_postgres(name: str) -> str:
    """Return how PostgreSQL stores a name that Oracle stores as `name`."""
    return name.lower() if name == name.upper() else name
