"""EXPRESSION -> VALUE: what can be known of it; the rest is UNKNOWN.

https://developer.hashicorp.com/terraform/language/expressions
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from comply.classes import dataclass
from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.functions import call
from comply.load.terraform_source.values import (
    UNKNOWN,
    EvaluationFailureError,
    Filled,
    Members,
    Outputs,
    Sensitive,
    TerraformValue,
    Unknown,
    bare,
    known,
    marked,
    number_of,
    same,
    settled,
    stripped,
    text_of,
    truth_of,
    whole,
)


@dataclass(frozen=True, slots=True)
class Namespace:
    """The first names of a reference, which do not make a value alone: `var`, `data.x`."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean: `names` those of `for` and `each`, `resolve` all others.

    `resolve` takes the names of a reference and its place; `read` gives the text of a
    file, by its path.
    """

    resolve: Callable[[tuple[str, ...], int], TerraformValue | Namespace]
    read: Callable[[str], str | None]
    names: dict[str, Any]

    def having(self, names: dict[str, Any]) -> "Scope":
        """Return a scope with more names."""
        return Scope(self.resolve, self.read, {**self.names, **names})


_ITEM: Final = "*"


def evaluate(node: s.Expression, scope: Scope) -> TerraformValue:
    """Return the value of an expression; what Terraform would refuse is UNKNOWN.

    Raises:
        LoadError: for a name that is not declared, and for a circle of references.
    """
    try:
        return value_of(node, scope)
    except EvaluationFailureError:
        return UNKNOWN


def value_of(  # noqa: C901, PLR0911, PLR0912  (one case a node)
    node: s.Expression, scope: Scope
) -> TerraformValue:
    """Return the value of an expression.

    Raises:
        EvaluationFailureError: if Terraform would refuse it.
        LoadError: as `evaluate` does.
    """
    match node:
        case s.Literal(value=value):
            return value
        case s.Template():
            return _template(node, scope)
        case s.Tuple(items=items):
            return [value_of(item, scope) for item in items]
        case s.Object():
            return _object(node, scope)
        case s.Name() | s.Attribute():
            value = _reference(node, scope)
            return UNKNOWN if isinstance(value, Namespace) else value
        case s.Index(source=source, key=key):
            return _indexed(_reference(source, scope), value_of(key, scope))
        case s.Splat():
            return _splat(node, scope)
        case s.Item():
            return scope.names[_ITEM]
        case s.Call():
            return _call(node, scope)
        case s.Conditional():
            return _conditional(node, scope)
        case s.Binary():
            return _binary(node, scope)
        case s.Unary():
            return _unary(node, scope)
        case s.For():
            return _for(node, scope)


def _reference(node: s.Expression, scope: Scope) -> TerraformValue | Namespace:
    match node:
        case s.Name(at=at, name=name):
            if name in scope.names:
                return scope.names[name]
            return scope.resolve((name,), at)
        case s.Attribute(at=at, source=source, name=name):
            value = _reference(source, scope)
            if isinstance(value, Namespace):
                return scope.resolve((*value.path, name), at)
            return attribute(value, name)
        case s.Index(source=source, key=key):
            return _indexed(_reference(source, scope), value_of(key, scope))
        case _:
            return value_of(node, scope)


def attribute(value: TerraformValue, name: str) -> TerraformValue:
    """Return an attribute of a value; of a resource, UNKNOWN if it is not written.

    Raises:
        EvaluationFailureError: if there is none.
    """
    match value:
        case Unknown():
            return UNKNOWN
        case Sensitive(inner):
            return marked(attribute(inner, name), secret=True)
        case Filled():
            return value.get(name, UNKNOWN)
        case Outputs() if name in value.names:
            return value.get(name)
        case dict() if name in value:
            return value[name]
        case list() if name.isdigit():
            return _indexed(value, int(name))
        case _:
            raise EvaluationFailureError(f"there is no {name}")


def _indexed(value: TerraformValue | Namespace, key: TerraformValue) -> TerraformValue:
    if isinstance(value, Namespace) or value is UNKNOWN or key is UNKNOWN:
        return UNKNOWN
    value, secret = bare(value)
    key, secret_key = bare(key)
    if value is UNKNOWN or key is UNKNOWN:
        return marked(UNKNOWN, secret or secret_key)
    return marked(_element(value, key), secret or secret_key)


def _element(value: TerraformValue, key: TerraformValue) -> TerraformValue:
    if isinstance(value, dict | Outputs):
        return attribute(value, text_of(key))
    if isinstance(value, list):
        position = number_of(key)
        if 0 <= position < len(value) and position == int(position):
            return value[int(position)]
    raise EvaluationFailureError("there is no such element")


def _template(node: s.Template, scope: Scope) -> TerraformValue:
    texts: list[str] = []
    secret = unknown = False
    for part in node.parts:
        value, hidden = stripped(value_of(part, scope))
        secret |= hidden
        if known(value):
            texts.append(text_of(value))
        else:
            unknown = True
    return marked(UNKNOWN if unknown else "".join(texts), secret)


def _object(node: s.Object, scope: Scope) -> TerraformValue:
    made: dict[str, Any] = {}
    unknown = secret = False
    for key_node, value_node in node.pairs:
        key, hidden = bare(value_of(key_node, scope))
        secret |= hidden
        value = value_of(value_node, scope)
        if key is UNKNOWN:
            unknown = True
        else:
            made[text_of(key)] = value
    return marked(UNKNOWN if unknown else made, secret)


def _splat(node: s.Splat, scope: Scope) -> TerraformValue:
    value, secret = bare(value_of(node.source, scope))
    if value is UNKNOWN:
        return marked(UNKNOWN, secret)
    if value is None:
        return marked([], secret)
    items = value if isinstance(value, list) else [value]
    made = [value_of(node.each, scope.having({_ITEM: item})) for item in items]
    return marked(made, secret)


def _call(node: s.Call, scope: Scope) -> TerraformValue:
    if node.name in ("try", "can"):
        return _attempt(node, scope)
    args = [value_of(arg, scope) for arg in node.args]
    if node.spread:
        last, secret = bare(args.pop())
        if last is UNKNOWN:
            return marked(UNKNOWN, secret)
        if not isinstance(last, list):
            raise EvaluationFailureError("`...` needs a list")
        args += [marked(item, secret) for item in last]
    if node.name == "templatefile":
        return _template_file(args, scope)
    return call(node.name, args, scope.read)


def _attempt(node: s.Call, scope: Scope) -> TerraformValue:
    """Return the first argument that can be evaluated, or whether the only one can."""
    for arg in node.args:
        try:
            value = value_of(arg, scope)
        except EvaluationFailureError:
            continue
        if node.name == "try":
            return value
        return True if known(value) else UNKNOWN
    if node.name == "can":
        return False
    raise EvaluationFailureError("nothing in `try` can be evaluated")


def _template_file(args: list[TerraformValue], scope: Scope) -> TerraformValue:
    # Templates are read with the parser of expressions, which is not needed else.
    from comply.load.terraform_source.expressions import (  # noqa: PLC0415
        expression,
    )
    from comply.load.terraform_source.reader import Reader  # noqa: PLC0415
    from comply.load.terraform_source.templates import template  # noqa: PLC0415
    from comply.source import Source  # noqa: PLC0415

    (path, _), (names, secret) = map(bare, args)
    text = scope.read(path) if isinstance(path, str) else None
    if text is None or not isinstance(names, dict):
        return marked(UNKNOWN, secret)
    node = template(Reader(Source(path, text), text), expression)
    return marked(value_of(node, scope.having(names)), secret)


def _conditional(node: s.Conditional, scope: Scope) -> TerraformValue:
    test, secret = bare(value_of(node.test, scope))
    if test is UNKNOWN:
        return marked(UNKNOWN, secret)
    chosen = node.yes if truth_of(test) else node.no
    return marked(value_of(chosen, scope), secret)


def _binary(node: s.Binary, scope: Scope) -> TerraformValue:
    left, hidden = stripped(value_of(node.left, scope))
    right, secret = stripped(value_of(node.right, scope))
    secret |= hidden
    if node.operator in ("&&", "||"):
        return marked(_logic(node.operator, left, right), secret)
    if not (known(left) and known(right)):
        return marked(UNKNOWN, secret)
    if node.operator in ("==", "!="):
        return marked(same(left, right) == (node.operator == "=="), secret)
    result = _arithmetic(node.operator, number_of(left), number_of(right))
    return marked(result, secret)


def _logic(
    operator: str, left: TerraformValue, right: TerraformValue
) -> TerraformValue:
    """Return what `&&` or `||` gives; one side that decides is enough to know it."""
    decides = operator == "||"
    sides = [x if x is UNKNOWN else truth_of(x) for x in (left, right)]
    if decides in [x for x in sides if x is not UNKNOWN]:
        return decides
    return UNKNOWN if UNKNOWN in sides else not decides


def _arithmetic(operator: str, left: float, right: float) -> bool | int | float:
    try:
        match operator:
            case "+":
                return whole(left + right)
            case "-":
                return whole(left - right)
            case "*":
                return whole(left * right)
            case "/":
                return whole(left / right)
            case "%":
                return whole(left - right * int(left / right))
            case _:
                return _ordered(operator, left, right)
    except (ZeroDivisionError, OverflowError, ValueError):
        raise EvaluationFailureError("this cannot be computed") from None


def _ordered(operator: str, left: float, right: float) -> bool:
    match operator:
        case "<":
            return left < right
        case ">":
            return left > right
        case "<=":
            return left <= right
        case _:
            return left >= right


def _unary(node: s.Unary, scope: Scope) -> TerraformValue:
    value, secret = bare(value_of(node.operand, scope))
    if value is UNKNOWN:
        return marked(UNKNOWN, secret)
    result = not truth_of(value) if node.operator == "!" else -number_of(value)
    return marked(result, secret)


def pairs_of(value: TerraformValue) -> Iterator[tuple[TerraformValue, Any]]:
    """Yield the keys and elements of a list, a set or an object.

    Raises:
        EvaluationFailureError: if it is none of them.
    """
    match value:
        case Filled():
            raise EvaluationFailureError("a resource has no elements")
        case Outputs():
            yield from sorted(value.all().items())
        case Members():
            yield from ((item, item) for item in value)
        case list():
            yield from enumerate(value)
        case dict():
            yield from ((key, value[key]) for key in sorted(value))
        case _:
            raise EvaluationFailureError("this has no elements")


def _for(node: s.For, scope: Scope) -> TerraformValue:
    source, secret = bare(value_of(node.source, scope))
    if source is UNKNOWN or isinstance(source, Filled):
        return marked(UNKNOWN, secret)
    made: list[tuple[TerraformValue, TerraformValue]] = []
    for key, item in pairs_of(source):
        names = (key, item) if len(node.names) == 2 else (item,)
        inner = scope.having(dict(zip(node.names, names, strict=True)))
        test = True if node.test is None else value_of(node.test, inner)
        test, hidden = bare(test)
        secret |= hidden
        if test is UNKNOWN:
            return marked(UNKNOWN, secret)
        if truth_of(test):
            name = None if node.key is None else value_of(node.key, inner)
            made.append((name, value_of(node.value, inner)))
    if node.joined:
        return _joined([v for _, v in made], secret=secret)
    if node.key is None:
        return marked([v for _, v in made], secret)
    return _keyed(made, grouped=node.grouped, secret=secret)


def _joined(values: list[TerraformValue], *, secret: bool) -> TerraformValue:
    plain, hidden = stripped(values)
    text = "".join(map(text_of, plain)) if known(plain) else UNKNOWN
    return marked(text, secret or hidden)


def _keyed(
    made: list[tuple[TerraformValue, TerraformValue]], *, grouped: bool, secret: bool
) -> TerraformValue:
    found: dict[str, Any] = {}
    for key, value in made:
        name, hidden = bare(key)
        secret |= hidden
        if name is UNKNOWN:
            return marked(UNKNOWN, secret)
        if grouped:
            found.setdefault(text_of(name), []).append(value)
        elif text_of(name) in found:
            raise EvaluationFailureError("two elements have one key")
        else:
            found[text_of(name)] = value
    return marked(found, secret)


def written(node: s.Expression, scope: Scope) -> TerraformValue:
    """Return the value of a setting, as it is written into a resource."""
    return settled(evaluate(node, scope))
