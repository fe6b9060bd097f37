"""Terraform's functions of IP networks."""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

from comply.load.terraform_source.values import EvaluationFailureError


def _network(prefix: str) -> IPv4Network | IPv6Network:
    return ip_network(prefix, strict=False)


def _host(prefix: str, number: int) -> str:
    network = _network(prefix)
    if not -network.num_addresses <= number < network.num_addresses:
        raise EvaluationFailureError("the network is too small")
    return str(network[int(number)])


def _netmask(prefix: str) -> str:
    return str(_network(prefix).netmask)


def _subnet(prefix: str, bits: int, number: int) -> str:
    network = _network(prefix)
    length = network.prefixlen + int(bits)
    if not network.prefixlen <= length <= network.max_prefixlen:
        raise EvaluationFailureError("the network is too small")
    if not 0 <= number < 2 ** int(bits):
        raise EvaluationFailureError("there are not so many subnets")
    size = 2 ** (network.max_prefixlen - length)
    first = network.network_address + int(number) * size
    return f"{first}/{length}"


def _subnets(prefix: str, *bits: int) -> list[str]:
    network = _network(prefix)
    at = int(network.network_address)
    made = []
    for more in bits:
        length = network.prefixlen + int(more)
        if not network.prefixlen < length <= network.max_prefixlen:
            raise EvaluationFailureError("the network is too small")
        size = 2 ** (network.max_prefixlen - length)
        at = -(-at // size) * size
        if at >= int(network.network_address) + network.num_addresses:
            raise EvaluationFailureError("the network is too small")
        made.append(f"{type(network.network_address)(at)}/{length}")
        at += size
    return made


NETWORKS: Final[dict[str, Callable[..., Any]]] = {
    "cidrhost": _host,
    "cidrnetmask": _netmask,
    "cidrsubnet": _subnet,
    "cidrsubnets": _subnets,
}
