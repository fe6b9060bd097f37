"""ASSERTIONS -> Oracle 23.26.1: the DDL that it accepts, and what drops them."""

from collections.abc import Sequence

from comply.dialect.assertion_printer import assertion_text, name_text
from comply.dialect.syntax import CreateAssertion
from comply.version import VERSION


def install(assertions: Sequence[CreateAssertion]) -> str:
    """Return CREATE ASSERTION for each, as documented, with the state it is in."""
    head = (
        f"-- SQL assertions for Oracle 23.26.1 or newer, written by comply {VERSION}.\n"
    )
    return "\n".join([head, *(f"{assertion_text(made)};\n" for made in assertions)])


def uninstall(assertions: Sequence[CreateAssertion]) -> str:
    """Return the script that drops assertions, the last first."""
    names = (name_text(made.name) for made in reversed(assertions))
    return "".join(f"DROP ASSERTION IF EXISTS {name};\n" for name in names)
