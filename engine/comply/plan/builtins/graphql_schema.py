"""SCHEMA DOCUMENT -> SCHEMA: extensions merged in, and the rules of OPA's library held.

https://spec.graphql.org/October2021/#sec-Type-System
"""

from copy import copy
from typing import Final

from comply.classes import dataclass, field
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.graphql_cursor import Node
from comply.plan.builtins.graphql_schema_reading import read_schema_document
from comply.plan.values import Value

_SCALARS: Final = ("Int", "Float", "String", "Boolean", "ID")
_PRELUDE: Final = """
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String = "No longer supported")
  on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
directive @defer(if: Boolean = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @oneOf on INPUT_OBJECT
"""
_OUTPUTS: Final = ("SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM")
_INPUTS: Final = ("SCALAR", "ENUM", "INPUT_OBJECT")
_PARTS: Final = ("Directives", "Interfaces", "Fields", "Types", "EnumValues")


@dataclass(slots=True)
class Schema:
    """Types and directives by name; the type of each operation."""

    types: dict[str, Node] = field(default_factory=dict)
    directives: dict[str, Node] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)


def build_schema(document: Node) -> Schema:
    """Return the schema that a document defines.

    Raises:
        BuiltinError: if it breaks a rule of GraphQL's type system.
    """
    schema = Schema(
        types={
            name: {"Kind": "SCALAR", "Name": name, "BuiltIn": True} for name in _SCALARS
        }
    )
    _add_types(schema, document)
    _add_directives(schema, document)
    _add_roots(schema, document)
    for name in sorted(schema.types):
        _check_type(schema, schema.types[name])
    for name in sorted(schema.directives):
        directive = schema.directives[name]
        _check_name(directive)
        _check_arguments(schema, parts(directive, "Arguments"), name)
    if not parts(document, "Schema"):
        for operation in ("query", "mutation", "subscription"):
            if operation.capitalize() in schema.types:
                schema.roots.setdefault(operation, operation.capitalize())
    return schema


def parts(node: Node, name: str) -> list[Value]:
    """Return a list that a node holds, [] if it holds none.

    Raises:
        BuiltinError: if it holds something else there.
    """
    found = node.get(name)
    if found is None:
        return []
    if type(found) is not list:
        raise BuiltinError(f"json: cannot unmarshal what is no array into {name}")
    return found


def fault(node: Node, message: str) -> BuiltinError:
    """Return the error of a fault at a node."""
    where = node.get("Position")
    at = f":{where['Line']}:{where['Column']}" if where else ""
    return BuiltinError(f"input{at}: {message}")


def _add_types(schema: Schema, document: Node) -> None:
    for definition in parts(document, "Definitions"):
        name = definition.get("Name", "")
        if name in schema.types:
            raise fault(definition, f"Cannot redeclare type {name}.")
        schema.types[name] = copy(definition)
    for extension in parts(document, "Extensions"):
        name, kind = extension.get("Name", ""), extension.get("Kind", "")
        extended = schema.types.setdefault(
            name,
            {"Kind": kind, "Name": name, "Position": extension.get("Position")},
        )
        if extended["Kind"] != kind:
            raise fault(
                extension,
                f"Cannot extend type {name} because the base type is a "
                f"{extended['Kind']}, not {kind}.",
            )
        for part in _PARTS:
            extended[part] = parts(extended, part) + parts(extension, part)


def _add_directives(schema: Schema, document: Node) -> None:
    prelude = read_schema_document(_PRELUDE)["Directives"]
    builtin = {directive["Name"] for directive in prelude}
    schema.directives = {directive["Name"]: directive for directive in prelude}
    for directive in parts(document, "Directives"):
        name = directive.get("Name", "")
        if name in schema.directives and name not in builtin:
            raise fault(directive, f"Cannot redeclare directive {name}.")
        schema.directives[name] = directive


def _add_roots(schema: Schema, document: Node) -> None:
    schemas = parts(document, "Schema")
    if len(schemas) > 1:
        raise fault(
            schemas[1],
            "Cannot have multiple schema entry points, "
            "consider schema extensions instead.",
        )
    for each in (*schemas, *parts(document, "SchemaExtension")):
        for entry in parts(each, "OperationTypes"):
            operation, name = entry.get("Operation", ""), entry.get("Type", "")
            if name not in schema.types:
                raise fault(
                    entry,
                    f"Schema root {operation} refers to a type {name} "
                    "that does not exist.",
                )
            schema.roots[operation] = name
        _check_directives(schema, each, "SCHEMA")


def type_name(reference: Node) -> str:
    """Return the name of the type that a reference leads to, lists left out."""
    while reference.get("Elem"):
        reference = reference["Elem"]
    return str(reference.get("NamedType", ""))


def show_type(reference: Node) -> str:
    """Return a type reference as GraphQL writes it.

    >>> show_type({"Elem": {"NamedType": "Int"}, "NonNull": True})
    '[Int]!'
    """
    elem = reference.get("Elem")
    text = f"[{show_type(elem)}]" if elem else str(reference.get("NamedType", ""))
    return text + ("!" if reference.get("NonNull") else "")


def _check_type(schema: Schema, definition: Node) -> None:
    kind, name = definition.get("Kind"), definition.get("Name", "")
    location = (
        "INPUT_FIELD_DEFINITION" if kind == "INPUT_OBJECT" else "FIELD_DEFINITION"
    )
    for each in parts(definition, "Fields"):
        _check_name(each)
        _check_reference(schema, each)
        _check_arguments(schema, parts(each, "Arguments"), None)
        _check_directives(schema, each, location)
    for member in parts(definition, "Types"):
        if member not in schema.types:
            raise fault(definition, f'Undefined type "{member}".')
        if schema.types[member].get("Kind") != "OBJECT":
            raise fault(definition, f'{kind} type "{member}" must be OBJECT.')
        if parts(definition, "Types").count(member) > 1:
            raise fault(
                definition, f"Union type {name} can only include type {member} once."
            )
    for interface in parts(definition, "Interfaces"):
        _check_interface(schema, definition, interface)
    _check_content(schema, definition)
    seen: set[str] = set()
    for each in parts(definition, "Fields"):
        own = each.get("Name", "")
        if own in seen:
            raise fault(each, f"Field {name}.{own} can only be defined once.")
        seen.add(own)
    if not definition.get("BuiltIn"):
        _check_name(definition)
    _check_directives(schema, definition, str(kind))


def _check_content(schema: Schema, definition: Node) -> None:
    """Check that a type has what its kind needs, of kinds that it may have."""
    kind, name = definition.get("Kind"), definition.get("Name", "")
    fields = parts(definition, "Fields")
    match kind:
        case "OBJECT" | "INTERFACE":
            if not fields:
                raise fault(
                    definition, f"{kind} {name}: must define one or more fields."
                )
            _check_kinds(schema, definition, _OUTPUTS)
        case "INPUT_OBJECT":
            if not fields:
                raise fault(
                    definition, f"{kind} {name}: must define one or more input fields."
                )
            _check_kinds(schema, definition, _INPUTS)
            _check_input_cycles(schema, str(name))
        case "ENUM":
            values = parts(definition, "EnumValues")
            if not values:
                raise fault(
                    definition,
                    f"{kind} {name}: must define one or more unique enum values.",
                )
            _check_unique_values(definition)
            for value in values:
                if value.get("Name") in ("true", "false", "null"):
                    raise fault(
                        definition, f"{kind} {name}: non-enum value {value['Name']}."
                    )
                _check_directives(schema, value, "ENUM_VALUE")
        case _:
            pass


def _check_unique_values(definition: Node) -> None:
    seen: set[Value] = set()
    for value in parts(definition, "EnumValues"):
        name = value.get("Name", "")
        if name in seen:
            owner = definition.get("Name", "")
            raise fault(value, f"Enum value {owner}.{name} can only be defined once.")
        seen.add(name)


def _check_input_cycles(schema: Schema, name: str) -> None:
    """Check that an input object needs no value of itself, which none could give."""
    todo: list[tuple[str, tuple[Node, ...]]] = [(name, ())]
    seen: set[str] = set()
    while todo:
        current, path = todo.pop()
        for each in parts(schema.types[current], "Fields"):
            reference = each["Type"]
            inner = type_name(reference)
            needed = reference.get("NonNull") and not reference.get("Elem")
            known = schema.types.get(inner, {})
            if not needed or known.get("Kind") != "INPUT_OBJECT":
                continue
            way = (*path, each)
            if inner == name:
                fields = ".".join(str(f.get("Name", "")) for f in way)
                raise fault(
                    way[0],
                    f'Cannot reference Input Object "{name}" within itself '
                    f'through a series of non-null fields: "{fields}".',
                )
            if inner not in seen:
                seen.add(inner)
                todo.append((inner, way))


def _check_kinds(schema: Schema, definition: Node, kinds: tuple[str, ...]) -> None:
    for each in parts(definition, "Fields"):
        found = schema.types[type_name(each["Type"])].get("Kind")
        if found not in kinds:
            listed = ", ".join(kinds)
            raise fault(
                each,
                f"{definition['Kind']} {definition.get('Name', '')}: "
                f"field must be one of {listed}.",
            )


def _check_name(node: Node) -> None:
    name = str(node.get("Name", ""))
    if name.startswith("__"):
        raise fault(
            node,
            f'Name "{name}" must not begin with "__", '
            "which is reserved by GraphQL introspection.",
        )


def _check_reference(schema: Schema, node: Node) -> None:
    reference = node.get("Type") or {}
    name = type_name(reference)
    if name not in schema.types:
        raise fault(reference or node, f"Undefined type {name}.")


def _check_arguments(
    schema: Schema, arguments: list[Node], directive: str | None
) -> None:
    for argument in arguments:
        _check_name(argument)
        _check_reference(schema, argument)
        kind = schema.types[type_name(argument["Type"])].get("Kind")
        if kind not in _INPUTS:
            raise fault(
                argument,
                f"cannot use {show_type(argument['Type'])} as argument "
                f"{argument.get('Name', '')} because {kind} is not a valid input type",
            )
        _check_directives(schema, argument, "ARGUMENT_DEFINITION", directive)


def _check_directives(
    schema: Schema, node: Node, location: str, inside: str | None = None
) -> None:
    for directive in parts(node, "Directives"):
        _check_name(directive)
        name = directive.get("Name", "")
        if name == inside:
            raise fault(directive, f"Directive {name} cannot refer to itself.")
        definition = schema.directives.get(name)
        if definition is None:
            raise fault(directive, f"Undefined directive {name}.")
        if location not in parts(definition, "Locations"):
            raise fault(directive, f"Directive {name} is not applicable on {location}.")
        _check_given(directive, definition)


def _check_given(directive: Node, definition: Node) -> None:
    """Check that a directive is given the arguments that its definition wants."""
    name = directive.get("Name", "")
    wanted = {a.get("Name"): a for a in parts(definition, "Arguments")}
    given = {a.get("Name"): a for a in parts(directive, "Arguments")}
    for argument in given:
        if argument not in wanted:
            raise fault(
                directive, f"Undefined argument {argument} for directive {name}."
            )
    for argument, node in wanted.items():
        needed = node["Type"].get("NonNull") and not node.get("DefaultValue")
        value = given.get(argument, {}).get("Value", {"Kind": 6})
        if needed and value.get("Kind") == 6:
            raise fault(
                directive, f"Argument {argument} for directive {name} cannot be null."
            )


def _check_interface(schema: Schema, definition: Node, name: str) -> None:
    interface = schema.types.get(name)
    if interface is None:
        raise fault(definition, f'Undefined type "{name}".')
    if interface.get("Kind") != "INTERFACE":
        raise fault(
            definition, f'"{name}" is a non interface type {interface.get("Kind")}.'
        )
    own = {f.get("Name"): f for f in parts(definition, "Fields")}
    implements = f"For {definition.get('Name', '')} to implement {name}"
    for wanted in parts(interface, "Fields"):
        message = _field_fault(schema, wanted, own.get(wanted.get("Name")))
        if message:
            raise fault(definition, f"{implements} {message}")
    _check_ancestors(definition, interface)


def _field_fault(schema: Schema, wanted: Node, found: Node | None) -> str:
    """Return why a field does not do for an interface's, or an empty text."""
    name = wanted.get("Name", "")
    if found is None:
        return f"it must have a field called {name}."
    if not _is_covariant(schema, wanted["Type"], found["Type"]):
        return f"the field {name} must have type {show_type(wanted['Type'])}."
    needed = {a.get("Name"): a for a in parts(wanted, "Arguments")}
    given = {a.get("Name"): a for a in parts(found, "Arguments")}
    same = f"the field {name} must have the same arguments but"
    for argument, node in needed.items():
        if argument not in given:
            return f"{same} it is missing {argument}."
        if show_type(node["Type"]) != show_type(given[argument]["Type"]):
            return f"{same} {argument} has the wrong type."
    for argument, node in given.items():
        required = node["Type"].get("NonNull") and not node.get("DefaultValue")
        if argument not in needed and required:
            return (
                f"any additional arguments on {name} must be optional or have a "
                f"default value but {argument} is required."
            )
    return ""


def _is_covariant(schema: Schema, wanted: Node, found: Node) -> bool:
    """Tell whether a field's type may stand for that of an interface's field."""
    if wanted.get("NonNull") and not found.get("NonNull"):
        return False
    inner, own = wanted.get("Elem"), found.get("Elem")
    if inner and own:
        return _is_covariant(schema, inner, own)
    if inner or own:
        return False
    name, other = wanted.get("NamedType", ""), found.get("NamedType", "")
    return name == other or other in possible_types(schema, name)


def possible_types(schema: Schema, name: str) -> set[str]:
    """Return the names of the types that an interface or a union stands for."""
    members = set(parts(schema.types.get(name, {}), "Types"))
    return members | {
        each
        for each, definition in schema.types.items()
        if name in parts(definition, "Interfaces")
    }


def _check_ancestors(definition: Node, interface: Node) -> None:
    own, name = parts(definition, "Interfaces"), definition.get("Name", "")
    for ancestor in parts(interface, "Interfaces"):
        if ancestor in own:
            continue
        if ancestor == name:
            raise fault(
                definition,
                f"Type {name} cannot implement {interface['Name']} "
                "because it would create a circular reference.",
            )
        raise fault(
            definition,
            f"Type {name} must implement {ancestor} "
            f"because it is implemented by {interface['Name']}.",
        )
