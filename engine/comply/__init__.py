"""Policy as code for infrastructure and data, compiled and checked incrementally."""

from importlib import import_module
from typing import Any, Final

from comply import version

__version__ = version.VERSION

_EXPORTS: Final = {
    "AssertionViolated": "comply.sql",
    "Change": "comply.load.facts",
    "ComplyError": "comply.source",
    "Finding": "comply.findings",
    "RegoError": "comply.rego.errors",
    "Session": "comply.check.session",
    "Severity": "comply.findings",
    "Status": "comply.findings",
    "UNDEFINED": "comply.plan.values",
}
_PACKAGES: Final = ("load", "rego", "report", "sql")


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import what is asked for, so that `import comply` costs next to nothing."""
    if name in _PACKAGES:
        return import_module(f"comply.{name}")
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'comply' has no attribute {name!r}")


__all__ = [*_EXPORTS, *_PACKAGES, "__version__"]  # noqa: PLE0604  (names are strings)
