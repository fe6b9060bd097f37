"""The built-ins crypto.x509.* and crypto.parse_private_keys.

https://www.openpolicyagent.org/docs/policy-reference/builtins/crypto
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509

from comply.plan.builtins.der import Block, read_elements, read_pem
from comply.plan.builtins.encoding import STANDARD, base64_fault
from comply.plan.builtins.failure import BuiltinError, Evaluation
from comply.plan.builtins.key_pairs import (
    KEY_BLOCKS,
    of_any_age,
    private_web_key,
    read_certificate,
    read_private_key,
    show_private_key,
)
from comply.plan.builtins.octets import to_octets, to_text
from comply.plan.builtins.operands import mapping, string
from comply.plan.builtins.x509_chains import (
    SERVER_AUTHENTICATION,
    Wanted,
    verified_chain,
)
from comply.plan.builtins.x509_shapes import (
    show_certificate,
    show_request,
    with_uri_strings,
)
from comply.plan.values import Key, RegoSet, Value, is_number

_PEM: Final = "-----BEGIN"
_USAGES: Final = (
    "KeyUsageAny",
    "KeyUsageServerAuth",
    "KeyUsageClientAuth",
    "KeyUsageCodeSigning",
    "KeyUsageEmailProtection",
    "KeyUsageIPSECEndSystem",
    "KeyUsageIPSECTunnel",
    "KeyUsageIPSECUser",
    "KeyUsageTimeStamping",
    "KeyUsageOCSPSigning",
    "KeyUsageMicrosoftServerGatedCrypto",
    "KeyUsageNetscapeServerGatedCrypto",
    "KeyUsageMicrosoftCommercialCodeSigning",
    "KeyUsageMicrosoftKernelCodeSigning",
)
_OPTIONS: Final = frozenset(
    {"DNSName", "CurrentTime", "MaxConstraintComparisons", "KeyUsages"}
)


def parse_certificates(value: Value) -> list[Value]:
    """Return the certificates of a PEM or DER text, or of its base64, as objects.

    Raises:
        BuiltinError: if it holds something else.
    """
    found = _certificates(string(value))
    return [with_uri_strings(_shown(c), c) for c in found]


def parse_and_verify(evaluation: Evaluation, value: Value) -> list[Value]:
    """Return whether certificates make a valid chain, and that chain from its leaf.

    The first certificate is the root that is trusted, the last the leaf. The chain is
    empty if there is none.
    """
    wanted = Wanted(_moment(evaluation.now_ns))
    chain = _chain(string(value), wanted)
    return [bool(chain), [with_uri_strings(_shown(c), c) for c in chain]]


def parse_and_verify_with_options(
    evaluation: Evaluation, value: Value, options: Value
) -> list[Value]:
    """Return what `parse_and_verify` does, at the time and for the use in `options`.

    `DNSName` is a host, `CurrentTime` nanoseconds, `KeyUsages` an array or set of
    names of extended usages, of which one must do.

    Raises:
        BuiltinError: if an option is unknown or of a wrong type.
    """
    text = string(value)
    wanted = _read_options(mapping(options, 2), evaluation)
    chain = _chain(text, wanted)
    return [bool(chain), [_shown(c) for c in chain]]


def _read_options(options: dict[Key, Value], evaluation: Evaluation) -> Wanted:
    if not options.keys() <= _OPTIONS:
        raise BuiltinError("invalid key option")
    host = options.get("DNSName", "")
    if type(host) is not str:
        raise BuiltinError("'DNSName' should be a string")
    now = options.get("CurrentTime", evaluation.now_ns)
    for name in ("CurrentTime", "MaxConstraintComparisons"):
        if not is_number(options.get(name, 0)):
            raise BuiltinError(f"'{name}' should be a number")
    if now != int(now) or not -(2**63) <= now < 2**63:
        raise BuiltinError("'CurrentTime' should be a valid int64 number")
    usages = options.get("KeyUsages", [])
    if type(usages) is not list and type(usages) is not RegoSet:
        raise BuiltinError("'KeyUsages' should be an Array or Set")
    names = [name for name in usages if type(name) is str]
    unknown = [name for name in names if name not in _USAGES]
    if unknown:
        raise BuiltinError(
            f"invalid entries for 'KeyUsages' found: [{' '.join(unknown)}]"
        )
    chosen = tuple(_USAGES.index(name) for name in names)
    return Wanted(_moment(int(now)), host, chosen or (SERVER_AUTHENTICATION,))


def _moment(ns: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000)


def _chain(text: str, wanted: Wanted) -> list[x509.Certificate]:
    try:
        found = _certificates(text)
    except BuiltinError:
        return []
    return verified_chain(found, wanted) if len(found) > 1 else []


def parse_certificate_request(value: Value) -> Value:
    """Return a certificate request, PEM or base64 of PEM or DER, as an object.

    Raises:
        BuiltinError: if it holds something else.
    """
    text = string(value)
    kind = "CERTIFICATE REQUEST"
    blocks = read_pem(text)
    if not blocks or blocks[0].kind != kind:
        octets = _from_base64(text)
        blocks = read_pem(to_text(octets))
        if not blocks:
            blocks = [Block(kind, octets)]
    if not blocks[0].octets:
        raise BuiltinError("asn1: syntax error: sequence truncated")
    try:
        return show_request(x509.load_der_x509_csr(blocks[0].octets))
    except ValueError:
        raise BuiltinError(
            "asn1: structure error: this is no certificate request"
        ) from None


def parse_keypair(certificate: Value, key: Value) -> dict[str, Value]:
    """Return a certificate chain and its private key, in the shape of Go's TLS library.

    Each is PEM, or base64 of PEM.

    Raises:
        BuiltinError: if either is something else, or they do not belong together.
    """
    first, second = string(certificate), string(key, 2)
    chain = read_pem(_pem_text(first))
    blocks = read_pem(_pem_text(second))
    certificates = [b for b in chain if b.kind == "CERTIFICATE"]
    if not certificates:
        if any(b.kind.endswith("PRIVATE KEY") for b in chain):
            raise BuiltinError(
                "tls: failed to find certificate PEM data in certificate input, but did "
                "find a private key; PEM inputs may have been switched"
            )
        raise BuiltinError("x509: malformed certificate")
    secret = next((b for b in blocks if b.kind.endswith("PRIVATE KEY")), None)
    if secret is None:
        if any(b.kind == "CERTIFICATE" for b in blocks):
            raise BuiltinError(
                "tls: found a certificate rather than a key in the PEM for the private key"
            )
        raise BuiltinError("tls: failed to parse private key")
    leaf = read_certificate(certificates[0].octets)
    private = read_private_key(secret)
    public = leaf.public_key()
    if type(public) is not type(private.public_key()):
        raise BuiltinError("tls: private key type does not match public key type")
    if public != private.public_key():
        raise BuiltinError("tls: private key does not match public key")
    return {
        "Certificate": [b64encode(b.octets).decode() for b in certificates],
        "Leaf": _shown(leaf),
        "PrivateKey": show_private_key(private),
        "OCSPStaple": None,
        "SignedCertificateTimestamps": None,
        "SupportedSignatureAlgorithms": None,
    }


def parse_private_keys(value: Value) -> list[Value] | None:
    """Return the private keys of a PEM text, or of its base64; None of an empty one.

    Raises:
        BuiltinError: if a block that should hold a key does not.
    """
    text = string(value)
    if not text:
        return None
    return [show_private_key(read_private_key(b)) for b in _key_blocks(text)]


def _key_blocks(text: str) -> list[Block]:
    if not text.startswith(_PEM):
        if base64_fault(text, STANDARD, padded=True) is not None:
            return []
        text = to_text(_from_base64(text))
    return [b for b in read_pem(text) if b.kind in KEY_BLOCKS]


def parse_rsa_private_key(value: Value) -> Value:
    """Return the first private key of a PEM text, or of its base64, as a JSON Web Key.

    None if there is none.

    Raises:
        BuiltinError: if the text is empty, no base64, or its key is malformed.
    """
    text = string(value)
    if not text:
        raise BuiltinError("input PEM data was empty")
    if not text.startswith(_PEM):
        text = to_text(_from_base64(text))
    blocks = [b for b in read_pem(text) if b.kind in KEY_BLOCKS]
    return private_web_key(read_private_key(blocks[0])) if blocks else None


def _pem_text(text: str) -> str:
    if text.startswith(_PEM):
        return text
    return to_text(_from_base64(text))


def _certificates(text: str) -> list[x509.Certificate]:
    """Return the certificates of PEM, or of base64 of PEM or DER."""
    if not text.startswith(_PEM):
        octets = _from_base64(text)
        if not octets.startswith(_PEM.encode()):
            return [read_certificate(octets) for octets in _split(octets)]
        text = to_text(octets)
    blocks = read_pem(text)
    for block in blocks:
        if block.kind != "CERTIFICATE":
            raise BuiltinError(
                f"PEM block type is '{block.kind}', expected CERTIFICATE"
            )
    return [read_certificate(block.octets) for block in blocks]


def _split(octets: bytes) -> list[bytes]:
    try:
        return [element.whole for element in read_elements(octets)]
    except BuiltinError:
        raise BuiltinError("x509: malformed certificate") from None


def _shown(certificate: x509.Certificate) -> dict[str, Value]:
    try:
        with of_any_age():
            return show_certificate(certificate)
    except ValueError:
        raise BuiltinError("x509: malformed certificate") from None


def _from_base64(text: str) -> bytes:
    fault = base64_fault(text, STANDARD, padded=True)
    if fault is not None:
        raise BuiltinError(f"illegal base64 data at input byte {fault}")
    return b64decode(to_octets(text))


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "crypto.parse_private_keys": parse_private_keys,
    "crypto.x509.parse_and_verify_certificates": parse_and_verify,
    "crypto.x509.parse_and_verify_certificates_with_options": (
        parse_and_verify_with_options
    ),
    "crypto.x509.parse_certificate_request": parse_certificate_request,
    "crypto.x509.parse_certificates": parse_certificates,
    "crypto.x509.parse_keypair": parse_keypair,
    "crypto.x509.parse_rsa_private_key": parse_rsa_private_key,
}
