"""POLICIES x INPUT -> VERDICT: evaluated one by one, as Spacelift does, and merged."""

import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.builtins.failure import Evaluation
from comply.plan.emit import load, print_plan
from comply.plan.reads import every_step
from comply.plan.runtime import Context, EvaluationError, extent
from comply.plan.values import UNDEFINED, RegoSet, Value, show, to_json, type_name
from comply.rego.errors import RegoError, located, together
from comply.rego.modules import plan_modules
from comply.rego.parser import Version, parse_module
from comply.rego.spacelift.contract import CONTRACTS, DISABLED, Contract, Kind
from comply.rego.spacelift.decide import Decision, decide
from comply.rego.spacelift.notes import input_notes, read_notes
from comply.rego.spacelift.prelude import PACKAGE, given_modules, missing_names
from comply.rego.syntax import Module
from comply.rego.tracing import as_it_is
from comply.source import Source

_EMPTY: Final[dict[Kind, Any]] = {
    "boolean": False,
    "strings": [],
    "objects": [],
    "string": "",
    "roles": {},
}
_PLAN_KINDS: Final[dict[Kind, tuple[str, ...]]] = {
    "boolean": ("complete",),
    "strings": ("set",),
    "objects": ("set",),
    "string": ("complete",),
    "roles": ("object", "tree", "complete"),
}
_FORMS: Final[dict[Kind, str]] = {
    "boolean": "true or false",
    "strings": "a set of strings",
    "objects": "a set of objects",
    "string": "a string",
    "roles": "an object of sets of roles, by space",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What policies of one type decided about an input.

    `values` holds every rule that the type consults, as JSON; `notes` is what people
    should know about the input and the policies.
    """

    kind: str
    decision: Decision
    values: dict[str, Any]
    notes: tuple[str, ...]


def evaluate(
    kind: str,
    policies: Iterable[Source],
    input_: Any,  # noqa: ANN401  (JSON)
    version: Version = "auto",
) -> Verdict:
    """Return the verdict of policies of one type.

    Raises:
        RegoError: if a policy does not compile, uses what Spacelift forbids, gives a
            predefined rule another kind, or fails.
    """
    contract = CONTRACTS[kind]
    notes = [contract.note] if contract.note else []
    notes += input_notes(kind, contract.needs, input_)
    merged: dict[str, Any] = {}
    for source in policies:
        values, reads = _run(contract, source, input_, version)
        notes += read_notes(kind, source.name, reads, input_)
        merged = _merge(contract, merged, values)
    decision = decide(kind, merged, input_)
    return Verdict(kind, decision, merged, tuple(dict.fromkeys(notes)))


def _run(
    contract: Contract,
    source: Source,
    input_: Any,  # noqa: ANN401  (JSON)
    version: Version,
) -> tuple[dict[str, Any], set[tuple[str, ...]]]:
    """Return the values of a policy's rules, and the paths of the input it reads."""
    module = parse_module(source, version)
    if module.package != PACKAGE:
        raise RegoError(
            "rego_compile_error",
            f"package {'.'.join(module.package)}: Spacelift runs package spacelift only",
            source.span(module.package_at, len("package")),
            "write `package spacelift`",
        )
    names = missing_names([module], ("sanitized", *contract.gives))
    plan = _plan((module, *given_modules(names)))
    errors = [*_forbidden(plan, source), *_misshapen(plan, module, contract)]
    if errors:
        raise together(errors)
    program = load(print_plan(plan), plan)
    evaluation = Evaluation(now_ns=time.time_ns())
    context = Context(program.tree, input_, {}, evaluation)
    values: dict[str, Value] = {}
    for name, kind in contract.rules.items():
        values[name] = _value(context, plan, name)
        _check(plan, name, kind, values[name])
    found = {n: _as_json(contract.rules[n], v) for n, v in values.items()}
    return found, _reads(plan)


def _value(context: Context, plan: ir.Plan, name: str) -> Value:
    try:
        return extent(context, (*PACKAGE, name), ())
    except LookupError:
        return UNDEFINED
    except EvaluationError as error:
        raise located(error, plan.sources) from None


def _rules(plan: ir.Plan, name: str) -> list[ir.Rule]:
    """Return the rules at and under a name of the package."""
    path = ("data", *PACKAGE, name)
    return [rule for rule in plan.rules if rule.path[: len(path)] == path]


def _first_clause(rule: ir.Rule) -> ir.Clause:
    return next(_clauses_of(rule))


def _plan(modules: tuple[Module, ...]) -> ir.Plan:
    try:
        return plan_modules(modules, improve=as_it_is).plan
    except RegoError as error:
        for found in error.errors:
            if found.message == "undefined function exec":
                found.hint = (
                    "Spacelift runs `exec` on private workers only, so it is not here"
                )
        raise


def _forbidden(plan: ir.Plan, source: Source) -> Iterator[RegoError]:
    """Yield an error for each call of a built-in that Spacelift disabled."""
    for step in every_step(s for c in _clauses(plan) for s in c.steps):
        name = step.name if isinstance(step, ir.CallBuiltin) else ""
        if name in DISABLED and isinstance(step, ir.CallBuiltin):
            hint = "Spacelift disables it: a policy knows its input and nothing else"
            if name == "time.now_ns":
                hint = "Spacelift disables it: use input.request.timestamp_ns"
            yield RegoError(
                "rego_type_error",
                f"undefined function {name}",
                source.span(step.at, len(name)),
                hint,
            )


def _clauses(plan: ir.Plan) -> Iterator[ir.Clause]:
    for rule in plan.rules:
        yield from _clauses_of(rule)


def _clauses_of(rule: ir.Rule) -> Iterator[ir.Clause]:
    for chain in rule.chains:
        yield from chain
    if rule.default is not None:
        yield rule.default


def _misshapen(
    plan: ir.Plan, module: Module, contract: Contract
) -> Iterator[RegoError]:
    """Yield an error for each predefined rule that is of another kind than its own."""
    for name, kind in contract.rules.items():
        for rule in _rules(plan, name):
            form = "tree" if len(rule.path) > len(PACKAGE) + 2 else rule.kind
            if form in _PLAN_KINDS[kind]:
                continue
            yield RegoError(
                "rego_type_error",
                f"conflicting rules data.spacelift.{name} found: Spacelift wants "
                f"{_FORMS[kind]}",
                module.source.span(_first_clause(rule).at, len(name)),
                _advice(name, kind, form, module.version),
            )


def _advice(name: str, kind: Kind, form: str, version: int) -> str:
    hint = f"here it is {_WRITTEN.get(form, 'one value')}"
    if kind in {"strings", "objects"}:
        hint += f"; write `{name} contains x if {{ ... }}`"
        return hint if version else f"{hint}, in v0 `{name}[x] {{ ... }}`"
    if kind == "boolean":
        hint += f"; write `{name} {'if ' if version else ''}{{ ... }}`"
    return hint


_WRITTEN: Final = {
    "set": "a set",
    "object": "an object (`p[x] if` makes one in v1)",
    "tree": "an object",
    "function": "a function",
}


def _check(plan: ir.Plan, name: str, kind: Kind, value: Value) -> None:
    """Refuse a value that Spacelift could not read.

    Raises:
        RegoError: at the first clause of the rule.
    """
    wrong = _wrong(kind, value)
    if wrong is None:
        return
    clause = _first_clause(_rules(plan, name)[0])
    raise RegoError(
        "eval_type_error",
        f"{name} must be {_FORMS[kind]}: {show(wrong)[:120]} is "
        f"{_article(type_name(wrong))}",
        plan.sources[clause.source].span(clause.at, len(name)),
        "Spacelift shows these texts to people" if kind == "strings" else "",
    )


def _wrong(kind: Kind, value: Value) -> Value:
    """Return what is wrong in the value of a rule, None if nothing is."""
    if value is UNDEFINED:
        return None
    match kind:
        case "boolean":
            return None if isinstance(value, bool) else value
        case "string":
            return None if isinstance(value, str) else value
        case "roles":
            return None if isinstance(value, dict) else value
        case "strings" | "objects":
            wanted = str if kind == "strings" else dict
            members = value if isinstance(value, RegoSet) else [value]
            return next((m for m in members if not isinstance(m, wanted)), None)


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _as_json(kind: Kind, value: Value) -> Any:  # noqa: ANN401  (JSON)
    return _EMPTY[kind] if value is UNDEFINED else to_json(value)


def _merge(
    contract: Contract, first: dict[str, Any], second: dict[str, Any]
) -> dict[str, Any]:
    """Return what two policies say together."""
    if not first:
        return second
    merged: dict[str, Any] = {}
    for name, kind in contract.rules.items():
        a, b = first[name], second[name]
        match kind:
            case "boolean" | "string":
                merged[name] = a or b
            case "strings" | "objects":
                merged[name] = [*a, *(x for x in b if x not in a)]
            case "roles":
                merged[name] = {
                    space: sorted({*a.get(space, []), *b.get(space, [])})
                    for space in (*a, *(s for s in b if s not in a))
                }
    return merged


def _reads(plan: ir.Plan) -> set[tuple[str, ...]]:
    """Return the paths of the input that a plan names."""
    found: set[tuple[str, ...]] = set()
    for step in every_step(s for c in _clauses(plan) for s in c.steps):
        if not isinstance(step, ir.Lookup) or not isinstance(step.source, ir.Input):
            continue
        path: list[str] = []
        for key in step.keys:
            if not isinstance(key, ir.Const) or not isinstance(key.value, str):
                break
            path.append(key.value)
        found.add(tuple(path))
    return found
