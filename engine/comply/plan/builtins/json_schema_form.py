"""JSON -> SCHEMA: a JSON Schema read, its faults named as OPA's library names them.

https://json-schema.org/draft-07/json-schema-validation
"""

from collections.abc import Callable
from typing import Final

import re2

from comply.classes import dataclass, field
from comply.plan.builtins.failure import BuiltinError
from comply.plan.values import Value, freeze, is_number

TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_LISTED_TYPES: Final = "[array boolean integer number null object string]"
_NO_SCHEMA: Final = "Expected: Valid Schema, given: Invalid JSON"
# Some schemas refer to themselves; deeper than this no document is.
_DEEPEST: Final = 100


@dataclass(frozen=True, slots=True)
class Root:
    """A whole schema document, and what was read of it by reference."""

    value: Value
    known: dict[str, "Schema"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: its keywords, read, or whether it allows everything or nothing.

    `$ref` points into `root`; `sub` holds the schemas that keywords hold, in the shape
    that each keyword has.
    """

    fields: dict[str, Value]
    root: Root
    allows: bool | None = None
    sub: dict[str, Value] = field(default_factory=dict)


def read_schema(value: Value, root: Root | None = None, depth: int = 0) -> Schema:
    """Return a schema, and with it those that it holds.

    Raises:
        BuiltinError: if a keyword's value is none that it takes.
    """
    root = root or Root(value)
    if depth > _DEEPEST:
        raise BuiltinError("schema is nested too deep, or refers to itself")
    if type(value) is bool:
        return Schema({}, root, allows=value)
    if type(value) is not dict:
        raise BuiltinError(_NO_SCHEMA)
    sub: dict[str, Value] = {}
    for name, check in _CHECKS:
        if name in value:
            check(name, value[name])
    for name, read in _SUBSCHEMAS:
        if name in value:
            held = read(name, value[name])
            if held is not None:
                sub[name] = _read_held(held, root, depth + 1)
    if "$ref" in value:
        find_reference(root.value, value["$ref"])
    _check_draft_4_limits(value)
    return Schema(value, root, None, sub)


def _read_held(held: Value, root: Root, depth: int) -> Value:
    """Return the schemas in a list, in a dict, or the one that `held` is."""
    match held:
        case list():
            return [read_schema(v, root, depth) for v in held]
        case _Map():
            return {
                k: v if type(v) is list else read_schema(v, root, depth)
                for k, v in held.items()
            }
        case _:
            return read_schema(held, root, depth)


def referred(schema: Schema) -> Schema:
    """Return the schema that a schema's `$ref` points at.

    Raises:
        BuiltinError: if there is none.
    """
    reference, root = schema.fields["$ref"], schema.root
    if reference not in root.known:
        target = find_reference(root.value, reference)
        root.known[reference] = read_schema(target, root)
    return root.known[reference]


class _Map(dict[str, Value]):
    """Schemas by name, unlike a schema, which is a dict as well."""


def find_reference(root: Value, reference: Value) -> Value:
    """Return what a `$ref` points at in the document `root`.

    Raises:
        BuiltinError: if there is nothing, or it is in another document.
    """
    if type(reference) is not str:
        raise BuiltinError("Invalid type. Expected: string, given: $ref")
    address, _, pointer = reference.partition("#")
    if address and address != _identifier(root):
        named = _named(root, reference)
        if named is not None:
            return named
        raise BuiltinError(
            f'Get "{reference}": schemas from elsewhere are not loaded; '
            "put it under definitions"
        )
    if not pointer.startswith("/"):
        found = _named(root, f"#{pointer}") if pointer else root
        if found is None:
            raise BuiltinError(f"Object has no key '{pointer}'")
        return found
    value = root
    for part in pointer[1:].split("/"):
        value = _step(value, part.replace("~1", "/").replace("~0", "~"))
    return value


def _step(value: Value, key: str) -> Value:
    if type(value) is dict:
        if key not in value:
            raise BuiltinError(f"Object has no key '{key}'")
        return value[key]
    if type(value) is list and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    raise BuiltinError(f"Invalid token reference '{key}'")


def _identifier(value: Value) -> Value:
    return value.get("$id", value.get("id")) if type(value) is dict else None


def _named(value: Value, name: str) -> Value:
    """Return the schema below `value` whose `$id` is `name`, or None."""
    if type(value) is dict and _identifier(value) == name:
        return value
    inner = value.values() if type(value) is dict else value
    if type(value) not in (dict, list):
        return None
    return next((f for v in inner if (f := _named(v, name)) is not None), None)


def _wrong(expected: str, name: str) -> BuiltinError:
    return BuiltinError(f"Invalid type. Expected: {expected}, given: {name}")


def _must(name: str, what: str) -> BuiltinError:
    return BuiltinError(f"{name} must be {what}")


def _check_string(name: str, value: Value) -> None:
    if type(value) is not str:
        raise _wrong("string", name)


def _check_draft(name: str, value: Value) -> None:
    if type(value) is not str:
        raise _must(name, "of type string")


def _check_type(_name: str, value: Value) -> None:
    names = value if type(value) is list else [value]
    seen: set[str] = set()
    for name in names:
        if type(name) is not str:
            raise _wrong("type", "string/Array Of Strings")
        if name not in TYPES:
            raise BuiltinError(
                f"has a primitive type that is NOT VALID -- given: /{name}/ "
                f"Expected valid values are:{_LISTED_TYPES}"
            )
        if name in seen:
            raise BuiltinError(f"{name} type is duplicated")
        seen.add(name)


def _check_positive(name: str, value: Value) -> None:
    if not is_number(value):
        raise _wrong("Number", name)
    if value <= 0:
        raise _must(name, "strictly greater than 0")


def _check_number(name: str, value: Value) -> None:
    if not is_number(value):
        raise _must(name, "of a Number")


def _check_limit(name: str, value: Value) -> None:
    if type(value) is not bool and not is_number(value):
        raise _wrong("boolean/number", name)


def _check_draft_4_limits(fields: dict[str, Value]) -> None:
    """Check draft 4's form: `exclusiveMinimum` tells how to read `minimum`."""
    for name in ("Minimum", "Maximum"):
        plain = name.lower()
        if type(fields.get(f"exclusive{name}")) is bool and plain not in fields:
            raise BuiltinError(f"exclusive{name} cannot be used without {plain}")


def _check_size(name: str, value: Value) -> None:
    if not is_number(value) or value != int(value):
        raise _must(name, "of an integer")
    if value < 0:
        raise _must(name, "greater than or equal to 0")


def _check_pattern(name: str, value: Value) -> None:
    _check_string(name, value)
    if not is_pattern(value):
        raise _must(name, "a valid regex")


def is_pattern(text: str) -> bool:
    """Tell whether `text` is a regular expression.

    >>> is_pattern("^a+$"), is_pattern("(")
    (True, False)
    """
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error:
        return False
    return True


def _check_required(name: str, value: Value) -> None:
    if type(value) is not list:
        raise _must(name, "of an array")
    if any(type(v) is not str for v in value):
        raise _wrong("string", name)
    if len(set(value)) < len(value):
        raise BuiltinError(f"{name} items must be unique")


def _check_boolean(name: str, value: Value) -> None:
    if type(value) is not bool:
        raise _must(name, "of a boolean")


def _check_enum(name: str, value: Value) -> None:
    if type(value) is not list:
        raise _must(name, "of an array")
    if len({freeze(v) for v in value}) < len(value):
        raise BuiltinError(f"{name} items must be unique")


def _is_schema(value: Value) -> bool:
    return type(value) in (dict, bool)


def _named_definitions(name: str, value: Value) -> Value:
    if type(value) is not dict or not all(map(_is_schema, value.values())):
        raise _wrong("Array Of Schemas", name)
    return _Map(value)


def _named_properties(_name: str, value: Value) -> Value:
    if type(value) is not dict:
        raise BuiltinError("Properties must be of type object")
    return _schemas(value)


def _schemas(value: dict[str, Value]) -> Value:
    if not all(map(_is_schema, value.values())):
        raise BuiltinError(_NO_SCHEMA)
    return _Map(value)


def _boolean_or_schema(name: str, value: Value) -> Value:
    if not _is_schema(value):
        raise _wrong("boolean/Valid Schema", name)
    return value


def _patterned(name: str, value: Value) -> Value:
    if type(value) is not dict:
        raise _wrong("Valid Schema", name)
    for pattern in value:
        if not is_pattern(pattern):
            raise BuiltinError(f"Invalid regex pattern '{pattern}'")
    return _schemas(value)


def _of_names(_name: str, value: Value) -> Value:
    if not _is_schema(value):
        raise _wrong("Valid Schema", "patternProperties")
    return value


def _dependent(name: str, value: Value) -> Value:
    if type(value) is not dict:
        raise _must(name, "of type object")
    for held in value.values():
        strings = type(held) is list and all(type(v) is str for v in held)
        if not strings and not _is_schema(held):
            raise BuiltinError("Dependency must be of type Schema Or Array Of Strings")
    return _Map(value)


def _items(name: str, value: Value) -> Value:
    if not _is_schema(value) and not (
        type(value) is list and all(map(_is_schema, value))
    ):
        raise _wrong("Valid Schema/Array Of Schemas", name)
    return value


def _contained(_name: str, value: Value) -> Value:
    if not _is_schema(value):
        raise BuiltinError(_NO_SCHEMA)
    return value


def _several(name: str, value: Value) -> Value:
    if type(value) is not list:
        raise _must(name, "of an array")
    if not all(map(_is_schema, value)):
        raise BuiltinError(_NO_SCHEMA)
    return value or None


def _one(name: str, value: Value) -> Value:
    if not _is_schema(value):
        raise _must(name, "of an object")
    return value


_CHECKS: Final[tuple[tuple[str, Callable[[str, Value], None]], ...]] = (
    ("$schema", _check_draft),
    ("id", _check_string),
    ("$id", _check_string),
    ("title", _check_string),
    ("description", _check_string),
    ("type", _check_type),
    ("multipleOf", _check_positive),
    ("minimum", _check_number),
    ("exclusiveMinimum", _check_limit),
    ("maximum", _check_number),
    ("exclusiveMaximum", _check_limit),
    ("minLength", _check_size),
    ("maxLength", _check_size),
    ("pattern", _check_pattern),
    ("format", _check_string),
    ("minProperties", _check_size),
    ("maxProperties", _check_size),
    ("required", _check_required),
    ("minItems", _check_size),
    ("maxItems", _check_size),
    ("uniqueItems", _check_boolean),
    ("enum", _check_enum),
)
_SUBSCHEMAS: Final[tuple[tuple[str, Callable[[str, Value], Value]], ...]] = (
    ("definitions", _named_definitions),
    ("properties", _named_properties),
    ("additionalProperties", _boolean_or_schema),
    ("patternProperties", _patterned),
    ("propertyNames", _of_names),
    ("dependencies", _dependent),
    ("items", _items),
    ("additionalItems", _boolean_or_schema),
    ("contains", _contained),
    ("oneOf", _several),
    ("anyOf", _several),
    ("allOf", _several),
    ("not", _one),
    ("if", _one),
    ("then", _one),
    ("else", _one),
)
