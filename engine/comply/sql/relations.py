"""Relations of facts: what an assertion may read of plans, manifests and schemas.

Names follow Oracle's rules, so that an assertion reads the same for facts as for
tables. The owner of an object whose script names none is COMPLY. Text is never empty,
but NULL. `after`, `before`, `manifest` and the like are JSON: use JSON_VALUE.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from comply.dialect.syntax import Name
from comply.plan.doubt import Doubt, doubtful, doubts_in
from comply.sql.catalog import Catalog, Kind
from comply.sql.cells import Json

Path: TypeAlias = tuple[str | int, ...]
Entry: TypeAlias = tuple[Path, tuple[object, ...]]

OWNER: Final = "COMPLY"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a relation.

    `is_json` tells that it holds JSON, `is_unsure` that a value may be one that is known
    only after apply, `is_key` that few rows have the same.
    """

    name: str
    kind: Kind
    doc: str
    is_json: bool = False
    is_unsure: bool = False
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """A relation: its columns, and its rows in a document's value with their paths.

    The rows stem from the elements of the list at `key` of the value, or from the value
    as a whole if that is empty.
    """

    name: str
    doc: str
    fields: tuple[Field, ...]
    rows: Callable[[Any], Iterator[Entry]]
    key: str = ""

    @property
    def world(self) -> str:
        """The world whose documents it is about."""
        return self.name.partition(".")[0]

    @property
    def stored_name(self) -> Name:
        """The name as the catalog has it."""
        owner, _, name = self.name.upper().partition(".")
        return Name(owner, name)


def _text(name: str, doc: str) -> Field:
    return Field(name, "char", doc)


def _key(name: str, doc: str) -> Field:
    return Field(name, "char", doc, is_key=True)


def _number(name: str, doc: str) -> Field:
    return Field(name, "number", doc)


def _flag(name: str, doc: str) -> Field:
    return Field(name, "boolean", doc)


def _json(name: str, doc: str) -> Field:
    return Field(name, "char", f"{doc}, JSON", is_json=True)


def as_json(value: object) -> Json | None:
    """Return the cell of a JSON value; nothing is NULL."""
    return None if value is None else Json(value)


def _plain(value: object) -> str | None:
    """Return a value as text: a string as it is, others as JSON, nothing as NULL."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value)


def _items(value: Any, *path: str) -> list[Any]:  # noqa: ANN401
    """Return the list at a path of objects; an empty one where there is none."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _objects(value: Any, *path: str) -> Iterator[tuple[int, dict[str, Any]]]:  # noqa: ANN401
    """Yield the objects of a list with their places."""
    for i, item in enumerate(_items(value, *path)):
        if isinstance(item, dict):
            yield i, item


_ADDRESS: Final = (
    _key("address", "the resource's address, unique in the plan"),
    _text("module_address", "the address of its module; NULL in the root module"),
    _text("type", "the resource's type, such as aws_db_instance"),
    _text("name", "the resource's name"),
)


def _addressed(change: Mapping[str, Any]) -> tuple[object, ...]:
    keys = ("address", "module_address", "type", "name")
    return tuple(_plain(change.get(k)) for k in keys)


def _changes(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for i, change in _objects(value, "resource_changes"):
        done = change.get("change")
        done = done if isinstance(done, dict) else {}
        actions = set(_items(done, "actions"))
        yield (
            ("resource_changes", i),
            (
                *_addressed(change),
                _plain(change.get("mode")),
                _plain(change.get("index")),
                _plain(change.get("provider_name")),
                "create" in actions,
                "update" in actions,
                "delete" in actions,
                {"create", "delete"} <= actions,
                as_json(done.get("before")),
                _after(change, done),
                as_json(done.get("after_unknown")),
            ),
        )


def _after(change: Mapping[str, Any], done: Mapping[str, Any]) -> Json | None:
    """Return the cell of a resource as it will be."""
    after, marks = done.get("after"), done.get("after_unknown")
    if after is None and not marks:
        return None
    return Json(after, marks, str(change.get("address")))


def _attributes(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for i, change in _objects(value, "resource_changes"):
        path, shared = ("resource_changes", i, "change"), _addressed(change)
        for place, key, cell in _after_apply(change):
            yield (*path, place, key), (*shared, key, cell)


def _after_apply(change: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    """Yield the attributes of a resource as they will be: where, name and value."""
    done = change.get("change")
    done = done if isinstance(done, dict) else {}
    after, marks = done.get("after"), done.get("after_unknown")
    after = after if isinstance(after, dict) else {}
    marks = marks if isinstance(marks, dict) else {}
    identity = str(change.get("address"))
    for key, item in after.items():
        mark = marks.get(key)
        if mark:
            item = doubtful(item, mark, identity, key)  # noqa: PLW2901  (the same, doubted)
        doubts = doubts_in(item) if mark else None
        yield "after", key, Doubt(doubts) if doubts else _plain(item)
    for key, mark in marks.items():
        if key not in after:
            doubts = doubts_in(doubtful(None, mark, identity, key))
            if doubts:
                yield "after_unknown", key, Doubt(doubts)


_OBJECT: Final = (
    _key("object", "apiVersion/kind/namespace/name, unique"),
    _text("kind", "such as Deployment"),
    _text("namespace", "NULL where the manifest names none"),
    _text("name", "the object's name"),
)


def _object(manifest: Mapping[str, Any]) -> tuple[object, ...]:
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = metadata.get("name") or metadata.get("generateName")
    namespace = metadata.get("namespace")
    parts = (manifest.get("apiVersion"), manifest.get("kind"), namespace, name)
    identity = "/".join(str(p) for p in parts if p)
    return identity, _plain(manifest.get("kind")), _plain(namespace), _plain(name)


def _manifests(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    if isinstance(value, dict):
        version = _plain(value.get("apiVersion"))
        yield (), (*_object(value), version, as_json(value))


def _mapped(key: str) -> Callable[[Any], Iterator[Entry]]:
    """Return the rows of a mapping in the metadata: labels or annotations."""

    def rows(value: Any) -> Iterator[Entry]:  # noqa: ANN401
        metadata = value.get("metadata") if isinstance(value, dict) else None
        pairs = metadata.get(key) if isinstance(metadata, dict) else None
        for name, item in pairs.items() if isinstance(pairs, dict) else ():
            yield ("metadata", key, name), (*_object(value), name, _plain(item))

    return rows


_PODS: Final = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "PodTemplate": ("template", "spec"),
}
_TEMPLATE: Final = ("spec", "template", "spec")
_LISTS: Final = {
    "containers": "container",
    "initContainers": "init",
    "ephemeralContainers": "ephemeral",
}


def _containers(value: Any) -> Iterator[tuple[Path, str, dict[str, Any]]]:  # noqa: ANN401
    """Yield the containers of a pod or of a workload's template."""
    if not isinstance(value, dict):
        return
    base = _PODS.get(str(value.get("kind")), _TEMPLATE)
    for key, sort in _LISTS.items():
        for i, container in _objects(value, *base, key):
            yield (*base, key, i), sort, container


_CONTAINER: Final = (
    *_OBJECT,
    _text("container", "the container's name"),
)


def _container_rows(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for path, sort, container in _containers(value):
        context = container.get("securityContext")
        context = context if isinstance(context, dict) else {}
        yield (
            path,
            (
                *_object(value),
                _plain(container.get("name")),
                sort,
                _plain(container.get("image")),
                context.get("privileged") is True,
                as_json(container),
            ),
        )


def _environment(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for path, _, container in _containers(value):
        for i, entry in _objects(container, "env"):
            yield (
                (*path, "env", i),
                (
                    *_object(value),
                    _plain(container.get("name")),
                    _plain(entry.get("name")),
                    _plain(entry.get("value")),
                    as_json(entry.get("valueFrom")),
                ),
            )


_OWNED: Final = (
    _text("owner", "the schema; COMPLY where the script names none"),
    _key("name", "the name, upper-case unless quoted"),
)
_OF_TABLE: Final = (
    _text("owner", "the schema; COMPLY where the script names none"),
    _key("table_name", "the table it belongs to"),
    _key("name", "the name, upper-case unless quoted"),
)


def _owned(item: Mapping[str, Any]) -> tuple[object, ...]:
    return item.get("owner") or OWNER, item.get("name")


def _of_table(item: Mapping[str, Any]) -> tuple[object, ...]:
    return item.get("owner") or OWNER, item.get("table"), item.get("name")


def _listed(
    key: str, start: Callable[[Mapping[str, Any]], tuple[object, ...]], *rest: str
) -> Callable[[Any], Iterator[Entry]]:
    """Return the rows of one list of the catalogue: its name, then its properties."""

    def rows(value: Any) -> Iterator[Entry]:  # noqa: ANN401
        for i, item in _objects(value, key):
            yield (key, i), (*start(item), *(_scalar(item.get(k)) for k in rest))

    return rows


def _scalar(value: object) -> object:
    if isinstance(value, bool | int) or value is None:
        return value
    return _plain(value)


def _constraints(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for i, item in _objects(value, "constraints"):
        target = item.get("references") or {}
        referenced = (target.get("owner") or OWNER) if target else None
        flags = ("deferrable", "initially_deferred", "enabled", "validated")
        yield (
            ("constraints", i),
            (
                *_of_table(item),
                _plain(item.get("type")),
                _plain(item.get("condition")),
                referenced,
                _plain(target.get("table")),
                *(bool(item.get(f)) for f in flags),
                bool(item.get("generated")),
            ),
        )


def _columns_of(key: str) -> Callable[[Any], Iterator[Entry]]:
    """Return the columns of constraints or indexes, each with its position from 1."""

    def rows(value: Any) -> Iterator[Entry]:  # noqa: ANN401
        for i, item in _objects(value, key):
            for position, column in enumerate(_items(item, "columns"), 1):
                yield (key, i), (*_of_table(item), position, column)

    return rows


def _annotations(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for i, item in _objects(value, "annotations"):
        keys = ("object", "object_type", "column", "name", "value")
        row = (item.get("owner") or OWNER, *(_plain(item.get(k)) for k in keys))
        yield ("annotations", i), row


def _grants(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for i, item in _objects(value, "grants"):
        owner = (item.get("owner") or OWNER) if item.get("object") else None
        keys = ("object", "option")
        row = (item.get("privilege"), item.get("grantee"), owner)
        yield ("grants", i), (*row, *(_plain(item.get(k)) for k in keys))


RELATIONS: Final = (
    Facts(
        "terraform.resource_changes",
        "The changes of a plan, one row a resource instance.",
        (
            *_ADDRESS,
            _text("mode", "managed or data"),
            _text("index_key", "the key of count or for_each; NULL without"),
            _text("provider_name", "the provider's source address"),
            _flag("creates", "whether the plan creates it, replacing included"),
            _flag("updates", "whether the plan updates it in place"),
            _flag("deletes", "whether the plan deletes it, replacing included"),
            _flag("replaces", "whether the plan deletes and creates it"),
            _json("before", "its attributes as they are"),
            replace(_json("after", "its attributes as they will be"), is_unsure=True),
            _json("after_unknown", "which attributes are known after apply"),
        ),
        _changes,
        "resource_changes",
    ),
    Facts(
        "terraform.attributes",
        "The top attributes of resources as they will be, one row each.",
        (
            *_ADDRESS,
            _text("attribute", "the attribute's name"),
            Field(
                *("value", "char", "its value; JSON unless it is a string"),
                is_unsure=True,
            ),
        ),
        _attributes,
        "resource_changes",
    ),
    Facts(
        "kubernetes.objects",
        "The manifests, one row each.",
        (
            *_OBJECT,
            _text("api_version", "such as apps/v1"),
            _json("manifest", "the whole manifest"),
        ),
        _manifests,
    ),
    Facts(
        "kubernetes.labels",
        "The labels of objects, one row each.",
        (*_OBJECT, _text("label", "the key"), _text("value", "the value")),
        _mapped("labels"),
    ),
    Facts(
        "kubernetes.annotations",
        "The annotations of objects, one row each.",
        (*_OBJECT, _text("annotation", "the key"), _text("value", "the value")),
        _mapped("annotations"),
    ),
    Facts(
        "kubernetes.containers",
        "The containers of pods and of workloads' templates, one row each.",
        (
            *_CONTAINER,
            _text("sort", "container, init or ephemeral"),
            _text("image", "the image"),
            _flag("privileged", "whether its security context says privileged"),
            _json("manifest", "the container"),
        ),
        _container_rows,
    ),
    Facts(
        "kubernetes.container_env",
        "The environment variables of containers, one row each.",
        (
            *_CONTAINER,
            _text("variable", "the variable's name"),
            _text("value", "its value; NULL where it comes from elsewhere"),
            _json("value_from", "where it comes from"),
        ),
        _environment,
    ),
    Facts(
        "oracle.tables",
        "The tables.",
        (
            *_OWNED,
            _text("remark", "its comment"),
            _flag("temporary", "whether it is a temporary table"),
            _flag("external", "whether it is an external table"),
        ),
        _listed("tables", _owned, "comment", "temporary", "external"),
        "tables",
    ),
    Facts(
        "oracle.columns",
        "The columns of tables.",
        (
            *_OF_TABLE,
            _text("type", "the type's name, such as VARCHAR2"),
            _number("length", "the length of text"),
            _number("precision", "the digits of a number, or of a second's fraction"),
            _number("scale", "the digits behind the point"),
            _flag("nullable", "whether NULL is allowed"),
            _text("default_value", "the DEFAULT, as written"),
            _text("identity", "always or by default; NULL if it is none"),
            _text("virtual", "the expression of a virtual column"),
            _text("domain", "the domain"),
            _text("remark", "its comment"),
        ),
        _listed(
            *("columns", _of_table, "type", "length", "precision", "scale"),
            *("nullable", "default", "identity", "virtual", "domain", "comment"),
        ),
        "columns",
    ),
    Facts(
        "oracle.constraints",
        "The constraints of tables.",
        (
            *_OF_TABLE,
            _text("type", "primary_key, unique, foreign_key, check or not_null"),
            _text("condition", "the condition of a check"),
            _text("referenced_owner", "the schema a foreign key points at"),
            _text("referenced_table", "the table a foreign key points at"),
            _flag("deferrable", "whether its check can be put off to the commit"),
            _flag("initially_deferred", "whether it is, unless said otherwise"),
            _flag("enabled", "whether changes are checked"),
            _flag("validated", "whether all data is known to satisfy it"),
            _flag("generated", "whether its name is generated"),
        ),
        _constraints,
        "constraints",
    ),
    Facts(
        "oracle.constraint_columns",
        "The columns of constraints, in order.",
        (
            *_OF_TABLE,
            _number("position", "from 1"),
            _text("column_name", "the column"),
        ),
        _columns_of("constraints"),
        "constraints",
    ),
    Facts(
        "oracle.indexes",
        "The indexes, those of primary keys and unique constraints among them.",
        (
            *_OF_TABLE,
            _flag("is_unique", "whether it is unique"),
            _flag("bitmap", "whether it is a bitmap index"),
            _flag("visible", "whether the optimizer sees it"),
            _flag("usable", "whether it can be used"),
        ),
        _listed("indexes", _of_table, "unique", "bitmap", "visible", "usable"),
        "indexes",
    ),
    Facts(
        "oracle.index_columns",
        "The columns or expressions of indexes, in order.",
        (
            *_OF_TABLE,
            _number("position", "from 1"),
            _text("column_name", "the column, or the expression as written"),
        ),
        _columns_of("indexes"),
        "indexes",
    ),
    Facts(
        "oracle.views",
        "The views, materialized and duality views among them.",
        (
            *_OWNED,
            _text("type", "view, materialized or duality"),
            _text("definition", "the query"),
        ),
        _listed("views", _owned, "type", "definition"),
        "views",
    ),
    Facts(
        "oracle.domains",
        "The domains.",
        (*_OWNED, _text("type", "the type's name")),
        _listed("domains", _owned, "type"),
        "domains",
    ),
    Facts(
        "oracle.assertions",
        "The SQL assertions.",
        (
            *_OWNED,
            _text("definition", "what stands in CHECK"),
            _flag("deferrable", "whether its check can be put off to the commit"),
            _flag("initially_deferred", "whether it is, unless said otherwise"),
            _flag("enabled", "whether changes are checked"),
            _flag("validated", "whether all data is known to satisfy it"),
        ),
        _listed(
            *("assertions", _owned, "definition", "deferrable", "initially_deferred"),
            *("enabled", "validated"),
        ),
        "assertions",
    ),
    Facts(
        "oracle.annotations",
        "The uses of annotations.",
        (
            _text("owner", "the schema of the object"),
            _text("object_name", "the object"),
            _text("object_type", "TABLE, VIEW or DOMAIN"),
            _text("column_name", "the column; NULL for the object itself"),
            _text("name", "the annotation's name"),
            _text("value", "its value"),
        ),
        _annotations,
        "annotations",
    ),
    Facts(
        "oracle.grants",
        "The grants of privileges and roles, one row a privilege and grantee.",
        (
            _text("privilege", "the privilege or the role"),
            _text("grantee", "the user or role"),
            _text("owner", "the schema of the object; NULL without one"),
            _text("object_name", "the object; NULL for a system privilege or role"),
            _text("with_option", "GRANT, ADMIN or HIERARCHY; NULL without"),
        ),
        _grants,
        "grants",
    ),
)
BY_NAME: Final = {r.stored_name: r for r in RELATIONS}


def catalog() -> Catalog:
    """Return the relations as a catalog that names are looked up in."""
    return Catalog(
        {r.stored_name: {f.name.upper(): f.kind for f in r.fields} for r in RELATIONS}
    )
