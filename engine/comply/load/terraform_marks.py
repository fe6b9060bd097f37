"""The part of a large plan's text that is marked sensitive.

Almost nothing of a plan is; the values beside its marks are not read unless a mark is set.
"""

from typing import Any, TypedDict

import msgspec

from comply.load.json_text import DEEPEST, may_be_deep
from comply.load.terraform_sensitive import marks_something

Values = dict[str, Any]


class _Change(TypedDict, total=False):
    before: msgspec.Raw
    after: msgspec.Raw
    before_sensitive: Any
    after_sensitive: Any


class _Resource(TypedDict, total=False):
    change: _Change | None
    values: msgspec.Raw
    sensitive_values: Any


class _Output(TypedDict, total=False):
    value: msgspec.Raw
    sensitive: Any


class _Module(TypedDict, total=False):
    resources: list[_Resource] | None
    child_modules: "list[_Module] | None"


class _Values(TypedDict, total=False):
    outputs: dict[str, _Output] | None
    root_module: _Module | None


class _State(TypedDict, total=False):
    values: _Values | None


class _Deferred(TypedDict, total=False):
    resource_change: _Resource | None


class _Action(TypedDict, total=False):
    config_values: msgspec.Raw
    config_sensitive: Any


class _Variable(TypedDict, total=False):
    value: Any


class _Declared(TypedDict, total=False):
    sensitive: Any


class _Root(TypedDict, total=False):
    variables: dict[str, _Declared] | None


class _Configuration(TypedDict, total=False):
    root_module: _Root | None


class _Plan(TypedDict, total=False):
    resource_changes: list[msgspec.Raw] | None
    resource_drift: list[_Resource] | None
    deferred_changes: list[_Deferred] | None
    output_changes: dict[str, _Change] | None
    planned_values: _Values | None
    prior_state: _State | None
    action_invocations: list[_Action] | None
    variables: dict[str, _Variable] | None
    configuration: _Configuration | None


_MARKS = (
    "before_sensitive",
    "after_sensitive",
    "sensitive_values",
    "sensitive",
    "config_sensitive",
)


def marked_part(text: str) -> Values:
    """Return a plan's text as a plan of which only what bears a mark is left.

    Raises:
        ValueError: if a part is not of the kind that Terraform writes, or too deep.
    """
    try:
        return _marked_part(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _marked_part(text: str) -> Values:
    plan = msgspec.json.decode(text, type=_Plan)
    # One by one: most of a plan is resources, and most of these bear no mark.
    read = msgspec.json.Decoder(_Resource | None).decode
    changes = map(read, plan.pop("resource_changes", None) or ())
    marked = {key: _opened(part) for key, part in plan.items()}
    marked["resource_changes"] = [kept for part in changes if (kept := _opened(part))]
    return marked


def _opened(part: Any) -> Any:  # noqa: ANN401
    """Return a part with the values read that stand beside a mark, the rest left out."""
    match part:
        case dict():
            if _is_clear(part):
                return {}
            return {k: v if k in _MARKS else _opened(v) for k, v in part.items()}
        case list():
            return [kept for item in part if (kept := _opened(item))]
        case msgspec.Raw():
            raw = bytes(part)
            if may_be_deep(raw.decode()):
                raise ValueError(f"may nest more than {DEEPEST} levels deep")
            return msgspec.json.decode(raw)
        case _:
            return part


def _is_clear(part: Values) -> bool:
    """Tell whether an object has marks and none of them is set."""
    marks = [part[key] for key in _MARKS if key in part]
    return bool(marks) and not any(map(marks_something, marks))
