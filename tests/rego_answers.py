"""What OPA 1.22 answered to small policies: fixtures/rego/answers/<topic>.jsonl.

A line holds the module, the input if there was one, and the document `data.p` or the
errors as code, first line of the message, and row.
"""

import json
from typing import Any

import pytest
from tests.shared_data import FIXTURES, json_lines

import comply
from comply.plan.values import UNDEFINED
from comply.rego import RegoError

Answer = dict[str, Any]


def answers(topic: str) -> list[Any]:
    """Return the parameters of a test, one an answer."""
    lines = json_lines(FIXTURES / "rego" / "answers" / f"{topic}.jsonl")
    ids = [line["text"].removeprefix("package p\n").strip() for line in lines]
    times = dict.fromkeys(ids, 0)
    made = []
    for label, line in zip(ids, lines, strict=True):
        times[label] += 1
        suffix = "" if times[label] == 1 else f" ~{times[label]}"
        made.append(pytest.param(line, id=label + suffix))
    return made


def ours(text: str, input_: Any = UNDEFINED) -> Any:
    """Return `data.p` of a policy, or its errors as a fixture has them."""
    try:
        policy = comply.rego.compile({"p.rego": text})
        return policy.eval("data.p", input=input_)
    except RegoError as error:
        return sorted({_summary(e) for e in error.errors})


def _summary(error: RegoError) -> tuple[str, str, int]:
    row = error.span.row if error.span is not None else 0
    return error.code, error.message.split("\n")[0], row


def check(answer: Answer) -> None:
    """Assert that we answer as OPA did."""
    got = ours(answer["text"], answer.get("input", UNDEFINED))
    if "errors" in answer:
        assert got == [tuple(error) for error in answer["errors"]]
    else:
        assert _shown(got) == _shown(answer["answer"])


def _shown(value: object) -> str:
    return json.dumps(value, sort_keys=True)
