"""URLs of databases on the command line: told from files, and opened as whom."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from comply.source import ComplyError

if TYPE_CHECKING:
    from comply.database.address import Address, Login

F = TypeVar("F", bound=Callable[..., Any])

_SCHEMES: Final = ("oracle:/", "oracle+tcps:/", "postgresql:/", "postgres:/")
_PASSWORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "oracle": ("COMPLY_ORACLE_PASSWORD", "ORACLE_PASSWORD"),
    "postgresql": ("COMPLY_POSTGRES_PASSWORD", "PGPASSWORD"),
}
_WALLET_PASSWORD: Final = "COMPLY_WALLET_PASSWORD"  # noqa: S105  (a name)


def names_database(paths: Iterable[Path]) -> bool:
    """Tell whether one of several paths is the URL of a database."""
    return any(str(path).startswith(_SCHEMES) for path in paths)


def address_of(path: Path | str) -> "Address":
    """Return the database that an argument names, TNS_ADMIN taken into account.

    A path has lost one of the two slashes of a URL.

    Raises:
        ComplyError: it is no such URL, or holds a password.
    """
    # Imported here because most runs know no database.
    from comply.database.address import parse_address

    text = str(path)
    scheme, _, rest = text.partition(":")
    address = parse_address(f"{scheme}://{rest.lstrip('/')}")
    folder = os.environ.get("TNS_ADMIN")
    if address.kind == "oracle" and folder and "tns_admin" not in address.options:
        return replace(address, options={**address.options, "tns_admin": folder})
    return address


def login_of(address: "Address") -> "Login":
    """Return how to log in: by the environment, a wallet, or what a person types.

    Raises:
        ComplyError: nothing says how, and nobody can be asked.
    """
    from comply.database.address import Login

    names = _PASSWORDS[address.kind]
    given = next((os.environ[n] for n in names if os.environ.get(n)), None)
    wallet = os.environ.get(_WALLET_PASSWORD)
    if given is not None:
        return Login(given, wallet)
    if "wallet" in address.options and not address.user:
        return Login(None, wallet)
    if address.kind == "oracle" and not address.user:
        raise ComplyError(
            f"{address}: the URL names no user",
            hint="as in oracle://user@host:1521/service, or a wallet: ?wallet=FOLDER",
        )
    if sys.stdin.isatty():
        from getpass import getpass

        return Login(getpass(f"Password for {address}: "), wallet)
    if address.kind == "postgresql":
        return Login()
    raise ComplyError(
        f"{address}: there is no password",
        hint=f"set {' or '.join(names)}, or use a wallet: ?wallet=FOLDER",
    )


def live_options(command: F) -> F:
    """Give a command the options of a run against a live database.

    They are left in the context, for the module that makes such a run.
    """
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def asked(context: click.Context) -> Mapping[str, Any]:
    """Return what the options of a live run say, by name."""
    found: dict[str, Any] = context.meta.get(_KEY, {})
    return found


_KEY: Final = "comply.live"


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    context.meta.setdefault(_KEY, {})[parameter.name] = value


_OPTIONS: Final = (
    click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        expose_value=False,
        callback=_keep,
        help="The longest one rule may take in the run, 0 for ever. Default: 30. "
        "Databases: the longest a query may take. Default: 60.",
    ),
    click.option(
        "--evidence",
        type=click.IntRange(min=1),
        default=100,
        metavar="ROWS",
        expose_value=False,
        callback=_keep,
        help="Databases: the most rows shown of what violates an assertion. Default: 100.",
    ),
    click.option(
        "--since",
        metavar="SCN|TIMESTAMP",
        expose_value=False,
        callback=_keep,
        help="Oracle: check only rows that changed since, where that is enough.",
    ),
    click.option(
        "--catalogue",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        expose_value=False,
        callback=_keep,
        help="Databases: keep what was read of the dictionary, to be checked later.",
    ),
)
