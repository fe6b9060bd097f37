"""The built-in http.send: a request to another system, if the user allows it.

https://www.openpolicyagent.org/docs/policy-reference/builtins/http
"""

import time
from typing import Final

from comply.plan.builtins.failure import BuiltinError, Evaluation, HaltError
from comply.plan.builtins.http_client import NetworkError, Response, send
from comply.plan.builtins.http_request import (
    Request,
    boolean,
    check_names,
    read_request,
)
from comply.plan.builtins.json_text import read_json
from comply.plan.builtins.octets import to_text
from comply.plan.builtins.operands import mapping
from comply.plan.builtins.yaml_text import read_yaml
from comply.plan.values import Key, Value, freeze

CAPABILITY: Final = "http.send"
_LONGEST_PAUSE: Final = 2.0


def send_request(evaluation: Evaluation, request: Value) -> dict[str, Value]:
    """Return the response to a request, the same within one evaluation.

    It has `status`, `status_code`, `headers` (lower case, to arrays), `raw_body`, and
    `body` if that is JSON or YAML. With `raise_error` false a failure is a response as
    well: `status_code` 0 and `error`. What `cache` and its kin ask for beyond the
    evaluation is not kept: a run is short, and its answers should be of today.

    Raises:
        HaltError: if the user does not allow `http.send`.
        BuiltinError: if the request is malformed, or there is no response.
    """
    given = mapping(request)
    check_names(given)
    if CAPABILITY not in evaluation.allowed:
        raise HaltError(
            f"a rule wants to call {given.get('url', '?')}, which is not allowed; "
            f"to let rules use the network, add: --allow {CAPABILITY}"
        )
    raises = given.get("raise_error", True)
    if type(raises) is not bool:
        raise BuiltinError("invalid value for raise_error field")
    key = (CAPABILITY, freeze(_without_ignored(given)))
    if key not in evaluation.cache:
        evaluation.cache[key] = _outcome(given, evaluation.env)
    found: dict[str, Value] | NetworkError = evaluation.cache[key]
    if not isinstance(found, NetworkError):
        return found
    if raises:
        raise BuiltinError(found.message)
    return {
        "status_code": 0,
        "error": {"code": "eval_http_send_network_error", "message": found.message},
    }


def _without_ignored(given: dict[Key, Value]) -> dict[Key, Value]:
    """Return a request without the headers that make no difference to its response."""
    ignored = given.get("cache_ignored_headers")
    headers = given.get("headers")
    if type(ignored) is not list or type(headers) is not dict:
        return given
    kept = {name: value for name, value in headers.items() if name not in ignored}
    return {**given, "headers": kept}


def _outcome(
    given: dict[Key, Value], env: dict[str, str]
) -> dict[str, Value] | NetworkError:
    request = read_request(given, env)
    try:
        response = _send_again(request)
    except NetworkError as error:
        return error
    return _shown(given, response)


def _send_again(request: Request) -> Response:
    """Send a request as often as it wants, with growing pauses."""
    for attempt in range(request.retries):
        try:
            return send(request)
        except NetworkError:
            time.sleep(min(0.1 * 2**attempt, _LONGEST_PAUSE))
    return send(request)


def _shown(given: dict[Key, Value], response: Response) -> dict[str, Value]:
    headers: dict[str, Value] = {}
    for name, value in response.headers:
        headers.setdefault(name, []).append(value)
    text = to_text(response.body)
    return {
        "status": f"{response.status} {response.reason}",
        "status_code": response.status,
        "headers": headers,
        "raw_body": text,
        "body": _decoded(given, headers, text),
    }


def _decoded(given: dict[Key, Value], headers: dict[str, Value], text: str) -> Value:
    """Return a body's value if it is JSON or YAML, by its type or by force."""
    kind = str(headers.get("content-type", [""])[0])
    try:
        if boolean(given, "force_json_decode") or "application/json" in kind:
            return read_json(text)
        if boolean(given, "force_yaml_decode") or "yaml" in kind:
            return read_yaml(text)
    except BuiltinError:
        return None
    return None


BUILTINS: Final = {"http.send": send_request}
