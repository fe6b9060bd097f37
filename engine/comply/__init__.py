"""Policy as code for infrastructure and data, compiled and checked incrementally."""

from comply import version

# No typing here: it takes longer to import than a run with nothing to do should.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__version__ = version.VERSION

_EXPORTS = {
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
_PACKAGES = ("load", "rego", "report", "sql")


def __getattr__(name: str) -> "Any":  # noqa: ANN401
    """Import what is asked for, so that `import comply` costs next to nothing."""
    from importlib import import_module

    if name in _PACKAGES:
        return import_module(f"comply.{name}")
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'comply' has no attribute {name!r}")


__all__ = [*_EXPORTS, *_PACKAGES, "__version__"]  # noqa: PLE0604  (names are strings)
