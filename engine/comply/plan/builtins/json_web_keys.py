"""TEXT -> KEYS: JSON Web Keys (RFC 7517), and the PEM blocks OPA takes in their place."""

from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePrivateNumbers,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateNumbers,
    RSAPublicNumbers,
)
from cryptography.hazmat.primitives.serialization import load_der_public_key

from comply.classes import dataclass
from comply.plan.builtins.der import Block, read_pem
from comply.plan.builtins.encoding import raw_base64url_octets
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.json_text import read_json
from comply.plan.builtins.key_pairs import PrivateKey, PublicKey, read_certificate
from comply.plan.values import Value

Secret: TypeAlias = bytes
Key: TypeAlias = PublicKey | PrivateKey | Secret

_CURVES: Final[dict[str, EllipticCurve]] = {
    "P-256": SECP256R1(),
    "P-384": SECP384R1(),
    "P-521": SECP521R1(),
}
_ALGORITHMS: Final = frozenset(
    f"{kind}{size}" for kind in ("HS", "RS", "PS", "ES") for size in (256, 384, 512)
) | {
    "EdDSA", "ES256K", "none", "RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384",
    "RSA-OAEP-512", "dir", "A128KW", "A192KW", "A256KW", "ECDH-ES", "ECDH-ES+A128KW",
    "ECDH-ES+A192KW", "ECDH-ES+A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW",
    "PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WebKey:
    """A key; and the identifier and the algorithm it is meant for, if any."""

    key: Key
    identifier: str = ""
    algorithm: str = ""


def read_verification_keys(text: str) -> list[WebKey]:
    """Return the keys of a PEM certificate, a PEM public key, a JWK or a set of them.

    Raises:
        BuiltinError: if `text` is none of these.
    """
    blocks = read_pem(text)
    if not blocks:
        return _read_set(text)
    tail = text.rstrip().rpartition("\n")[2]
    if len(blocks) > 1 or tail != f"-----END {blocks[0].kind}-----":
        raise BuiltinError("extra data after a PEM certificate block")
    return [WebKey(_read_block(blocks[0]))]


def _read_block(block: Block) -> PublicKey:
    if block.kind == "CERTIFICATE":
        try:
            key: object = read_certificate(block.octets).public_key()
        except (BuiltinError, ValueError, UnsupportedAlgorithm):
            raise BuiltinError(
                "failed to parse a PEM certificate: x509: malformed certificate"
            ) from None
    elif block.kind == "PUBLIC KEY":
        try:
            key = load_der_public_key(block.octets)
        except (ValueError, UnsupportedAlgorithm):
            raise BuiltinError(
                "failed to parse a PEM public key: asn1: structure error"
            ) from None
    else:
        key = None
    if not isinstance(key, PublicKey):
        raise BuiltinError("failed to extract a Key from the PEM certificate")
    return key


def _read_set(text: str) -> list[WebKey]:
    try:
        found = read_json(text)
        return [read_web_key(key) for key in members_of(found)]
    except BuiltinError as error:
        raise BuiltinError(
            f"failed to parse a JWK key (set): {error.message}"
        ) from None


def members_of(found: Value) -> list[Value]:
    """Return the keys of a set of keys, or the one key that `found` should be.

    Raises:
        BuiltinError: if the `keys` of a set are no array.
    """
    held = found.get("keys") if type(found) is dict else None
    if held is None:
        return [found]
    if type(held) is not list:
        raise BuiltinError('failed to decode "keys": it is no array')
    return held


def read_web_key(value: Value) -> WebKey:
    """Return the key that a JSON Web Key holds; with a `d` it is private.

    Raises:
        BuiltinError: if a field is missing or malformed.
    """
    fields = value if type(value) is dict else {}
    kind = fields.get("kty", "")
    if kind not in _READERS:
        raise BuiltinError(f"jwk.ParseKey: invalid key type from JSON ({kind})")
    labels = {name: fields.get(name, "") for name in ("kid", "alg")}
    for name, label in labels.items():
        if type(label) is not str:
            raise BuiltinError(f"failed to decode value for key {name}: no string")
    if labels["alg"] and labels["alg"] not in _ALGORITHMS:
        raise BuiltinError(
            "failed to decode value for key alg: "
            f'invalid key value: "{labels["alg"]}": invalid key algorithm'
        )
    try:
        key = _READERS[kind](fields)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BuiltinError(f"key validation failed: {error}") from None
    return WebKey(key, labels["kid"], labels["alg"])


def _octets(fields: dict[str, Value], name: str) -> bytes:
    text = fields.get(name)
    if text is None:
        raise BuiltinError(f"required field {name} is missing")
    if type(text) is not str:
        raise BuiltinError(f"failed to decode value for key {name}: no string")
    try:
        return raw_base64url_octets(text.rstrip("="))
    except BuiltinError:
        raise BuiltinError(
            f"failed to decode value for key {name}: expected base64 encoded []byte"
        ) from None


def _number(fields: dict[str, Value], name: str) -> int:
    return int.from_bytes(_octets(fields, name))


def _read_rsa(fields: dict[str, Value]) -> Key:
    public = RSAPublicNumbers(_number(fields, "e"), _number(fields, "n"))
    if "d" not in fields:
        return public.public_key()
    p, q, d, dp, dq, qi = (
        _number(fields, name) for name in ("p", "q", "d", "dp", "dq", "qi")
    )
    return RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key()


def _read_curve(fields: dict[str, Value]) -> Key:
    name = fields.get("crv")
    if name not in _CURVES:
        raise BuiltinError(
            "failed to decode value for key crv: "
            f'unknown EllipticCurveAlgorithm: "{name}"'
        )
    x, y = _number(fields, "x"), _number(fields, "y")
    public = EllipticCurvePublicNumbers(x, y, _CURVES[name])
    if "d" not in fields:
        return public.public_key()
    return EllipticCurvePrivateNumbers(_number(fields, "d"), public).private_key()


def _read_edwards(fields: dict[str, Value]) -> Key:
    if fields.get("crv") != "Ed25519":
        raise BuiltinError(f'invalid curve algorithm "{fields.get("crv")}"')
    public = _octets(fields, "x")
    if "d" in fields:
        return Ed25519PrivateKey.from_private_bytes(_octets(fields, "d"))
    return Ed25519PublicKey.from_public_bytes(public)


def _read_secret(fields: dict[str, Value]) -> Key:
    return _octets(fields, "k")


_READERS: Final = {
    "RSA": _read_rsa,
    "EC": _read_curve,
    "OKP": _read_edwards,
    "oct": _read_secret,
}
