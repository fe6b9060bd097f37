"""QUERY x SCHEMA -> FAULTS, by graphql-core's rules in the words of OPA's library.

https://spec.graphql.org/October2021/#sec-Validation
"""

from typing import Final, TypeAlias

from graphql import GraphQLError, GraphQLSyntaxError, build_schema, parse, validate
from graphql.language import StringValueNode, get_location
from graphql.validation import (
    FieldsOnCorrectTypeRule,
    FragmentsOnCompositeTypesRule,
    KnownArgumentNamesRule,
    KnownDirectivesRule,
    KnownFragmentNamesRule,
    KnownTypeNamesRule,
    LoneAnonymousOperationRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OverlappingFieldsCanBeMergedRule,
    PossibleFragmentSpreadsRule,
    ProvidedRequiredArgumentsRule,
    ScalarLeafsRule,
    SingleFieldSubscriptionsRule,
    UniqueArgumentNamesRule,
    UniqueDirectivesPerLocationRule,
    UniqueFragmentNamesRule,
    UniqueInputFieldNamesRule,
    UniqueOperationNamesRule,
    UniqueVariableNamesRule,
    ValuesOfCorrectTypeRule,
    VariablesAreInputTypesRule,
    VariablesInAllowedPositionRule,
)

from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.graphql_cursor import Node
from comply.plan.builtins.graphql_printing import print_query, print_schema
from comply.plan.builtins.graphql_schema import Schema, parts

# A message, and the line and column of its place, if it has one.
Fault: TypeAlias = tuple[str, tuple[int, int] | None]

_RULES: Final = (
    FieldsOnCorrectTypeRule,
    FragmentsOnCompositeTypesRule,
    KnownArgumentNamesRule,
    KnownDirectivesRule,
    KnownFragmentNamesRule,
    KnownTypeNamesRule,
    LoneAnonymousOperationRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OverlappingFieldsCanBeMergedRule,
    PossibleFragmentSpreadsRule,
    ProvidedRequiredArgumentsRule,
    ScalarLeafsRule,
    SingleFieldSubscriptionsRule,
    UniqueArgumentNamesRule,
    UniqueDirectivesPerLocationRule,
    UniqueFragmentNamesRule,
    UniqueInputFieldNamesRule,
    UniqueOperationNamesRule,
    UniqueVariableNamesRule,
    ValuesOfCorrectTypeRule,
    VariablesAreInputTypesRule,
    VariablesInAllowedPositionRule,
)


# OPA's library takes integers of any size.
_TOO_BIG: Final = "Int cannot represent non 32-bit signed integer value"


def check_query(query: Node, text: str | None, schema: Schema) -> None:
    """Check a query against a schema; `text` is what the query was read from, if any.

    Raises:
        BuiltinError: if it breaks rules: all of them, the first with its place.
    """
    for operation in parts(query, "Operations"):
        kind = operation.get("Operation") or "query"
        if kind not in schema.roots and parts(operation, "SelectionSet"):
            place = operation.get("Position") or {}
            where = (place["Line"], place["Column"]) if place else None
            raise _together(
                [(f'Schema does not support operation type "{kind}"', where)]
            )
    source = print_query(query) if text is None else text
    if not parts(query, "Operations") and not parts(query, "Fragments"):
        return
    try:
        document = parse(source)
        target = build_schema(
            print_schema(schema), assume_valid=True, assume_valid_sdl=True
        )
        faults = validate(target, document, _RULES)
    except (GraphQLSyntaxError, TypeError) as error:
        raise BuiltinError(f"GraphQL parse error: {error}") from None
    told = [f for f in faults if not f.message.startswith(_TOO_BIG)]
    if told:
        raise _together([_described(f, placed=text is not None) for f in told])


def _described(error: GraphQLError, *, placed: bool) -> Fault:
    """Return a fault in the library's words, and where it is."""
    message = _reworded(error.message.replace("'", '"'))
    node = error.nodes[-1] if error.nodes else None
    if not placed or node is None or node.loc is None:
        return message, None
    body = node.loc.source.body
    at = node.loc.start + _OFFSETS.get(node.kind, 0)
    if isinstance(node, StringValueNode):
        at += 3 if node.block else 1
    while body[at] in " \t\r\n,":
        at += 1
    place = get_location(node.loc.source, at)
    return message, (place.line, place.column)


# The library's places are past the punctuation that begins these.
_OFFSETS: Final = {"directive": 1, "fragment_spread": 3, "inline_fragment": 3}


def _reworded(message: str) -> str:
    """Return one of graphql-core's messages as OPA's library says it.

    >>> _reworded('Argument "@skip(if:)" of type "Boolean!" is required.')
    'Directive "@skip" argument "if" of type "Boolean!" is required.'
    """
    head, used, location = message.partition(" may not be used on ")
    if used:
        return head + used + location.upper()
    head, none, tail = message.partition(" not to be None")
    if none:
        return f"{head.replace('of non-null type', 'of type')}, found null{tail}"
    head, unknown, tail = message.partition(" not to include unknown field ")
    if unknown:
        kind = head.removeprefix("Expected value of type ")
        return f"Field {tail.partition(',')[0]} is not defined by type {kind}."
    if not message.startswith('Argument "'):
        return message
    target, _, tail = message.removeprefix('Argument "').partition(":)")
    owner, _, argument = target.partition("(")
    kind = "Directive" if owner.startswith("@") else "Field"
    name = owner.rpartition(".")[2]
    return f'{kind} "{name}" argument "{argument}{tail}'


def _together(faults: list[Fault]) -> BuiltinError:
    (first, where), *others = faults
    lines = [f"input:{at[0]}:{at[1]}: {m}" if at else f"input: {m}" for m, at in others]
    text = "\n".join([first, *lines, ""])
    if where is None:
        return BuiltinError(f"GraphQL parse error: input: {text}")
    text = text.removesuffix(".\n")
    return BuiltinError(f"{text} in GraphQL string at location {where[0]}:{where[1]}")
