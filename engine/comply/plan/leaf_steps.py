"""ONE STEP -> PYTHON: those that hold no others."""

from collections.abc import Iterable
from typing import assert_never

from comply.plan import ir
from comply.plan.builtins.signatures import CONTEXTUAL
from comply.plan.inline import call_text, equal_text, quick_text
from comply.plan.kinds import kind_of
from comply.plan.printer import Flow, Printer, atom, builtin_name
from comply.plan.writer import name

Leaf = (
    ir.Lookup | ir.CallRule | ir.CallFunction | ir.Copy | ir.MakeArray | ir.MakeSet
    | ir.Maybe | ir.Equal | ir.Holds | ir.Never | ir.IsArray | ir.IsObject
    | ir.MakeObject | ir.CallBuiltin | ir.Extent | ir.Scan | ir.ScanIndex
    | ir.ScanRelation | ir.EnterWith | ir.ExitWith
)  # fmt: skip


def print_leaf(printer: Printer, flow: Flow, step: Leaf) -> None:  # noqa: C901  (one case a step)
    """Write one step; a scan leaves its block open."""
    match step:
        case ir.Lookup() | ir.CallRule() | ir.CallFunction():
            _print_optional(printer, flow, step)
        case ir.Copy() | ir.MakeArray() | ir.MakeSet() | ir.Maybe():
            text = _made(printer, flow, step)
            printer.writer.line(f"{name(step.target)} = {text}")
        case ir.Equal() | ir.Holds() | ir.Never() | ir.IsArray() | ir.IsObject():
            stop_if(printer, flow, _failing(printer, flow, step))
        case ir.MakeObject():
            _print_object(printer, flow, step)
        case ir.CallBuiltin():
            _print_builtin(printer, flow, step)
        case ir.Extent():
            _print_extent(printer, flow, step)
        case ir.Scan():
            _print_scan(printer, flow, step)
        case ir.ScanIndex():
            _print_index(printer, flow, step)
        case ir.ScanRelation():
            _print_relation(printer, flow, step)
        case ir.EnterWith(replacements=replacements):
            _print_with(printer, flow, replacements)
        case ir.ExitWith():
            flow.contexts.pop()


def stop_if(printer: Printer, flow: Flow, condition: str) -> None:
    """Write that the clause fails under a condition."""
    with printer.writer.block(f"if {condition}:"):
        printer.writer.line(flow.fail)


def _atoms(printer: Printer, flow: Flow, values: Iterable[ir.Atom]) -> str:
    return ", ".join([atom(printer, flow, value) for value in values])


def subscript(printer: Printer, flow: Flow, step: ir.Lookup) -> str:
    """Return what a lookup is as a Python expression."""
    text = atom(printer, flow, step.source)
    get = "stored" if isinstance(step.source, ir.BaseData) else "item"
    for key in step.keys:
        inner = atom(printer, flow, key)
        if kind_of(printer.kinds, key) == "string" or (
            kind_of(printer.kinds, step.source) == "array"
            and len(step.keys) == 1
            and isinstance(key, ir.Const)
            and type(key.value) is int
            and key.value >= 0
        ):
            text = f"{text}[{inner}]"
        else:
            text = f"{get}({text}, {inner})"
    return text


def _made(
    printer: Printer, flow: Flow, step: ir.Copy | ir.MakeArray | ir.MakeSet | ir.Maybe
) -> str:
    """Return the expression of a value that there always is."""
    match step:
        case ir.Copy(source=source):
            return atom(printer, flow, source)
        case ir.MakeArray(items=items):
            return f"[{_atoms(printer, flow, items)}]"
        case ir.MakeSet(items=items):
            return f"RegoSet([{_atoms(printer, flow, items)}])"
        case ir.Maybe(source=source, keys=keys):
            return f"maybe({_atoms(printer, flow, (source, *keys))})"


def _failing(
    printer: Printer,
    flow: Flow,
    step: ir.Equal | ir.Holds | ir.Never | ir.IsArray | ir.IsObject,
) -> str:
    """Return the condition under which a test fails."""

    def text(value: ir.Atom) -> str:
        return atom(printer, flow, value)

    match step:
        case ir.Equal(left=left, right=right):
            return equal_text(left, right, text)[1]
        case ir.Holds(atom=value):
            return f"{text(value)} is False"
        case ir.Never():
            return "True"
        case ir.IsArray(atom=value, length=length):
            here = text(value)
            return f"type({here}) is not list or len({here}) != {length}"
        case ir.IsObject(atom=value, length=length):
            here = text(value)
            return f"type({here}) is not dict or len({here}) != {length}"


def _print_optional(
    printer: Printer, flow: Flow, step: ir.Lookup | ir.CallRule | ir.CallFunction
) -> None:
    """Write a value that may be undefined; then the step fails."""
    match step:
        case ir.Lookup(source=source):
            text = atom(printer, flow, source)
        case ir.CallRule(rule=rule):
            text = f"rule_{rule}({flow.context})"
        case ir.CallFunction(rule=rule, args=args):
            params = [flow.context, *(atom(printer, flow, a) for a in args)]
            text = f"rule_{rule}({', '.join(params)})"
        case _:
            assert_never(step)
    target, writer = name(step.target), printer.writer
    if isinstance(step, ir.CallFunction) and step.rule in printer.stood_for:
        with writer.block("try:"):
            writer.line(f"{target} = {text}")
        with writer.block("except BuiltinError as e:"):
            writer.line(f"{flow.context}.failed(e, '', {printer.place(step.at)})")
            writer.line(flow.fail)
    else:
        writer.line(f"{target} = {text}")
    stop_if(printer, flow, f"{target} is UNDEFINED")


def _print_extent(printer: Printer, flow: Flow, step: ir.Extent) -> None:
    keys = "".join(f"{atom(printer, flow, key)}, " for key in step.keys)
    with printer.writer.block("try:"):
        call = f"extent({flow.context}, {step.path!r}, ({keys}))"
        printer.writer.line(f"{name(step.target)} = {call}")
    with printer.writer.block("except LookupError:"):
        printer.writer.line(flow.fail)


def _print_relation(printer: Printer, flow: Flow, step: ir.ScanRelation) -> None:
    printer.used.add(step.name)
    call = f"{builtin_name(step.name)}({_atoms(printer, flow, step.args)})"
    printer.writer.open(f"for {name(step.target)} in {call}:")
    flow.fail = "continue"


def _print_object(printer: Printer, flow: Flow, step: ir.MakeObject) -> None:
    writer = printer.writer
    target = name(step.target)
    keys = [k.value if isinstance(k, ir.Const) else None for k, _ in step.pairs]
    pairs = [(atom(printer, flow, k), atom(printer, flow, v)) for k, v in step.pairs]
    if all(isinstance(k, str) for k in keys) and len(set(keys)) == len(keys):
        inner = ", ".join(f"{k}: {v}" for k, v in pairs)
        writer.line(f"{target} = {{{inner}}}")
        return
    writer.line(f"{target} = {{}}")
    for key, value in pairs:
        writer.line(f"put({target}, {key}, {value}, {printer.place(step.at)})")


def _print_builtin(printer: Printer, flow: Flow, step: ir.CallBuiltin) -> None:
    writer = printer.writer
    args = [atom(printer, flow, a) for a in step.args]
    mocked = step.name in printer.mocked

    def text(value: ir.Atom) -> str:
        return atom(printer, flow, value)

    ready = None if mocked else call_text(step, text, printer.kinds, writer.expression)
    if ready is not None and step.target is None:
        with writer.block(f"if {ready.negated}:"):
            writer.line(flow.fail)
        return
    printer.used.add(step.name)
    target = name(step.target) if step.target is not None else "t_r"
    if ready is not None:
        writer.line(f"{target} = {ready.text}")
        return
    call = _call(printer, flow, step.name, args)
    quick = None if mocked else quick_text(step, text, printer.kinds, call)
    if quick is not None:
        call = quick
    with writer.block("try:"):
        writer.line(f"{target} = {call}")
    with writer.block("except BuiltinError as e:"):
        place = printer.place(step.at)
        writer.line(f"{flow.context}.failed(e, {step.name!r}, {place})")
        writer.line(flow.fail)
    if quick is not None and step.target is not None:
        return
    condition = f"{target} is UNDEFINED" if quick is None else f"{target} is False"
    if step.target is None and quick is None:
        condition += f" or {target} is False"
    with writer.block(f"if {condition}:"):
        writer.line(flow.fail)


def _call(printer: Printer, flow: Flow, builtin: str, args: list[str]) -> str:
    here = builtin_name(builtin)
    if builtin in printer.mocked:
        contextual = builtin in CONTEXTUAL
        inner = ", ".join([flow.context, repr(builtin), here, str(contextual), *args])
        return f"mockable({inner})"
    if builtin in CONTEXTUAL:
        args = [f"{flow.context}.evaluation", *args]
    return f"{here}({', '.join(args)})"


def _print_scan(printer: Printer, flow: Flow, step: ir.Scan) -> None:
    source = atom(printer, flow, step.source)
    prefix = "ordered_" if step.ordered else ""
    value = name(step.value) if step.value is not None else "_"
    if step.match is not None and not printer.probes:
        _print_join(printer, flow, step, step.match)
    elif step.key is None and isinstance(step.source, ir.Const):
        listed = printer.writer.expression(f"tuple({prefix}values({source}))")
        printer.writer.open(f"for {value} in {listed}:")
    elif step.fills is not None and not printer.probes:
        path, on = step.fills
        elements = f"{prefix}values({source})"
        call = f"indexing({flow.context}, {elements}, {path!r}, {on!r})"
        printer.writer.open(f"for {value} in {call}:")
    elif step.key is None:
        printer.writer.open(f"for {value} in {prefix}values({source}):")
    else:
        pair = f"{name(step.key)}, {value}"
        printer.writer.open(f"for {pair} in {prefix}entries({source}):")
    flow.fail = "continue"


def _print_join(printer: Printer, flow: Flow, step: ir.Scan, match: ir.Atom) -> None:
    key, value = (name(x) if x is not None else "_" for x in (step.key, step.value))
    kept = "lasting" if step.steady else "joins"
    asked = [f"{flow.context}.{kept}", atom(printer, flow, step.source), repr(step.on)]
    call = ", ".join([*asked, atom(printer, flow, match), str(step.ordered)])
    printer.writer.open(f"for {key}, {value} in among({call}):")


def _print_index(printer: Printer, flow: Flow, step: ir.ScanIndex) -> None:
    value = name(step.value) if step.value is not None else "_"
    match = atom(printer, flow, step.match)
    call = f"partition({flow.context}, {step.path!r}, {step.on!r}, {match})"
    printer.writer.open(f"for {value} in {call}:")
    flow.fail = "continue"


def _print_with(
    printer: Printer, flow: Flow, replacements: tuple[ir.Replacement, ...]
) -> None:
    parts = []
    for item in replacements:
        if item.rule is not None:
            value = f"rule_{item.rule}"
        elif item.name:
            printer.used.add(item.name)
            contextual = item.name in CONTEXTUAL
            own = builtin_name(item.name)
            value = f"standing_in({own}, {contextual}, {item.name!r})"
        else:
            value = atom(printer, flow, item.value or ir.Const(None))
            document = item.path[0] in ("input", "data")
            if not document or item.path in printer.functions:
                value = f"always({value})"
        rules = printer.covered.get(item.path, [])
        parts.append(f"({item.path!r}, {value}, {tuple(rules)!r}), ")
    new = f"c{printer.number()}"
    made = f"{flow.context}.replaced(({''.join(parts)}))"
    printer.writer.line(f"{new} = {made}")
    flow.contexts.append(new)
