"""The strings that a Terraform plan marks sensitive.

A plan holds sensitive values in clear beside marks that say so, hence whoever prints
anything made from a plan must take them out.
https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Iterator
from typing import Any

from comply.plan.values import Value


def sensitive_strings(plan: dict[str, Any]) -> frozenset[str]:
    """Return every string and number, as text, that the marks of a plan cover.

    Reads planned changes, drift, outputs, variables, planned and prior values. Marks
    that do not fit the value they describe cover all of it.

    >>> sorted(sensitive_strings({"resource_changes": [{"change": {
    ...     "after": {"user": "u", "password": "p4ss"},
    ...     "after_sensitive": {"password": True}}}]}))
    ['p4ss']
    """
    return frozenset(_all_marked(plan))


def _all_marked(plan: dict[str, Any]) -> Iterator[str]:
    changes = [*_objects(plan.get("resource_changes"))]
    changes += _objects(plan.get("resource_drift"))
    for deferred in _objects(plan.get("deferred_changes")):
        changes += _objects([deferred.get("resource_change")])
    for resource in changes:
        yield from _change(resource.get("change"))
    for change in _mapping(plan.get("output_changes")).values():
        yield from _change(change)
    yield from _state(plan.get("planned_values"))
    yield from _state(_mapping(plan.get("prior_state")).get("values"))
    for action in _objects(plan.get("action_invocations")):
        yield from _marked(action.get("config_values"), action.get("config_sensitive"))
    yield from _variables(plan)


def _change(change: Value) -> Iterator[str]:
    fields = _mapping(change)
    yield from _marked(fields.get("before"), fields.get("before_sensitive"))
    yield from _marked(fields.get("after"), fields.get("after_sensitive"))


def _state(values: Value) -> Iterator[str]:
    """Yield what the marks of planned or prior values cover."""
    fields = _mapping(values)
    for output in _mapping(fields.get("outputs")).values():
        yield from _marked(
            _mapping(output).get("value"), _mapping(output).get("sensitive")
        )
    modules = [fields.get("root_module")]
    while modules:
        module = _mapping(modules.pop())
        for resource in _objects(module.get("resources")):
            yield from _marked(resource.get("values"), resource.get("sensitive_values"))
        modules += _objects(module.get("child_modules"))


def _variables(plan: dict[str, Any]) -> Iterator[str]:
    root = _mapping(_mapping(plan.get("configuration")).get("root_module"))
    declared = _mapping(root.get("variables"))
    for name, variable in _mapping(plan.get("variables")).items():
        yield from _marked(
            _mapping(variable).get("value"),
            _mapping(declared.get(name)).get("sensitive"),
        )


def _marked(value: Value, mark: Value) -> Iterator[str]:
    """Yield the leaves of `value` that `mark`, a boolean or a mirror of it, covers."""
    if mark is True:
        yield from _leaves(value)
    elif isinstance(mark, dict) and isinstance(value, dict):
        for key, part in mark.items():
            yield from _marked(value.get(key), part)
    elif isinstance(mark, list) and isinstance(value, list) and len(mark) == len(value):
        for item, part in zip(value, mark, strict=True):
            yield from _marked(item, part)
    elif marks_something(mark):
        # The marks of sets need not line up with their elements.
        yield from _leaves(value)


def marks_something(mark: Value) -> bool:
    """Tell whether a mark, a boolean or a mirror of a value, covers anything."""
    match mark:
        case dict():
            return any(map(marks_something, mark.values()))
        case list():
            return any(map(marks_something, mark))
        case _:
            return mark is True


def _leaves(value: Value) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _leaves(item)
        case list():
            for item in value:
                yield from _leaves(item)
        case bool() | None:
            # There is nothing to hide in a word that everyone knows.
            return
        case _:
            yield str(value)


def _mapping(value: Value) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Value) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
