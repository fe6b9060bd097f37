"""What OPA answered to calls of its built-ins: fixtures/builtins/<family>.jsonl.

A line holds the call, its operands, and the value, the error, or that there was none.
`{"$number": text}` is a number as written, `{"$set": [...]}` a set, and
`{"$object": [[key, value], ...]}` an object with other keys than strings.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from comply.plan.builtins.octets import printable
from comply.plan.values import (
    NumberLiteral,
    RegoSet,
    Value,
    freeze,
    is_number,
    number_text,
    thaw,
)

Json: TypeAlias = Any

FOLDER = Path(__file__).parents[1] / "fixtures" / "builtins"
FAMILIES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


def read(family: str) -> list[dict[str, Any]]:
    lines = (FOLDER / f"{family}.jsonl").read_text().split("\n")
    return [json.loads(line) for line in lines if line]


def decode(data: Json) -> Value:
    """Return the operand that a fixture spells."""
    if isinstance(data, list):
        return [decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    match data:
        case {"$number": text}:
            return int(text) if text.lstrip("-").isdigit() else NumberLiteral(text)
        case {"$set": members}:
            return RegoSet(decode(member) for member in members)
        case {"$object": pairs}:
            return {freeze(decode(key)): decode(value) for key, value in pairs}
        case _:
            return {key: decode(value) for key, value in data.items()}


def wanted(data: Json) -> Json:
    """Return an answer in the form that `shown` gives: sets are arrays there."""
    if isinstance(data, list):
        return [wanted(item) for item in data]
    if isinstance(data, dict):
        if "$number" in data:
            return _number(data["$number"])
        return {key: wanted(value) for key, value in data.items()}
    return _number(str(data)) if is_number(data) else data


def shown(value: Value) -> Json:
    """Return a value to compare with an answer: numbers by the digits they print."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, RegoSet):
        return [shown(item) for item in value.ordered()]
    if isinstance(value, dict):
        return {_key(key): shown(item) for key, item in value.items()}
    return _number(number_text(value)) if is_number(value) else value


def _key(key: Value) -> str:
    if isinstance(key, str):
        return key
    value = thaw(key)
    return number_text(value) if is_number(value) else json.dumps(shown(value))


def _number(text: str) -> tuple[str, Decimal]:
    """Return a number that equals only numbers, and zero without its sign."""
    number = Decimal(text)
    return ("number", number.normalize() if number else Decimal(0))
