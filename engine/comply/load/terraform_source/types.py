"""VALUE + TYPE -> VALUE: what a variable's type makes of what it is given.

https://developer.hashicorp.com/terraform/language/expressions/type-constraints
"""

from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.values import (
    UNKNOWN,
    EvaluationFailureError,
    Sensitive,
    TerraformValue,
    known,
    members,
    number_of,
    text_of,
    truth_of,
)


def converted(value: TerraformValue, type_: s.Expression | None) -> TerraformValue:
    """Return a value as a type has it; one that does not fit is UNKNOWN.

    Terraform refuses a value that does not fit, so nothing is known about such a plan.
    """
    if isinstance(value, Sensitive):
        return Sensitive(converted(value.value, type_))
    try:
        return _converted(value, type_)
    except (EvaluationFailureError, TypeError, AttributeError):
        return UNKNOWN


def _converted(  # noqa: PLR0911  (one case a type)
    value: TerraformValue, type_: s.Expression | None
) -> TerraformValue:
    if value is UNKNOWN or value is None:
        return value
    match type_:
        case s.Name(name="string"):
            return text_of(value)
        case s.Name(name="number"):
            return number_of(value)
        case s.Name(name="bool"):
            return truth_of(value)
        case s.Call(name="list", args=(inner,)):
            return [converted(item, inner) for item in value]
        case s.Call(name="set", args=(inner,)):
            items = [converted(item, inner) for item in value]
            return members(items) if known(items) else UNKNOWN
        case s.Call(name="map", args=(inner,)):
            return {k: converted(v, inner) for k, v in value.items()}
        case s.Call(name="tuple", args=(s.Tuple(items=types),)):
            pairs = zip(value, types, strict=False)
            return [converted(item, inner) for item, inner in pairs]
        case s.Call(name="object", args=(s.Object(pairs=pairs),)):
            return _object(value, pairs)
        case _:
            return value


def _object(
    value: TerraformValue, pairs: tuple[tuple[s.Expression, s.Expression], ...]
) -> TerraformValue:
    made: dict[str, TerraformValue] = {}
    for key, inner in pairs:
        name = key.value if isinstance(key, s.Literal) else ""
        match inner:
            case s.Call(name="optional", args=(type_, *rest)):
                default = rest[0] if rest else None
                plain = None if default is None else plain_value(default)
                held = value.get(name)
                made[name] = converted(plain if held is None else held, type_)
            case _ if name in value:
                made[name] = converted(value[name], inner)
            case _:
                raise EvaluationFailureError(f"there is no {name}")
    return made


def plain_value(node: s.Expression) -> TerraformValue:
    """Return the value of an expression without names; UNKNOWN of any other.

    >>> plain_value(s.Tuple(0, (s.Literal(1, "a"),)))
    ['a']
    """
    match node:
        case s.Literal(value=value):
            return value
        case s.Tuple(items=items):
            return [plain_value(item) for item in items]
        case s.Object(pairs=pairs):
            return {str(plain_value(k)): plain_value(v) for k, v in pairs}
        case s.Unary(operator="-", operand=s.Literal(value=int() | float() as value)):
            return -value
        case _:
            return UNKNOWN
