"""PATHS -> FILES: policies, tests and data of a tree, as `opa test` takes them.

A data file stands under `data` at the path of its folder; the names of files do not
count. https://www.openpolicyagent.org/docs/policy-testing
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from comply.classes import dataclass, field
from comply.load.encoding import read
from comply.load.folder import Left, walk
from comply.load.json_text import read_json
from comply.source import ComplyError, LoadError, Source

_DATA: Final = frozenset({".json", ".yaml", ".yml"})
_SOURCES: Final = frozenset({".rego", ".sql"})
_EXPECTATION: Final = "expect:"
_EXAMPLES: Final = frozenset({"pass", "fail"})
"""Folders of what rules are tried on; two documents never merge."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of base documents and the path under `data` where they stand."""

    path: Path
    keys: tuple[str, ...]


@dataclass(slots=True)
class Tree:
    """What was found: Rego sources, data files not yet read, and what cannot be read.

    `scripts` are those of SQL that say what to expect of their statements.
    """

    sources: list[Source] = field(default_factory=list)
    scripts: list[Source] = field(default_factory=list)
    data: list[DataFile] = field(default_factory=list)
    errors: list[ComplyError] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def find_files(paths: Iterable[Path]) -> Tree:
    """Return the files at and under `paths`; each file once."""
    found = Tree()
    seen: set[Path] = set()
    for path in paths:
        if path.is_dir():
            for item in walk(path):
                _sort(item, path, found, seen)
        elif path.exists():
            _take(path, (), found, seen)
        else:
            found.errors.append(LoadError(f"{path}: no such file or folder"))
    return found


def _sort(
    item: Path | Left | LoadError, root: Path, found: Tree, seen: set[Path]
) -> None:
    match item:
        case Left():
            found.left.append(item)
        case LoadError():
            found.errors.append(item)
        case Path():
            keys = item.parent.relative_to(root).parts
            if item.suffix == ".rego" or not _EXAMPLES.intersection(keys):
                _take(item, keys, found, seen)


def _take(path: Path, keys: tuple[str, ...], found: Tree, seen: set[Path]) -> None:
    if path in seen:
        return
    seen.add(path)
    if path.suffix in _DATA:
        found.data.append(DataFile(path, keys))
    elif path.suffix in _SOURCES:
        try:
            source = read(path, str(path))
        except LoadError as error:
            found.errors.append(error)
            return
        if path.suffix == ".rego":
            found.sources.append(source)
        elif _EXPECTATION in source.text:
            found.scripts.append(source)


def base_documents(files: Iterable[DataFile], reads: set[tuple[str, ...]]) -> Any:  # noqa: ANN401  (a JSON object)
    """Return the documents under `data` that somebody may read.

    `reads` are the paths that are read, without `data`; a file that stands elsewhere is
    not opened: a tree of policies holds many documents that are no data of theirs.

    Raises:
        LoadError: if a file cannot be read, or if two disagree.
    """
    out: dict[str, Any] = {}
    owners: dict[tuple[str, ...], Path] = {}
    for file in files:
        if not any(_touch(file.keys, path) for path in reads):
            continue
        value = _value(file.path)
        if not file.keys and not isinstance(value, dict):
            raise LoadError(
                f"{file.path}: data is an object",
                hint="in a folder, the name of the folder is the key of any value",
            )
        for key in reversed(file.keys):
            value = {key: value}
        if file.keys or any(_touch((k,), path) for k in value for path in reads):
            _merge(out, value, (), file.path, owners)
    return out


def _touch(keys: tuple[str, ...], path: tuple[str, ...]) -> bool:
    shared = min(len(keys), len(path))
    return keys[:shared] == path[:shared]


def _value(path: Path) -> Any:  # noqa: ANN401
    source = read(path, str(path))
    if path.suffix == ".json":
        return read_json(source)
    # YAML takes 30 ms to import, and few trees hold any that counts.
    from comply.load.yaml_text import read_yaml  # noqa: PLC0415

    # Of several documents OPA takes the first.
    documents = read_yaml(source)
    return documents[0][1] if documents else {}


def _merge(
    out: dict[str, Any],
    new: dict[str, Any],
    at: tuple[str, ...],
    path: Path,
    owners: dict[tuple[str, ...], Path],
) -> None:
    """Add to `out` what `new` holds; `owners` tell which file gave a value."""
    for key, value in new.items():
        here = (*at, key)
        held = out.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            _merge(held, value, here, path, owners)
        elif key in out:
            first = owners.get(here) or next(iter(owners.values()), path)
            raise LoadError(
                f"{path}: data.{'.'.join(here)} is given by {first} as well",
                hint="data files of one folder are merged: each value may stand once",
            )
        else:
            out[key] = _copied(value)
            owners[here] = path


def _copied(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {k: _copied(v) for k, v in value.items()}
    return value
