"""The plan policy that comes with comply, in both versions of Rego, and its tests."""

from pathlib import Path
from typing import Final

from comply.source import Source

POLICIES: Final = {"v1": "plan.rego", "v0": "plan_v0.rego"}
TESTS: Final = "plan_test.rego"


def shipped_root() -> Path:
    """Return the folder of the policies, in the wheel or in a checkout."""
    package = Path(__file__).parents[2]
    shipped = package / "policies"
    return (shipped if shipped.is_dir() else package.parents[1] / "policies") / (
        "spacelift"
    )


def shipped(name: str) -> Source:
    """Return a file that comes with comply: one of `POLICIES`, or `TESTS`."""
    return Source(name, (shipped_root() / name).read_text(encoding="utf-8"))
