"""Places as other programs want them: repository paths and URIs."""

from pathlib import PurePath
from urllib.parse import quote

from comply.source import Span


def repository_path(span: Span | None) -> str:
    r"""Return the file of a place with slashes, without `./`; empty if it is no file.

    >>> repository_path(Span("./deploy\\a.yaml", 1, 1)), repository_path(None)
    ('deploy/a.yaml', '')
    """
    if span is None or span.file.startswith("<"):
        return ""
    return PurePath(span.file.replace("\\", "/")).as_posix()


def uri(path: str) -> str:
    """Return a path as a URI: relative stays relative, absolute becomes `file:`.

    >>> uri("deploy/a b.yaml"), uri("/tmp/a.yaml")
    ('deploy/a%20b.yaml', 'file:///tmp/a.yaml')
    """
    escaped = quote(path)
    return f"file://{escaped}" if path.startswith("/") else escaped
