"""The built-in net.lookup_ip_addr: a host name's addresses.

https://www.openpolicyagent.org/docs/policy-reference/builtins/net
"""

from collections.abc import Callable
from socket import SOCK_STREAM, gaierror, getaddrinfo
from typing import Final

from comply.plan.builtins.cidr import read_address
from comply.plan.builtins.failure import BuiltinError, Evaluation, HaltError
from comply.plan.builtins.operands import string
from comply.plan.values import RegoSet, Value

CAPABILITY: Final = "net.lookup"
_LOOPBACK: Final = ("127.0.0.1", "::1")


def lookup_ip_addr(evaluation: Evaluation, name: Value) -> RegoSet:
    """Return the set of a host name's addresses, asking once an evaluation.

    An address is its own answer and `localhost` is the loopback (RFC 6761): neither
    needs the capability.

    Raises:
        BuiltinError: if there is no such host.
        HaltError: if the user does not allow `net.lookup`.

    >>> lookup_ip_addr(Evaluation(), "127.0.0.1")
    RegoSet(['127.0.0.1'])
    """
    host = string(name)
    address = read_address(host)
    if address is not None:
        return RegoSet([str(address)])
    if host.lower().rstrip(".") == "localhost":
        return RegoSet(_LOOPBACK)
    if CAPABILITY not in evaluation.allowed:
        raise HaltError(
            f'looking up "{host}" is not allowed; '
            f"to let rules ask for addresses, add: --allow {CAPABILITY}"
        )
    key = (CAPABILITY, host)
    if key not in evaluation.cache:
        evaluation.cache[key] = _ask(host)
    found: RegoSet = evaluation.cache[key]
    return found


def _ask(host: str) -> RegoSet:
    try:
        rows = getaddrinfo(host, None, type=SOCK_STREAM) if host else []
    except (gaierror, UnicodeError):
        rows = []
    if not rows:
        raise BuiltinError(f"lookup {host}: no such host")
    return RegoSet(str(row[4][0]).partition("%")[0] for row in rows)


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "net.lookup_ip_addr": lookup_ip_addr,
}
