"""REGO -> PLAN: the compiler for Rego v0 and v1."""

from comply.rego.errors import RegoError
from comply.rego.policy import Policy
from comply.rego.policy import compile_modules as compile  # noqa: A004  (the contract)

__all__ = ["Policy", "RegoError", "compile"]
