"""SOURCE -> DOCUMENT: a Terraform or OpenTofu plan as `terraform show -json` prints it.

A Spacelift policy input, which holds the plan under `terraform`, is taken as it is. In
either case `input.resource_changes` and `input.terraform.resource_changes` are the same
list, so rules written for Conftest and for Spacelift both run.
https://developer.hashicorp.com/terraform/internals/json-format
"""

import re  # noqa: TID251  (a linear pattern of ours, no Rego)
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from shlex import quote
from typing import Any, Final

from comply.findings import Finding, Severity, Status
from comply.load.detect import PLAN_START
from comply.load.facts import Collection, Document, Path
from comply.load.json_text import LARGE, places, read_json, read_one
from comply.load.terraform_sensitive import sensitive_strings
from comply.plan.shape import Shape, united
from comply.plan.values import Value
from comply.source import LoadError, Source, Span, span_later

_STDIN: Final = "<stdin>"

_LOOKED_THROUGH: Final = 4 << 20
"""How many characters of a large plan are looked through for names, in 0.1 s."""

_NAME: Final = re.compile(r'"(\w{4,60})": ?')

_REMEDY: Final = (
    "make it so: terraform plan -out plan.tfplan && "
    "terraform show -json plan.tfplan > plan.json   (or with tofu)"
)

_LOOKALIKES: Final = (
    (
        ("@level", "@message"),
        "the message stream of `terraform plan -json`, not the plan",
        _REMEDY,
    ),
    (("lineage", "serial"), "a Terraform state file, not a plan", _REMEDY),
    (("provider_schemas",), "the providers' schemas, not a plan", _REMEDY),
    (
        ("valid", "error_count"),
        "the result of `terraform validate -json`, not a plan",
        _REMEDY,
    ),
)

_PLAN_KEYS: Final = frozenset(
    {"resource_changes", "planned_values", "output_changes", "configuration"}
)


_OWN: Final[Shape] = {
    "errored": None,
    "format_version": None,
    "resource_changes": [
        {
            "address": None,
            "change": {"actions": None, "after_unknown": None},
            "deposed": None,
            "name": None,
            "type": None,
        }
    ],
    "terraform": {},
    **{key: None for keys, _, _ in _LOOKALIKES for key in keys},
}
"""What is read of every plan, whatever the rules are."""


def load(source: Source, shape: Shape = None) -> list[Document]:
    """Return the one document of a plan file.

    `shape` is how much of it the rules read; of a large plan no more is kept.

    Raises:
        LoadError: if the text is no plan; it says what it is and how to get one.
    """
    kept = _kept(shape) if len(source.text) >= LARGE else None
    value = _read_part(source, kept)
    if value is None:
        kept, value = None, _read(source)
    plan = _plan(source, value)
    if not isinstance(plan.get("resource_changes", []), list | None):
        raise LoadError(f"{source.name}: `resource_changes` is not a list")
    for change in plan.get("resource_changes") or ():
        if not isinstance(change, dict):
            raise LoadError(f"{source.name}: a resource change that is no object")
    wrapped = plan is not value
    return [
        Document(
            name=source.name,
            kind="terraform_plan",
            world="terraform",
            value=as_input(value),
            collections=(Collection(("resource_changes",), identity),),
            locate=_locator(source, value, wrapped=wrapped),
            sensitive=partial(sensitive_strings, plan)
            if kept is None
            else partial(_sensitive, source),
            problems=tuple(_problems(source, plan)),
            shape=kept,
            names=partial(_names, source) if kept is not None else frozenset,
        )
    ]


def _kept(shape: Shape) -> Shape:
    """Return what to keep of a plan for rules that see it under two names."""
    if not isinstance(shape, dict):
        return None
    rest = {key: part for key, part in shape.items() if key != "terraform"}
    return united(united(_OWN, rest), shape.get("terraform", {}))


def _read_part(source: Source, kept: Shape) -> dict[str, Any] | None:
    """Return a part of a plan; None where all of the text has to be read."""
    if kept is None:
        return None
    try:
        shapes = import_module("comply.load.json_shape")
        value = shapes.read_shape(source.text, kept)
    except ValueError:
        return None
    # What is wrapped in a Spacelift input has other paths.
    plain = isinstance(value, dict) and "resource_changes" in value
    return value if plain and "terraform" not in value else None


def _names(source: Source) -> frozenset[str]:
    """Return the names of members in the first part of a plan's text.

    The resources that it begins with are of the types of the others, mostly.
    """
    return frozenset(_NAME.findall(source.text, 0, _LOOKED_THROUGH))


def _sensitive(source: Source) -> frozenset[str]:
    """Return the strings that a plan's text marks sensitive."""
    try:
        marks = import_module("comply.load.terraform_marks")
        return sensitive_strings(marks.marked_part(source.text))
    except ValueError:
        return sensitive_strings(_plan(source, _read(source)))


def as_input(value: dict[str, Any]) -> dict[str, Any]:
    """Return what rules see of a plan, or of a Spacelift input around one.

    The plan's members are at the top and under `terraform`, shared and not copied.
    """
    plan = value.get("terraform")
    if "resource_changes" in value or not isinstance(plan, dict):
        return {**value, "terraform": value}
    return {**plan, **value}


def identity(change: Value) -> str:
    """Return what identifies a resource change: its address, and its deposed key.

    >>> identity({"address": "aws_instance.a", "deposed": "00c1ffee"})
    'aws_instance.a (deposed 00c1ffee)'
    """
    address = change.get("address")
    if not isinstance(address, str):
        address = f"{change.get('type', 'resource')}.{change.get('name', 'unnamed')}"
    deposed = change.get("deposed")
    return f"{address} (deposed {deposed})" if deposed else address


def _read(source: Source) -> Value:
    try:
        return read_json(source)
    except LoadError as error:
        raise _explain(source, error) from None


def _plan(source: Source, value: Value) -> dict[str, Any]:
    """Return the plan in a JSON value, which may be a Spacelift input around it."""
    if not isinstance(value, dict):
        raise LoadError(f"{source.name}: a plan is a JSON object", hint=_REMEDY)
    for keys, what, hint in _LOOKALIKES:
        if all(key in value for key in keys):
            raise LoadError(f"{source.name}: this is {what}", hint=hint)
    plan = value.get("terraform")
    if "resource_changes" in value or not isinstance(plan, dict):
        plan = value
    _refuse_version(source, plan.get("format_version"))
    if plan is value and _PLAN_KEYS.isdisjoint(value):
        what = "a Terraform state" if "values" in value else "no Terraform plan"
        raise LoadError(f"{source.name}: this is {what}", hint=_REMEDY)
    return plan


def _refuse_version(source: Source, version: Value) -> None:
    """Refuse plans of a format newer than the one we know: 1.x, and 0.x before it."""
    if version is None:
        return
    major = str(version).partition(".")[0]
    if major not in {"0", "1"}:
        raise LoadError(
            f"{source.name}: plan format {version} is not one that comply knows (1.x)",
            hint="update comply, or use the Terraform version that wrote format 1",
        )


def _explain(source: Source, error: LoadError) -> LoadError:
    """Return what is wrong with a plan file that is no JSON, as people know it."""
    text = source.text
    first = text.lstrip()[:400]
    if first.startswith("{") and '"@level"' in first:
        return LoadError(
            f"{source.name}: this is the message stream of `terraform plan -json`, "
            "not the plan",
            hint=_REMEDY,
        )
    polluted = _polluted(source)
    if polluted is None and (
        "will perform the following actions" in text or "\x1b[" in first
    ):
        return LoadError(
            f"{source.name}: this is what `terraform plan` shows to people, not JSON",
            hint=_REMEDY,
        )
    # A plan is one long line, and what stands around the error may be a secret.
    span = replace(error.span, line="") if error.span else None
    return polluted or LoadError(error.message, span, error.hint)


def _polluted(source: Source) -> LoadError | None:
    """Return the error for a plan with lines of a CI system around it."""
    found = PLAN_START.search(source.text)
    if found is None:
        return None
    at, way = found.start(), ""
    try:
        _, end = read_one(source, at)
        way = _way_out(source, at, end)
    except LoadError:
        if at == 0:
            return None
        end = len(source.text)
    stray = 0 if source.text[:at].strip() else end
    stray += len(source.text[stray:]) - len(source.text[stray:].lstrip())
    span = source.span(stray)
    return LoadError(
        "there is text around the plan's JSON, such as a CI wrapper prints",
        replace(span, width=min(len(span.line), 40)),
        hint="write the plan in a step of its own; with setup-terraform set "
        f"`terraform_wrapper: false`{way}",
    )


def _way_out(source: Source, at: int, end: int) -> str:
    """Return what to type to take a plan out of the lines around it, if that is simple."""
    start = '{"format_version"'
    if "\n" not in source.text[at:end] and source.text.startswith(start, at):
        take = f"grep -o '{start}.*}}'"
    elif (at == 0 or source.text[at - 1] == "\n") and source.text[:end].endswith("\n}"):
        take = "sed -n '/^{/,/^}/p'"
    else:
        return ""
    if source.name == _STDIN:
        return f". To strip it here: ... | {take} | comply check -"
    return f". To strip it here: {take} {quote(source.name)} > clean.json"


def _problems(source: Source, plan: dict[str, Any]) -> list[Finding]:
    if plan.get("errored") is not True:
        return []
    return [
        Finding(
            rule_id="comply/plan-errored",
            title="The plan is incomplete",
            severity=Severity.HIGH,
            status=Status.ERROR,
            message="Terraform failed while it made this plan: what is missing from it "
            "was not checked.",
            span=Span(source.name, 1, 1),
            remediation="Fix the error that `terraform plan` reports and plan again.",
        )
    ]


def _locator(
    source: Source, value: dict[str, Any], *, wrapped: bool
) -> Callable[[Path], Span | None]:
    """Return what finds a path of the document's value in the file's text."""
    find = places(source)

    def found(path: Path) -> Span:
        if wrapped and path and path[0] not in value:
            path = ("terraform", *path)
        elif not wrapped and path[:1] == ("terraform",):
            path = path[1:]
        span = find(path)
        # A plan is one long line, which helps nobody and may hold secrets.
        return Span(span.file, span.row, span.col, span.width)

    def locate(path: Path) -> Span:
        # The first place in a large plan takes as long as all that is found in it.
        return span_later(source.name, partial(found, path))

    return locate
