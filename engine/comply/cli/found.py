"""What was found at the paths of a run, and what is to be said about what was not checked."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from comply.classes import dataclass, field
from comply.source import LoadError, Source

if TYPE_CHECKING:
    from comply.load.folder import Left

_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Input:
    """A source and its kind; `named` if the user named it, not a folder around it."""

    source: Source
    kind: str
    named: bool


@dataclass(slots=True)
class Survey:
    """What was found at the paths of a run."""

    inputs: list[Input] = field(default_factory=list)
    errors: list[LoadError] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    kustomizations: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    left: list["Left"] = field(default_factory=list)
    modules: dict[str, bool] = field(default_factory=dict)

    def notices(self, *, rules_named: bool = False) -> Iterator[str]:
        """Yield what people should know about files that were not checked."""
        if templates := sorted(self.templates):
            yield (
                f"{_many(templates, 'Helm template')} not checked ({_some(templates)}): "
                f"render first, such as `helm template {_chart(templates[0])} | "
                "comply check -`"
            )
        if overlays := sorted(self.kustomizations):
            folder = Path(overlays[0]).parent.as_posix()
            yield (
                f"{_many(overlays, 'kustomization')} not built ({_some(overlays)}), the "
                "files are checked as they are; what will be deployed: "
                f"`kustomize build {folder} | comply check -`"
            )
        if self.rules and not rules_named:
            yield (
                f"{_many(self.rules, 'rule file')} not used: name rules with -r, "
                f"such as `-r {Path(self.rules[0]).parent.as_posix()}`"
            )
        for left in self.left:
            yield f"{left.path}: not checked, {left.reason}"
        if self.others:
            yield (
                f"{_many(self.others, 'file')} of no kind that comply checks "
                "(plan, manifest, schema)"
            )


def is_kustomization(name: str) -> bool:
    """Tell whether a file says how others are put together for a cluster."""
    return name.endswith(("kustomization.yaml", "kustomization.yml"))


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    listed = ", ".join(names[:_MOST_NAMED])
    return f"{listed} and {more:,} more" if more > 0 else listed


def _chart(template: str) -> str:
    """Return the folder of the chart that a template is of, as far as its path tells."""
    parents = Path(template).parents
    return next(
        (p.parent.as_posix() for p in parents if p.name == "templates"), "CHART"
    )


def _many(things: list[str], noun: str) -> str:
    return f"{len(things):,} {noun}{'' if len(things) == 1 else 's'}"
