"""SOURCE -> DOCUMENTS: what people keep in files, as facts that rules can check.

A loader module has `load(source)`, which returns a document or, where a file may hold
several, a list of them, and raises `LoadError`. It is imported when it is needed.
"""

from importlib import import_module
from typing import Final

from comply.load.facts import Document
from comply.plan.shape import Shape
from comply.source import LoadError, Source

LOADERS: Final = {
    "terraform_plan": "comply.load.terraform_plan",
    "terraform_source": "comply.load.terraform_source.document",
    "kubernetes": "comply.load.kubernetes",
    "oracle_ddl": "comply.load.oracle_ddl",
    "oracle_catalog": "comply.load.oracle_catalog",
    "json": "comply.load.json_data",
    "yaml": "comply.load.yaml_data",
}


_SHAPED: Final = frozenset({"terraform_plan"})
"""Kinds whose loaders take the shape that is read, and keep no more of a large text."""


def load(source: Source, kind: str, shape: Shape = None) -> list[Document]:
    """Return the documents in a source of a kind named in `LOADERS`.

    `shape` is how much of it rules read, None for all.

    Raises:
        LoadError: if there is no such kind, or the source cannot be read as one.
    """
    if kind not in LOADERS:
        raise LoadError(
            f"{source.name}: there is no kind {kind!r}",
            hint=f"kinds: {', '.join(LOADERS)}",
        )
    operands = (source, shape) if kind in _SHAPED else (source,)
    loaded: Document | list[Document] = import_module(LOADERS[kind]).load(*operands)
    return [loaded] if isinstance(loaded, Document) else loaded
