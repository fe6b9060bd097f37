"""NAMES -> MODULES: what Spacelift defines for policies, where they use it."""

from collections.abc import Iterable

from comply.rego.parser import parse_module
from comply.rego.pieces import nodes
from comply.rego.spacelift.contract import GIVEN
from comply.rego.syntax import Module, Var
from comply.source import Source

PACKAGE = ("spacelift",)


def given_modules(names: Iterable[str]) -> list[Module]:
    """Return a module for each of the names that Spacelift defines."""
    texts = {name: GIVEN[name] for name in names if name in GIVEN}
    return [
        parse_module(
            Source(
                f"<spacelift {name}>", f"package spacelift\nimport rego.v1\n{text}\n"
            ),
            "v1",
        )
        for name, text in texts.items()
    ]


def missing_names(modules: Iterable[Module], offered: Iterable[str]) -> list[str]:
    """Return the names on offer that modules use and do not define themselves."""
    used: set[str] = set()
    defined: set[str] = set()
    for module in modules:
        used |= {n.name for n in nodes(module.rules) if isinstance(n, Var)}
        heads = [rule.head.ref[0] for rule in module.rules]
        defined |= {head.name for head in heads if isinstance(head, Var)}
    return [name for name in offered if name in used and name not in defined]
