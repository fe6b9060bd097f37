"""Rule files: the built-in packs and what the user names."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from comply.classes import dataclass
from comply.source import ComplyError, LoadError, Source

_SUFFIXES: Final = (".rego", ".sql")
_EXAMPLES: Final = frozenset({"pass", "fail"})


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file that holds rules; `id` is its path without the suffix.

    `pack` is the pack it belongs to, empty for a rule of the user's own.
    """

    id: str
    source: Source
    pack: str = ""

    @property
    def language(self) -> str:
        """Return "rego" or "sql"."""
        return "rego" if self.source.name.endswith(".rego") else "sql"


def builtin_root() -> Path:
    """Return the folder of the built-in packs, in the wheel or in a checkout."""
    package = Path(__file__).parents[1]
    shipped = package / "rules_builtin"
    return shipped if shipped.is_dir() else package.parents[1] / "rules"


def packs() -> list[str]:
    """Return the names of the built-in packs, such as `terraform/baseline`."""
    root = builtin_root()
    return sorted(
        f"{world.name}/{pack.name}"
        for world in root.iterdir()
        if world.is_dir()
        for pack in world.iterdir()
        if pack.is_dir()
    )


def rule_files(paths: Iterable[Path], chosen: Iterable[str]) -> list[RuleFile]:
    """Return the rule files at paths that a user named, then those of packs.

    Raises:
        ComplyError: if a path or a pack is absent, unreadable, or holds no rules.
    """
    return [*user_files(paths), *(f for pack in chosen for f in pack_files(pack))]


def pack_files(name: str) -> list[RuleFile]:
    """Return the rule files of a pack, or of all packs of a world.

    Raises:
        ComplyError: if there is no such pack.
    """
    require_pack(name)
    root = builtin_root()
    folder = root / name
    files = []
    for path in _walk(folder):
        parts = path.relative_to(root).parts
        files.append(RuleFile(_rule_id(path, root), read(path), "/".join(parts[:2])))
    return files


def require_pack(name: str) -> None:
    """Refuse a name that is neither a pack's nor that of a world with packs.

    Raises:
        ComplyError: if it is not, with the name that was probably meant.
    """
    known = packs()
    if name in known or name in {pack.split("/")[0] for pack in known}:
        return
    from difflib import get_close_matches  # noqa: PLC0415  (only when it failed)

    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"packs: {', '.join(known)}"
    raise ComplyError(f"there is no pack {name!r}", hint=hint)


def user_files(paths: Iterable[Path]) -> list[RuleFile]:
    """Return the rule files at the paths a user named.

    Raises:
        ComplyError: if a path is absent, unreadable, or holds no rules.
    """
    files = []
    for path in paths:
        if path.is_dir():
            found = [RuleFile(_rule_id(p, path), read(p)) for p in _walk(path)]
            if not found:
                raise ComplyError(
                    f"{path}: no rules in this folder",
                    hint="rules are .rego files, or .sql files with CREATE ASSERTION",
                )
            files += found
        elif path.suffix in _SUFFIXES:
            files.append(RuleFile(path.stem, read(path)))
        elif path.exists():
            raise ComplyError(
                f"{path}: not a rule file", hint="rules are .rego or .sql files"
            )
        else:
            raise ComplyError(f"{path}: no such file or folder")
    return files


def rule_folders(paths: Iterable[Path], chosen: Iterable[str]) -> Iterator[Path]:
    """Yield the folders in which rule files at paths and in packs are looked for."""
    root = builtin_root()
    for folder in (*paths, *(root / pack for pack in chosen)):
        if folder.is_dir():
            yield from _folders(folder)


def _folders(folder: Path) -> Iterator[Path]:
    yield folder
    for path in _entries(folder):
        if path.is_dir():
            yield from _folders(path)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the rule files under a folder, tests and examples left out."""
    for path in _entries(folder):
        if path.is_dir():
            yield from _walk(path)
        elif path.suffix in _SUFFIXES and not path.stem.endswith("_test"):
            yield path


def _entries(folder: Path) -> list[Path]:
    """Return what is in a folder, without what is never a rule.

    Raises:
        ComplyError: if the folder cannot be read.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise ComplyError(f"{folder}: {error.strerror}") from None
    return [
        path
        for path in entries
        if not (path.name.startswith(".") or path.name in _EXAMPLES)
    ]


def _rule_id(path: Path, root: Path) -> str:
    """Return a rule's id: its path under `root`, a folder of the same name once."""
    parts = path.relative_to(root).with_suffix("").parts
    if len(parts) > 1 and parts[-1] == parts[-2]:
        parts = parts[:-1]
    return "/".join(parts)


def read(path: Path) -> Source:
    """Return the text of a file.

    Raises:
        LoadError: if it cannot be read or is no UTF-8.
    """
    try:
        return Source(str(path), path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise LoadError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise LoadError(
            f"{path}: not UTF-8 (byte {error.start})",
            hint="save the file as UTF-8",
        ) from None
