"""The built-in providers.aws.sign_req: AWS Signature Version 4.

https://www.openpolicyagent.org/docs/policy-reference/builtins/providers.aws; the
signature: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from string import ascii_letters, digits
from typing import Final

from comply.classes import dataclass
from comply.plan.builtins.failure import BuiltinError, OperandError
from comply.plan.builtins.json_text import write_json
from comply.plan.builtins.octets import to_octets
from comply.plan.builtins.operands import mapping, number
from comply.plan.builtins.urls import decode_escapes, quote_path, split_uri
from comply.plan.values import Key, RegoSet, Value, quote, show

_REQUEST: Final = ("method", "url")
_CONFIG: Final = (
    "aws_access_key",
    "aws_region",
    "aws_secret_access_key",
    "aws_service",
)
_UNSIGNED: Final = frozenset({"authorization", "user-agent", "x-amzn-trace-id"})
# These services want the digest of the body among the headers.
_BODY_DIGEST: Final = frozenset({"s3", "glacier"})
_PATH: Final = frozenset(ascii_letters + digits + "-_.~!$&'()*+,;=:@/[]%")


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, for what, and when."""

    access_key: str
    secret_key: str
    region: str
    service: str
    moment: datetime

    @property
    def timestamp(self) -> str:
        """Return the moment as AWS writes it: `20151228T140825Z`."""
        return self.moment.strftime("%Y%m%dT%H%M%SZ")

    @property
    def scope(self) -> str:
        """Return the credential scope."""
        day = self.timestamp[:8]
        return f"{day}/{self.region}/{self.service}/aws4_request"


def sign_request(request: Value, config: Value, time_ns: Value) -> dict[Key, Value]:
    """Return a request for `http.send` with the headers that authenticate it.

    `request` has `method`, `url` and perhaps `headers`, `body` or `raw_body`; `config`
    has `aws_access_key`, `aws_secret_access_key`, `aws_service`, `aws_region` and
    perhaps `aws_session_token` and `disable_payload_signing`; `time_ns` counts from
    the Unix epoch.

    Raises:
        OperandError: if something of it is missing or of a wrong type.
        BuiltinError: if the URL is none.
    """
    wanted = mapping(request)
    settings = mapping(config, 2)
    moment = _moment(time_ns)
    _check(settings, _CONFIG, 2, "AWS config parameters(s)")
    unsigned_body = settings.get("disable_payload_signing", False)
    if type(unsigned_body) is not bool:
        raise OperandError(
            "operand 2 invalid value for 'disable_payload_signing' in AWS config"
        )
    _check(wanted, _REQUEST, 1, "request parameters(s)")
    signer = Signer(
        settings["aws_access_key"],
        settings["aws_secret_access_key"],
        settings["aws_region"],
        settings["aws_service"],
        moment,
    )
    own = _own_headers(wanted)
    target = _target(wanted["url"])
    digest = "UNSIGNED-PAYLOAD" if unsigned_body else sha256(_body(wanted)).hexdigest()
    added = {"host": target[0], "x-amz-date": signer.timestamp}
    if signer.service in _BODY_DIGEST:
        added["x-amz-content-sha256"] = digest
    token = settings.get("aws_session_token")
    if type(token) is str:
        added["x-amz-security-token"] = token
    canonical = (wanted["method"], *target[1:], {**added, **_lowered(own)}, digest)
    authorization = _authorization(signer, canonical)
    headers = {**own, "Authorization": authorization, **added}
    return {**wanted, "headers": headers}


def _moment(time_ns: Value) -> datetime:
    number(time_ns, 3)
    if type(time_ns) is not int or not -(2**63) <= time_ns < 2**63:
        raise OperandError(
            "operand 3 could not convert time_ns value into a unix timestamp"
        )
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time_ns // 10**9)


def _check(
    given: dict[Key, Value], names: tuple[str, ...], position: int, what: str
) -> None:
    missing = [name for name in names if name not in given]
    if missing:
        raise OperandError(
            f"operand {position} missing required {what}: {show(RegoSet(missing))}"
        )
    wrong = [name for name in names if type(given[name]) is not str]
    if wrong:
        raise OperandError(
            f"operand {position} invalid values for required {what}: "
            f"{show(RegoSet(wrong))}"
        )


def _own_headers(request: dict[Key, Value]) -> dict[str, str]:
    given = mapping(request.get("headers", {}), 1)
    return {
        str(name): value if type(value) is str else "" for name, value in given.items()
    }


def _lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _body(request: dict[Key, Value]) -> bytes:
    if "raw_body" in request:
        raw = request["raw_body"]
        return to_octets(raw) if type(raw) is str else b""
    return to_octets(write_json(request["body"])) if "body" in request else b""


def _target(url: str) -> tuple[str, str, str]:
    """Return a URL's host with port, its escaped path, and its query."""
    try:
        parts = split_uri(url)
    except BuiltinError as error:
        raise BuiltinError(f"parse {quote(url)}: {error.message}") from None
    path = parts.get("escaped_path", "")
    if not _PATH.issuperset(path):
        path = quote_path(decode_escapes(path))
    return parts.get("host", ""), path, parts["raw_query"]


def _authorization(
    signer: Signer, canonical: tuple[str, str, str, dict[str, str], str]
) -> str:
    method, path, query, headers, digest = canonical
    signed = {name: value for name, value in headers.items() if name not in _UNSIGNED}
    names = sorted(signed)
    lines = "".join(f"{name}:{signed[name]}\n" for name in names)
    request = "\n".join((method, path, query, lines, ";".join(names), digest))
    request_digest = sha256(to_octets(request)).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{signer.timestamp}\n{signer.scope}\n{request_digest}"
    key = to_octets("AWS4" + signer.secret_key)
    for part in signer.scope.split("/"):
        key = hmac.digest(key, to_octets(part), "sha256")
    signature = hmac.digest(key, to_octets(to_sign), "sha256").hex()
    return (
        f"AWS4-HMAC-SHA256 Credential={signer.access_key}/{signer.scope},"
        f"SignedHeaders={';'.join(names)},Signature={signature}"
    )


BUILTINS: Final = {"providers.aws.sign_req": sign_request}
