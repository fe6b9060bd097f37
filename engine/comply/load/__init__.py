"""SOURCE -> DOCUMENTS: what people keep in files, as facts that rules can check.

A loader module has `load(source)`, which returns a document or, where a file may hold
several, a list of them, and raises `LoadError`. It is imported when it is needed.
"""

from importlib import import_module
from typing import Final

from comply.load.facts import Document
from comply.source import LoadError, Source

LOADERS: Final = {
    "terraform_plan": "comply.load.terraform_plan",
    "kubernetes": "comply.load.kubernetes",
    "oracle_ddl": "comply.load.oracle_ddl",
    "json": "comply.load.json_data",
    "yaml": "comply.load.yaml_data",
}


def load(source: Source, kind: str) -> list[Document]:
    """Return the documents in a source of a kind named in `LOADERS`.

    Raises:
        LoadError: if there is no such kind, or the source cannot be read as one.
    """
    if kind not in LOADERS:
        raise LoadError(
            f"{source.name}: there is no kind {kind!r}",
            hint=f"kinds: {', '.join(LOADERS)}",
        )
    loaded: Document | list[Document] = import_module(LOADERS[kind]).load(source)
    return [loaded] if isinstance(loaded, Document) else loaded
