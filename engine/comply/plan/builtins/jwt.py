"""The built-ins io.jwt.*: JSON Web Tokens (RFC 7519), decoded, verified and signed.

https://www.openpolicyagent.org/docs/policy-reference/builtins/tokens
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Final

from comply.classes import dataclass
from comply.plan.builtins.encoding import base64url_octets
from comply.plan.builtins.failure import BuiltinError, Evaluation
from comply.plan.builtins.json_text import read_json, write_json
from comply.plan.builtins.json_web_keys import (
    WebKey,
    members_of,
    read_verification_keys,
    read_web_key,
)
from comply.plan.builtins.jwt_signatures import ALGORITHMS, is_signed, sign
from comply.plan.builtins.octets import to_octets, to_text
from comply.plan.builtins.operands import mapping, string
from comply.plan.values import Value, is_number, number_text

# The header fields that are understood, of which `crit` may name any.
_STRINGS: Final = ("alg", "typ", "cty", "kid")
_UNDERSTOOD: Final = frozenset({*_STRINGS, "crit", "enc"})


@dataclass(frozen=True, slots=True)
class Token:
    """The three parts of an encoded token."""

    header: str
    payload: str
    signature: str

    @property
    def signed_text(self) -> bytes:
        """Return what the signature is of."""
        return to_octets(f"{self.header}.{self.payload}")


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a token must meet; an empty string asks for nothing."""

    keys: tuple[WebKey, ...]
    algorithm: str
    issuer: str | None
    audience: str | None
    time: Decimal


def decode(encoded: Value) -> list[Value]:
    """Return a token's header, payload and signature (hexadecimal), unverified.

    A token whose content type is JWT is opened until the innermost.

    Raises:
        BuiltinError: if it is no token.
    """
    text = string(encoded)
    while True:
        token = _split(text)
        header = _read_header(token)
        _refuse_encrypted(header)
        payload = _part(token.payload, "payload")
        if header.get("cty") != "JWT":
            signature = _part(token.signature, "signature")
            return [header, _read_object(payload), signature.hex()]
        text = _inner(payload)


def _inner(payload: bytes) -> str:
    """Return the token inside a token: as it is, or as a JSON string."""
    text = to_text(payload)
    if text.startswith('"'):
        try:
            return string(read_json(text))
        except BuiltinError:
            return text
    return text


def _split(text: str) -> Token:
    parts = text.split(".")
    if len(parts) == 1:
        raise BuiltinError("encoded JWT had no period separators")
    if len(parts) != 3:
        raise BuiltinError(f"encoded JWT must have 3 sections, found {len(parts)}")
    return Token(*parts)


def _part(text: str, name: str) -> bytes:
    try:
        return base64url_octets(text)
    except BuiltinError as error:
        raise BuiltinError(
            f"JWT {name} had invalid encoding: {error.message}"
        ) from None


def _read_header(token: Token) -> dict[str, Value]:
    octets = _part(token.header, "header")
    try:
        return _read_object(octets)
    except BuiltinError as error:
        raise BuiltinError(f"bad JWT header: {error.message}") from None


def _read_object(octets: bytes) -> dict[str, Value]:
    try:
        found = read_json(to_text(octets))
    except BuiltinError as error:
        raise BuiltinError(f"invalid JSON: {error.message}") from None
    if type(found) is not dict:
        raise BuiltinError("decoded JSON type was not an Object")
    return found


def _refuse_encrypted(header: dict[str, Value]) -> None:
    if "enc" in header:
        raise BuiltinError("JWT is a JWE object, which is not supported")


def _is_nested(header: dict[str, Value]) -> bool:
    kind = header.get("cty")
    return type(kind) is str and kind.upper() == "JWT"


def verify(algorithm: str, encoded: Value, key: Value) -> bool:
    """Tell whether a token was signed by an algorithm with a public key or a secret.

    The key is a PEM certificate or public key, a JWK or a set of them; for HMAC it is
    the secret itself.

    Raises:
        BuiltinError: if the token or the key is none.
    """
    text, key_text = string(encoded), string(key, 2)
    if algorithm.startswith("HS"):
        token = _split(text)
        keys: tuple[WebKey, ...] = (WebKey(to_octets(key_text)),)
        header: dict[str, Value] = {}
    else:
        keys = tuple(read_verification_keys(key_text))
        token = _split(text)
        header = _read_header(token)
        _check_header(header)
    return _is_verified(token, header, algorithm, keys)


def _is_verified(
    token: Token, header: dict[str, Value], algorithm: str, keys: tuple[WebKey, ...]
) -> bool:
    signature = base64url_octets(token.signature)
    wanted = header.get("kid")
    named = [k for k in keys if wanted and k.identifier == wanted]
    fitting = named or [k for k in keys if k.algorithm in ("", algorithm)]
    return any(
        is_signed(algorithm, k.key, token.signed_text, signature) for k in fitting
    )


def _check_header(header: dict[str, Value]) -> None:
    for name in _STRINGS:
        if type(header.get(name, "")) is not str:
            raise BuiltinError(f"{name}: must be a string")
    critical = header.get("crit", [""])
    if type(critical) is not list:
        raise BuiltinError("crit: must be a list")
    if not critical or any(type(name) is not str for name in critical):
        raise BuiltinError("crit: must be a nonempty list")


def decode_verify(
    evaluation: Evaluation, encoded: Value, constraints: Value
) -> list[Value]:
    """Return whether a token meets constraints, its header, and its payload.

    The constraints: `cert` or `secret` (the key), `alg`, `iss`, `aud`, and `time` in
    nanoseconds, which otherwise is that of the evaluation. Header and payload are empty
    if the token does not meet them.

    Raises:
        BuiltinError: if the token is none, or a constraint is of a wrong type.
    """
    text = string(encoded)
    wanted = _read_constraints(mapping(constraints, 2), evaluation)
    while True:
        token = _split(text)
        header = _read_header(token)
        _check_header(header)
        _refuse_encrypted(header)
        if not _is_trusted(token, header, wanted):
            return [False, {}, {}]
        payload = _part(token.payload, "payload")
        if not _is_nested(header):
            claims = _read_object(payload)
            if _claims_hold(claims, wanted):
                return [True, header, claims]
            return [False, {}, {}]
        text = to_text(payload)


def _is_trusted(token: Token, header: dict[str, Value], wanted: Constraints) -> bool:
    critical = header.get("crit", ())
    if any(name in header and name not in _UNDERSTOOD for name in critical):
        return False
    algorithm = header.get("alg", "")
    if wanted.algorithm not in ("", algorithm) or algorithm not in ALGORITHMS:
        return False
    return _is_verified(token, header, algorithm, wanted.keys)


def _read_constraints(given: dict[str, Value], evaluation: Evaluation) -> Constraints:
    for name, value in sorted(given.items()):
        if name not in ("alg", "aud", "cert", "iss", "secret", "time"):
            raise BuiltinError(f"unknown token validation constraint: {name}")
        if name != "time" and type(value) is not str:
            raise BuiltinError(f"{name} constraint: must be a string")
    time = given.get("time", evaluation.now_ns)
    if not is_number(time):
        raise BuiltinError("token time constraint: must be a number")
    if time < 0:
        raise BuiltinError("token time constraint: must not be negative")
    keys: list[WebKey] = []
    if "cert" in given:
        keys += read_verification_keys(given["cert"])
    if given.get("secret"):
        if "cert" in given:
            raise BuiltinError("duplicate key constraints")
        keys.append(WebKey(to_octets(given["secret"])))
    elif "cert" not in given:
        raise BuiltinError("no key constraint")
    return Constraints(
        keys=tuple(keys),
        algorithm=given.get("alg", ""),
        issuer=given.get("iss"),
        audience=given.get("aud"),
        time=Decimal(number_text(time)),
    )


def _claims_hold(claims: dict[str, Value], wanted: Constraints) -> bool:
    if wanted.issuer is not None and claims.get("iss") != wanted.issuer:
        return False
    if not _is_audience(claims, wanted.audience):
        return False
    expires, begins = _seconds(claims, "exp"), _seconds(claims, "nbf")
    if expires is not None and wanted.time >= expires * 10**9:
        return False
    return begins is None or wanted.time >= begins * 10**9


def _is_audience(claims: dict[str, Value], audience: str | None) -> bool:
    """Tell whether a token is for `audience`; with one of its own it needs to be told."""
    if "aud" not in claims:
        return audience is None
    named = claims["aud"]
    if audience is None:
        return False
    return audience in (named if type(named) is list else [named])


def _seconds(claims: dict[str, Value], name: str) -> Decimal | None:
    if name not in claims:
        return None
    if not is_number(claims[name]):
        raise BuiltinError(f"{name} value must be a number")
    return Decimal(number_text(claims[name]))


def encode_sign(header: Value, payload: Value, key: Value) -> str:
    """Return a signed token of a header, a payload and a JSON Web Key, all values.

    Raises:
        BuiltinError: if the header names no algorithm, or the key does not fit.
    """
    return _encode(write_json(header), write_json(payload), write_json(key))


def encode_sign_raw(header: Value, payload: Value, key: Value) -> str:
    """Return a signed token of a header, a payload and a JSON Web Key, all JSON texts.

    Raises:
        BuiltinError: if the header names no algorithm, the key does not fit, or the
            header's type is JWT (as without one) and the payload is no JSON.
    """
    return _encode(string(header), string(payload, 2), string(key, 3))


def _encode(header: str, payload: str, key: str) -> str:
    fields = _signing_header(header)
    algorithm = fields["alg"]
    if algorithm not in ALGORITHMS:
        raise BuiltinError(f"unknown JWS algorithm: {algorithm}")
    secret = _signing_key(key)
    kind = fields.get("typ")
    if (type(kind) is not str or kind == "JWT") and not _is_json(payload):
        raise BuiltinError("type is JWT but payload is not JSON")
    text = f"{_base64url(to_octets(header))}.{_base64url(to_octets(payload))}"
    signature = sign(algorithm, secret.key, to_octets(text))
    return f"{text}.{_base64url(signature)}"


def _signing_header(header: str) -> dict[str, Value]:
    bad = "missing or invalid 'alg' header: "
    if not header:
        raise BuiltinError(
            f'{bad}cannot parse JSON: cannot parse empty string; unparsed tail: ""'
        )
    try:
        fields = read_json(header)
    except BuiltinError as error:
        if header.lstrip().startswith("{"):
            raise BuiltinError(
                f"{bad}cannot parse JSON: cannot parse object: {error.message}"
            ) from None
        fields = None
    if type(fields) is not dict or "alg" not in fields:
        raise BuiltinError(f'{bad}jwsbb: header "alg" not found')
    if type(fields["alg"]) is not str:
        raise BuiltinError(f"{bad}value doesn't contain string")
    return fields


def _signing_key(key: str) -> WebKey:
    try:
        keys = [read_web_key(found) for found in members_of(read_json(key))]
    except BuiltinError as error:
        raise BuiltinError(
            f"jwk.Parse: failed to parse sole key: {error.message}"
        ) from None
    if not keys:
        raise BuiltinError("no keys found in JWK set")
    return keys[0]


def _is_json(text: str) -> bool:
    try:
        read_json(text)
    except BuiltinError:
        return False
    return True


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "io.jwt.decode": decode,
    "io.jwt.decode_verify": decode_verify,
    "io.jwt.encode_sign": encode_sign,
    "io.jwt.encode_sign_raw": encode_sign_raw,
    "io.jwt.verify_eddsa": partial(verify, "EdDSA"),
    "io.jwt.verify_es256": partial(verify, "ES256"),
    "io.jwt.verify_es384": partial(verify, "ES384"),
    "io.jwt.verify_es512": partial(verify, "ES512"),
    "io.jwt.verify_hs256": partial(verify, "HS256"),
    "io.jwt.verify_hs384": partial(verify, "HS384"),
    "io.jwt.verify_hs512": partial(verify, "HS512"),
    "io.jwt.verify_ps256": partial(verify, "PS256"),
    "io.jwt.verify_ps384": partial(verify, "PS384"),
    "io.jwt.verify_ps512": partial(verify, "PS512"),
    "io.jwt.verify_rs256": partial(verify, "RS256"),
    "io.jwt.verify_rs384": partial(verify, "RS384"),
    "io.jwt.verify_rs512": partial(verify, "RS512"),
}
