"""FOLDER -> SOURCE: the files of a root module and of the local modules it calls, as one.

The source is a JSON object of file names and texts, so that loading is a function of it
alone: nothing is read while it is evaluated, and a cache can go by its text.
"""

import json
import posixpath
import re  # noqa: TID251  (linear patterns of ours, no Rego)
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from comply.classes import dataclass, field
from comply.load.encoding import read
from comply.load.terraform_source.outside import NOTHING, Outside
from comply.source import LoadError, Source

FILES: Final = "terraform_source_files"
ROOT: Final = "terraform_source_root"
OUTSIDE: Final = "terraform_source_given"

_CALL: Final = re.compile(r"""["']?source["']?\s*[=:]\s*"(\.\.?/[^"]*)\"""")
_READ: Final = re.compile(r'(?:file\w*|templatefile)\(\s*"([^"]+)"')
_HERE: Final = ("${path.module}/", "${path.root}/", "./")
_LARGEST_FILE: Final = 1 << 20
_MOST_FILES: Final = 5_000


def is_configuration(name: str) -> bool:
    """Tell whether a file name is one of a configuration: `*.tf` or `*.tf.json`."""
    return name.endswith((".tf", ".tf.json"))


def is_source_file(name: str) -> bool:
    """Tell whether a file is one that Terraform reads from a module's folder by itself.

    >>> is_source_file("main.tf"), is_source_file("prod.tfvars")
    (True, False)
    """
    return is_configuration(name) or is_values(name)


def is_values(name: str) -> bool:
    """Tell whether a file holds values of variables that Terraform takes by itself."""
    stem = posixpath.basename(name).removesuffix(".json")
    return stem == "terraform.tfvars" or stem.endswith(".auto.tfvars")


@dataclass(slots=True)
class Gathered:
    """The files read so far, by name, and the folders they are in."""

    files: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)


def gather(folder: Path, outside: Outside = NOTHING) -> Source:
    """Return the source of the root module in a folder, with what it is given.

    Raises:
        LoadError: if a file cannot be read, or there is no configuration.
    """
    root = posixpath.normpath(folder.as_posix())
    gathered = Gathered()
    waiting = [root]
    limit = _boundary(folder)
    while waiting:
        name = waiting.pop()
        if name in gathered.folders:
            continue
        gathered.folders.add(name)
        for file in _configuration_files(name):
            _keep(gathered, read(file, file.as_posix()))
        waiting += _called(gathered, name)
        _read_others(gathered, name, limit)
    if not any(map(is_configuration, gathered.files)):
        raise LoadError(f"{folder}: no Terraform configuration (*.tf) in it")
    files = {k: gathered.files[k] for k in sorted(gathered.files)}
    value: dict[str, Any] = {ROOT: root, FILES: files}
    if given := _given(folder, outside):
        value[OUTSIDE] = given
    return Source(root, json.dumps(value))


def _given(folder: Path, outside: Outside) -> dict[str, Any]:
    """Return what is given from outside as JSON has it, the texts of files with it."""
    given: dict[str, Any] = {}
    if outside.environment:
        given["environment"] = outside.environment
    if outside.asked:
        given["asked"] = [_asked(item) for item in outside.asked]
    if workspace := outside.workspace or _selected(folder):
        given["workspace"] = workspace
    return given


def _asked(item: str | Path) -> tuple[str, str, bool]:
    if isinstance(item, Path):
        return item.as_posix(), read(item, item.as_posix()).text, True
    name, _, text = item.partition("=")
    return name.strip(), text, False


def _selected(folder: Path) -> str:
    """Return the workspace that `terraform workspace select` noted, if it did."""
    path = folder / ".terraform" / "environment"
    try:
        return read(path, path.as_posix()).text.strip() if path.is_file() else ""
    except OSError:
        return ""


def is_gathered(source: Source) -> bool:
    """Tell whether a source is what `gather` makes of a folder, not a file of it."""
    return source.text.startswith(f'{{"{ROOT}"')


def texts_of(source: Source) -> dict[str, str]:
    """Return the files that a gathered source holds: their texts, by name."""
    texts: dict[str, str] = json.loads(source.text)[FILES]
    return texts


def _keep(gathered: Gathered, source: Source) -> None:
    if len(gathered.files) >= _MOST_FILES:
        raise LoadError(f"more than {_MOST_FILES:,} files of Terraform modules")
    gathered.files[posixpath.normpath(source.name)] = source.text


def _configuration_files(folder: str) -> Iterator[Path]:
    try:
        entries = sorted(Path(folder).iterdir())
    except (OSError, ValueError):
        # The call that names a folder which is not there is told by who loads it.
        return
    for path in entries:
        if is_source_file(path.name) and not path.name.startswith("."):
            if path.is_symlink() and not path.resolve().is_relative_to(
                Path(folder).resolve()
            ):
                continue
            yield path


def _called(gathered: Gathered, folder: str) -> list[str]:
    """Return the folders that the files of a folder call as modules."""
    found = []
    for name, text in gathered.files.items():
        if posixpath.dirname(name) == ("" if folder == "." else folder):
            found += [posixpath.join(folder, path) for path in _CALL.findall(text)]
    return list(map(posixpath.normpath, found))


def called_folders(folder: Path) -> set[str]:
    """Return the folders that the configuration files of a folder call as modules.

    Raises:
        LoadError: if a file cannot be read.
    """
    gathered = Gathered()
    name = posixpath.normpath(folder.as_posix())
    for file in _configuration_files(name):
        _keep(gathered, read(file, file.as_posix()))
    return set(_called(gathered, name))


def roots(called: Mapping[str, set[str]]) -> list[str]:
    """Return the folders that no other of them calls; of a circle, its first.

    >>> roots({"a": {"m"}, "m": set(), "n": {"k"}, "k": {"n"}})
    ['a', 'n']
    """
    names = {posixpath.normpath(name): called[name] for name in called}
    inner = {to for name, others in names.items() for to in others if to != name}
    found = [name for name in names if name not in inner]
    reached: set[str] = set()
    for name in (*found, *names):
        if name in reached:
            continue
        if name in inner:
            found.append(name)
        waiting = [name]
        while waiting:
            at = waiting.pop()
            if at not in reached:
                reached.add(at)
                waiting += names.get(at, ())
    return found


def declares(source: Source, name: str) -> bool:
    """Tell whether the root module of a gathered source declares a variable."""
    value = json.loads(source.text)
    word = re.escape(name)
    pattern = rf'^\s*variable\s+"?{word}"?\s*\{{|"{word}"\s*:'
    written = re.compile(pattern, re.MULTILINE)
    return any(
        written.search(text)
        for file, text in value[FILES].items()
        if is_configuration(file) and (posixpath.dirname(file) or ".") == value[ROOT]
    )


def _boundary(folder: Path) -> Path:
    """Return the folder that files to be read by functions must be in.

    That is the checkout, so that a configuration cannot show files of the machine.
    """
    inside = folder.resolve()
    return next((p for p in (inside, *inside.parents) if (p / ".git").exists()), inside)


def _read_others(gathered: Gathered, folder: str, limit: Path) -> None:
    """Read the files that functions such as `file` and `templatefile` name in full."""
    here = "" if folder == "." else folder
    texts = [t for n, t in gathered.files.items() if posixpath.dirname(n) == here]
    for written in (name for text in texts for name in _READ.findall(text)):
        name = written
        for start in _HERE:
            name = name.removeprefix(start)
        path = Path(folder, name)
        if "${" not in name and not name.startswith("/") and _may_show(path, limit):
            with suppress(LoadError):
                _keep(gathered, read(path, path.as_posix()))


def _may_show(path: Path, limit: Path) -> bool:
    """Tell whether a configuration may show what is in a file."""
    try:
        target = path.resolve()
        if not target.is_relative_to(limit) or not target.is_file():
            return False
        return target.stat().st_size <= _LARGEST_FILE
    except (OSError, ValueError):
        # A name that no system takes is that of no file.
        return False
