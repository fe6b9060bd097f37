"""CERTIFICATE -> VALUE, in the shape that Go's crypto/x509 gives it.

https://pkg.go.dev/crypto/x509#Certificate
"""

from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_network
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PSS
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID as AccessMethod
from cryptography.x509.oid import NameOID

from comply.plan.builtins.der import (
    BOOLEAN,
    Element,
    read_elements,
    read_identifier,
)
from comply.plan.builtins.key_pairs import show_public_key
from comply.plan.builtins.urls import keeps_raw, split_uri
from comply.plan.values import Value

Signed = x509.Certificate | x509.CertificateSigningRequest
Kind = TypeVar("Kind", bound=x509.ExtensionType)

_EXTENSIONS: Final = 0xA3  # the tag [3] of a certificate's body
_SIGNATURES: Final = {
    "1.2.840.113549.1.1.2": 1,  # MD2 and RSA
    "1.2.840.113549.1.1.4": 2,  # MD5 and RSA
    "1.2.840.113549.1.1.5": 3,  # SHA-1 and RSA
    "1.2.840.113549.1.1.11": 4,  # SHA-256 and RSA
    "1.2.840.113549.1.1.12": 5,
    "1.2.840.113549.1.1.13": 6,
    "1.2.840.10040.4.3": 7,  # DSA
    "2.16.840.1.101.3.4.3.2": 8,
    "1.2.840.10045.4.1": 9,  # ECDSA
    "1.2.840.10045.4.3.2": 10,
    "1.2.840.10045.4.3.3": 11,
    "1.2.840.10045.4.3.4": 12,
    "1.3.101.112": 16,  # Ed25519
}
_PSS: Final = {"sha256": 13, "sha384": 14, "sha512": 15}
_KEYS: Final = {
    "1.2.840.113549.1.1.1": 1,  # RSA
    "1.2.840.10040.4.1": 2,  # DSA
    "1.2.840.10045.2.1": 3,  # ECDSA
    "1.3.101.112": 4,  # Ed25519
}
_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
EXTENDED_USAGES: Final = {
    "2.5.29.37.0": 0,
    "1.3.6.1.5.5.7.3.1": 1,
    "1.3.6.1.5.5.7.3.2": 2,
    "1.3.6.1.5.5.7.3.3": 3,
    "1.3.6.1.5.5.7.3.4": 4,
    "1.3.6.1.5.5.7.3.5": 5,
    "1.3.6.1.5.5.7.3.6": 6,
    "1.3.6.1.5.5.7.3.7": 7,
    "1.3.6.1.5.5.7.3.8": 8,
    "1.3.6.1.5.5.7.3.9": 9,
    "1.3.6.1.4.1.311.10.3.3": 10,
    "2.16.840.1.113730.4.1": 11,
    "1.3.6.1.4.1.311.2.1.22": 12,
    "1.3.6.1.4.1.311.61.1.1": 13,
}
_NAME_LISTS: Final = {
    NameOID.COUNTRY_NAME: "Country",
    NameOID.ORGANIZATION_NAME: "Organization",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OrganizationalUnit",
    NameOID.LOCALITY_NAME: "Locality",
    NameOID.STATE_OR_PROVINCE_NAME: "Province",
    NameOID.STREET_ADDRESS: "StreetAddress",
    NameOID.POSTAL_CODE: "PostalCode",
}
_NAME_STRINGS: Final = {
    NameOID.COMMON_NAME: "CommonName",
    NameOID.SERIAL_NUMBER: "SerialNumber",
}
# The extensions that Go understands; another that is critical stays unhandled.
HANDLED: Final = frozenset(
    f"2.5.29.{n}" for n in (14, 15, 17, 19, 30, 31, 32, 33, 35, 36, 37, 54)
) | {"1.3.6.1.5.5.7.1.1"}


def show_certificate(certificate: x509.Certificate) -> dict[str, Value]:
    """Return a certificate as an object; bytes are in base64, lists null if empty.

    Raises:
        ValueError: if an extension is malformed.
    """
    body = _certificate_body(certificate)
    holder = body[-1]
    raw = []
    if holder.tag == _EXTENSIONS:
        raw = _raw_extensions(read_elements(holder.content)[0].content)
    return {
        **_signed(certificate),
        **_usage(certificate),
        **_authority(certificate),
        **_names(certificate),
        **_constraints(certificate),
        **_policies(certificate),
        "RawTBSCertificate": _base64(certificate.tbs_certificate_bytes),
        "RawIssuer": _base64(certificate.issuer.public_bytes()),
        "Version": certificate.version.value + 1,
        "SerialNumber": certificate.serial_number,
        "Issuer": _name(certificate.issuer),
        "NotBefore": _moment(certificate.not_valid_before_utc),
        "NotAfter": _moment(certificate.not_valid_after_utc),
        "Extensions": raw or None,
        "ExtraExtensions": None,
        "UnhandledCriticalExtensions": [
            e["Id"]
            for e in raw
            if e["Critical"] and ".".join(map(str, e["Id"])) not in HANDLED
        ]
        or None,
    }


def with_uri_strings(shown: dict[str, Value], certificate: x509.Certificate) -> Value:
    """Return a shown certificate with its URIs as strings besides."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    return {**shown, "URIStrings": list(uris) or None}


def show_request(request: x509.CertificateSigningRequest) -> dict[str, Value]:
    """Return a certificate request as an object, in the shape of `show_certificate`.

    Raises:
        ValueError: if an extension is malformed.
    """
    names = _names(request)
    wanted = ("DNSNames", "EmailAddresses", "IPAddresses", "URIs")
    raw = [
        extension
        for attribute in request.attributes
        if attribute.oid.dotted_string == "1.2.840.113549.1.9.14"
        for extension in _raw_extensions(attribute.value)
    ]
    shown = [{"Type": e["Id"], "Value": e["Critical"] or e["Value"]} for e in raw]
    attribute = {"Type": [1, 2, 840, 113549, 1, 9, 14], "Value": [shown]}
    return {
        **_signed(request),
        **{key: names[key] for key in wanted},
        "RawTBSCertificateRequest": _base64(request.tbs_certrequest_bytes),
        "Version": 0,
        "Attributes": [attribute] if raw else None,
        "Extensions": raw or None,
        "ExtraExtensions": None,
    }


def _signed(signed: Signed) -> dict[str, Value]:
    """Return what certificates and requests have in common."""
    try:
        key: object = signed.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    spki = signed.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    algorithm = _KEYS.get(_key_identifier(spki), 0)
    return {
        "Raw": _base64(signed.public_bytes(Encoding.DER)),
        "RawSubjectPublicKeyInfo": _base64(spki),
        "RawSubject": _base64(signed.subject.public_bytes()),
        "Signature": _base64(signed.signature),
        "SignatureAlgorithm": _signature_algorithm(signed),
        "PublicKeyAlgorithm": algorithm,
        "PublicKey": show_public_key(key),
        "Subject": _name(signed.subject),
    }


def _key_identifier(spki: bytes) -> str:
    algorithm = read_elements(read_elements(spki)[0].content)[0]
    identifier = read_elements(algorithm.content)[0]
    return ".".join(map(str, read_identifier(identifier.content)))


def _signature_algorithm(signed: Signed) -> int:
    identifier = signed.signature_algorithm_oid.dotted_string
    if isinstance(signed.signature_algorithm_parameters, PSS):
        digest = signed.signature_hash_algorithm
        return _PSS.get(digest.name, 0) if digest else 0
    return _SIGNATURES.get(identifier, 0)


def _certificate_body(certificate: x509.Certificate) -> list[Element]:
    return read_elements(read_elements(certificate.tbs_certificate_bytes)[0].content)


def _raw_extensions(octets: bytes) -> list[dict[str, Value]]:
    """Return the extensions that stand in `octets`, their values untouched."""
    found = []
    for extension in read_elements(octets):
        parts = read_elements(extension.content)
        found.append(
            {
                "Id": read_identifier(parts[0].content),
                "Critical": parts[1].tag == BOOLEAN and parts[1].content != b"\0",
                "Value": _base64(parts[-1].content),
            }
        )
    return found


def _extension(signed: Signed, kind: type[Kind]) -> Kind | None:
    try:
        return signed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _usage(certificate: x509.Certificate) -> dict[str, Value]:
    basic = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    extended: Iterable[x509.ObjectIdentifier] = (
        _extension(certificate, x509.ExtendedKeyUsage) or ()
    )
    length = 0
    if basic is not None:
        length = -1 if basic.path_length is None else basic.path_length
    extended = list(extended)
    known = [u for u in extended if u.dotted_string in EXTENDED_USAGES]
    unknown = [u for u in extended if u.dotted_string not in EXTENDED_USAGES]
    return {
        "BasicConstraintsValid": basic is not None,
        "IsCA": basic is not None and basic.ca,
        "MaxPathLen": length,
        "MaxPathLenZero": basic is not None and length == 0,
        "KeyUsage": key_usage_bits(usage) if usage else 0,
        "ExtKeyUsage": [EXTENDED_USAGES[u.dotted_string] for u in known] or None,
        "UnknownExtKeyUsage": [identifier(u) for u in unknown] or None,
    }


def key_usage_bits(usage: x509.KeyUsage) -> int:
    """Return a key's usage as Go's bits: 1 digital signature ... 32 signs certificates."""
    bits = 0
    for i, name in enumerate(_USAGES):
        # These two are only defined of a key that agrees on keys.
        if name in ("encipher_only", "decipher_only") and not usage.key_agreement:
            continue
        bits |= bool(getattr(usage, name)) << i
    return bits


def identifier(oid: x509.ObjectIdentifier) -> list[int]:
    """Return an object identifier's numbers."""
    return [int(n) for n in oid.dotted_string.split(".")]


def _authority(certificate: x509.Certificate) -> dict[str, Value]:
    subject = _extension(certificate, x509.SubjectKeyIdentifier)
    authority = _extension(certificate, x509.AuthorityKeyIdentifier)
    access: Iterable[x509.AccessDescription] = (
        _extension(certificate, x509.AuthorityInformationAccess) or ()
    )
    points: Iterable[x509.DistributionPoint] = (
        _extension(certificate, x509.CRLDistributionPoints) or ()
    )
    key = authority.key_identifier if authority else None
    return {
        "SubjectKeyId": _base64(subject.digest) if subject else None,
        "AuthorityKeyId": _base64(key) if key else None,
        "OCSPServer": _locations(access, AccessMethod.OCSP),
        "IssuingCertificateURL": _locations(access, AccessMethod.CA_ISSUERS),
        "CRLDistributionPoints": [
            name.value
            for point in points
            for name in point.full_name or []
            if isinstance(name, x509.UniformResourceIdentifier)
        ]
        or None,
    }


def _locations(
    access: Iterable[x509.AccessDescription], method: x509.ObjectIdentifier
) -> list[str] | None:
    return [
        a.access_location.value
        for a in access
        if a.access_method == method
        and isinstance(a.access_location, x509.UniformResourceIdentifier)
    ] or None


def _names(signed: Signed) -> dict[str, Value]:
    names = _extension(signed, x509.SubjectAlternativeName)
    if names is None:
        return dict.fromkeys(("DNSNames", "EmailAddresses", "IPAddresses", "URIs"))
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return {
        "DNSNames": list(names.get_values_for_type(x509.DNSName)) or None,
        "EmailAddresses": list(names.get_values_for_type(x509.RFC822Name)) or None,
        "IPAddresses": list(map(str, names.get_values_for_type(x509.IPAddress)))
        or None,
        "URIs": [_uri(uri) for uri in uris] or None,
    }


def _uri(text: str) -> dict[str, Value]:
    """Return a URI in the shape of Go's `url.URL`."""
    parts = split_uri(text)
    path = parts.get("escaped_path", "")
    head = text.partition("#")[0].partition("?")[0]
    opaque = "" if "escaped_path" in parts else head.partition(":")[2]
    authority = head.partition("//")[2].partition("/")[0]
    return {
        "Scheme": parts["scheme"],
        "Opaque": opaque,
        "User": {} if "@" in authority else None,
        "Host": parts.get("host", ""),
        "Path": parts.get("path", ""),
        "RawPath": path if keeps_raw(path) else "",
        "OmitHost": False,
        "ForceQuery": text.partition("#")[0].endswith("?"),
        "RawQuery": parts["raw_query"],
        "Fragment": parts["fragment"],
        "RawFragment": "",
    }


def _constraints(certificate: x509.Certificate) -> dict[str, Value]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    except x509.ExtensionNotFound:
        found = None
    shown: dict[str, Value] = {
        "PermittedDNSDomainsCritical": found is not None and found.critical
    }
    for word, names in (
        ("Permitted", found.value.permitted_subtrees if found else None),
        ("Excluded", found.value.excluded_subtrees if found else None),
    ):
        for kind, suffix in (
            (x509.DNSName, "DNSDomains"),
            (x509.RFC822Name, "EmailAddresses"),
            (x509.UniformResourceIdentifier, "URIDomains"),
        ):
            values = [n.value for n in names or [] if isinstance(n, kind)]
            shown[word + suffix] = values or None
        shown[word + "IPRanges"] = [
            _range(n) for n in names or [] if isinstance(n, x509.IPAddress)
        ] or None
    return shown


def _range(name: x509.IPAddress) -> dict[str, Value]:
    network = ip_network(str(name.value))
    return {
        "IP": str(network.network_address),
        "Mask": _base64(network.netmask.packed),
    }


def _policies(certificate: x509.Certificate) -> dict[str, Value]:
    found: Iterable[x509.PolicyInformation] = (
        _extension(certificate, x509.CertificatePolicies) or ()
    )
    policies = list(found)
    inhibit = _extension(certificate, x509.InhibitAnyPolicy)
    limits = _extension(certificate, x509.PolicyConstraints)
    skip = inhibit.skip_certs if inhibit else None
    mapping = limits.inhibit_policy_mapping if limits else None
    explicit = limits.require_explicit_policy if limits else None
    return {
        "PolicyIdentifiers": [identifier(p.policy_identifier) for p in policies]
        or None,
        "Policies": [p.policy_identifier.dotted_string for p in policies] or None,
        "PolicyMappings": None,
        "InhibitAnyPolicy": skip or 0,
        "InhibitAnyPolicyZero": skip == 0,
        "InhibitPolicyMapping": mapping or 0,
        "InhibitPolicyMappingZero": mapping == 0,
        "RequireExplicitPolicy": explicit or 0,
        "RequireExplicitPolicyZero": explicit == 0,
    }


def _name(name: x509.Name) -> dict[str, Value]:
    """Return a distinguished name in the shape of Go's `pkix.Name`."""
    shown: dict[str, Value] = {
        "Names": [],
        "ExtraNames": None,
        **dict.fromkeys(_NAME_LISTS.values()),
        **dict.fromkeys(_NAME_STRINGS.values(), ""),
    }
    for attribute in name:
        value = attribute.value
        text = value if isinstance(value, str) else _base64(value)
        shown["Names"].append({"Type": identifier(attribute.oid), "Value": text})
        if attribute.oid in _NAME_LISTS:
            key = _NAME_LISTS[attribute.oid]
            shown[key] = [*(shown[key] or []), text]
        elif attribute.oid in _NAME_STRINGS:
            shown[_NAME_STRINGS[attribute.oid]] = text
    shown["Names"] = shown["Names"] or None
    return shown


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode()
