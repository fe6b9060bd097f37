"""Places as other programs want them: repository paths and URIs."""

from posixpath import normpath
from urllib.parse import quote

from comply.report.run import Run
from comply.source import Span


def repository_path(span: Span | None, run: Run) -> str:
    r"""Return the file of a place from the repository's root, with slashes.

    A file outside the repository keeps its name; what is no file has none.

    >>> repository_path(Span("..\\deploy\\a.yaml", 1, 1), Run(folder="infra/live"))
    'infra/deploy/a.yaml'
    >>> repository_path(Span("/src/deploy/a.yaml", 1, 1), Run(root="/src"))
    'deploy/a.yaml'
    """
    if span is None or not span.file or span.file.startswith("<") or _remote(span.file):
        return ""
    path = normpath(span.file.replace("\\", "/"))
    if is_absolute(path):
        root = run.root.rstrip("/") + "/"
        return path.removeprefix(root) if run.root else path
    inside = normpath(f"{run.folder}/{path}") if run.folder else path
    return path if inside.startswith("../") else inside


def is_absolute(path: str) -> bool:
    """Return whether a path with slashes starts at a root or at a drive of Windows.

    >>> is_absolute("C:/plans/a.json"), is_absolute("plans/a.json")
    (True, False)
    """
    return path.startswith("/") or (path[1:3] == ":/" and path[0].isalpha())


def uri(path: str) -> str:
    """Return a path as a URI (RFC 3986): relative stays relative, absolute is `file:`.

    >>> uri("deploy/a b.yaml"), uri("/tmp/a.yaml"), uri("C:/ä.tf")
    ('deploy/a%20b.yaml', 'file:///tmp/a.yaml', 'file:///C:/%C3%A4.tf')
    """
    if not is_absolute(path):
        return quote(path, errors="replace")
    if path.startswith("//"):
        return f"file:{quote(path, errors='replace')}"
    return f"file:///{quote(path.lstrip('/'), safe='/:', errors='replace')}"


def _remote(name: str) -> bool:
    """Return whether a name is that of a database: `oracle://user@host/service`."""
    return "://" in name
