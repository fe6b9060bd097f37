"""PEM -> CERTIFICATES and PRIVATE KEYS; keys as OPA shows them, as JSON Web Keys too."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias
from warnings import catch_warnings, simplefilter

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import Certificate, load_der_x509_certificate

from comply.plan.builtins.der import Block
from comply.plan.builtins.failure import BuiltinError
from comply.plan.values import Value

PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

KEY_BLOCKS: Final = frozenset({"RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"})
CURVES: Final = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


@contextmanager
def of_any_age() -> Iterator[None]:
    """Read old certificates without warnings of the rules of today that they break."""
    with catch_warnings():
        simplefilter("ignore", CryptographyDeprecationWarning)
        yield


def read_certificate(octets: bytes) -> Certificate:
    """Return the certificate whose DER is `octets`.

    Raises:
        BuiltinError: if it is none.
    """
    try:
        with of_any_age():
            return load_der_x509_certificate(octets)
    except ValueError:
        raise BuiltinError("x509: malformed certificate") from None


def read_private_key(block: Block) -> PrivateKey:
    """Return the private key that a PEM block holds.

    Raises:
        BuiltinError: if it holds none, or one of a kind that is not RSA, EC or Ed25519.
    """
    try:
        key = load_der_private_key(block.octets, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BuiltinError(
            f"asn1: structure error: the {block.kind} block holds no private key"
        ) from None
    if not isinstance(key, PrivateKey):
        raise BuiltinError(
            "x509: PKCS#8 wrapping contained private key of another kind"
        )
    return key


def show_private_key(key: PrivateKey) -> Value:
    """Return a private key in the shape of Go's structure."""
    match key:
        case RSAPrivateKey():
            numbers = key.private_numbers()
            return {
                "D": numbers.d,
                "Primes": [numbers.p, numbers.q],
                "Precomputed": {
                    "CRTValues": [],
                    "Dp": numbers.dmp1,
                    "Dq": numbers.dmq1,
                    "Qinv": numbers.iqmp,
                },
                **show_public_key(key.public_key()),
            }
        case EllipticCurvePrivateKey():
            secret = key.private_numbers().private_value
            return {"D": secret, **show_public_key(key.public_key())}
        case Ed25519PrivateKey():
            public = _raw(key.public_key())
            return b64encode(key.private_bytes_raw() + public).decode()


def show_public_key(key: object) -> Value:
    """Return a public key in the shape of Go's structure; None if it has none."""
    match key:
        case RSAPublicKey():
            public = key.public_numbers()
            return {"N": public.n, "E": public.e}
        case EllipticCurvePublicKey():
            point = key.public_numbers()
            return {"Curve": {}, "X": point.x, "Y": point.y}
        case Ed25519PublicKey():
            return b64encode(_raw(key)).decode()
        case _:
            return None


def private_web_key(key: PrivateKey) -> dict[str, Value]:
    """Return a private key as a JSON Web Key (RFC 7517)."""
    match key:
        case RSAPrivateKey():
            numbers = key.private_numbers()
            public = numbers.public_numbers
            return {
                "kty": "RSA",
                "n": _number(public.n),
                "e": _number(public.e),
                "d": _number(numbers.d),
                "p": _number(numbers.p),
                "q": _number(numbers.q),
                "dp": _number(numbers.dmp1),
                "dq": _number(numbers.dmq1),
                "qi": _number(numbers.iqmp),
            }
        case EllipticCurvePrivateKey():
            size = (key.curve.key_size + 7) // 8
            secret = key.private_numbers()
            point = secret.public_numbers
            return {
                "kty": "EC",
                "crv": CURVES.get(key.curve.name, key.curve.name),
                "x": _number(point.x, size),
                "y": _number(point.y, size),
                "d": _number(secret.private_value, size),
            }
        case Ed25519PrivateKey():
            return {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": _base64url(_raw(key.public_key())),
                "d": _base64url(key.private_bytes_raw()),
            }


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _number(value: int, size: int = 0) -> str:
    return _base64url(value.to_bytes(size or (value.bit_length() + 7) // 8))


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
