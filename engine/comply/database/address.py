"""URL -> ADDRESS: which database to go to, as whom; never the password."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from comply.classes import dataclass, field
from comply.source import ComplyError

Kind: TypeAlias = Literal["oracle", "postgresql"]

_SCHEMES: Final[Mapping[str, Kind]] = {
    "oracle": "oracle",
    "oracle+tcps": "oracle",
    "postgresql": "postgresql",
    "postgres": "postgresql",
}
_OPTIONS: Final[Mapping[Kind, frozenset[str]]] = {
    "oracle": frozenset({"schema", "wallet", "tns_admin"}),
    "postgresql": frozenset({"schema", "sslmode", "sslrootcert"}),
}
_PORTS: Final[Mapping[Kind, int]] = {"oracle": 1521, "postgresql": 5432}


@dataclass(frozen=True, slots=True)
class Address:
    """A database: `oracle://user@host:1521/service?schema=APP` in parts.

    Without a `service`, an Oracle `host` is an alias of tnsnames.ora. `options` are
    `schema` (whose tables; else the user's own), `wallet` and `tns_admin` (folders),
    and for PostgreSQL `sslmode` and `sslrootcert`.
    """

    kind: Kind
    user: str
    host: str
    port: int
    service: str
    encrypted: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_alias(self) -> bool:
        """Whether `host` is a name that tnsnames.ora explains."""
        return self.kind == "oracle" and not self.service

    @property
    def dsn(self) -> str:
        """What Oracle's drivers call the place: an Easy Connect string or an alias."""
        if self.is_alias:
            return self.host
        protocol = "tcps://" if self.encrypted else ""
        return f"{protocol}{_bracketed(self.host)}:{self.port}/{self.service}"

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        place = _bracketed(self.host)
        if not self.is_alias:
            place += f":{self.port}/{self.service}"
        return f"{self.kind}://{user}{place}"


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in: a password nobody gets to see, None where a wallet says who.

    >>> Login("tiger")
    Login()
    """

    password: str | None = field(default=None, repr=False)
    wallet_password: str | None = field(default=None, repr=False)

    def hide(self, text: str) -> str:
        """Return a text with the passwords taken out of it."""
        for secret in (self.password, self.wallet_password):
            if secret:
                text = text.replace(secret, "***")
        return text


def is_address(text: str) -> bool:
    """Tell whether a text names a database rather than a file.

    >>> is_address("oracle://app@db/orders"), is_address("plans/plan.json")
    (True, False)
    """
    return "://" in text


def parse_address(text: str) -> Address:
    """Return the database that a URL names.

    >>> parse_address("oracle://app@db.example/orders").dsn
    'db.example:1521/orders'

    Raises:
        ComplyError: it is no such URL, or holds a password. The message never repeats
            what may be a password.
    """
    scheme, _, rest = text.partition("://")
    kind = _SCHEMES.get(scheme)
    if kind is None:
        raise ComplyError(
            f"{scheme}://: there is no such kind of database",
            hint="comply reads oracle://user@host:1521/service and "
            "postgresql://user@host/database",
        )
    authority, slash, path = rest.partition("/")
    # Before anything can fail: an `@`, `/`, `?` or `#` in a password moves the parts
    # about.
    if ":" in rest.rpartition("@")[0] or "@" in path:
        raise _password_in_url(kind)
    try:
        parts = urlsplit(f"//{authority}{slash}{path}")
        port = parts.port
    except ValueError:
        raise ComplyError(
            f"{kind}: the port in the URL is no number", hint=_shape(kind)
        ) from None
    if not parts.hostname:
        raise ComplyError(f"{kind}: the URL names no host", hint=_shape(kind))
    service = unquote(parts.path.strip("/"))
    if kind == "postgresql" and not service:
        raise ComplyError("postgresql: the URL names no database", hint=_shape(kind))
    if kind == "oracle" and port and not service:
        raise ComplyError("oracle: the URL names no service", hint=_shape(kind))
    # urlsplit lowers the host, and an alias is shown as written.
    host = authority.rpartition("@")[2].partition("?")[0]
    alias = kind == "oracle" and not service
    return Address(
        kind,
        unquote(parts.username or ""),
        unquote(host) if alias else parts.hostname,
        port or _PORTS[kind],
        service,
        scheme.endswith("+tcps"),
        _options(kind, parts.query),
    )


def _options(kind: Kind, query: str) -> Mapping[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if "pass" in name.lower() or "pwd" in name.lower():
            raise _password_in_url(kind)
        if name not in _OPTIONS[kind]:
            known = ", ".join(sorted(_OPTIONS[kind]))
            raise ComplyError(
                f"{kind}: there is no option {name!r} in a URL",
                hint=f"options: {known}",
            )
    return options


def _password_in_url(kind: Kind) -> ComplyError:
    names = {
        "oracle": "COMPLY_ORACLE_PASSWORD or ORACLE_PASSWORD",
        "postgresql": "COMPLY_POSTGRES_PASSWORD or PGPASSWORD",
    }
    return ComplyError(
        f"{kind}: a password does not belong in a URL: shells and logs keep it",
        hint=f"leave it out and set {names[kind]}, use a wallet, or wait to be asked",
    )


def _shape(kind: Kind) -> str:
    return {
        "oracle": "as in oracle://user@host:1521/service, or oracle://user@ALIAS",
        "postgresql": "as in postgresql://user@host:5432/database",
    }[kind]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
