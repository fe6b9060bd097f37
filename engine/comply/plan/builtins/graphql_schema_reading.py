"""GRAPHQL TEXT -> SCHEMA DOCUMENT, a tree of dicts in the shape OPA's library gives it.

https://spec.graphql.org/October2021/#sec-Type-System
"""

from collections.abc import Callable
from typing import Final

from comply.plan.builtins.graphql_cursor import (
    Cursor,
    Node,
    begin,
    comment_group,
    located,
    place,
    read_directives,
    read_type,
    read_value,
)
from comply.plan.builtins.graphql_lexer import Token, tokenize

_BEFORE: Final = "BeforeDescriptionComment"
_AFTER: Final = "AfterDescriptionComment"
_BRACES: Final = ("{", "}")
_LOCATIONS: Final = frozenset(
    {
        "QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION",
        "FRAGMENT_SPREAD", "INLINE_FRAGMENT", "VARIABLE_DEFINITION", "SCHEMA", "SCALAR",
        "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE", "UNION",
        "ENUM", "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION",
    }
)  # fmt: skip


def read_schema_document(text: str) -> Node:
    """Return the definitions and extensions of a text.

    Raises:
        BuiltinError: at the first fault.

    >>> read_schema_document("scalar Date")["Definitions"][0]["Kind"]
    'SCALAR'
    """
    cursor = Cursor(tokenize(text))
    document: Node = {
        name: []
        for name in (
            "Schema",
            "SchemaExtension",
            "Directives",
            "Definitions",
            "Extensions",
        )
    }
    while cursor.token.kind != "<EOF>":
        _read_definition(cursor, document)
    if cursor.token.comments:
        document["Comment"] = comment_group(cursor.token)
    return document


def _read_definition(cursor: Cursor, document: Node) -> None:
    comment = cursor.token if cursor.token.kind in ("String", "BlockString") else None
    described = _read_description(cursor)
    if cursor.token.kind != "Name":
        raise cursor.unexpected()
    word = cursor.token.value
    if word in _TYPES:
        document["Definitions"].append(_read_type(cursor, described, extends=False))
    elif word == "schema":
        document["Schema"].append(_read_schema(cursor, described))
    elif word == "directive":
        document["Directives"].append(_read_directive(cursor, described))
    elif word == "extend":
        _read_extension(cursor, document, comment)
    else:
        raise cursor.unexpected()


def _read_description(cursor: Cursor) -> Node:
    """Return what a node has of the description that may be before it."""
    token = cursor.token
    described: Node = {"Description": ""}
    if token.kind in ("String", "BlockString"):
        described["Description"] = cursor.next().value
        if token.comments:
            described[_BEFORE] = comment_group(token)
    return described | begin(cursor.token, _AFTER)


def _end(cursor: Cursor, node: Node, name: str, read: Callable[[Cursor], Node]) -> None:
    """Read what stands in braces into a node, and the comments before the last."""
    node[name] = cursor.some(_BRACES, read)
    closing = cursor.tokens[cursor.at - 1]
    if node[name] and closing.comments:
        node["EndOfDefinitionComment"] = comment_group(closing)


def _read_extension(cursor: Cursor, document: Node, comment: Token | None) -> None:
    if comment is not None and comment.value:
        raise located(comment, f"Unexpected {comment.shown}")
    described: Node = {"Description": "", **begin(cursor.token, _AFTER)}
    cursor.expect_word("extend")
    word = cursor.token.value
    if word == "schema":
        node = _read_schema(cursor, described)
        if not node["Directives"] and not node["OperationTypes"]:
            raise cursor.unexpected()
        document["SchemaExtension"].append(node)
    elif cursor.token.kind == "Name" and word in _TYPES:
        document["Extensions"].append(_read_type(cursor, described, extends=True))
    else:
        raise cursor.unexpected()


def _read_schema(cursor: Cursor, described: Node) -> Node:
    node = described | {"Position": place(cursor.next())}
    node["Directives"] = read_directives(cursor, constant=True)
    _end(cursor, node, "OperationTypes", _read_operation_type)
    return node


def _read_operation_type(cursor: Cursor) -> Node:
    token = cursor.next()
    if token.value not in ("query", "mutation", "subscription"):
        raise located(token, f"Unexpected {token.shown}")
    cursor.expect(":")
    return {
        "Operation": token.value,
        "Type": cursor.name(),
        **begin(token),
    }


def _read_type(cursor: Cursor, described: Node, *, extends: bool) -> Node:
    kind, read = _TYPES[cursor.next().value]
    node = described | {
        "Position": place(cursor.token),
        "Kind": kind,
        "Name": cursor.name(),
        "BuiltIn": False,
    }
    if kind in ("OBJECT", "INTERFACE"):
        node["Interfaces"] = _read_interfaces(cursor)
    node["Directives"] = read_directives(cursor, constant=True)
    read(cursor, node)
    parts = ("Directives", "Fields", "Types", "EnumValues")
    named = ("Interfaces",) if kind == "OBJECT" else ()
    if extends and not any(node.get(part) for part in (*parts, *named)):
        raise cursor.unexpected()
    return node


def _read_interfaces(cursor: Cursor) -> list[str]:
    if cursor.token.value != "implements":
        return []
    cursor.next()
    cursor.skip("&")
    found = [cursor.name()]
    while cursor.skip("&"):
        found.append(cursor.name())
    return found


def _read_fields(cursor: Cursor, node: Node) -> None:
    _end(cursor, node, "Fields", _read_field)


def _read_field(cursor: Cursor) -> Node:
    node = _read_description(cursor)
    node["Name"] = cursor.name()
    node["Arguments"] = _read_arguments(cursor)
    cursor.expect(":")
    node["Type"] = read_type(cursor)
    node["Directives"] = read_directives(cursor, constant=True)
    return node


def _read_arguments(cursor: Cursor) -> list[Node]:
    return cursor.some(("(", ")"), _read_input)


def _read_inputs(cursor: Cursor, node: Node) -> None:
    _end(cursor, node, "Fields", _read_input)


def _read_input(cursor: Cursor) -> Node:
    node = _read_description(cursor)
    node["Name"] = cursor.name()
    cursor.expect(":")
    node["Type"] = read_type(cursor)
    if cursor.skip("="):
        node["DefaultValue"] = read_value(cursor, constant=True)
    node["Directives"] = read_directives(cursor, constant=True)
    return node


def _read_members(cursor: Cursor, node: Node) -> None:
    if not cursor.skip("="):
        return
    cursor.skip("|")
    node["Types"] = [cursor.name()]
    while cursor.skip("|"):
        node["Types"].append(cursor.name())


def _read_enum_values(cursor: Cursor, node: Node) -> None:
    _end(cursor, node, "EnumValues", _read_enum_value)


def _read_enum_value(cursor: Cursor) -> Node:
    node = _read_description(cursor)
    node["Name"] = cursor.name()
    node["Directives"] = read_directives(cursor, constant=True)
    return node


def _read_nothing(_cursor: Cursor, _node: Node) -> None:
    """Read a scalar, which has no parts."""


_TYPES: Final[dict[str, tuple[str, Callable[[Cursor, Node], None]]]] = {
    "scalar": ("SCALAR", _read_nothing),
    "type": ("OBJECT", _read_fields),
    "interface": ("INTERFACE", _read_fields),
    "union": ("UNION", _read_members),
    "enum": ("ENUM", _read_enum_values),
    "input": ("INPUT_OBJECT", _read_inputs),
}


def _read_directive(cursor: Cursor, described: Node) -> Node:
    cursor.expect_word("directive")
    cursor.expect("@")
    node = described | {"Position": place(cursor.token)}
    node["Name"] = cursor.name()
    node["Arguments"] = _read_arguments(cursor)
    node["IsRepeatable"] = False
    if cursor.token.kind == "Name" and cursor.token.value == "repeatable":
        cursor.next()
        node["IsRepeatable"] = True
    cursor.expect_word("on")
    cursor.skip("|")
    node["Locations"] = [_read_location(cursor)]
    while cursor.skip("|"):
        node["Locations"].append(_read_location(cursor))
    return node


def _read_location(cursor: Cursor) -> str:
    token = cursor.expect("Name")
    if token.value not in _LOCATIONS:
        raise located(token, f"Unexpected {token.shown}")
    return token.value
