"""REGO -> PLAN: the compiler for Rego v0 and v1."""

from importlib import import_module
from typing import Any, Final

_EXPORTS: Final = {
    "Policy": ("comply.rego.policy", "Policy"),
    "RegoError": ("comply.rego.errors", "RegoError"),
    "compile": ("comply.rego.policy", "compile_modules"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the compiler when it is asked for; a cached plan runs without it."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'comply.rego' has no attribute {name!r}")
    module, attribute = _EXPORTS[name]
    return getattr(import_module(module), attribute)
