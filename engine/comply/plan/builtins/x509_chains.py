"""CERTIFICATES -> CHAIN: from a leaf to a trusted root, by the rules of RFC 5280.

Follows what Go's verifier checks: https://pkg.go.dev/crypto/x509#Certificate.Verify
"""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from comply.classes import dataclass
from comply.plan.builtins.x509_names import satisfies_constraints
from comply.plan.builtins.x509_shapes import EXTENDED_USAGES, HANDLED, key_usage_bits

SERVER_AUTHENTICATION: Final = 1
ANY_USAGE: Final = 0
_SIGNS_CERTIFICATES: Final = 32
_WEAK: Final = frozenset({"md5", "sha1"})
_LONGEST_CHAIN: Final = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a chain must be good for: when, for which host, for which of the usages."""

    moment: datetime
    host: str = ""
    usages: tuple[int, ...] = (SERVER_AUTHENTICATION,)


def verified_chain(
    certificates: list[x509.Certificate], wanted: Wanted
) -> list[x509.Certificate]:
    """Return the chain from the last certificate to the first, or [].

    The first is the trusted root, the last the leaf; those between may help.
    """
    root, *between, leaf = certificates
    if wanted.host and not names_host(leaf, wanted.host):
        return []
    for chain in _chains([leaf], root, between, wanted):
        if _allows(chain, wanted.usages):
            return chain
    return []


def _chains(
    chain: list[x509.Certificate],
    root: x509.Certificate,
    between: list[x509.Certificate],
    wanted: Wanted,
) -> Iterator[list[x509.Certificate]]:
    """Yield the chains that go on from `chain` to the root."""
    last = chain[-1]
    if len(chain) == 1:
        if not _is_valid(last, wanted.moment):
            return
        if last == root:
            yield chain
            return
    if len(chain) > _LONGEST_CHAIN:
        return
    for issuer in (root, *between):
        if issuer in chain or not _may_issue(issuer, chain, wanted):
            continue
        if issuer == root:
            yield [*chain, root]
        else:
            yield from _chains([*chain, issuer], root, between, wanted)


def _may_issue(
    issuer: x509.Certificate, chain: list[x509.Certificate], wanted: Wanted
) -> bool:
    last = chain[-1]
    if last.issuer != issuer.subject or not _is_valid(issuer, wanted.moment):
        return False
    if not _is_authority(issuer, below=len(chain) - 1):
        return False
    digest = last.signature_hash_algorithm
    if digest is not None and digest.name in _WEAK:
        return False
    try:
        last.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return all(satisfies_constraints(c, issuer) for c in chain)


def _is_valid(certificate: x509.Certificate, moment: datetime) -> bool:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    handled = all(
        e.oid.dotted_string in HANDLED for e in certificate.extensions if e.critical
    )
    return handled and begin <= moment <= end


def _is_authority(certificate: x509.Certificate, below: int) -> bool:
    """Tell whether a certificate may sign others, `below` of them in a row."""
    try:
        basic = certificate.extensions.get_extension_for_class(
            x509.BasicConstraints
        ).value
    except x509.ExtensionNotFound:
        return certificate.version is x509.Version.v1
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        bits = 0
    else:
        bits = key_usage_bits(usage)
    if not basic.ca or (bits and not bits & _SIGNS_CERTIFICATES):
        return False
    return basic.path_length is None or below <= basic.path_length


def _allows(chain: list[x509.Certificate], usages: tuple[int, ...]) -> bool:
    """Tell whether every certificate of a chain allows one and the same usage."""
    left = set(usages)
    if ANY_USAGE in left:
        return True
    for certificate in chain:
        try:
            extended = certificate.extensions.get_extension_for_class(
                x509.ExtendedKeyUsage
            ).value
        except x509.ExtensionNotFound:
            continue
        known = {EXTENDED_USAGES.get(usage.dotted_string) for usage in extended}
        if ANY_USAGE not in known:
            left &= known
    return bool(left)


def names_host(certificate: x509.Certificate, host: str) -> bool:
    """Tell whether a certificate is for a host, an IP address in brackets or without."""
    try:
        names = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        return False
    address = _address(host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host)
    if address is not None:
        return address in names.get_values_for_type(x509.IPAddress)
    wanted = host.lower().removesuffix(".").split(".")
    return any(
        _matches(pattern.lower().removesuffix(".").split("."), wanted)
        for pattern in names.get_values_for_type(x509.DNSName)
    )


def _matches(pattern: list[str], host: list[str]) -> bool:
    """Tell whether a name's labels match; a first label `*` stands for any one."""
    if len(pattern) != len(host) or not all(host):
        return False
    return pattern[1:] == host[1:] and pattern[0] in ("*", host[0])


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
