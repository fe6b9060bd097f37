"""TREE -> GRAPHQL TEXT: what OPA's trees of dicts say, for graphql-core to read."""

from collections.abc import Callable
from typing import Final

from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.graphql_cursor import Node
from comply.plan.builtins.graphql_schema import Schema, parts, show_type
from comply.plan.builtins.json_text import write_string
from comply.plan.values import Value

_BUILTIN_DIRECTIVES: Final = frozenset({"include", "skip", "deprecated", "specifiedBy"})


def print_query(query: Node) -> str:
    """Return the text of a query's operations and fragments.

    >>> field = {"Alias": "b", "Name": "a"}
    >>> print_query({"Operations": [{"Operation": "query", "SelectionSet": [field]}]})
    'query {b: a}'
    """
    operations = [
        f"{o.get('Operation') or 'query'} {o.get('Name', '')}"
        f"{_variables(o, 'VariableDefinitions')}{_directives(o)}{_selections(o)}"
        for o in parts(query, "Operations")
        if parts(o, "SelectionSet")
    ]
    fragments = [
        f"fragment {f.get('Name', '')}{_variables(f, 'VariableDefinition')} "
        f"on {f.get('TypeCondition', '')}{_directives(f)}{_selections(f)}"
        for f in parts(query, "Fragments")
        if parts(f, "SelectionSet")
    ]
    return "\n".join([*operations, *fragments])


def _variables(node: Node, name: str) -> str:
    found = [
        f"${v.get('Variable', '')}: {show_type(v.get('Type', {}))}"
        f"{_default(v)}{_directives(v)}"
        for v in parts(node, name)
    ]
    return f"({', '.join(found)})" if found else ""


def _default(node: Node) -> str:
    value = node.get("DefaultValue")
    return f" = {print_value(value)}" if value else ""


def _selections(node: Node) -> str:
    found = [_selection(s) for s in parts(node, "SelectionSet")]
    return "{" + " ".join(found) + "}" if found else ""


def _selection(node: Node) -> str:
    if "Alias" in node:
        name, alias = node.get("Name", ""), node["Alias"]
        head = name if alias in ("", name) else f"{alias}: {name}"
        return f"{head}{_arguments(node)}{_directives(node)}{_selections(node)}"
    if "TypeCondition" in node or "SelectionSet" in node:
        condition = node.get("TypeCondition")
        head = f"... on {condition}" if condition else "..."
        return f"{head}{_directives(node)}{_selections(node)}"
    return f"...{node.get('Name', '')}{_directives(node)}"


def _arguments(node: Node) -> str:
    found = [
        f"{a.get('Name', '')}: {print_value(a.get('Value', {}))}"
        for a in parts(node, "Arguments")
    ]
    return f"({', '.join(found)})" if found else ""


def _directives(node: Node) -> str:
    return "".join(
        f" @{d.get('Name', '')}{_arguments(d)}" for d in parts(node, "Directives")
    )


def print_value(value: Node) -> str:
    """Return a value's text.

    >>> print_value({"Kind": 3, "Raw": "a"})
    '"a"'

    Raises:
        BuiltinError: if it is of no kind that GraphQL has.
    """
    kind, raw = value.get("Kind", 0), value.get("Raw", "")
    children = parts(value, "Children")
    match kind:
        case 0:
            return f"${raw}"
        case 1 | 2 | 5 | 6 | 7:
            return str(raw)
        case 3 | 4:
            return write_string(str(raw))
        case 8:
            return "[" + ", ".join(print_value(c["Value"]) for c in children) + "]"
        case 9:
            pairs = [f"{c['Name']}: {print_value(c['Value'])}" for c in children]
            return "{" + ", ".join(pairs) + "}"
        case _:
            raise BuiltinError(f"a value has the unknown kind {kind}")


def print_schema(schema: Schema) -> str:
    """Return the text of a schema's types and directives, what is built in left out."""
    roots = [f"{operation}: {name}" for operation, name in schema.roots.items()]
    return "\n".join(
        [
            "schema {" + " ".join(roots) + "}" if roots else "",
            *(_directive(d) for d in schema.directives.values()),
            *(_type(d) for d in schema.types.values() if not d.get("BuiltIn")),
        ]
    )


def _directive(node: Node) -> str:
    name = node.get("Name", "")
    if name in _BUILTIN_DIRECTIVES:
        return ""
    repeatable = " repeatable" if node.get("IsRepeatable") else ""
    locations = " | ".join(parts(node, "Locations"))
    return f"directive @{name}{_inputs(node, '()')}{repeatable} on {locations}"


def _inputs(node: Node, brackets: str) -> str:
    name = "Arguments" if brackets == "()" else "Fields"
    found = [
        f"{a.get('Name', '')}: {show_type(a['Type'])}{_default(a)}"
        for a in parts(node, name)
    ]
    return brackets[0] + " ".join(found) + brackets[1] if found else ""


def _type(node: Node) -> str:
    name = node.get("Name", "")
    return _PRINTERS[node.get("Kind", "")](name, node)


def _fields(word: str) -> Callable[[str, Node], str]:
    def print_fields(name: str, node: Node) -> str:
        interfaces = " & ".join(parts(node, "Interfaces"))
        implements = f" implements {interfaces}" if interfaces else ""
        fields = [
            f"{f.get('Name', '')}{_inputs(f, '()')}: {show_type(f['Type'])}"
            for f in parts(node, "Fields")
        ]
        return f"{word} {name}{implements} {{ {' '.join(fields)} }}"

    return print_fields


def _scalar(name: str, _node: Node) -> str:
    return f"scalar {name}"


def _union(name: str, node: Node) -> str:
    members: list[Value] = parts(node, "Types")
    return f"union {name} = {' | '.join(members)}" if members else f"union {name}"


def _enum(name: str, node: Node) -> str:
    values = [str(v.get("Name", "")) for v in parts(node, "EnumValues")]
    return f"enum {name} {{ {' '.join(values)} }}"


def _input(name: str, node: Node) -> str:
    return f"input {name} {_inputs(node, '{}')}"


_PRINTERS: Final[dict[str, Callable[[str, Node], str]]] = {
    "SCALAR": _scalar,
    "OBJECT": _fields("type"),
    "INTERFACE": _fields("interface"),
    "UNION": _union,
    "ENUM": _enum,
    "INPUT_OBJECT": _input,
}
