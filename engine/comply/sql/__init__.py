"""ASSERTION -> SQL: read, denied, checked and enforced."""

from comply.sql.assertion import Assertion, parse
from comply.sql.errors import AssertionViolated
from comply.sql.sandbox import Sandbox

__all__ = ["Assertion", "AssertionViolated", "Sandbox", "parse"]
