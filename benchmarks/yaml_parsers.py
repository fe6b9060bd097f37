"""YAML: comply reads manifests in about half the time of PyYAML's C loader, as Kubernetes does.

1,000 manifests in one text. Peers: PyYAML's own loader over libyaml (which comply uses
too, through its events), ruamel.yaml, and, where they are installed, the readers in Rust
and C++: ryaml, yaml-rs and py-yaml12. Those are faster still, yet they read YAML 1.2:
`privileged: yes` is a string to them and true to Kubernetes, so a rule would pass what
the cluster runs. How many of the scalars below each reads as Kubernetes does is counted
before anything is timed.
"""

import gc
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias

import yaml
from manifests import as_yaml, manifests
from measure import Bar, Outcome, Verdict, median, ratio, scaled, show

from comply.load.yaml_text import read_yaml
from comply.source import LoadError, Source

NUMBER = scaled(1000, 20)
REPEATS = scaled(5, 1)

# A plain scalar and what Kubernetes makes of it (go-yaml 2, then JSON).
SCALARS: tuple[tuple[str, Any], ...] = (
    ("yes", True), ("Off", False), ("y", True), ("on", True), ("~", None), ("010", 8),
    ("0o10", 8), ("0x1F", 31), ("0b11", 3), ("1_000", 1000), ("1:30", "1:30"),
    ("2024-01-01", "2024-01-01"), ("1e3", 1000), ("'yes'", "yes"), ("1Gi", "1Gi"),
)  # fmt: skip

Reader: TypeAlias = Callable[[str], list[Any]]


def _comply(text: str) -> list[Any]:
    return [value for _, value in read_yaml(Source("a", text))]


def _pyyaml(text: str) -> list[Any]:
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def _peers() -> dict[str, Reader]:
    """Return the readers that are installed, by name."""
    readers: dict[str, Reader] = {"comply": _comply, "PyYAML (libyaml)": _pyyaml}
    for name, module, make in _OPTIONAL:
        try:
            readers[name] = make(import_module(module))
        except ImportError:
            continue
    return readers


_OPTIONAL: tuple[tuple[str, str, Callable[[Any], Reader]], ...] = (
    (
        "ruamel.yaml",
        "ruamel.yaml",
        lambda m: lambda text: list(m.YAML(typ="safe").load_all(text)),
    ),
    ("ryaml (Rust)", "ryaml", lambda m: lambda text: list(m.loads_all(text))),
    ("yaml-rs (Rust)", "yaml_rs", lambda m: lambda text: _listed(m.loads(text))),
    (
        "py-yaml12 (Rust)",
        "yaml12",
        lambda m: lambda text: list(m.parse_yaml(text, multi=True)),
    ),
)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  (YAML is any value)
    return value if isinstance(value, list) else [value]


def _right(reader: Reader) -> int:
    """Return how many scalars a reader reads as Kubernetes does."""
    return sum(_is(reader, text, wanted) for text, wanted in SCALARS)


def _is(reader: Reader, text: str, wanted: Any) -> bool:  # noqa: ANN401
    try:
        [document] = reader(f"v: {text}\n")
    except (LoadError, ValueError, yaml.YAMLError):
        return False
    found = document["v"]
    return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)


def run() -> Outcome:
    """Return the median of each reader, and how much it gets right."""
    objects = list(manifests(NUMBER))
    text = "---\n".join(as_yaml(m) for m in objects)
    readers = _peers()
    assert _comply(text) == objects
    assert _pyyaml(text) == objects
    gc.freeze()
    times = {name: median(partial(r, text), REPEATS) for name, r in readers.items()}
    bars = tuple(
        Bar(f"{name}, {_right(readers[name])} of {len(SCALARS)} scalars right", time)
        for name, time in times.items()
    )
    verdicts = (
        Verdict(
            "scalars that comply reads as Kubernetes does",
            _right(_comply),
            "at least",
            len(SCALARS),
        ),
        Verdict(
            "times faster than PyYAML's C loader",
            ratio(times["PyYAML (libyaml)"], times["comply"]),
            "at least",
            1.9,
        ),
    )
    return Outcome(__doc__ or "", bars, verdicts, notes=f"{len(text):,} characters.")


if __name__ == "__main__":
    show(run())
