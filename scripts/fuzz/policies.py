"""SEEDS -> POLICY AND DOCUMENT: inputs that mostly compile and load, and so are evaluated.

An input is a JSON object of file names and texts. The policy is a tree that was changed as
long as it compiled no more; the document is a value in which places of facts were changed,
made unknown or sensitive. A second policy asks for all that the first defines.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import cycle
from random import Random
from typing import Any, Final

from scripts.fuzz.mutate import LARGEST, exchanged
from scripts.fuzz.rego_trees import changed

from comply.plan.ir import Plan
from comply.rego.errors import RegoError
from comply.rego.modules import plan_modules
from comply.rego.parser import parse_module
from comply.rego.printer import print_module
from comply.rego.syntax import Module
from comply.source import Source

POLICY: Final = "policy/r.rego"
THEN: Final = "then.json"
"""What a document becomes, for a session that follows it."""

KINDS: Final = {
    "plan.json": "terraform_plan",
    "pod.json": "kubernetes",
    "data.json": "json",
}
"""The names of documents, and what they are."""

_ASKED: Final = "policy/asked.rego"
_ASK: Final = """package asked_of_all

import rego.v1

deny contains sprintf("%v is %v", [path, value]) if {
	input != "what no document is"
	walk(data.{}, [path, value])
	not is_object(value)
}
"""
_TRIES: Final = 8
"""How often a policy is changed anew that does not compile; then it is taken so."""

Bundle = dict[str, str]
Value = Any


def bundle(policy: str, document: str, value: Value, then: Value) -> Bundle:
    """Return the files of an input: a policy, what asks for its rules, a document twice."""
    module = parse_module(Source(POLICY, policy))
    head, *steps = module.package
    path = head + "".join(f"[{json.dumps(step)}]" for step in steps)
    return {
        POLICY: policy,
        _ASKED: _ASK.replace("{}", path),
        document: json.dumps(value),
        THEN: json.dumps(then),
    }


def written(files: Bundle) -> bytes:
    """Return the bytes of an input."""
    return json.dumps(files).encode()


def varied(random: Random, seeds: tuple[bytes, ...], document: str) -> bytes:
    """Return an input made of the policy of one seed and the document of another."""
    one, other, third = (json.loads(random.choice(seeds)) for _ in range(3))
    policy = one[POLICY]
    if random.random() < 0.9:
        policy = _policy(random, policy, other[POLICY])
    value = json.loads((one if random.random() < 0.7 else third)[document])
    donor = json.loads(other[document])
    value = _edited(random, value, donor, random.choice((0, 1, 1, 2, 4, 16)))
    then = _edited(random, value, donor, random.choice((1, 1, 2, 4)))
    return written(bundle(policy, document, value, then))


def _edited(random: Random, value: Value, donor: Value, times: int) -> Value:
    """Return a document of which facts were changed so often."""
    for _ in range(times):
        made = _facts(random, value, donor)
        # What is repeated in what is repeated would fill the memory of the fuzzer.
        value = made if len(json.dumps(made)) <= LARGEST else value
    return value


@cache
def _module(text: str) -> Module:
    return parse_module(Source(POLICY, text))


def _policy(random: Random, text: str, donor: str) -> str:
    """Return a policy that was changed; one that compiles, if that is found soon."""
    made = text
    for _ in range(_TRIES):
        made = print_module(changed(random, _module(text), _module(donor)))
        if _compiles(made):
            break
    try:
        parse_module(Source(POLICY, made))
    except RegoError:
        return text
    return made


def _compiles(text: str) -> bool:
    """Tell whether a policy compiles; of what fails in another way others will tell."""
    try:
        plan_modules((parse_module(Source(POLICY, text)),), improve=_as_it_is)
    except RegoError:
        return False
    except Exception:  # noqa: BLE001  (a fault, which the run of the input shows)
        return True
    return True


def _as_it_is(plan: Plan) -> Plan:
    return plan


def _facts(random: Random, value: Value, donor: Value) -> Value:
    """Return a document in which one fact is another, or is there many times."""
    changes = value.get("resource_changes") if isinstance(value, dict) else None
    if not isinstance(changes, list) or not changes:
        return _members(random, value, donor)
    at = random.randrange(len(changes))
    fact = changes[at]
    if isinstance(fact, dict) and random.random() < 0.05:
        times = random.choice((1, 3, 30))
        more = [
            {**fact, "address": f"{fact.get('address')}[{n}]"} for n in range(times)
        ]
        return {**value, "resource_changes": [*changes, *more]}
    made = _resource(random, fact, donor) if isinstance(fact, dict) else donor
    return {**value, "resource_changes": [*changes[:at], made, *changes[at + 1 :]]}


def _members(random: Random, value: Value, donor: Value) -> Value:
    """Return a manifest with another part, its kind and version as they are."""
    if not isinstance(value, dict) or not value:
        return exchanged(random, value, donor)
    made = exchanged(random, value, donor)
    kept = {k: value[k] for k in ("apiVersion", "kind") if k in value}
    return {**made, **kept} if isinstance(made, dict) else value


def _resource(random: Random, fact: dict[str, Value], donor: Value) -> Value:
    """Return a resource of a plan with another part, or another mark of one."""
    change = fact.get("change")
    if not isinstance(change, dict) or random.random() < 0.1:
        return exchanged(random, fact, donor)
    after = change.get("after")
    paths = list(_paths(after)) if isinstance(after, dict) else []
    match random.randrange(5):
        case 0 | 1 if paths:
            # Of an unknown value a plan has no member, only its mark.
            path = random.choice(paths)
            unknown = _marked(change.get("after_unknown"), path)
            made = {**change, "after": _without(after, path), "after_unknown": unknown}
        case 2 if paths:
            path = random.choice(paths)
            made = {
                **change,
                "after_sensitive": _marked(change.get("after_sensitive"), path),
            }
        case 3:
            made = {**change, "before": exchanged(random, change.get("before"), donor)}
        case _:
            made = {**change, "after": exchanged(random, after, donor)}
    return {**fact, "change": made}


def _paths(value: Value, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the ways to the members of a value."""
    members: Any = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    for step, inner in members:
        yield (*at, step)
        yield from _paths(inner, (*at, step))


def _marked(marks: Value, path: tuple[Any, ...]) -> Value:
    """Return marks as plans have them, with one more: true at the end of its way."""
    if not path:
        return True
    step, *rest = path
    if isinstance(step, int):
        listed = marks if isinstance(marks, list) else []
        listed = [*listed, *[{}] * (step + 1 - len(listed))]
        return [*listed[:step], _marked(listed[step], tuple(rest)), *listed[step + 1 :]]
    named = marks if isinstance(marks, dict) else {}
    return {**named, step: _marked(named.get(step), tuple(rest))}


def _without(value: Value, path: tuple[Any, ...]) -> Value:
    """Return a value without the member at the end of a way; of a list it is null."""
    step, *rest = path
    if isinstance(value, list):
        inner = _without(value[step], tuple(rest)) if rest else None
        return [*value[:step], inner, *value[step + 1 :]]
    if rest:
        return {**value, step: _without(value[step], tuple(rest))}
    return {k: v for k, v in value.items() if k != step}


def policies(
    document: str, rules: tuple[bytes, ...], values: tuple[bytes, ...]
) -> tuple[bytes, ...]:
    """Return seeds: each policy with one of the documents, in turn."""
    loaded = [json.loads(value) for value in values]
    found = zip(rules, cycle(loaded), cycle([*loaded[1:], loaded[0]]), strict=False)
    return tuple(
        written(bundle(rule.decode(), document, value, then))
        for rule, value, then in found
    )


Make = Callable[[Random, tuple[bytes, ...]], bytes]


def making(document: str) -> Make:
    """Return what makes an input whose document has a name."""

    def made(random: Random, seeds: tuple[bytes, ...]) -> bytes:
        return varied(random, seeds, document)

    return made
