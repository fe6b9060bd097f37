"""The built-ins urlquery.* and uri.*: addresses and their query strings.

https://www.openpolicyagent.org/docs/policy-reference/builtins/encoding
"""

from typing import Final
from urllib.parse import quote as percent_encode
from urllib.parse import quote_plus, unquote_to_bytes

from comply.plan.builtins.failure import BuiltinError, OperandError
from comply.plan.builtins.octets import to_octets, to_text
from comply.plan.builtins.operands import mapping, string
from comply.plan.values import RegoSet, Value, ordered_items, quote

_HEX: Final = frozenset("0123456789abcdefABCDEF")
_SCHEME: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+-.")
_USER: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:~!$&'()*+,;=%@"
)
_HOST: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "-_.~!$&'()*+,;=:[]<>\"%"
)


def encode(value: Value) -> str:
    """Return a string escaped for a query.

    >>> encode("a=b+1")
    'a%3Db%2B1'
    """
    return _escape(string(value))


def decode(value: Value) -> str:
    """Return the string that `value` is the escaped form of.

    Raises:
        BuiltinError: at a `%` that no two digits follow.

    >>> decode("a%3Db%2B1+c")
    'a=b+1 c'
    """
    return decode_escapes(string(value).replace("+", " "))


def encode_object(value: Value) -> str:
    """Return the query string of an object of strings, or arrays or sets of them.

    Raises:
        OperandError: if a value is something else.

    >>> encode_object({"c": "d", "a": ["b+1", "c"]})
    'a=b%2B1&a=c&c=d'
    """
    parts = []
    for key, found in ordered_items(mapping(value)):
        if type(found) is RegoSet:
            values = found.ordered()
        else:
            values = found if type(found) is list else [found]
        if any(type(v) is not str for v in [key, *values]):
            raise OperandError(
                "operand 1 values must be string, array[string], or set[string]"
            )
        parts += [f"{_escape(key)}={_escape(v)}" for v in values]
    return "&".join(parts)


def decode_object(value: Value) -> dict[str, list[str]]:
    """Return a query string's parameters: name to values, in their order.

    Raises:
        BuiltinError: at a bad escape or a `;`.

    >>> decode_object("a=1&b&a=2")
    {'a': ['1', '2'], 'b': ['']}
    """
    found: dict[str, list[str]] = {}
    for part in string(value).split("&"):
        if ";" in part:
            raise BuiltinError("invalid semicolon separator in query")
        if part:
            name, _, text = part.replace("+", " ").partition("=")
            found.setdefault(decode_escapes(name), []).append(decode_escapes(text))
    return found


def _escape(text: str) -> str:
    return quote_plus(to_octets(text), safe="~")


def decode_escapes(text: str) -> str:
    """Return `text` with each `%` and two digits replaced by the byte they name.

    Raises:
        BuiltinError: at a `%` that no two digits follow.

    >>> decode_escapes("a%20b+c")
    'a b+c'
    """
    at = text.find("%")
    while at >= 0:
        digits = text[at + 1 : at + 3]
        if len(digits) < 2 or not _HEX.issuperset(digits):
            octets = to_octets(text[at : at + 3])[:3]
            raise BuiltinError(
                f'invalid URL escape "{octets.decode(errors="replace")}"'
            )
        at = text.find("%", at + 3)
    return to_text(unquote_to_bytes(to_octets(text)))


def parse_uri(value: Value) -> dict[str, str]:
    """Return the parts of a URI reference; what it lacks is left out.

    `scheme`, `hostname`, `port`, `path` (unescaped), `raw_path`, `raw_query` and
    `fragment` (unescaped). User and password are not among them.

    Raises:
        BuiltinError: if `value` is no URI reference.

    >>> parse_uri("https://example.com:8080/a%20b?x=1")["path"]
    '/a b'
    """
    text = string(value)
    try:
        parts = split_uri(text)
    except BuiltinError as error:
        raise BuiltinError(f"parse {quote(text)}: {error.message}") from None
    return {name: part for name in _PARTS if (part := parts.get(name))}


_PARTS: Final = (
    "scheme", "hostname", "port", "path", "raw_path", "raw_query", "fragment",
)  # fmt: skip


def is_uri(value: Value) -> bool:
    """Tell whether `value` is a URI reference that is not empty.

    >>> is_uri("http://example.com"), is_uri("http://a b/"), is_uri("")
    (True, False, False)
    """
    if type(value) is not str or not value:
        return False
    try:
        split_uri(value)
    except BuiltinError:
        return False
    return True


def split_uri(text: str) -> dict[str, str]:
    """Return the parts of a URI reference, each as a string, perhaps empty.

    Besides those of `parse_uri`: `host`, with its port, and `escaped_path`, as written.

    Raises:
        BuiltinError: if `text` is no URI reference.
    """
    rest, _, fragment = text.partition("#")
    if any(c < " " or c == "\x7f" for c in rest):
        raise BuiltinError("net/url: invalid control character in URL")
    scheme, rest = _split_scheme(rest)
    rest, _, query = rest.partition("?")
    parts = {"scheme": scheme.lower(), "raw_query": query}
    if not rest.startswith("/"):
        if scheme:
            return parts | {"fragment": decode_escapes(fragment)}
        if ":" in rest.partition("/")[0]:
            raise BuiltinError("first path segment in URL cannot contain colon")
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        parts |= _split_authority(authority)
        rest = slash + path
    path = decode_escapes(rest)
    raw = rest if keeps_raw(rest) else path
    return parts | {
        "path": path,
        "raw_path": raw,
        "escaped_path": rest,
        "fragment": decode_escapes(fragment),
    }


def keeps_raw(path: str) -> bool:
    """Tell whether escaping the unescaped path would not give `path` back."""
    return quote_path(decode_escapes(path)) != path


def quote_path(text: str) -> str:
    """Return a path escaped as Go's `URL.EscapedPath` does by default.

    >>> quote_path("/a b;c")
    '/a%20b;c'
    """
    return percent_encode(to_octets(text), safe="/$&+,:;=@~")


def _split_scheme(text: str) -> tuple[str, str]:
    head, colon, rest = text.partition(":")
    if not colon:
        return "", text
    if not head:
        raise BuiltinError("missing protocol scheme")
    if not _SCHEME.issuperset(head.lower()):
        return "", text
    if not head[0].isalpha():
        raise BuiltinError("first path segment in URL cannot contain colon")
    return head, rest


def _split_authority(authority: str) -> dict[str, str]:
    user, at, host = authority.rpartition("@")
    if at:
        if not _USER.issuperset(user):
            raise BuiltinError("net/url: invalid userinfo")
        decode_escapes(user)
    if host.startswith("["):
        name, bracket, port = host.rpartition("]")
        if not bracket:
            raise BuiltinError("missing ']' in host")
        name = name[1:]
    else:
        name, colon, port = host.partition(":")
        port = colon + port
        _check_host_escapes(name)
    if port and (port[0] != ":" or not all("0" <= c <= "9" for c in port[1:])):
        raise BuiltinError(f'invalid port "{port}" after host')
    wrong = next((c for c in name if c.isascii() and c not in _HOST), None)
    if wrong:
        raise BuiltinError(f"invalid character {quote(wrong)} in host name")
    return {"hostname": decode_escapes(name), "port": port[1:], "host": host}


def _check_host_escapes(name: str) -> None:
    """Refuse escapes of ASCII in a host name; only `%25` may be one."""
    for piece in name.split("%")[1:]:
        if piece[:1] < "8" and not piece.startswith("25"):
            raise BuiltinError(f'invalid URL escape "%{piece[:2]}"')


BUILTINS: Final = {
    "uri.is_valid": is_uri,
    "uri.parse": parse_uri,
    "urlquery.decode": decode,
    "urlquery.decode_object": decode_object,
    "urlquery.encode": encode,
    "urlquery.encode_object": encode_object,
}
