"""The built-ins uuid.* and rand.intn: identifiers, and draws that a seed decides.

https://www.openpolicyagent.org/docs/policy-reference/builtins/uuid and /rand
"""

from hashlib import sha256
from typing import Final
from uuid import UUID

from comply.plan.builtins.failure import Evaluation
from comply.plan.builtins.json_text import write_json
from comply.plan.builtins.operands import integer, string
from comply.plan.values import UNDEFINED, Undefined, Value

# Nanoseconds from the UUID epoch, 15 October 1582, to the Unix epoch.
_UUID_EPOCH: Final = 12_219_292_800 * 10**9
_DOMAINS: Final = ("Person", "Group", "Org")


def rfc4122(evaluation: Evaluation, key: Value) -> str:
    """Return a random UUID, version 4: the same for one key in one evaluation.

    >>> rfc4122(Evaluation(seed=1), "a") == rfc4122(Evaluation(seed=1), "a")
    True
    """
    return str(UUID(bytes=_draw(evaluation, "uuid.rfc4122", key)[:16], version=4))


def intn(evaluation: Evaluation, key: Value, limit: Value) -> int:
    """Return a random integer from 0 up to `limit`, without it.

    It is the same for one key and limit in one evaluation. Of a negative limit the
    sign does not count; below 0 there is only 0.

    >>> 0 <= intn(Evaluation(), "a", 5) < 5, intn(Evaluation(), "a", 0)
    (True, 0)
    """
    name = string(key)
    count = abs(integer(limit, 2))
    if not count:
        return 0
    octets = _draw(evaluation, "rand.intn", [name, count])
    return int.from_bytes(octets) % count


def _draw(evaluation: Evaluation, purpose: str, key: Value) -> bytes:
    """Return 32 bytes that the evaluation's seed and the key decide."""
    text = write_json([purpose, evaluation.seed, key])
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def parse(value: Value) -> dict[str, Value] | Undefined:
    """Return what a UUID tells: version and variant, and of 1 and 2 their fields.

    `time` is in nanoseconds since the Unix epoch. Undefined if `value` is no UUID; it
    may be in braces, be a URN, or lack the hyphens.

    >>> parse("00000000-0000-4000-8000-000000000000")
    {'version': 4, 'variant': 'RFC4122'}
    """
    digits = _digits(string(value))
    if digits is None:
        return UNDEFINED
    octets = bytes.fromhex(digits)
    version = octets[6] >> 4
    parts: dict[str, Value] = {"version": version, "variant": _variant(octets[8])}
    if version not in (1, 2):
        return parts
    uuid = UUID(bytes=octets)
    ticks = uuid.time_low | uuid.time_mid << 32 | (uuid.time_hi_version & 0xFFF) << 48
    reach = "multicast" if octets[10] & 1 else "unicast"
    parts |= {
        "time": ticks * 100 - _UUID_EPOCH,
        "nodeid": octets[10:].hex("-"),
        "macvariables": f"{'local' if octets[10] & 2 else 'global'}:{reach}",
        "clocksequence": (octets[8] << 8 | octets[9]) & 0x3FFF,
    }
    if version == 2:
        domain = octets[9]
        named = _DOMAINS[domain] if domain < len(_DOMAINS) else f"Domain{domain}"
        parts |= {"id": uuid.time_low, "domain": named}
    return parts


def _digits(text: str) -> str | None:
    """Return the 32 digits of a UUID, or None."""
    if len(text) == 45 and text[:9].lower() == "urn:uuid:":
        text = text[9:]
    elif len(text) == 38:
        text = text[1:37]
    if len(text) == 36:
        if any(text[at] != "-" for at in (8, 13, 18, 23)):
            return None
        text = text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:]
    hexadecimal = all(c in "0123456789abcdefABCDEF" for c in text)
    return text if len(text) == 32 and hexadecimal else None


def _variant(octet: int) -> str:
    if octet & 0xC0 == 0x80:
        return "RFC4122"
    if octet & 0xE0 == 0xC0:
        return "Microsoft"
    return "Future" if octet & 0xE0 == 0xE0 else "Reserved"


BUILTINS: Final = {
    "rand.intn": intn,
    "uuid.parse": parse,
    "uuid.rfc4122": rfc4122,
}
