"""Each built-in answers what OPA 1.22 answered, errors included."""

import doctest
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.builtin_answers import FAMILIES, decode, read, shown, wanted

import comply.plan.builtins
from comply.plan import values
from comply.plan.builtins import lookup
from comply.plan.builtins.failure import BuiltinError
from comply.plan.values import UNDEFINED

PACKAGE = Path(comply.plan.builtins.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def answer(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row like `row`, with what our function answers."""
    asked = {"call": row["call"], "operands": row["operands"]}
    try:
        value = lookup(row["call"])(*map(decode, row["operands"]))
    except BuiltinError as error:
        # Of some errors only the kind is promised: their text is null.
        message = None if row.get("error", "") is None else error.message
        return {**asked, "error": message, "code": error.code}
    if value is UNDEFINED:
        return {**asked, "undefined": True}
    return {**asked, "value": shown(value)}


@pytest.mark.parametrize("family", FAMILIES)
def test_as_opa(family: str) -> None:
    rows = read(family)
    assert len(rows) > 20
    for row in rows:
        if "value" in row:
            row["value"] = wanted(row["value"])
        assert answer(row) == row


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = import_module(f"comply.plan.builtins.{name}")
    assert not doctest.testmod(module).failed


def test_examples_of_values() -> None:
    assert not doctest.testmod(values).failed
