"""REQUEST -> RESPONSE, over the network: deadlines, TLS, redirections.

Standard library only: a rule's request is one connection, checked as OPA checks it.
"""

import socket
import ssl
import time
from base64 import b64encode
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urljoin

from comply.classes import dataclass
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.http_request import Request, Target, Trust, redirected
from comply.plan.values import quote
from comply.version import VERSION

_REDIRECTIONS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTIONS: Final = 10
_LARGEST_BODY: Final = 64 * 2**20
_CHUNK: Final = 2**16


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class NetworkError(BuiltinError):
    """A request that got no response."""


def send(request: Request) -> Response:
    """Return the response to a request, redirections followed if it wants them.

    Raises:
        NetworkError: if there is none in time, or it is too large.
    """
    deadline = time.monotonic() + request.timeout
    for _ in range(_MOST_REDIRECTIONS + 1):
        response = _send_once(request, deadline)
        location = dict(response.headers).get("location")
        follows = request.redirects and response.status in _REDIRECTIONS
        if not follows or location is None:
            return response
        url = urljoin(request.target.url, location)
        request = redirected(request, response.status, url)
    raise _failed(request, f"stopped after {_MOST_REDIRECTIONS} redirects")


def _send_once(request: Request, deadline: float) -> Response:
    try:
        with closing(_connect(request, deadline)) as connection:
            _write(connection, request)
            with connection.getresponse() as answer:
                body = _read(connection, answer, deadline)
                headers = tuple((k.lower(), v) for k, v in answer.getheaders())
                return Response(answer.status, answer.reason, headers, body)
    except TimeoutError:
        url = request.target.url
        method = request.method.capitalize()
        raise NetworkError(f"{method} {url}: request timed out") from None
    except (OSError, HTTPException, ValueError) as error:
        raise _failed(request, _reason(error, request.target)) from None


def _failed(request: Request, reason: str) -> NetworkError:
    method = request.method.capitalize()
    return NetworkError(f"{method} {quote(request.target.url)}: {reason}")


def _reason(error: Exception, target: Target) -> str:
    """Return why a connection failed, in Go's words where they are known."""
    match error:
        case ssl.SSLCertVerificationError():
            why = error.verify_message or error.reason
            return f"tls: failed to verify certificate: x509: {why}"
        case ssl.SSLError():
            return f"tls: {error.reason or 'the connection failed'}"
        case socket.gaierror():
            return f"dial tcp: lookup {target.host}: no such host"
        case ConnectionRefusedError():
            where = f"{target.host}:{target.port}"
            return f"dial tcp {where}: connect: connection refused"
        case ConnectionResetError() | BrokenPipeError():
            return "EOF"
        case HTTPException() if "Remote end closed" in str(error):
            return "EOF"
        case _:
            return str(error) or type(error).__name__


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connect(request: Request, deadline: float) -> HTTPConnection:
    target = request.target
    connection = HTTPConnection(target.host, target.port)
    wire = socket.create_connection((target.host, target.port), _left(deadline))
    connection.sock = wire
    if target.secure:
        try:
            context = tls_context(request.trust)
            name = request.trust.server_name or target.host
            wire.settimeout(_left(deadline))
            connection.sock = context.wrap_socket(wire, server_hostname=name)
        except BaseException:
            wire.close()
            raise
    connection.sock.settimeout(_left(deadline))
    return connection


def tls_context(trust: Trust) -> ssl.SSLContext:
    """Return how to check and to prove identities.

    Raises:
        BuiltinError: if a certificate or a key is malformed.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust.system:
        context.load_default_certs()
    try:
        if trust.authorities:
            context.load_verify_locations(cadata=trust.authorities)
    except ssl.SSLError:
        raise BuiltinError("could not append certificates") from None
    if trust.certificate:
        _show_certificate(context, trust)
    if not trust.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _show_certificate(context: ssl.SSLContext, trust: Trust) -> None:
    """Give a context our own certificate: OpenSSL reads it from files alone."""
    with TemporaryDirectory() as folder:
        paths = (Path(folder) / "certificate.pem", Path(folder) / "key.pem")
        for path, text in zip(paths, (trust.certificate, trust.key), strict=True):
            path.touch(mode=0o600)
            path.write_text(text, encoding="ascii")
        try:
            context.load_cert_chain(*paths)
        except (ssl.SSLError, OSError):
            raise BuiltinError(
                "tls_client_cert and tls_client_key are no pair of PEM texts"
            ) from None


def _write(connection: HTTPConnection, request: Request) -> None:
    given = {name.lower() for name, _ in request.headers}
    connection.putrequest(
        request.method, request.target.path, skip_host=True, skip_accept_encoding=True
    )
    if "host" not in given:
        connection.putheader("Host", request.target.authority)
    if "user-agent" not in given:
        connection.putheader("User-Agent", f"comply/{VERSION}")
    if request.target.user is not None and "authorization" not in given:
        encoded = b64encode(request.target.user.encode()).decode()
        connection.putheader("Authorization", f"Basic {encoded}")
    for name, value in request.headers:
        if name.lower() not in ("content-length", "transfer-encoding"):
            connection.putheader(name, value.encode("utf-8", "replace"))
    if request.body is not None:
        connection.putheader("Content-Length", str(len(request.body)))
    connection.putheader("Connection", "close")
    connection.endheaders(request.body)


def _read(connection: HTTPConnection, answer: HTTPResponse, deadline: float) -> bytes:
    """Return a response's body, read until the deadline and no further than allowed."""
    chunks: list[bytes] = []
    size = 0
    while True:
        if connection.sock is not None:
            connection.sock.settimeout(_left(deadline))
        _left(deadline)
        chunk = answer.read1(_CHUNK)
        if not chunk:
            return b"".join(chunks)
        size += len(chunk)
        if size > _LARGEST_BODY:
            raise HTTPException(f"the response is larger than {_LARGEST_BODY} bytes")
        chunks.append(chunk)
