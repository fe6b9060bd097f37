"""The built-ins net.cidr_*: blocks of IP addresses.

An IPv4 block and the same block as IPv4-mapped IPv6 are one, as in Go's library.
https://www.openpolicyagent.org/docs/policy-reference/builtins/net
"""

from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias

from comply.plan.builtins.failure import BuiltinError, HaltError
from comply.plan.builtins.operands import string
from comply.plan.values import RegoSet, Value, thaw

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_MOST_ADDRESSES: Final = 2**20
_MAPPED: Final = 0xFFFF << 32


def contains(block: Value, inner: Value) -> bool:
    """Tell whether a block contains an address or another block.

    Raises:
        BuiltinError: if an operand is neither.

    >>> contains("10.0.0.0/8", "10.1.0.0/24"), contains("10.0.0.0/8", "11.0.0.1")
    (True, False)
    """
    return _contains(string(block), string(inner, 2))


def _contains(block: str, inner: str) -> bool:
    outer = read_network(block)
    held = read_address(inner) or _read_network(inner)
    if held is None:
        raise BuiltinError(
            f"not a valid textual representation of an IP address or CIDR: {inner}"
        )
    match outer, held:
        case (IPv4Network(), IPv4Address()) | (IPv6Network(), IPv6Address()):
            return held in outer
        case IPv4Network(), IPv4Network():
            return held.subnet_of(outer)
        case IPv6Network(), IPv6Network():
            return held.subnet_of(outer)
        case _:
            return False


def contains_matches(blocks: Value, inners: Value) -> RegoSet:
    """Return the pairs of (key of a block, key of what it contains).

    Each operand is one string or a collection of strings, or of arrays that begin with
    one. The key is the index in an array, the key in an object, else the item itself.

    Raises:
        BuiltinError: if an item is something else.

    >>> contains_matches(["1.1.1.0/24"], {"a": "1.1.1.128"})
    RegoSet([[0, 'a']])
    """
    outer = list(_items(blocks, 1))
    inner = list(_items(inners, 2))
    return RegoSet([i, j] for i, a in outer for j, b in inner if _contains(a, b))


def _items(value: Value, position: int) -> Iterator[tuple[Value, str]]:
    if type(value) is str:
        yield value, value
    elif type(value) is list:
        for i, item in enumerate(value):
            yield i, _block_of(item, position)
    elif type(value) is dict:
        for key, item in value.items():
            yield thaw(key), _block_of(item, position)
    elif type(value) is RegoSet:
        for item in value.ordered():
            yield item, _block_of(item, position)


def _block_of(item: Value, position: int) -> str:
    if type(item) is str:
        return item
    if type(item) is not list or not item:
        raise BuiltinError(
            f"operand {position}: element must be string or non-empty array"
        )
    return string(item[0], position)


def expand(block: Value) -> RegoSet:
    """Return the set of a block's addresses.

    Raises:
        BuiltinError: if `block` is none.
        HaltError: if it has more than a million addresses.

    >>> sorted(expand("10.0.0.0/31"))
    ['10.0.0.0', '10.0.0.1']
    """
    network = read_network(string(block))
    if network.num_addresses > _MOST_ADDRESSES:
        raise HaltError(
            f"{block} has {network.num_addresses:,} addresses, "
            f"more than the {_MOST_ADDRESSES:,} that are expanded"
        )
    return RegoSet(str(address) for address in network)


def intersects(a: Value, b: Value) -> bool:
    """Tell whether two blocks have an address in common.

    Raises:
        BuiltinError: if an operand is no block.

    >>> intersects("10.0.0.0/8", "10.1.0.0/16"), intersects("10.0.0.0/8", "::/0")
    (True, False)
    """
    match read_network(string(a)), read_network(string(b, 2)):
        case IPv4Network() as first, IPv4Network() as second:
            return first.overlaps(second)
        case IPv6Network() as one, IPv6Network() as other:
            return one.overlaps(other)
        case _:
            return False


def is_cidr(value: Value) -> bool:
    """Tell whether `value` is a string in CIDR notation.

    >>> is_cidr("10.0.0.1/8"), is_cidr("10.0.0.1"), is_cidr(1)
    (True, False, False)
    """
    return type(value) is str and _read_network(value) is not None


def merge(blocks: Value) -> RegoSet:
    """Return the fewest blocks that hold the same addresses.

    An IPv4 address without prefix has that of its class (8, 16 or 24).

    Raises:
        BuiltinError: if `blocks` is no array or set of such strings.

    >>> merge(["192.0.2.112/30", "192.0.2.116/31", "192.0.2.118/31"])
    RegoSet(['192.0.2.112/29'])
    """
    if type(blocks) is not list and type(blocks) is not RegoSet:
        raise BuiltinError("operand must be an array")
    read = [_read_merged(item) for item in blocks]
    networks = [network for network, _ in read]
    alone = {
        network: text
        for network, text in read
        if text and sum(_touch(network, other) for other in networks) == 1
    }
    merged = collapse_addresses(networks)
    return RegoSet(alone.get(n) or str(_unmapped(n)) for n in merged)


def _touch(a: IPv6Network, b: IPv6Network) -> bool:
    """Tell whether two blocks overlap or stand side by side."""
    return (
        int(a.network_address) <= int(b.broadcast_address) + 1
        and int(b.network_address) <= int(a.broadcast_address) + 1
    )


def _read_merged(item: Value) -> tuple[IPv6Network, str]:
    """Return a block among IPv6's; and what an address prints as while unmerged."""
    if type(item) is not str:
        raise BuiltinError("element must be string")
    address = read_address(item)
    if address is None:
        return _as_ipv6(read_network(item)), ""
    if isinstance(address, IPv6Address):
        raise BuiltinError("IPv6 invalid: needs prefix length")
    top = int(address) >> 24
    prefix = 8 if top < 128 else 16 if top < 192 else 24
    block = IPv4Network((int(address), prefix), strict=False)
    return _as_ipv6(block), f"{address}/{prefix}"


def _as_ipv6(network: Network) -> IPv6Network:
    if isinstance(network, IPv6Network):
        return network
    return IPv6Network((_MAPPED | int(network.network_address), 96 + network.prefixlen))


def _unmapped(network: Network) -> Network:
    """Return a block of IPv4-mapped addresses as the IPv4 block it is."""
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        base = network.network_address.ipv4_mapped
        if base is not None:
            return IPv4Network((int(base), network.prefixlen - 96))
    return network


def read_address(text: str) -> Address | None:
    """Return the address that `text` is, IPv4-mapped ones as IPv4, or None.

    >>> read_address("::ffff:1.2.3.4"), read_address("fe80::1%eth0")
    (IPv4Address('1.2.3.4'), None)
    """
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def read_network(text: str) -> Network:
    """Return the block that `text` is, whatever host bits it has.

    Raises:
        BuiltinError: if it is none.

    >>> read_network("10.1.2.3/8")
    IPv4Network('10.0.0.0/8')
    """
    network = _read_network(text)
    if network is None:
        raise BuiltinError(f"invalid CIDR address: {text}")
    return network


def _read_network(text: str) -> Network | None:
    base, slash, prefix = text.partition("/")
    digits = prefix.isascii() and prefix.isdigit()
    if not slash or not digits or "%" in base or len(prefix) > 8:
        return None
    try:
        return _unmapped(ip_network((base, int(prefix)), strict=False))
    except ValueError:
        return None


BUILTINS: Final = {
    "net.cidr_contains": contains,
    "net.cidr_contains_matches": contains_matches,
    "net.cidr_expand": expand,
    "net.cidr_intersects": intersects,
    "net.cidr_is_valid": is_cidr,
    "net.cidr_merge": merge,
    "net.cidr_overlap": contains,
}
