"""TOKENS, one by one: what GraphQL's two parsers share.

A tree is made of dicts in the shape that OPA's library gives them; `Position` is where
a node begins, and is taken out before a rule sees the tree.
"""

from collections.abc import Callable
from typing import Final

from comply.classes import dataclass
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.graphql_lexer import Token
from comply.plan.values import Value

Node = dict[str, Value]

_VALUE_KINDS: Final = {"Int": 1, "Float": 2, "String": 3, "BlockString": 4}
_NAMED_KINDS: Final = {"true": 5, "false": 5, "null": 6}
_VARIABLE: Final = 0
_ENUM: Final = 7
_LIST: Final = 8
_OBJECT: Final = 9
_DEEPEST: Final = 200


@dataclass(slots=True)
class Cursor:
    """The tokens of a document, and where the parser is."""

    tokens: list[Token]
    at: int = 0
    depth: int = 0

    @property
    def token(self) -> Token:
        """Return the next token."""
        return self.tokens[self.at]

    def next(self) -> Token:
        """Return the next token and go past it; the last stays."""
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def skip(self, kind: str) -> bool:
        """Go past the next token if it is of a kind, and tell whether it was."""
        if self.token.kind != kind:
            return False
        self.next()
        return True

    def expect(self, kind: str) -> Token:
        """Return the next token, of the kind that must follow, and go past it."""
        if self.token.kind != kind:
            raise located(self.token, f"Expected {kind}, found {self.token.kind}")
        return self.next()

    def expect_word(self, word: str) -> Token:
        """Return the next token, which must be a keyword, and go past it."""
        if self.token.kind != "Name" or self.token.value != word:
            raise located(self.token, f'Expected "{word}", found {self.token.shown}')
        return self.next()

    def name(self) -> str:
        """Return the name that must follow."""
        return self.expect("Name").value

    def unexpected(self) -> BuiltinError:
        """Return the error of a token that cannot be here."""
        return located(self.token, f"Unexpected {self.token.shown}")

    def some(
        self, brackets: tuple[str, str], read: Callable[["Cursor"], Value]
    ) -> list[Value]:
        """Return what stands between brackets, at least one; [] without brackets."""
        if not self.skip(brackets[0]):
            return []
        self.deeper()
        found = []
        while self.token.kind != brackets[1]:
            found.append(read(self))
        if not found:
            raise located(
                self.token,
                f"expected at least one definition, found {self.token.kind}",
            )
        self.next()
        self.depth -= 1
        return found

    def many(
        self, brackets: tuple[str, str], read: Callable[["Cursor"], Value]
    ) -> list[Value]:
        """Return what stands between brackets, perhaps nothing."""
        self.expect(brackets[0])
        self.deeper()
        found = []
        while self.token.kind != brackets[1]:
            found.append(read(self))
        self.next()
        self.depth -= 1
        return found

    def deeper(self) -> None:
        """Take note of a level of nesting, of which there are not too many."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise located(self.token, "document is nested too deep")


def located(token: Token, message: str) -> BuiltinError:
    """Return an error at a token's place."""
    return BuiltinError(
        f"{message} in GraphQL string at location {token.line}:{token.column}"
    )


def place(token: Token) -> Node:
    """Return a token's place as a tree holds it."""
    return {"Line": token.line, "Column": token.column}


def begin(token: Token, comment: str = "Comment") -> Node:
    """Return the node that begins at a token: its place, and the comments before it."""
    node: Node = {"Position": place(token)}
    if token.comments:
        node[comment] = comment_group(token)
    return node


def comment_group(token: Token) -> Node:
    """Return the comments before a token as a tree holds them."""
    return {"List": [{"Value": text} for text in token.comments]}


def read_value(cursor: Cursor, *, constant: bool) -> Node:
    """Return the value that follows; a constant one holds no variables."""
    token = cursor.token
    node: Node = {"Position": place(token), "Raw": "", "ExpectedTypeHasDefault": False}
    if token.kind in ("[", "{"):
        node |= begin(token)
    match token.kind:
        case "[":
            items = cursor.many(
                ("[", "]"),
                lambda c: {"Name": "", "Value": read_value(c, constant=constant)},
            )
            return node | {"Kind": _LIST, "Children": items}
        case "{":
            items = cursor.many(("{", "}"), lambda c: _read_field(c, constant=constant))
            return node | {"Kind": _OBJECT, "Children": items}
        case "$" if not constant:
            return node | {"Kind": _VARIABLE, "Raw": read_variable(cursor)}
        case "Name":
            kind = _NAMED_KINDS.get(token.value, _ENUM)
        case "Int" | "Float" | "String" | "BlockString":
            kind = _VALUE_KINDS[token.kind]
        case _:
            raise cursor.unexpected()
    cursor.next()
    return node | {"Kind": kind, "Raw": token.value}


def _read_field(cursor: Cursor, *, constant: bool) -> Node:
    token = cursor.token
    name = cursor.name()
    cursor.expect(":")
    value = read_value(cursor, constant=constant)
    return {"Name": name, "Value": value, **begin(token)}


def read_variable(cursor: Cursor) -> str:
    """Return the name after a dollar sign."""
    cursor.expect("$")
    return cursor.name()


def read_type(cursor: Cursor) -> Node:
    """Return the type reference that follows."""
    node: Node = {"Position": place(cursor.token), "NamedType": ""}
    if cursor.skip("["):
        cursor.deeper()
        node["Elem"] = read_type(cursor)
        cursor.depth -= 1
        cursor.expect("]")
    else:
        node["NamedType"] = cursor.name()
    node["NonNull"] = cursor.skip("!")
    return node


def read_directives(cursor: Cursor, *, constant: bool) -> list[Node]:
    """Return the directives that follow, perhaps none."""
    found = []
    while cursor.token.kind == "@":
        node: Node = {"Position": place(cursor.next()), "Location": ""}
        node["Name"] = cursor.name()
        node["Arguments"] = read_arguments(cursor, constant=constant)
        found.append(node)
    return found


def read_arguments(cursor: Cursor, *, constant: bool) -> list[Node]:
    """Return the arguments in parentheses that follow, perhaps none."""
    return cursor.some(("(", ")"), lambda c: _read_field(c, constant=constant))
