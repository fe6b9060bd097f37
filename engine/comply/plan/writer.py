"""Python text under construction: indentation, names, constants and the line map."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.link import Place
from comply.plan.values import NumberLiteral, RegoSet, Value, thaw


@dataclass(slots=True)
class Writer:
    """Lines of Python and, for each, the (source, offset) it came from.

    `depth` is the indentation, `nested` the number of open blocks of the function being
    written; Python allows twenty. `top` is the line at which that function begins, and its
    depth.
    """

    lines: list[str] = field(default_factory=list)
    places: list[Place | None] = field(default_factory=list)
    depth: int = 0
    nested: int = 0
    place: Place | None = None
    top: tuple[int, int] = (0, 0)
    constants: dict[str, str] = field(default_factory=dict)

    def line(self, text: str) -> None:
        """Append one line at the current indentation."""
        self.lines.append("    " * self.depth + text)
        self.places.append(self.place)

    def begin_with(self, text: str) -> None:
        """Put a line at the beginning of the function being written."""
        at, depth = self.top
        self.lines.insert(at, "    " * depth + text)
        self.places.insert(at, self.place)

    def open(self, text: str) -> None:
        """Append a line that opens a block, and enter it."""
        self.line(text)
        self.depth += 1
        self.nested += 1

    @contextmanager
    def block(self, text: str) -> Iterator[None]:
        """Write a block; what is opened inside is closed with it."""
        depth, nested = self.depth, self.nested
        self.open(text)
        yield
        self.depth, self.nested = depth, nested

    @contextmanager
    def level(self) -> Iterator[None]:
        """Return to the current indentation afterwards."""
        depth, nested = self.depth, self.nested
        yield
        self.depth, self.nested = depth, nested

    def constant(self, value: Value) -> str:
        """Return the text that stands for a constant, naming composite ones."""
        text = literal(value)
        if isinstance(value, str | int) or value is None or type(value) is float:
            return text
        return self.expression(text)

    def expression(self, text: str) -> str:
        """Return the name of an expression that is evaluated once, at the top."""
        return self.constants.setdefault(text, f"K{len(self.constants)}")


def literal(value: Value) -> str:
    """Return a Python expression for a Rego value.

    >>> literal(RegoSet(["b", "a"]))
    "RegoSet(['a', 'b'])"
    """
    match value:
        case NumberLiteral():
            return f"NumberLiteral({value.text!r})"
        case Decimal():
            return f"Decimal({str(value)!r})"
        case list():
            return "[" + ", ".join([literal(v) for v in value]) + "]"
        case RegoSet():
            return "RegoSet([" + ", ".join(literal(v) for v in value.ordered()) + "])"
        case dict():
            pairs = [f"{_key(k)}: {literal(v)}" for k, v in value.items()]
            return "{" + ", ".join(pairs) + "}"
        case _:
            return repr(value)


def _key(key: Value) -> str:
    return repr(key) if isinstance(key, str) else f"freeze({literal(thaw(key))})"


def name(local: ir.Local) -> str:
    """Return the Python name of a local, different for different locals.

    An author may call a variable `x_2`, hence what tells locals of one name apart stands
    before the name.

    >>> name(ir.Local("x.2")), name(ir.Local("$3")), name(ir.Local("%4c"))
    ('l2_x', 'w_3', 't_4c')
    """
    text = local.name
    if text[0] in "$%":
        return ("w_" if text[0] == "$" else "t_") + text[1:].replace(".", "_")
    written, *tags = text.split(".")
    return f"l{''.join(tags)}_{written}"
