"""TEXT x FORMAT -> VERDICT: JSON Schema's formats, as OPA's library checks them.

https://json-schema.org/draft-07/json-schema-validation#rfc.section.7.3
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import re2

from comply.plan.builtins.cidr import read_address
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.go_time_reading import read_moment
from comply.plan.builtins.json_schema_form import is_pattern
from comply.plan.builtins.urls import split_uri

_DATE: Final = "2006-01-02"
_TIMES: Final = ("15:04:05", "15:04:05Z07:00")
_MOMENTS: Final = (*_TIMES, _DATE, "2006-01-02T15:04:05Z07:00")
_LABEL: Final = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST: Final = re2.compile(rf"^{_LABEL}(\.{_LABEL})*$")
_TEMPLATE: Final = re2.compile(r"^([^{]*({[^}]*})?)*$")
_UUID: Final = re2.compile(
    r"(?i)^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$"
)
_POINTER: Final = re2.compile(r"^(?:/(?:[^~/]|~0|~1)*)*$")
_RELATIVE_POINTER: Final = re2.compile(
    r"^(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)$"
)
_MAIL_LOCAL: Final = re2.compile(
    r"^[^\s\x00-\x1f\x7f()<>\[\]:;@\\,.\"]+(\.[^\s\x00-\x1f\x7f()<>\[\]:;@\\,.\"]+)*$"
)


def has_format(text: str, name: str) -> bool:
    """Tell whether a text has the format called `name`; an unknown one all have.

    >>> has_format("1.2.3.4", "ipv4"), has_format("x", "email"), has_format("x", "?")
    (True, False, True)
    """
    check = _FORMATS.get(name)
    return check is None or check(text)


def _is_moment(text: str, layouts: tuple[str, ...]) -> bool:
    for layout in layouts:
        try:
            read_moment(text, layout)
        except BuiltinError:
            continue
        return True
    return False


def _is_host(text: str) -> bool:
    return len(text) < 256 and bool(_HOST.search(text))


def _is_mail(text: str) -> bool:
    """Tell whether `text` is an address, with or without a name: `A <a@b.c>`."""
    if text.endswith(">") and "<" in text:
        text = text[text.rindex("<") + 1 : -1]
    local, at, domain = text.rpartition("@")
    quoted = len(local) > 1 and local[0] == local[-1] == '"'
    if not at or not domain or not (quoted or _MAIL_LOCAL.search(local)):
        return False
    literal = domain.startswith("[") and domain.endswith("]")
    return literal or bool(_MAIL_LOCAL.search(domain))


def _is_uri_reference(text: str) -> bool:
    try:
        split_uri(text)
    except BuiltinError:
        return False
    return "\\" not in text


def _is_uri(text: str) -> bool:
    return _is_uri_reference(text) and bool(split_uri(text)["scheme"])


_FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "date": lambda text: _is_moment(text, (_DATE,)),
    "time": lambda text: _is_moment(text, _TIMES),
    "date-time": lambda text: _is_moment(text, _MOMENTS),
    "hostname": _is_host,
    "email": _is_mail,
    "idn-email": _is_mail,
    "ipv4": lambda text: isinstance(read_address(text), IPv4Address) and "." in text,
    "ipv6": lambda text: (
        ":" in text and isinstance(read_address(text), IPv4Address | IPv6Address)
    ),
    "uri": _is_uri,
    "uri-reference": _is_uri_reference,
    "iri": _is_uri,
    "iri-reference": _is_uri_reference,
    "uri-template": lambda text: (
        _is_uri_reference(text) and bool(_TEMPLATE.search(text))
    ),
    "uuid": lambda text: bool(_UUID.search(text)),
    "regex": lambda text: not text or is_pattern(text),
    "json-pointer": lambda text: bool(_POINTER.search(text)),
    "relative-json-pointer": lambda text: bool(_RELATIVE_POINTER.search(text)),
}
