"""GIT REF -> FILES: the tree that a change began from, without touching the checkout.

Nothing is written to the repository: files come out by an index of our own, so that line
ends and filters are those of the checkout, and no hook runs.
"""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from comply.classes import dataclass, field
from comply.source import ComplyError

_LINK: Final = "120000"
_BLOBS: Final = frozenset({"100644", "100755", _LINK})
_SHALLOW: Final = (
    "this clone is shallow: fetch its history (actions/checkout: `fetch-depth: 0`; "
    "GitLab: `GIT_DEPTH: 0`; elsewhere: `git fetch --unshallow`)"
)


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a tree: its size in bytes, and whether it is a symbolic link."""

    size: int
    link: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of the commit that a change began from, by their names in the repository.

    `ref` is what the user called it, `commit` where HEAD and the ref parted; `root` the
    folder of the checkout, `folder` the way from it to the current one (empty, or with
    slashes).
    """

    ref: str
    commit: str
    root: Path
    folder: str
    files: dict[str, Blob] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.ref} ({self.commit[:10]})"


def read_tree(ref: str) -> Tree:
    """Return the tree of the commit where HEAD and `ref` parted.

    Raises:
        ComplyError: there is no git, no repository here, no such commit, or the history
            that would tell is not in this clone.
    """
    here = Path.cwd()
    asked = ("--show-toplevel", "--show-prefix", "--is-shallow-repository")
    root, folder, shallow = _text(here, "rev-parse", *asked).split("\n")[:3]
    commit = _began(here, ref, shallow=shallow == "true")
    top = Path(root)
    listed = _git(top, "ls-tree", "-r", "-l", "-z", "--full-tree", commit)
    return Tree(ref, commit, top, folder.rstrip("/"), dict(_blobs(listed)))


def _began(here: Path, ref: str, *, shallow: bool) -> str:
    """Return the commit where HEAD and a ref parted."""
    if not ref or ref.startswith("-") or _commit(here, ref) is None:
        raise ComplyError(
            f"--diff: git knows no commit '{ref}' here",
            hint=_remedy(here, ref, shallow),
        )
    made = _run(here, ("merge-base", "HEAD", ref))
    if made.returncode == 0:
        return made.stdout.decode().strip()
    if _commit(here, "HEAD") is None:
        raise ComplyError("--diff: HEAD is no commit yet, so there is no change")
    raise ComplyError(
        f"--diff: '{ref}' and HEAD have no commit in common",
        hint=_SHALLOW if shallow else "name the branch that this one began from",
    )


def _commit(here: Path, ref: str) -> str | None:
    made = _run(here, ("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"))
    return None if made.returncode else made.stdout.decode().strip()


def _remedy(here: Path, ref: str, shallow: bool) -> str:
    if ref and not ref.startswith("-") and _commit(here, f"origin/{ref}"):
        return f"the remote has it: --diff origin/{ref}"
    if shallow:
        return _SHALLOW
    return (
        "a branch, a tag or a commit of this clone; `git fetch` brings those of others"
    )


def _blobs(listed: bytes) -> Iterable[tuple[str, Blob]]:
    for line in listed.split(b"\0"):
        about, _, name = line.partition(b"\t")
        mode, _, rest = about.decode().partition(" ")
        if mode in _BLOBS:
            yield os.fsdecode(name), Blob(int(rest.split()[-1]), mode == _LINK)


def tracked_files(tree: Tree) -> frozenset[str]:
    """Return the names of the files that git knows in the checkout, the new ones too."""
    return _names(_git(tree.root, "ls-files", "-z"))


def changed_files(tree: Tree) -> frozenset[str]:
    """Return the names of the files that differ between a tree and the checkout.

    What git does not know is not among them.
    """
    asked = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff")
    return _names(_git(tree.root, *asked, "--no-relative", tree.commit, "--"))


def ignored_files(tree: Tree, patterns: Iterable[str]) -> frozenset[str]:
    """Return the names of files that fit a pattern and that git was told to ignore."""
    asked = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--")
    return _names(_git(tree.root, *asked, *patterns))


def extract(tree: Tree, names: Collection[str], into: Path, index: Path) -> None:
    """Write files of a tree into a folder; `index` is a file for git to work with.

    Raises:
        ComplyError: if git cannot give them all.
    """
    own = {"GIT_INDEX_FILE": str(index)}
    if not index.exists():
        _git(tree.root, "read-tree", tree.commit, variables=own)
    listed = b"".join(os.fsencode(name) + b"\0" for name in names)
    prefix = f"--prefix={into.as_posix()}/"
    command = ("checkout-index", "--force", "--quiet", prefix, "-z", "--stdin")
    _git(tree.root, *command, given=listed, variables=own)


def _names(listed: bytes) -> frozenset[str]:
    return frozenset(os.fsdecode(name) for name in listed.split(b"\0") if name)


def _text(folder: Path, *arguments: str) -> str:
    return os.fsdecode(_git(folder, *arguments))


def _git(
    folder: Path,
    *arguments: str,
    given: bytes = b"",
    variables: dict[str, str] | None = None,
) -> bytes:
    made = _run(folder, arguments, given, variables)
    if made.returncode:
        said = made.stderr.decode("utf-8", "replace").strip()
        raise _failure(folder, said)
    return made.stdout


def _failure(folder: Path, said: str) -> ComplyError:
    """Return the error for what git says, with what to do about it."""
    if "not a git repository" in said:
        return ComplyError(
            f"--diff: there is no git repository at {folder}",
            hint="run it in a checkout, or keep what is known: `comply baseline create`",
        )
    hint = ""
    if "dubious ownership" in said:
        hint = f"`git config --global --add safe.directory {folder}` trusts it"
        said = "the repository belongs to another user"
    return ComplyError(f"--diff: git: {said.removeprefix('fatal: ')}", hint=hint)


def _run(
    folder: Path,
    arguments: tuple[str, ...],
    given: bytes = b"",
    variables: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("git")
    if program is None:
        raise ComplyError("--diff needs git, and there is none on the PATH")
    own = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(  # noqa: S603  (git, as the user's PATH names it)
        [program, *arguments],
        cwd=folder,
        input=given,
        env={**os.environ, **own, **(variables or {})},
        check=False,
        capture_output=True,
    )
