"""ASSERTION -> SQL: read, denied, checked and enforced."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from comply.sql.assertion import Assertion, parse
from comply.sql.errors import AssertionViolated

if TYPE_CHECKING:
    from comply.sql.sandbox import Sandbox


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the sandbox when it is asked for: assertions over facts need no DuckDB."""
    if name == "Sandbox":
        return import_module("comply.sql.sandbox").Sandbox
    raise AttributeError(f"module 'comply.sql' has no attribute {name!r}")


__all__ = ["Assertion", "AssertionViolated", "Sandbox", "parse"]
