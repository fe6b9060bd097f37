"""The built-ins crypto.md5, crypto.sha* and crypto.hmac.*: digests in hexadecimal.

https://www.openpolicyagent.org/docs/policy-reference/builtins/crypto
"""

import hashlib
import hmac
from typing import Final

from comply.plan.builtins.octets import to_octets
from comply.plan.builtins.operands import string
from comply.plan.values import Value


def md5(value: Value) -> str:
    """Return a string's MD5.

    >>> md5("")
    'd41d8cd98f00b204e9800998ecf8427e'
    """
    return hashlib.md5(to_octets(string(value)), usedforsecurity=False).hexdigest()


def sha1(value: Value) -> str:
    """Return a string's SHA-1.

    >>> sha1("")
    'da39a3ee5e6b4b0d3255bfef95601890afd80709'
    """
    return hashlib.sha1(to_octets(string(value)), usedforsecurity=False).hexdigest()


def sha256(value: Value) -> str:
    """Return a string's SHA-256.

    >>> sha256("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(to_octets(string(value))).hexdigest()


def hmac_md5(message: Value, key: Value) -> str:
    """Return the MD5 HMAC of a message.

    >>> hmac_md5("foo", "bar")
    '31b6db9e5eb4addb42f1a6ca07367adc'
    """
    return _hmac(message, key, "md5")


def hmac_sha1(message: Value, key: Value) -> str:
    """Return the SHA-1 HMAC of a message.

    >>> hmac_sha1("foo", "bar")
    '85d155c55ed286a300bd1cf124de08d87e914f3a'
    """
    return _hmac(message, key, "sha1")


def hmac_sha256(message: Value, key: Value) -> str:
    """Return the SHA-256 HMAC of a message.

    >>> hmac_sha256("foo", "bar")[:8]
    '14793321'
    """
    return _hmac(message, key, "sha256")


def hmac_sha512(message: Value, key: Value) -> str:
    """Return the SHA-512 HMAC of a message.

    >>> hmac_sha512("foo", "bar")[:8]
    '24257d72'
    """
    return _hmac(message, key, "sha512")


def _hmac(message: Value, key: Value, digest: str) -> str:
    octets = to_octets(string(message))
    return hmac.new(to_octets(string(key, 2)), octets, digest).hexdigest()


def hmac_equal(a: Value, b: Value) -> bool:
    """Tell whether two HMACs are equal, in a time that does not tell where they differ.

    >>> hmac_equal("31b6", "31b6"), hmac_equal("31b6", "31")
    (True, False)
    """
    return hmac.compare_digest(to_octets(string(a)), to_octets(string(b, 2)))


BUILTINS: Final = {
    "crypto.hmac.equal": hmac_equal,
    "crypto.hmac.md5": hmac_md5,
    "crypto.hmac.sha1": hmac_sha1,
    "crypto.hmac.sha256": hmac_sha256,
    "crypto.hmac.sha512": hmac_sha512,
    "crypto.md5": md5,
    "crypto.sha1": sha1,
    "crypto.sha256": sha256,
}
