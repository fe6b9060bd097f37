"""The built-ins graphql.*: queries and schemas, parsed and checked.

https://www.openpolicyagent.org/docs/policy-reference/builtins/graphql
"""

from typing import Final

from comply.plan.builtins.failure import BuiltinError, OperandError
from comply.plan.builtins.graphql_cursor import Node
from comply.plan.builtins.graphql_query import read_query
from comply.plan.builtins.graphql_rules import check_query
from comply.plan.builtins.graphql_schema import Schema, build_schema
from comply.plan.builtins.graphql_schema_reading import read_schema_document
from comply.plan.builtins.operands import string
from comply.plan.values import Value, type_name


def parse_query(text: Value) -> Node:
    """Return the tree of a query's text.

    Raises:
        BuiltinError: if the text is no query.
    """
    tree: Node = _pruned(read_query(string(text)))
    return tree


def parse_schema(text: Value) -> Node:
    """Return the tree of a schema's text.

    Raises:
        BuiltinError: if the text is no schema.
    """
    tree: Node = _pruned(read_schema_document(string(text)))
    return tree


def parse(query: Value, schema: Value) -> list[Node]:
    """Return the trees of a query and a schema; each is a text or a tree.

    Raises:
        BuiltinError: if either is malformed, or the query does not fit the schema.
    """
    query_tree = _query_tree(query)
    schema_tree = _schema_tree(schema)
    _check(query, query_tree, schema_tree)
    return [_pruned(query_tree), _pruned(schema_tree)]


def parse_and_verify(query: Value, schema: Value) -> list[Value]:
    """Return whether a query fits a schema, and their trees, empty if it does not."""
    try:
        return [True, *parse(query, schema)]
    except BuiltinError:
        return [False, {}, {}]


def is_valid(query: Value, schema: Value) -> bool:
    """Tell whether a query fits a schema; each is a text or a tree.

    >>> is_valid("{ a }", "type Query { a: Int }"), is_valid("{ b }", "scalar A")
    (True, False)
    """
    return bool(parse_and_verify(query, schema)[0])


def schema_is_valid(schema: Value) -> bool:
    """Tell whether a text or a tree is a schema that keeps GraphQL's rules.

    >>> schema_is_valid("type A { b: Int }"), schema_is_valid("type A { b: C }")
    (True, False)
    """
    try:
        _built(_schema_tree(schema))
    except BuiltinError:
        return False
    return True


def _query_tree(query: Value) -> Node:
    if type(query) is str:
        return read_query(query)
    return _tree(query, 0, ("Operations", "Fragments"))


def _schema_tree(schema: Value) -> Node:
    if type(schema) is str:
        return read_schema_document(schema)
    names = ("Schema", "SchemaExtension", "Directives", "Definitions", "Extensions")
    return _tree(schema, 1, names)


def _tree(value: Value, position: int, names: tuple[str, ...]) -> Node:
    if type(value) is not dict:
        raise OperandError(
            f"operand {position} must be one of {{string, object}} "
            f"but got {type_name(value)}"
        )
    for name in names:
        nodes = value.get(name, [])
        if type(nodes) is not list or any(type(node) is not dict for node in nodes):
            raise BuiltinError(f"json: cannot unmarshal {name}: it is no list of nodes")
    return value


def _check(query: Value, query_tree: Node, schema_tree: Node) -> None:
    try:
        built = _built(schema_tree)
    except BuiltinError as error:
        raise BuiltinError(
            f"Error in gqlparser SchemaDocument to Schema conversion: {error.message}"
        ) from None
    text = query if type(query) is str else None
    try:
        check_query(query_tree, text, built)
    except (KeyError, AttributeError, TypeError):
        raise BuiltinError("the tree of the query is malformed") from None


def _built(tree: Node) -> Schema:
    try:
        return build_schema(tree)
    except (KeyError, AttributeError, TypeError):
        raise BuiltinError("the tree of the schema is malformed") from None


def _pruned(value: Value) -> Value:
    """Return a tree without places, and without what is empty."""
    if type(value) is list:
        return [_pruned(v) for v in value]
    if type(value) is not dict:
        return value
    return {
        name: _pruned(v)
        for name, v in value.items()
        if name != "Position" and v not in (None, [], {})
    }


BUILTINS: Final = {
    "graphql.is_valid": is_valid,
    "graphql.parse": parse,
    "graphql.parse_and_verify": parse_and_verify,
    "graphql.parse_query": parse_query,
    "graphql.parse_schema": parse_schema,
    "graphql.schema_is_valid": schema_is_valid,
}
