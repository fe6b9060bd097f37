"""Certificates, keys and tokens: verified as OPA does, and nothing else trusted."""

import json
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from hypothesis import given
from hypothesis import strategies as st
from tests.builtin_answers import FOLDER, decode, shown, wanted
from tests.certificates import NOW_NS, Identity, authority, issue
from tests.shared_data import json_lines

from comply.plan.builtins import lookup
from comply.plan.builtins.der import read_elements, read_identifier, read_pem
from comply.plan.builtins.encoding import encode_base64
from comply.plan.builtins.failure import BuiltinError, Evaluation
from comply.plan.values import Value

EVALUATION = Evaluation(now_ns=NOW_NS)
RECORDED = Evaluation(now_ns=1_790_000_000 * 10**9)
VERIFY = "crypto.x509.parse_and_verify_certificates"


def answer(row: dict[str, Value]) -> dict[str, Value]:
    """Return what our function answers; of a chain only the names."""
    try:
        value = shown(lookup(row["call"])(RECORDED, *map(decode, row["operands"])))
    except BuiltinError as error:
        text = error.message if row.get("error") is not None else None
        return {"error": text, "code": error.code}
    if "x509" in row["call"]:
        value[1] = [each["Subject"]["CommonName"] for each in value[1]]
    return {"value": value}


def test_as_opa() -> None:
    rows = json_lines(FOLDER / "contextual" / "verification.jsonl")
    assert len(rows) > 100
    for row in rows:
        told = {k: wanted(v) for k, v in row.items() if k not in ("call", "operands")}
        assert answer(row) == told, row["call"]


def verdict(*chain: Identity, **options: Value) -> bool:
    """Tell whether identities make a valid chain, the root first."""
    text = "".join(identity.pem for identity in chain)
    verify = lookup(f"{VERIFY}_with_options")
    return bool(verify(EVALUATION, text, options)[0])


def host(name: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(name)])


def test_a_chain_ends_at_the_root_that_is_trusted() -> None:
    root, stranger = authority("root"), authority("root")
    leaf = issue("leaf", authority("stranger", stranger), host("a.example"))
    between = authority("between", root)
    good = issue("good", between, host("a.example"))
    assert verdict(root, between, good)
    assert verdict(root, between, stranger, good)
    assert not verdict(root, between, leaf)
    assert not verdict(root, good)
    assert not verdict(stranger, between, good)


def test_only_an_authority_signs() -> None:
    root = authority("root")
    plain = issue("plain", root, x509.BasicConstraints(ca=False, path_length=None))
    usage = [True] + [False] * 8
    unfit = authority("unfit", root, x509.KeyUsage(*usage))
    assert not verdict(root, plain, issue("leaf", plain))
    assert not verdict(root, unfit, issue("leaf", unfit))
    assert not verdict(root, issue("none", root), issue("leaf", issue("none", root)))


def test_a_path_is_no_longer_than_allowed() -> None:
    root = authority("root", None, length=0)
    between = authority("between", root)
    assert verdict(root, issue("leaf", root))
    assert not verdict(root, between, issue("leaf", between))


def test_time_is_that_of_the_evaluation_or_the_option() -> None:
    root = authority("root")
    short = issue("short", root, days=10)
    assert not verdict(root, short)
    assert verdict(root, short, CurrentTime=1_577_880_000 * 10**9)


def test_usages_hold_along_the_chain() -> None:
    limited = x509.ExtendedKeyUsage([Usage.CLIENT_AUTH])
    root = authority("root")
    between = authority("between", root, limited)
    leaf = issue("leaf", between)
    assert not verdict(root, between, leaf)
    assert verdict(root, between, leaf, KeyUsages=["KeyUsageClientAuth"])
    assert verdict(root, between, leaf, KeyUsages=["KeyUsageAny"])
    both = ["KeyUsageCodeSigning", "KeyUsageClientAuth"]
    assert verdict(root, between, leaf, KeyUsages=both)


def test_an_unknown_critical_extension_is_not_accepted() -> None:
    root = authority("root")
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")
    assert not verdict(root, issue("leaf", root, odd))


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("a.example", "A.Example.", True),
        ("*.example", "a.example", True),
        ("*.example", "a.b.example", False),
        ("*.example", "example", False),
        ("a.example", "b.example", False),
        ("a.example", "", True),
    ],
)
def test_hosts(pattern: str, name: str, *, fits: bool) -> None:
    root = authority("root")
    leaf = issue("leaf", root, host(pattern))
    assert verdict(root, leaf, DNSName=name) is fits


def test_addresses_are_hosts() -> None:
    root = authority("root")
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("10.1.2.3"))])
    leaf = issue("leaf", root, names)
    assert verdict(root, leaf, DNSName="10.1.2.3")
    assert verdict(root, leaf, DNSName="[10.1.2.3]")
    assert not verdict(root, leaf, DNSName="10.1.2.4")
    assert not verdict(root, issue("bare", root), DNSName="bare")


DNS, MAIL, URI = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier


def block(text: str) -> x509.IPAddress:
    return x509.IPAddress(ip_network(text))


@pytest.mark.parametrize(
    ("permitted", "excluded", "name", "fits"),
    [
        ([DNS("example")], [], DNS("a.example"), True),
        ([DNS("example")], [], DNS("a.other"), False),
        ([DNS("example")], [], DNS("notexample"), False),
        ([DNS("example")], [], MAIL("a@other"), True),
        ([], [DNS("bad.example")], DNS("x.bad.example"), False),
        ([MAIL("example")], [], MAIL("a@example"), True),
        ([MAIL("example")], [], MAIL("a@sub.example"), False),
        ([MAIL(".example")], [], MAIL("a@sub.example"), True),
        ([MAIL("a@example")], [], MAIL("A@example"), True),
        ([URI(".example")], [], URI("https://a.example/x"), True),
        ([URI("example")], [], URI("https://other/x"), False),
        ([block("10.0.0.0/8")], [], x509.IPAddress(ip_address("10.1.1.1")), True),
        ([block("10.0.0.0/8")], [], x509.IPAddress(ip_address("11.1.1.1")), False),
    ],
)
def test_names_that_an_authority_may_sign(
    permitted: list[x509.GeneralName],
    excluded: list[x509.GeneralName],
    name: x509.GeneralName,
    *,
    fits: bool,
) -> None:
    limits = x509.NameConstraints(permitted or None, excluded or None)
    root = authority("root", None, limits)
    leaf = issue("leaf", root, x509.SubjectAlternativeName([name]))
    assert verdict(root, leaf) is fits


def pem_of(key: Value, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, form, NoEncryption())
    return text.decode()


def public_pem_of(key: Value) -> str:
    text: bytes = key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return text.decode()


PUBLIC = ("kty", "crv", "n", "e", "x", "y")
KEYS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
ALGORITHMS = {**dict.fromkeys(KEYS), "RS384": "RS256", "RS512": "RS256"}
ALGORITHMS |= {"PS256": "RS256", "PS384": "RS256", "PS512": "RS256"}


def web_key(name: str) -> dict[str, Any]:
    found: dict[str, Any] = lookup("crypto.x509.parse_rsa_private_key")(
        pem_of(KEYS[name])
    )
    return found


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signed_token_verifies_with_its_key_alone(algorithm: str) -> None:
    name = ALGORITHMS[algorithm] or algorithm
    payload = {"a": [1, "x"], "exp": 1_800_000_000}
    token = lookup("io.jwt.encode_sign")({"alg": algorithm}, payload, web_key(name))
    verify = lookup(f"io.jwt.verify_{algorithm.lower()}")
    public = public_pem_of(KEYS[name])
    assert verify(token, public)
    assert not verify(token + "AAAA", public)
    assert not any(
        verify(token, public_pem_of(key)) for k, key in KEYS.items() if k != name
    )
    opened = lookup("io.jwt.decode_verify")(EVALUATION, token, {"cert": public})
    assert opened == [True, {"alg": algorithm}, payload]
    held = {k: v for k, v in web_key(name).items() if k in PUBLIC}
    keys = {"keys": [{"kty": "oct", "k": "AAAA"}, held]}
    assert verify(token, json.dumps(keys))


@pytest.mark.parametrize("size", [256, 384, 512])
def test_a_secret_signs_and_a_public_key_is_no_secret(size: int) -> None:
    key = {"kty": "oct", "k": "c2VjcmV0"}
    token = lookup("io.jwt.encode_sign")({"alg": f"HS{size}"}, {}, key)
    verify = lookup(f"io.jwt.verify_hs{size}")
    assert verify(token, "secret")
    assert not verify(token, "Secret")
    public = public_pem_of(KEYS["RS256"])
    confused = lookup("io.jwt.encode_sign")(
        {"alg": f"HS{size}"},
        {},
        {"kty": "oct", "k": lookup("base64url.encode_no_pad")(public)},
    )
    opened = lookup("io.jwt.decode_verify")(EVALUATION, confused, {"cert": public})
    assert opened == [False, {}, {}]


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA", "HS256"])
def test_a_key_of_another_kind_does_not_sign(algorithm: str) -> None:
    name = "ES256" if algorithm[0] in "RPH" else "RS256"
    with pytest.raises(BuiltinError, match=f"{algorithm} needs"):
        lookup("io.jwt.encode_sign")({"alg": algorithm}, {}, web_key(name))


@pytest.mark.parametrize("name", KEYS)
def test_key_pairs(name: str) -> None:
    key = KEYS[name]
    root = authority("root")
    parse = lookup("crypto.x509.parse_keypair")
    with pytest.raises(BuiltinError, match="private key"):
        parse(root.pem, pem_of(key))
    shown_keys = lookup("crypto.parse_private_keys")(pem_of(key))
    assert shown_keys == lookup("crypto.parse_private_keys")(encode_base64(pem_of(key)))
    if name == "RS256":
        numbers = key.private_numbers()
        assert shown_keys[0]["D"] == numbers.d
        assert shown_keys[0]["Primes"] == [numbers.p, numbers.q]
        old = pem_of(key, PrivateFormat.TraditionalOpenSSL)
        assert lookup("crypto.parse_private_keys")(old) == shown_keys
    elif name == "EdDSA":
        assert type(shown_keys[0]) is str
    else:
        assert shown_keys[0]["D"] == key.private_numbers().private_value


def test_a_key_pair_belongs_together() -> None:
    root = authority("root")
    leaf = issue("leaf", root)
    parse = lookup("crypto.x509.parse_keypair")
    pair = parse(leaf.pem + root.pem, leaf.key_pem)
    assert len(pair["Certificate"]) == 2
    assert pair["Leaf"]["Subject"]["CommonName"] == "leaf"
    assert pair == parse(encode_base64(leaf.pem + root.pem), leaf.key_pem)
    with pytest.raises(BuiltinError, match="does not match public key"):
        parse(leaf.pem, root.key_pem)
    with pytest.raises(BuiltinError, match="may have been switched"):
        parse(leaf.key_pem, leaf.pem)
    with pytest.raises(BuiltinError, match="found a certificate rather than a key"):
        parse(leaf.pem, leaf.pem)


@pytest.mark.parametrize(
    "call",
    ["crypto.parse_private_keys", "crypto.x509.parse_rsa_private_key"],
)
def test_a_block_that_holds_no_key_is_an_error(call: str) -> None:
    text = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    with pytest.raises(BuiltinError, match="holds no private key"):
        lookup(call)(text)


def test_a_request_shows_what_it_asks_for() -> None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = builder.add_extension(host("a.example"), critical=False).sign(
        KEYS["ES256"], SHA256()
    )
    text = request.public_bytes(Encoding.PEM).decode()
    found = lookup("crypto.x509.parse_certificate_request")(text)
    assert found["DNSNames"] == ["a.example"]
    assert found["Subject"]["Names"] is None


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_readers(octets: bytes) -> None:
    text = encode_base64(octets.decode("latin-1"))
    for call in (
        "crypto.x509.parse_certificates",
        "crypto.x509.parse_certificate_request",
    ):
        with suppress(BuiltinError):
            lookup(call)(text)
    with suppress(BuiltinError):
        for element in read_elements(octets):
            assert len(read_identifier(element.content)) <= 2 * len(octets)
    assert read_pem(octets.decode("latin-1")) == []


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_crashes_the_verifiers(token: str, key: str) -> None:
    for call in ("io.jwt.verify_rs256", "io.jwt.verify_hs256"):
        with suppress(BuiltinError):
            assert lookup(call)(token, key) is False
