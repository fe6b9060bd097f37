"""OBJECT -> REQUEST: what a rule asks `http.send` for, checked.

https://www.openpolicyagent.org/docs/policy-reference/builtins/http
"""

from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import quote as percent_encode

from comply.classes import dataclass
from comply.plan.builtins.durations import read_duration
from comply.plan.builtins.failure import BuiltinError, OperandError
from comply.plan.builtins.json_text import write_json
from comply.plan.builtins.octets import to_octets
from comply.plan.builtins.urls import decode_escapes, split_uri
from comply.plan.values import (
    Key,
    RegoSet,
    Value,
    is_number,
    quote,
    show,
    type_name,
)

_KEYS: Final = frozenset(
    {
        "method", "url", "body", "raw_body", "headers", "timeout", "raise_error",
        "enable_redirect", "force_json_decode", "force_yaml_decode", "cache",
        "force_cache", "force_cache_duration_seconds", "caching_mode",
        "cache_ignored_headers", "max_retry_attempts", "tls_use_system_certs",
        "tls_insecure_skip_verify", "tls_server_name", "tls_ca_cert",
        "tls_ca_cert_file", "tls_ca_cert_env_variable", "tls_client_cert",
        "tls_client_cert_file", "tls_client_cert_env_variable", "tls_client_key",
        "tls_client_key_file", "tls_client_key_env_variable",
    }
)  # fmt: skip
_BOOLEANS: Final = (
    "enable_redirect",
    "force_json_decode",
    "force_yaml_decode",
    "cache",
    "force_cache",
    "tls_use_system_certs",
    "tls_insecure_skip_verify",
)
_SECOND: Final = 10**9
_DEFAULT_TIMEOUT: Final = 5.0
_TOKEN: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart: what to connect to, and what to ask for there."""

    url: str
    secure: bool
    host: str
    port: int
    authority: str
    path: str
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """How a TLS connection is checked, and what it shows of us: PEM texts."""

    verify: bool = True
    server_name: str = ""
    authorities: str = ""
    system: bool = True
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request; `timeout` is in seconds."""

    method: str
    target: Target
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    timeout: float
    redirects: bool
    retries: int
    trust: Trust


def check_names(given: dict[Key, Value]) -> None:
    """Refuse a request that lacks a field or has one that http.send does not know.

    Raises:
        OperandError: with the names.
    """
    missing = [name for name in ("method", "url") if name not in given]
    if missing:
        raise OperandError(
            f"operand 1 missing required request parameters(s): {show(RegoSet(missing))}"
        )
    unknown = [name for name in given if name not in _KEYS]
    if unknown:
        raise OperandError(
            f"operand 1 invalid request parameters(s): {show(RegoSet(unknown))}"
        )


def read_request(given: dict[Key, Value], env: dict[str, str]) -> Request:
    """Return the request that an object asks for; `env` may hold its certificates.

    Raises:
        OperandError: if a field is missing or unknown.
        BuiltinError: if a field is malformed.
    """
    check_names(given)
    method = _string(given, "method").upper()
    if not method or not _TOKEN.issuperset(method):
        raise BuiltinError(f"net/http: invalid method {quote(method)}")
    for name in _BOOLEANS:
        boolean(given, name)
    if given.get("force_cache") is True and "force_cache_duration_seconds" not in given:
        raise BuiltinError(
            "'force_cache' set but 'force_cache_duration_seconds' parameter is missing"
        )
    return Request(
        method=method,
        target=read_target(_string(given, "url"), method),
        headers=_headers(given.get("headers", {})),
        body=_body(given),
        timeout=_timeout(given),
        redirects=boolean(given, "enable_redirect"),
        retries=_retries(given.get("max_retry_attempts", 0)),
        trust=_trust(given, env),
    )


def _string(given: dict[Key, Value], name: str) -> str:
    value = given.get(name, "")
    if type(value) is not str:
        raise BuiltinError(f'"{name}" must be a string')
    return value


def boolean(given: dict[Key, Value], name: str) -> bool:
    """Return a field that is a boolean; false if there is none.

    Raises:
        BuiltinError: if it is something else.
    """
    value = given.get(name, False)
    if type(value) is bool:
        return value
    raise BuiltinError(f"invalid value for {name} field: {show(value)} is no boolean")


def _body(given: dict[Key, Value]) -> bytes | None:
    if "raw_body" in given:
        return to_octets(_string(given, "raw_body"))
    return to_octets(write_json(given["body"])) if "body" in given else None


def _headers(value: Value) -> tuple[tuple[str, str], ...]:
    if type(value) is not dict:
        raise BuiltinError("invalid type for headers key")
    for found in value.values():
        if type(found) is not str:
            raise BuiltinError(f"invalid type for headers value {show(found)}")
    return tuple((str(name), found) for name, found in value.items())


def _timeout(given: dict[Key, Value]) -> float:
    value = given.get("timeout", 0)
    if type(value) is str:
        try:
            ns = read_duration(value)
        except BuiltinError as error:
            raise BuiltinError(
                f"invalid timeout value {quote(value)}: {error.message}"
            ) from None
    elif is_number(value):
        ns = int(value)
    else:
        raise OperandError(
            "operand 1 'timeout' must be one of {string, number} "
            f"but got {type_name(value)}"
        )
    return ns / _SECOND if ns > 0 else _DEFAULT_TIMEOUT


def _retries(value: Value) -> int:
    if not is_number(value) or value < 0 or value != int(value):
        raise BuiltinError(
            f'invalid value {show(value)} for field "max_retry_attempts"'
        )
    return int(value)


def _trust(given: dict[Key, Value], env: dict[str, str]) -> Trust:
    authorities = _pem(given, "tls_ca_cert", env)
    if authorities and "-----BEGIN CERTIFICATE-----" not in authorities:
        raise BuiltinError("could not append certificates")
    return Trust(
        verify=not boolean(given, "tls_insecure_skip_verify"),
        server_name=_string(given, "tls_server_name"),
        authorities=authorities,
        system=not authorities or boolean(given, "tls_use_system_certs"),
        certificate=_pem(given, "tls_client_cert", env),
        key=_pem(given, "tls_client_key", env),
    )


def _pem(given: dict[Key, Value], name: str, env: dict[str, str]) -> str:
    """Return a PEM text: itself, from a file, or from the environment if granted."""
    texts = [_string(given, name)]
    path, variable = (
        _string(given, f"{name}_file"),
        _string(given, f"{name}_env_variable"),
    )
    if path:
        try:
            texts.append(Path(path).read_text(encoding="ascii"))
        except (OSError, ValueError):
            raise BuiltinError(f"{name}_file: {path} could not be read") from None
    if variable:
        if variable not in env:
            raise BuiltinError(
                f"{name}_env_variable: {variable} is not set, "
                "or the environment is not granted (--allow env)"
            )
        texts.append(env[variable])
    return "\n".join(text for text in texts if text)


def read_target(url: str, method: str) -> Target:
    """Return what a URL leads to.

    Raises:
        BuiltinError: if it is none, or neither http nor https.

    >>> read_target("http://a/b?c", "GET").path
    '/b?c'
    """
    try:
        parts = split_uri(url)
    except BuiltinError as error:
        raise BuiltinError(f"parse {quote(url)}: {error.message}") from None
    scheme = parts["scheme"]
    if scheme not in ("http", "https"):
        raise BuiltinError(
            f"{method.capitalize()} {quote(url)}: "
            f"unsupported protocol scheme {quote(scheme)}"
        )
    if not parts.get("hostname"):
        raise BuiltinError(
            f"{method.capitalize()} {quote(url)}: no Host in request URL"
        )
    path = percent_encode(parts["escaped_path"] or "/", safe="/%:@!$&'()*+,;=~-._[]")
    query = percent_encode(parts["raw_query"], safe="/%:@!$&'()*+,;=~-._?[]")
    authority = url.partition("//")[2].partition("/")[0]
    user, at, _ = authority.rpartition("@")
    port = int(parts["port"] or (443 if scheme == "https" else 80))
    if port > 65535:
        raise BuiltinError(f"dial tcp: address {port}: invalid port")
    return Target(
        url=url,
        secure=scheme == "https",
        host=parts["hostname"],
        port=port,
        authority=parts["host"],
        path=f"{path}?{query}" if query else path,
        user=decode_escapes(user) if at else None,
    )


def redirected(request: Request, status: int, url: str) -> Request:
    """Return the request that follows a redirection to `url`.

    After 301, 302 and 303 it is a GET without a body, unless it was a HEAD. What
    authenticates us is not shown to another host.
    """
    target = read_target(url, request.method)
    kept = request.headers
    if target.host != request.target.host:
        private = ("authorization", "cookie", "www-authenticate")
        kept = tuple(h for h in kept if h[0].lower() not in private)
    kept = tuple(h for h in kept if h[0].lower() != "host")
    if status in (307, 308) or request.method == "HEAD":
        return replace(request, target=target, headers=kept)
    method = request.method if request.method == "GET" else "GET"
    return replace(request, target=target, headers=kept, method=method, body=None)
