"""GRAPHQL TEXT -> QUERY, a tree of dicts in the shape that OPA's library gives it.

https://spec.graphql.org/October2021/#sec-Document
"""

from comply.plan.builtins.graphql_cursor import (
    Cursor,
    Node,
    begin,
    located,
    place,
    read_arguments,
    read_directives,
    read_type,
    read_value,
    read_variable,
)
from comply.plan.builtins.graphql_lexer import tokenize


def read_query(text: str) -> Node:
    """Return the operations and fragments of a text.

    Raises:
        BuiltinError: at the first fault.

    >>> read_query("{ a }")["Operations"][0]["SelectionSet"][0]["Name"]
    'a'
    """
    cursor = Cursor(tokenize(text))
    operations, fragments = [], []
    while cursor.token.kind != "<EOF>":
        token = cursor.token
        if token.kind == "{" or (
            token.kind == "Name"
            and token.value in ("query", "mutation", "subscription")
        ):
            operations.append(_read_operation(cursor))
        elif token.kind == "Name" and token.value == "fragment":
            fragments.append(_read_fragment(cursor))
        else:
            raise cursor.unexpected()
    return {"Operations": operations, "Fragments": fragments}


def _read_operation(cursor: Cursor) -> Node:
    token = cursor.token
    node: Node = {"Position": place(token)} if token.kind == "{" else begin(token)
    node |= {"Operation": "query", "Name": ""}
    if cursor.token.kind != "{":
        node["Operation"] = cursor.name()
        if cursor.token.kind == "Name":
            node["Name"] = cursor.name()
        node["VariableDefinitions"] = _read_variables(cursor)
        node["Directives"] = read_directives(cursor, constant=False)
    node["SelectionSet"] = _read_selections(cursor)
    return node


def _read_variables(cursor: Cursor) -> list[Node]:
    return cursor.some(("(", ")"), _read_variable_definition)


def _read_variable_definition(cursor: Cursor) -> Node:
    node = begin(cursor.token) | {"Used": False}
    node["Variable"] = read_variable(cursor)
    cursor.expect(":")
    node["Type"] = read_type(cursor)
    if cursor.skip("="):
        node["DefaultValue"] = read_value(cursor, constant=True)
    node["Directives"] = read_directives(cursor, constant=False)
    return node


def _read_selections(cursor: Cursor) -> list[Node]:
    if cursor.token.kind != "{":
        raise located(cursor.token, f"Expected {{, found {cursor.token.kind}")
    return cursor.some(("{", "}"), _read_selection)


def _read_selection(cursor: Cursor) -> Node:
    if cursor.token.kind == "...":
        return _read_spread(cursor)
    node = begin(cursor.token)
    alias = cursor.name()
    node["Alias"] = alias
    node["Name"] = cursor.name() if cursor.skip(":") else alias
    node["Arguments"] = read_arguments(cursor, constant=False)
    node["Directives"] = read_directives(cursor, constant=False)
    node["SelectionSet"] = cursor.some(("{", "}"), _read_selection)
    return node


def _read_spread(cursor: Cursor) -> Node:
    node = begin(cursor.expect("..."))
    node["Position"] = place(cursor.token)
    if cursor.token.kind == "Name" and cursor.token.value != "on":
        node["Name"] = cursor.name()
        node["Directives"] = read_directives(cursor, constant=False)
        return node
    node["TypeCondition"] = ""
    if cursor.token.value == "on":
        cursor.next()
        node["TypeCondition"] = cursor.name()
    node["Directives"] = read_directives(cursor, constant=False)
    node["SelectionSet"] = _read_selections(cursor)
    return node


def _read_fragment(cursor: Cursor) -> Node:
    node = begin(cursor.expect_word("fragment"))
    if cursor.token.value == "on":
        raise cursor.unexpected()
    node["Name"] = cursor.name()
    node["VariableDefinition"] = _read_variables(cursor)
    cursor.expect_word("on")
    node["TypeCondition"] = cursor.name()
    node["Directives"] = read_directives(cursor, constant=False)
    node["SelectionSet"] = _read_selections(cursor)
    return node
