"""KEY x TEXT <-> SIGNATURE: the algorithms of JSON Web Signatures (RFC 7518)."""

import hmac
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import (
    MGF1,
    PSS,
    AsymmetricPadding,
    PKCS1v15,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import (
    SHA256,
    SHA384,
    SHA512,
    HashAlgorithm,
)

from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.json_web_keys import Key

_DIGESTS: Final[dict[str, HashAlgorithm]] = {
    "256": SHA256(),
    "384": SHA384(),
    "512": SHA512(),
}
ALGORITHMS: Final = frozenset(
    kind + size for kind in ("HS", "RS", "PS", "ES") for size in _DIGESTS
) | {"EdDSA"}


def is_signed(algorithm: str, key: Key, text: bytes, signature: bytes) -> bool:
    """Tell whether `signature` is that of `text` by the algorithm and the key.

    A key of another kind than the algorithm's has signed nothing.
    """
    digest = _DIGESTS.get(algorithm[2:], SHA256())
    try:
        match algorithm[:2], key:
            case "HS", bytes():
                return hmac.compare_digest(_hmac(algorithm, key, text), signature)
            case "RS", RSAPublicKey():
                key.verify(signature, text, PKCS1v15(), digest)
            case "PS", RSAPublicKey():
                key.verify(signature, text, _pss(digest, PSS.AUTO), digest)
            case "ES", EllipticCurvePublicKey():
                key.verify(_encoded(signature, key), text, ECDSA(digest))
            case "Ed", Ed25519PublicKey():
                key.verify(signature, text)
            case _:
                return False
    except (InvalidSignature, ValueError):
        return False
    return True


def sign(algorithm: str, key: Key, text: bytes) -> bytes:
    """Return the signature of `text`.

    Raises:
        BuiltinError: if the algorithm wants another kind of key.
    """
    digest = _DIGESTS.get(algorithm[2:], SHA256())
    match algorithm[:2], key:
        case "HS", bytes():
            return _hmac(algorithm, key, text)
        case "RS", RSAPrivateKey():
            return key.sign(text, PKCS1v15(), digest)
        case "PS", RSAPrivateKey():
            return key.sign(text, _pss(digest, digest.digest_size), digest)
        case "ES", EllipticCurvePrivateKey():
            size = (key.curve.key_size + 7) // 8
            numbers = decode_dss_signature(key.sign(text, ECDSA(digest)))
            return b"".join(number.to_bytes(size) for number in numbers)
        case "Ed", Ed25519PrivateKey():
            return key.sign(text)
        case _:
            wanted = _WANTED[algorithm[:2]]
            raise BuiltinError(
                f"jwsbb.Sign: invalid key type: {algorithm} needs {wanted}"
            )


_WANTED: Final = {
    "HS": "a secret (kty oct)",
    "RS": "a private RSA key",
    "PS": "a private RSA key",
    "ES": "a private elliptic curve key",
    "Ed": "a private Ed25519 key",
}


def _hmac(algorithm: str, key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, f"sha{algorithm[2:]}")


def _pss(digest: HashAlgorithm, salt: object) -> AsymmetricPadding:
    return PSS(MGF1(digest), salt)  # type: ignore[arg-type]  # (PSS.AUTO has a private type)


def _encoded(signature: bytes, key: EllipticCurvePublicKey) -> bytes:
    """Return the DER form of a signature that is two numbers of the curve's size."""
    size = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * size:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
    return encode_dss_signature(r, s)
