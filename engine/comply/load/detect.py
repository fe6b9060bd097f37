"""SOURCE -> KIND: which loader reads it, by content first, then by name."""

import re  # noqa: TID251  (a linear pattern of ours, no Rego)
from pathlib import PurePath
from typing import Final, Literal, TypeAlias

from comply.load.json_text import top_keys
from comply.source import Source

PLAN_START: Final = re.compile(r'\{\s*"format_version"')
"""How the JSON of a plan begins, wherever that is in a text."""

Role: TypeAlias = Literal["document", "rules", "template", "none"]

_YAML_NAMES: Final = frozenset({".yaml", ".yml", ""})
_STATE_NAMES: Final = frozenset({".tfstate", ".backup"})
_PLAN_KEYS: Final = frozenset(
    {"format_version", "resource_changes", "planned_values", "terraform_version"}
)
_LOOKALIKE_KEYS: Final = frozenset({"@level", "lineage", "provider_schemas"})
"""Keys of what people take for a plan; the loader tells them what it is."""


def detect(source: Source) -> str | None:
    """Return the kind of document that a source holds, None if it looks like none.

    Looks only as far as needed: at the first keys of a JSON object, at words that no
    manifest lacks. The loader that is named may still refuse the source.

    >>> detect(Source("x", '{"format_version": "1.2", "resource_changes": []}'))
    'terraform_plan'
    >>> detect(Source("x", "apiVersion: v1, kind: Pod"))
    'kubernetes'
    """
    suffix = PurePath(source.name).suffix.lower()
    if suffix == ".sql":
        return "oracle_ddl"
    text = source.text
    if kind := _json_kind(source):
        return kind
    if PLAN_START.search(text) or "will perform the following actions" in text:
        return "terraform_plan"
    if suffix in _YAML_NAMES and "apiVersion" in text and "kind" in text:
        return "kubernetes"
    return None


def role(source: Source) -> Role:
    """Return what a file found in a folder is to us.

    `rules` are Rego modules and assertions about facts; `template` is a file of a Helm chart, which has to be
    rendered before anybody can tell what it deploys.
    """
    path = PurePath(source.name)
    if path.suffix == ".rego" or (path.suffix == ".sql" and _is_about_facts(source)):
        return "rules"
    if path.suffix in _STATE_NAMES:
        return "none"
    if "{{" in source.text and "templates" in path.parent.parts:
        return "template"
    return "none" if detect(source) is None else "document"


def _is_about_facts(source: Source) -> bool:
    """Tell whether a script only holds assertions about the facts of documents."""
    text = " ".join(source.text.lower().split())
    named = any(f"{world}." in text for world in ("terraform", "kubernetes", "oracle"))
    return named and "create assertion" in text and "create table" not in text


def _json_kind(source: Source) -> str | None:
    """Return the kind that the keys of a JSON object tell, reading few of them."""
    for key, at in top_keys(source):
        if key in _PLAN_KEYS or key in _LOOKALIKE_KEYS:
            return "terraform_plan"
        if key == "terraform" and any(k in _PLAN_KEYS for k, _ in top_keys(source, at)):
            return "terraform_plan"
        if key in {"apiVersion", "kind"}:
            return "kubernetes"
        if key == "oracle_catalog":
            return "oracle_catalog"
    return None
