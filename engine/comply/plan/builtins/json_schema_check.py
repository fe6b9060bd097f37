"""SCHEMA x JSON -> COMPLAINTS, in the words and the order of OPA's library.

The library tries alternatives (`anyOf`, `oneOf`, `contains`) and tells what is wrong
with the one that came furthest, by a score; hence the score here.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Final

import re2

from comply.classes import dataclass, field
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.json_schema_form import Schema, referred
from comply.plan.builtins.json_schema_formats import has_format
from comply.plan.builtins.json_text import write_json
from comply.plan.values import Value, equal, freeze, is_number, number_text

_DEEPEST: Final = 100


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a document, and where: `a.b.0`, or `(Root)`."""

    kind: str
    field: str
    text: str


@dataclass(slots=True)
class Result:
    """What checking a value found, and how far it came."""

    complaints: list[Complaint] = field(default_factory=list)
    score: int = 0

    def add(self, kind: str, path: tuple[str, ...], text: str) -> None:
        """Take note of a complaint."""
        self.complaints.append(Complaint(kind, field_name(path), text))
        self.score -= 2

    def merge(self, other: "Result") -> None:
        """Take over another's complaints and score."""
        self.complaints += other.complaints
        self.score += other.score


def field_name(path: tuple[str, ...]) -> str:
    """Return a path as complaints name it.

    >>> field_name(("a", "0")), field_name(())
    ('a.0', '(Root)')
    """
    return ".".join(path) or "(Root)"


def validate(schema: Schema, value: Value) -> list[Complaint]:
    """Return what is wrong with a value, if anything."""
    return _result(schema, value, ()).complaints


def _result(schema: Schema, value: Value, path: tuple[str, ...]) -> Result:
    result = Result()
    _check(schema, value, path, result)
    return result


def _check(schema: Schema, value: Value, path: tuple[str, ...], result: Result) -> None:
    schema = _followed(schema)
    if schema.allows is not None:
        if not schema.allows:
            result.add("false", path, "False always fails validation")
        return
    if len(path) > _DEEPEST:
        raise BuiltinError("document is nested too deep")
    if not _has_type(schema, value, path, result):
        return
    for check in _PARTS:
        check(schema, value, path, result)
    if type(value) is dict:
        for name, held in sorted(schema.sub.get("properties", {}).items()):
            if name in value:
                _check(held, value[name], (*path, name), result)
    result.score += 1


def _followed(schema: Schema) -> Schema:
    for _ in range(_DEEPEST):
        if "$ref" not in schema.fields:
            return schema
        schema = referred(schema)
    raise BuiltinError("Reference loop: a $ref leads to itself")


def _has_type(
    schema: Schema, value: Value, path: tuple[str, ...], result: Result
) -> bool:
    wanted = schema.fields.get("type", [])
    if not wanted:
        return True
    names = wanted if type(wanted) is list else [wanted]
    given = _type_of(value)
    if given in names or (given == "integer" and "number" in names):
        return True
    expected = f"[{','.join(names)}]" if len(names) != 1 else names[0]
    result.add(
        "invalid_type", path, f"Invalid type. Expected: {expected}, given: {given}"
    )
    return False


def _type_of(value: Value) -> str:
    """Return the name of a value's type in JSON Schema.

    >>> _type_of(1.0), _type_of(1.5), _type_of(True)
    ('integer', 'number', 'boolean')
    """
    if is_number(value):
        return "integer" if _exact(value).denominator == 1 else "number"
    names = {dict: "object", list: "array", str: "string", bool: "boolean"}
    return names.get(type(value), "null")


def _exact(value: Value) -> Fraction:
    return Fraction(number_text(value))


def _check_combined(
    schema: Schema, value: Value, path: tuple[str, ...], result: Result
) -> None:
    sub = schema.sub
    if "anyOf" in sub:
        _check_any(sub["anyOf"], value, path, result)
    if "oneOf" in sub:
        _check_one(sub["oneOf"], value, path, result)
    if "allOf" in sub:
        found = [_result(s, value, path) for s in sub["allOf"]]
        for each in found:
            result.merge(each)
        if any(each.complaints for each in found):
            text = "Must validate all the schemas (allOf)"
            result.add("number_all_of", path, text)
    if "not" in sub and not _result(sub["not"], value, path).complaints:
        result.add("number_not", path, "Must not validate the schema (not)")
    if type(value) is dict:
        _check_dependencies(schema, value, path, result)
    if "if" in sub:
        _check_condition(sub, value, path, result)
    result.score += 1


def _check_any(
    schemas: list[Schema], value: Value, path: tuple[str, ...], result: Result
) -> None:
    tried = []
    for schema in schemas:
        tried.append(_result(schema, value, path))
        if not tried[-1].complaints:
            return
    result.add("number_any_of", path, "Must validate at least one schema (anyOf)")
    result.merge(_furthest(tried))


def _check_one(
    schemas: list[Schema], value: Value, path: tuple[str, ...], result: Result
) -> None:
    tried = [_result(schema, value, path) for schema in schemas]
    matches = sum(not each.complaints for each in tried)
    if matches == 1:
        return
    text = "Must validate one and only one schema (oneOf)"
    result.add("number_one_of", path, text)
    if not matches:
        result.merge(_furthest(tried))


def _furthest(tried: list[Result]) -> Result:
    return max(tried, key=lambda each: each.score)


def _check_dependencies(
    schema: Schema, value: dict[str, Value], path: tuple[str, ...], result: Result
) -> None:
    for name, held in sorted(schema.sub.get("dependencies", {}).items()):
        if name not in value:
            continue
        if isinstance(held, Schema):
            _check(held, value, path, result)
            continue
        for other in held:
            if other not in value:
                text = f"Has a dependency on {other}"
                result.add("missing_dependency", path, text)


def _check_condition(
    sub: dict[str, Value], value: Value, path: tuple[str, ...], result: Result
) -> None:
    holds = not _result(sub["if"], value, path).complaints
    name, was = ("then", "was") if holds else ("else", "was not")
    if name not in sub:
        return
    found = _result(sub[name], value, path)
    if found.complaints:
        text = f'Must validate "{name}" as "if" {was} valid'
        result.add(f"condition_{name}", path, text)
        result.merge(found)


def _check_values(
    schema: Schema, value: Value, path: tuple[str, ...], result: Result
) -> None:
    fields = schema.fields
    name = field_name(path)
    if "const" in fields and not equal(value, fields["const"]):
        text = f"{name} does not match: {write_json(fields['const'])}"
        result.add("const", path, text)
    if "enum" in fields and not any(equal(value, v) for v in fields["enum"]):
        listed = ", ".join(map(write_json, fields["enum"]))
        text = f"{name} must be one of the following: {listed}"
        result.add("enum", path, text)
    form = fields.get("format", "")
    if type(value) is str and form and not has_format(value, form):
        result.add("format", path, f"Does not match format '{form}'")
    result.score += 1


def _check_array(
    schema: Schema, value: Value, path: tuple[str, ...], result: Result
) -> None:
    if type(value) is not list:
        return
    fields = schema.fields
    _check_items(schema, value, path, result)
    if "minItems" in fields and len(value) < fields["minItems"]:
        text = f"Array must have at least {_shown(fields['minItems'])} items"
        result.add("array_min_items", path, text)
    if "maxItems" in fields and len(value) > fields["maxItems"]:
        text = f"Array must have at most {_shown(fields['maxItems'])} items"
        result.add("array_max_items", path, text)
    if fields.get("uniqueItems"):
        _check_unique(value, path, result)
    if "contains" in schema.sub:
        _check_contains(schema.sub["contains"], value, path, result)
    result.score += 1


def _check_items(
    schema: Schema, value: list[Value], path: tuple[str, ...], result: Result
) -> None:
    items = schema.sub.get("items")
    if isinstance(items, Schema):
        pairs: Iterable[tuple[int, Schema]] = ((i, items) for i in range(len(value)))
    elif items:
        pairs = zip(range(len(value)), items, strict=False)
    else:
        return
    for i, each in pairs:
        result.merge(_result(each, value[i], (*path, str(i))))
    rest = schema.sub.get("additionalItems")
    if isinstance(items, Schema) or rest is None or len(items) >= len(value):
        return
    if rest.allows is False:
        text = "No additional items allowed on array"
        result.add("array_no_additional_items", path, text)
        return
    for i in range(len(items), len(value)):
        result.merge(_result(rest, value[i], (*path, str(i))))


def _check_unique(value: list[Value], path: tuple[str, ...], result: Result) -> None:
    seen: dict[Value, int] = {}
    for i, item in enumerate(value):
        key = freeze(item)
        if key in seen:
            text = f"array items[{seen[key]},{i}] must be unique"
            result.add("unique", path, text)
        seen[key] = i


def _check_contains(
    schema: Schema, value: list[Value], path: tuple[str, ...], result: Result
) -> None:
    tried = []
    for i, item in enumerate(value):
        tried.append(_result(schema, item, (*path, str(i))))
        if not tried[-1].complaints:
            return
    result.add("contains", path, "At least one of the items must match")
    if tried:
        result.merge(_furthest(tried))


def _check_object(
    schema: Schema, value: Value, path: tuple[str, ...], result: Result
) -> None:
    if type(value) is not dict:
        return
    fields = schema.fields
    if "minProperties" in fields and len(value) < fields["minProperties"]:
        text = f"Must have at least {_shown(fields['minProperties'])} properties"
        result.add("array_min_properties", path, text)
    if "maxProperties" in fields and len(value) > fields["maxProperties"]:
        text = f"Must have at most {_shown(fields['maxProperties'])} properties"
        result.add("array_max_properties", path, text)
    for name in fields.get("required", ()):
        if name not in value:
            result.add("required", path, f"{name} is required")
    for name in sorted(value):
        _check_property(schema, name, value[name], (path, result))
    if "propertyNames" in schema.sub:
        for name in sorted(value):
            found = _result(schema.sub["propertyNames"], name, path)
            if found.complaints:
                text = f'Property name of "{name}" does not match'
                result.add("invalid_property_name", path, text)
                result.merge(found)
    result.score += 1


def _check_property(
    schema: Schema, name: str, value: Value, where: tuple[tuple[str, ...], Result]
) -> None:
    path, result = where
    described = name in schema.sub.get("properties", {})
    for pattern, held in schema.sub.get("patternProperties", {}).items():
        if re2.search(pattern, name):
            described = True
            result.merge(_result(held, value, (*path, name)))
    rest = schema.sub.get("additionalProperties")
    if described or rest is None:
        return
    if rest.allows is False:
        text = f"Additional property {name} is not allowed"
        result.add("additional_property_not_allowed", path, text)
        return
    result.merge(_result(rest, value, (*path, name)))


def _check_string(
    schema: Schema, value: Value, path: tuple[str, ...], result: Result
) -> None:
    if type(value) is not str:
        return
    fields = schema.fields
    if "minLength" in fields and len(value) < fields["minLength"]:
        least = _shown(fields["minLength"])
        text = f"String length must be greater than or equal to {least}"
        result.add("string_gte", path, text)
    if "maxLength" in fields and len(value) > fields["maxLength"]:
        most = _shown(fields["maxLength"])
        text = f"String length must be less than or equal to {most}"
        result.add("string_lte", path, text)
    if "pattern" in fields and not re2.search(fields["pattern"], value):
        text = f"Does not match pattern '{fields['pattern']}'"
        result.add("pattern", path, text)
    result.score += 1


def _check_number(
    schema: Schema, value: Value, path: tuple[str, ...], result: Result
) -> None:
    if not is_number(value):
        return
    exact = _exact(value)
    for name, kind, fails, text in _LIMITS:
        limit = _limit(schema.fields, name)
        if limit is not None and fails(exact, _exact(limit)):
            result.add(kind, path, f"Must be {text} {_shown(limit)}")
    result.score += 1


def _limit(fields: dict[str, Value], name: str) -> Value:
    """Return a limit; draft 4 has exclusive ones as booleans beside the plain ones."""
    value = fields.get(name)
    if name.startswith("exclusive"):
        if type(value) is bool:
            return fields[name[9:].lower()] if value else None
        return value
    exclusive = fields.get(f"exclusive{name[:1].upper()}{name[1:]}")
    return None if exclusive is True else value


_LIMITS: Final[
    tuple[tuple[str, str, Callable[[Fraction, Fraction], bool], str], ...]
] = (
    ("multipleOf", "multiple_of", lambda a, b: a % b != 0, "a multiple of"),
    ("maximum", "number_lte", lambda a, b: a > b, "less than or equal to"),
    ("exclusiveMaximum", "number_lt", lambda a, b: a >= b, "less than"),
    ("minimum", "number_gte", lambda a, b: a < b, "greater than or equal to"),
    ("exclusiveMinimum", "number_gt", lambda a, b: a <= b, "greater than"),
)


def _shown(number: Value) -> str:
    exact = _exact(number)
    return str(exact.numerator) if exact.denominator == 1 else number_text(number)


_PARTS: Final = (
    _check_combined,
    _check_array,
    _check_object,
    _check_number,
    _check_values,
    _check_string,
)
