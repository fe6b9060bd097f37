"""STEPS -> WORDS: the steps of a plan as the expressions that an author wrote.

A plan names intermediate values by temporary locals; here they become again what they
stand for: `%3` is `count(input.xs)`.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.reads import every_step
from comply.plan.values import Value, show
from comply.rego.flat import original

_INFIX: Final = {
    "equal": "==", "neq": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=",
    "plus": "+", "minus": "-", "mul": "*", "div": "/", "rem": "%", "or": "|",
    "and": "&", "internal.member_2": "in",
}  # fmt: skip
_BRACKETS: Final = {"array": ("[", "]"), "set": ("{", "}"), "object": ("{", "}")}
_LONGEST: Final = 60
_WORD: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"
)

Definitions: TypeAlias = dict[str, ir.Step]


@dataclass(frozen=True, slots=True)
class Words:
    """What the words for a clause depend on: names of rules, definitions of locals."""

    rules: dict[ir.RuleId, ir.Rule]
    package: tuple[str, ...]
    defined: Definitions


def definitions(steps: Iterable[ir.Step]) -> Definitions:
    """Return the step that assigns each local, inner steps included."""
    found: Definitions = {}
    for step in every_step(steps):
        for field in ("target", "value", "key"):
            local = getattr(step, field, None)
            takes = field == "target" or isinstance(step, _SCANS)
            if takes and isinstance(local, ir.Local):
                found.setdefault(local.name, step)
    return found


_SCANS: Final = (ir.Scan, ir.ScanIndex, ir.Every)


def is_temporary(atom: ir.Atom) -> bool:
    """Tell whether an atom is a local that no author named."""
    return isinstance(atom, ir.Local) and atom.name[0] in "%$"


def atom_text(words: Words, atom: ir.Atom) -> str:
    """Return the words for an atom."""
    match atom:
        case ir.Input():
            return "input"
        case ir.BaseData():
            return "data"
        case ir.Const(value=value):
            return shortened(value, _LONGEST)
        case ir.Local(name=name):
            step = words.defined.get(name)
            if not is_temporary(atom) or step is None:
                return original(name) if name[0] != "%" else "_"
            if isinstance(step, _SCANS):
                return _element(words, step, name)
            return step_text(words, step)


def _element(words: Words, step: ir.Step, name: str) -> str:
    key = getattr(step, "key", None)
    if key is not None and key.name == name:
        return "_"
    index = "_" if key is None else atom_text(words, key)
    source = step.source if isinstance(step, ir.Scan | ir.Every) else ir.Input()
    return f"{atom_text(words, source)}[{index}]"


def step_text(words: Words, step: ir.Step) -> str:
    """Return the words for what a step computes or demands; empty if it has none."""
    match step:
        case ir.Lookup(source=source, keys=keys):
            return _reference(words, atom_text(words, source), keys)
        case ir.Copy(source=source):
            return atom_text(words, source)
        case ir.MakeArray() | ir.MakeSet() | ir.MakeObject() | ir.Collect():
            return _composite(words, step)
        case (
            ir.CallBuiltin()
            | ir.ScanRelation()
            | ir.CallFunction()
            | ir.CallRule()
            | ir.Extent()
        ):
            return _call(words, step)
        case _:
            return _demand(words, step)


def rule_name(words: Words, rule: ir.RuleId) -> str:
    """Return a rule's name, its path where it is in another package."""
    path = words.rules[rule].path
    own = ("data", *words.package)
    if path[: len(own)] == own and len(path) > len(own):
        path = path[len(own) :]
    return path_text(path[0], path[1:])


def path_text(head: str, steps: Iterable[Value]) -> str:
    """Return a reference.

    >>> path_text("input", ("a", "b c", 0))
    'input.a["b c"][0]'
    """
    out = head
    for step in steps:
        named = isinstance(step, str) and _WORD.issuperset(step) and step != ""
        plain = named and not step[0].isdigit()
        out += f".{step}" if plain else f"[{show(step)}]"
    return out


def _reference(words: Words, head: str, keys: Iterable[ir.Atom]) -> str:
    for key in keys:
        if isinstance(key, ir.Const):
            head = path_text(head, (key.value,))
        else:
            head += f"[{atom_text(words, key)}]"
    return head


def _list(words: Words, atoms: Iterable[ir.Atom]) -> str:
    return ", ".join(atom_text(words, a) for a in atoms)


def _composite(
    words: Words, step: ir.MakeArray | ir.MakeSet | ir.MakeObject | ir.Collect
) -> str:
    match step:
        case ir.MakeArray(items=items):
            return f"[{_list(words, items)}]"
        case ir.MakeSet(items=items):
            return f"{{{_list(words, items)}}}"
        case ir.MakeObject(pairs=pairs):
            inner = [f"{atom_text(words, k)}: {atom_text(words, v)}" for k, v in pairs]
            return "{" + ", ".join(inner) + "}"
        case ir.Collect(kind=kind, key=key, value=value):
            head = f"{atom_text(words, key)}: " if key is not None else ""
            opening, closing = _BRACKETS[kind]
            return f"{opening}{head}{atom_text(words, value)} | ...{closing}"


def _call(
    words: Words,
    step: ir.CallBuiltin | ir.ScanRelation | ir.CallFunction | ir.CallRule | ir.Extent,
) -> str:
    match step:
        case (
            ir.CallBuiltin(name=name, args=args) | ir.ScanRelation(name=name, args=args)
        ):
            return _builtin(words, name, args)
        case ir.CallFunction(rule=rule, args=args):
            return f"{rule_name(words, rule)}({_list(words, args)})"
        case ir.CallRule(rule=rule):
            return rule_name(words, rule)
        case ir.Extent(path=path, keys=keys):
            return _reference(words, path_text("data", path), keys)


def _builtin(words: Words, name: str, args: tuple[ir.Atom, ...]) -> str:
    if name in _INFIX and len(args) == 2:
        left, right = (_operand(words, arg) for arg in args)
        return f"{left} {_INFIX[name]} {right}"
    if name == "internal.member_3":
        return f"{_list(words, args[:2])} in {atom_text(words, args[2])}"
    if name == "internal.template_string":
        return "the text"
    return f"{name}({_list(words, args)})"


def _operand(words: Words, atom: ir.Atom) -> str:
    text = atom_text(words, atom)
    step = words.defined.get(atom.name) if isinstance(atom, ir.Local) else None
    infix = isinstance(step, ir.CallBuiltin) and step.name in _INFIX
    return f"({text})" if infix and is_temporary(atom) else text


def _demand(words: Words, step: ir.Step) -> str:
    match step:
        case ir.Equal(left=left, right=right):
            return f"{_operand(words, left)} == {_operand(words, right)}"
        case ir.Holds(atom=atom) | ir.IsArray(atom=atom) | ir.IsObject(atom=atom):
            return atom_text(words, atom)
        case ir.Not(body=body):
            return "not " + (step_text(words, body[-1]) if body else "")
        case ir.Every(key=key, value=value, source=source):
            names = [atom_text(words, x) for x in (key, value) if x is not None]
            return f"every {', '.join(names)} in {atom_text(words, source)}"
        case ir.Scan(source=source):
            return f"{atom_text(words, source)}[_]"
        case _:
            return ""


def shortened(value: Value, most: int) -> str:
    """Return a value as Rego writes it, cut in the middle of a long one.

    >>> shortened(["abcdefgh", "ijklmnop"], 16)
    '["abcdefg...op"]'
    """
    text = show(value)
    if len(text) <= most:
        return text
    tail = (most - 3) // 3
    return f"{text[: most - 3 - tail]}...{text[-tail:]}"
