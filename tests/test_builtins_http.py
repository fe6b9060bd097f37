"""`http.send`: real requests to a server of our own on the loopback."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from cryptography import x509
from tests.certificates import Identity, authority, issue

from comply.plan.builtins import http_client, lookup
from comply.plan.builtins.failure import BuiltinError, Evaluation, HaltError
from comply.plan.values import Value

Fields = dict[str, Any]

NOT_YET = Event()


FIXED = {
    "/json": (b'{"a":[1,2.50]}', "application/json; charset=utf-8"),
    "/yaml": (b"a: 1\n", "application/yaml"),
    "/broken": (b"{", "application/json"),
    "/bytes": (b"\xff\xfe", "application/octet-stream"),
    "/big": (b"x" * 5000, "text/plain"),
}
REDIRECTIONS = {
    "/302": (302, "/echo"),
    "/307": (307, "/echo"),
    "/loop": (302, "/loop"),
    "/away": (302, "http://localhost:{port}/echo"),
}


class Answers(BaseHTTPRequestHandler):
    """Answers by path; `/echo` shows what it was sent."""

    protocol_version = "HTTP/1.1"
    calls: list[str]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def answer(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size).decode()
        self.calls.append(self.path)
        path = self.path.partition("?")[0]
        if path in FIXED:
            self.say(200, *FIXED[path])
        elif path in REDIRECTIONS:
            port = self.request.getsockname()[1]
            status, location = REDIRECTIONS[path]
            self.say(status, b"", location=location.format(port=port))
        elif path == "/echo":
            seen = {k.lower(): v for k, v in self.headers.items()}
            shown = [self.command, self.path, seen, body]
            self.say(200, json.dumps(shown).encode(), "application/json")
        elif path == "/slow":
            NOT_YET.wait(3)
        elif path == "/drip":
            self.drip()
        elif path == "/hang-up" or self.calls.count("/flaky") in (1, 2):
            self.close_connection = True
        else:
            self.say(404, b"nope")

    def say(
        self, status: int, body: bytes, kind: str = "text/plain", location: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("X-Twice", "1")
        self.send_header("X-Twice", "2")
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def drip(self) -> None:
        """Send a byte now and then, forever: no single wait is long."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            while not NOT_YET.wait(0.02):
                self.wfile.write(b".")
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_HEAD = answer  # noqa: N815  (the server's names)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[ThreadingHTTPServer]:
    handler = type("OwnAnswers", (Answers,), {"calls": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # (quiet)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    with serving() as started:
        yield started


@pytest.fixture
def root(server: ThreadingHTTPServer) -> str:
    server.RequestHandlerClass.calls.clear()  # type: ignore[attr-defined]
    return f"http://127.0.0.1:{server.server_address[1]}"


def allowed(**extra: Value) -> Evaluation:
    return Evaluation(allowed=frozenset({"http.send"}), **extra)


def send(url: str, evaluation: Evaluation | None = None, **fields: Value) -> Value:
    request = {"method": "get", "url": url, **fields}
    return lookup("http.send")(evaluation or allowed(), request)


def test_nothing_is_sent_unless_the_user_allows_it(
    root: str, server: ThreadingHTTPServer
) -> None:
    with pytest.raises(HaltError, match=r"--allow http\.send"):
        send(f"{root}/json", Evaluation())
    assert server.RequestHandlerClass.calls == []  # type: ignore[attr-defined]


def test_a_response(root: str) -> None:
    response = send(f"{root}/json")
    assert response["status"] == "200 OK"
    assert response["status_code"] == 200
    assert response["body"] == {"a": [1, 2.5]}
    assert response["raw_body"] == '{"a":[1,2.50]}'
    assert response["headers"]["x-twice"] == ["1", "2"]


@pytest.mark.parametrize(
    ("path", "fields", "body"),
    [
        ("/yaml", {}, {"a": 1}),
        ("/broken", {}, None),
        ("/broken", {"force_yaml_decode": True}, None),
        ("/bytes", {}, None),
        ("/missing", {}, None),
        ("/yaml", {"force_json_decode": True}, None),
    ],
)
def test_bodies(root: str, path: str, fields: dict[str, Any], body: Value) -> None:
    assert send(root + path, **fields)["body"] == body


def test_a_head_has_no_body(root: str) -> None:
    assert send(f"{root}/json", method="head")["raw_body"] == ""


def test_what_is_sent(root: str) -> None:
    headers = {"X-A": "é", "Host": "own", "User-Agent": "me", "Content-Length": "9"}
    url = f"{root}/echo?q=a b&r=%20"
    method, path, seen, body = send(
        url, method="POST", headers=headers, body={"x": "<"}
    )["body"]
    assert (method, path, body) == ("POST", "/echo?q=a%20b&r=%20", '{"x":"\\u003c"}')
    assert seen["host"] == "own"
    assert seen["user-agent"] == "me"
    assert seen["content-length"] == str(len(body))
    assert seen["x-a"].encode("latin-1").decode() == "é"
    raw = send(f"{root}/echo", method="post", raw_body="raw", body=1)["body"]
    assert raw[3] == "raw"
    assert raw[2]["user-agent"].startswith("comply/")


def test_a_user_in_the_url_authenticates(root: str) -> None:
    url = root.replace("//", "//me:p%40ss@") + "/echo"
    assert send(url)["body"][2]["authorization"] == "Basic bWU6cEBzcw=="


def test_an_evaluation_asks_once(root: str, server: ThreadingHTTPServer) -> None:
    evaluation = allowed()
    first = send(f"{root}/json", evaluation)
    assert send(f"{root}/json", evaluation) is first
    send(f"{root}/json", evaluation, headers={"x": "1"})
    for number in "12":
        fields: Fields = {"cache_ignored_headers": ["t"], "headers": {"t": number}}
        send(f"{root}/json", evaluation, **fields)
    assert len(server.RequestHandlerClass.calls) == 3  # type: ignore[attr-defined]


def test_redirections_are_followed_if_wanted(root: str) -> None:
    assert send(f"{root}/302")["status_code"] == 302
    post: Fields = {"method": "POST", "body": 1, "enable_redirect": True}
    assert send(f"{root}/302", **post)["body"][0::3] == ["GET", ""]
    assert send(f"{root}/307", **post)["body"][0::3] == ["POST", "1"]
    head = send(f"{root}/302", method="HEAD", enable_redirect=True)
    assert head["status_code"] == 200
    with pytest.raises(BuiltinError, match="stopped after 10 redirects"):
        send(f"{root}/loop", enable_redirect=True)


def test_another_host_does_not_see_who_we_are(root: str) -> None:
    headers = {"Authorization": "secret", "X-A": "1"}
    seen = send(f"{root}/away", headers=headers, enable_redirect=True)["body"][2]
    assert "authorization" not in seen
    assert seen["x-a"] == "1"
    near = send(f"{root}/302", headers=headers, enable_redirect=True)["body"][2]
    assert near["authorization"] == "secret"


@pytest.mark.parametrize("path", ["/slow", "/drip"])
def test_no_answer_takes_longer_than_the_timeout(root: str, path: str) -> None:
    with pytest.raises(BuiltinError, match="request timed out"):
        send(root + path, timeout="150ms")
    with pytest.raises(BuiltinError, match="request timed out"):
        send(root + path, timeout=150_000_000)


def test_a_failure_is_a_response_if_wanted(root: str) -> None:
    response = send("http://127.0.0.1:1/", raise_error=False)
    assert response["status_code"] == 0
    assert response["error"]["code"] == "eval_http_send_network_error"
    assert "connection refused" in response["error"]["message"]
    with pytest.raises(BuiltinError, match=r'Get "http://127.0.0.1:1/": dial tcp'):
        send("http://127.0.0.1:1/")
    with pytest.raises(BuiltinError, match="EOF"):
        send(f"{root}/hang-up")
    with pytest.raises(BuiltinError, match="no such host"):
        send("http://nothing.invalid/")


def test_trying_again(root: str, server: ThreadingHTTPServer) -> None:
    assert send(f"{root}/flaky", max_retry_attempts=3)["status_code"] == 404
    assert len(server.RequestHandlerClass.calls) == 3  # type: ignore[attr-defined]


def test_a_response_is_no_larger_than_allowed(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "_LARGEST_BODY", 1000)
    with pytest.raises(BuiltinError, match="larger than 1000 bytes"):
        send(f"{root}/big")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"url": 1}, '"url" must be a string'),
        ({"url": "x"}, "unsupported protocol scheme"),
        ({"url": "http:///x"}, "no Host"),
        ({"url": "http://a b/"}, "invalid character"),
        ({"url": "http://a:99999/"}, "invalid port"),
        ({"method": "A B"}, "invalid method"),
        ({"foo": 1}, 'invalid request parameters\\(s\\): {"foo"}'),
        ({"headers": 1}, "invalid type for headers key"),
        ({"headers": {"a": 1}}, "invalid type for headers value 1"),
        ({"headers": {"a": "b\r\nc: d"}}, "Invalid header value"),
        ({"timeout": "x"}, 'invalid timeout value "x"'),
        ({"timeout": []}, "'timeout' must be one of"),
        ({"raise_error": 1}, "invalid value for raise_error"),
        ({"enable_redirect": 1}, "invalid value for enable_redirect"),
        ({"force_cache": True}, "force_cache_duration_seconds"),
        ({"max_retry_attempts": -1}, "max_retry_attempts"),
        ({"tls_ca_cert": "x"}, "could not append certificates"),
        ({"tls_ca_cert_file": "/nothing"}, "could not be read"),
        ({"tls_ca_cert_env_variable": "NO"}, "--allow env"),
    ],
)
def test_malformed_requests(root: str, fields: dict[str, Any], message: str) -> None:
    request = {"method": "get", "url": f"{root}/json", **fields}
    with pytest.raises(BuiltinError, match=message):
        lookup("http.send")(allowed(), request)


def test_a_request_needs_a_method_and_a_url() -> None:
    with pytest.raises(BuiltinError, match=r'\{"method", "url"\}'):
        lookup("http.send")(allowed(), {})
    with pytest.raises(BuiltinError, match="must be object"):
        lookup("http.send")(allowed(), 1)


AUTHORITY = authority("authority")


def named(*names: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


def server_side(identity: Identity, folder: Path, *, mutual: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path = folder / "server.pem"
    path.write_text(identity.pem + identity.key_pem)
    context.load_cert_chain(path)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=AUTHORITY.pem)
    return context


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    identity = issue("server", AUTHORITY, named("localhost", "other"))
    context = server_side(identity, tmp_path_factory.mktemp("tls"), mutual=False)
    with serving(context) as started:
        yield f"https://localhost:{started.server_address[1]}"


def test_a_server_is_trusted_by_its_authority(secure: str, tmp_path: Path) -> None:
    with pytest.raises(BuiltinError, match="failed to verify certificate"):
        send(f"{secure}/json")
    assert send(f"{secure}/json", tls_ca_cert=AUTHORITY.pem)["status_code"] == 200
    both: Fields = {"tls_ca_cert": AUTHORITY.pem, "tls_use_system_certs": True}
    assert send(f"{secure}/json", **both)["status_code"] == 200
    path = tmp_path / "authority.pem"
    path.write_text(AUTHORITY.pem)
    assert send(f"{secure}/json", tls_ca_cert_file=str(path))["status_code"] == 200
    granted = allowed(env={"CA": AUTHORITY.pem})
    variable: Fields = {"tls_ca_cert_env_variable": "CA"}
    assert send(f"{secure}/json", granted, **variable)["status_code"] == 200
    assert send(f"{secure}/json", tls_insecure_skip_verify=True)["status_code"] == 200


def test_a_server_is_checked_by_its_name(secure: str) -> None:
    trusted: Fields = {"tls_ca_cert": AUTHORITY.pem}
    by_address = secure.replace("localhost", "127.0.0.1") + "/json"
    with pytest.raises(BuiltinError, match="failed to verify certificate"):
        send(by_address, **trusted)
    assert send(by_address, **trusted, tls_server_name="other")["status_code"] == 200
    with pytest.raises(BuiltinError, match="failed to verify certificate"):
        send(f"{secure}/json", **trusted, tls_server_name="stranger")


def test_a_plain_server_is_no_secure_one(root: str) -> None:
    with pytest.raises(BuiltinError, match="tls: "):
        send(root.replace("http:", "https:") + "/json")


def test_a_client_proves_itself(tmp_path: Path) -> None:
    identity = issue("server", AUTHORITY, named("localhost"))
    client = issue("client", AUTHORITY)
    with serving(server_side(identity, tmp_path, mutual=True)) as started:
        url = f"https://localhost:{started.server_address[1]}/json"
        trusted: Fields = {"tls_ca_cert": AUTHORITY.pem}
        own: Fields = {"tls_client_cert": client.pem, "tls_client_key": client.key_pem}
        assert send(url, **trusted, **own)["status_code"] == 200
        with pytest.raises(BuiltinError):
            send(url, **trusted)
        with pytest.raises(BuiltinError, match="no pair of PEM texts"):
            send(url, **trusted, **{**own, "tls_client_key": identity.key_pem})


def test_an_authority_that_is_none(root: str) -> None:
    text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    secured = root.replace("http:", "https:") + "/json"
    with pytest.raises(BuiltinError, match="could not append certificates"):
        send(secured, tls_ca_cert=text)
