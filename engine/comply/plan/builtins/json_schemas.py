"""The built-ins json.match_schema and json.verify_schema: JSON Schema, drafts 4 to 7.

https://www.openpolicyagent.org/docs/policy-reference/builtins/object
"""

from typing import Final

from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.json_schema_check import validate
from comply.plan.builtins.json_schema_form import Schema, read_schema
from comply.plan.builtins.json_text import read_json, write_json
from comply.plan.values import Value


def match_schema(document: Value, schema: Value) -> list[Value]:
    """Return whether a document matches a schema, and what is wrong with it.

    Each is an object, an array or a JSON text. A complaint is an object of `error`,
    `type`, `field` and `desc`.

    Raises:
        BuiltinError: if the schema is malformed, or either is something else.

    >>> match_schema({"id": 5}, {"properties": {"id": {"type": "integer"}}})
    [True, []]
    """
    value = _as_json(document)
    complaints = validate(_read(schema), value)
    return [
        not complaints,
        [
            {
                "error": f"{c.field}: {c.text}",
                "type": c.kind,
                "field": c.field,
                "desc": c.text,
            }
            for c in complaints
        ],
    ]


def verify_schema(schema: Value) -> list[Value]:
    """Return whether a schema is well formed, and what is wrong with it or None.

    >>> verify_schema('{"type": "boolean"}')
    [True, None]
    """
    try:
        _read(schema)
    except BuiltinError as error:
        return [False, f"jsonschema: {error.message}"]
    return [True, None]


def _read(schema: Value) -> Schema:
    value = _as_json(schema)
    if type(value) not in (dict, bool):
        raise BuiltinError("schema is invalid")
    return read_schema(value)


def _as_json(value: Value) -> Value:
    """Return a document with JSON's types alone: a string is its text."""
    if type(value) is str:
        try:
            return read_json(value)
        except BuiltinError:
            raise BuiltinError("invalid JSON string") from None
    if type(value) not in (dict, list):
        raise BuiltinError("wrong type, expected string or object")
    return read_json(write_json(value))


BUILTINS: Final = {
    "json.match_schema": match_schema,
    "json.verify_schema": verify_schema,
}
