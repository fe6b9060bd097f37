"""STEPS -> PYTHON: one clause as nested loops.

A failing step ends the turn of the innermost loop: `continue` inside one, `break` where
`while True`, left at its end, stands in for a block, `return` at the top of a function.
"""

from collections.abc import Callable
from dataclasses import replace

from comply.plan import ir, reads
from comply.plan.inline import equal_text
from comply.plan.kinds import kind_of, learn
from comply.plan.leaf_steps import print_leaf, stop_if, subscript
from comply.plan.printer import Flow, Printer, atom, frozen
from comply.plan.reads import assigned, captured, loops
from comply.plan.remember import remembered
from comply.plan.values import RegoSet
from comply.plan.writer import name

DEEPEST = 14
# As many answers of one place are remembered; texts beyond that are all different.
REMEMBERED = 1024
MOST_NAMES = 8
_LOOPS = (ir.Scan, ir.ScanIndex, ir.ScanRelation)
_NESTING = (*_LOOPS, ir.Collect, ir.Not)


def print_steps(
    printer: Printer,
    flow: Flow,
    steps: ir.Steps,
    finish: Callable[[Flow], None],
    needs: tuple[ir.Atom, ...] = (),
) -> None:
    """Write steps, then what `finish` writes at the innermost place.

    `needs` are the atoms that `finish` reads: they are handed over where the nesting
    grows too deep for one function.
    """
    writer = printer.writer
    i = 0
    while i < len(steps):
        step = steps[i]
        if writer.nested >= DEEPEST and isinstance(step, _NESTING):
            _print_tail(printer, flow, steps[i:], needs)
            break
        _settle_before(printer, step)
        if printer.probes:
            before = steps[i - 1] if i else None
            print_probe(printer, flow, *printer.probes.step(step, before))
        if isinstance(step, ir.Lookup) and step.keys:
            i = _print_lookups(printer, flow, steps, i)
            continue
        run = _remembered(printer, steps, i, needs)
        if run is not None:
            end, asked = run
            _print_remembered(printer, flow, steps[i:end], asked)
            i = end
            continue
        writer.place = (printer.source, getattr(step, "at", 0))
        print_step(printer, flow, step)
        learn(printer.kinds, step, printer.mocked)
        i += 1
    printer.settle(n.name for n in needs if isinstance(n, ir.Local))
    finish(flow)


def _remembered(
    printer: Printer, steps: ir.Steps, start: int, needs: tuple[ir.Atom, ...]
) -> tuple[int, ir.Local] | None:
    """Return where tests that begin here end if their answer is to be remembered."""
    if printer.probes or printer.answering:
        return None
    found = remembered(steps, start, needs)
    if found is None:
        return None
    mocked = any(
        isinstance(step, ir.CallBuiltin) and step.name in printer.mocked
        for step in reads.every_step(steps[start : found[0]])
    )
    texts = kind_of(printer.kinds, found[1]) in ("", "string")
    return found if texts and not mocked else None


def _print_remembered(
    printer: Printer, flow: Flow, run: ir.Steps, asked: ir.Local
) -> None:
    """Write tests whose answer is remembered for each text."""
    writer = printer.writer
    writer.place = (printer.source, getattr(run[0], "at", 0))
    text, answers = name(asked), f"r_{printer.number()}"
    answer = answers.replace("r", "n", 1)
    writer.begin_with(f"{answers} = c.remembered[{answers[2:]}]")
    sure = kind_of(printer.kinds, asked) == "string"
    found = f"{answers}.get({text})"
    writer.line(
        f"{answer} = {found}" + ("" if sure else f" if type({text}) is str else None")
    )
    with writer.block(f"if {answer} is None:"):
        printer.answering = True
        _print_answer(printer, flow, run, answer)
        printer.answering = False
        room = f"len({answers}) < {REMEMBERED}"
        with writer.block(f"if {room if sure else f'type({text}) is str and {room}'}:"):
            writer.line(f"{answers}[{text}] = {answer}")
    stop_if(printer, flow, f"not {answer}")


def _print_answer(printer: Printer, flow: Flow, steps: ir.Steps, answer: str) -> None:
    """Write that `answer` is to tell whether steps succeed."""
    writer = printer.writer
    kinds = dict(printer.kinds)
    writer.line(f"{answer} = False")
    print_block(printer, flow, steps, lambda _flow: writer.line(f"{answer} = True"), ())
    printer.kinds.clear()
    printer.kinds.update(kinds)


def print_block(
    printer: Printer,
    flow: Flow,
    steps: ir.Steps,
    finish: Callable[[Flow], None],
    needs: tuple[ir.Atom, ...],
) -> None:
    """Write steps whose failure ends them and nothing around them."""
    with printer.writer.block("while True:"):
        with printer.inside():
            print_steps(
                printer, Flow("break", list(flow.contexts)), steps, finish, needs
            )
        printer.writer.line("break")


def print_probe(
    printer: Printer, flow: Flow, number: int | None, read: tuple[ir.Atom, ...] = ()
) -> None:
    """Write the report of a point, if there is one."""
    if number is not None:
        values = "".join(f"{atom(printer, flow, a)}, " for a in read)
        printer.writer.line(f"{flow.context}.evaluation.probe({number}, ({values}))")


def _settle_before(printer: Printer, step: ir.Step) -> None:
    """Finish the sets that a step reads; counting one does not need it finished."""
    if not printer.pending:
        return
    if printer.probes:
        printer.settle(tuple(printer.pending))
    if isinstance(step, _LOOPS) or reads.inner(step):
        printer.settle(tuple(printer.pending))
    elif not isinstance(step, ir.CallBuiltin) or step.name != "count":
        printer.settle(reads.read((step,)))
    elif "count" in printer.mocked:
        printer.settle(tuple(printer.pending))


def _print_tail(
    printer: Printer, flow: Flow, steps: ir.Steps, needs: tuple[ir.Atom, ...]
) -> None:
    """Move deep steps to a generator and loop over what it yields."""
    inside = set(assigned(steps))
    handed = sorted(
        {n.name for n in needs if isinstance(n, ir.Local) and n.name in inside}
    )
    outer = captured(steps)
    number = printer.number()
    params = ", ".join([*flow.contexts, *(name(ir.Local(n)) for n in outer)])
    targets = "".join(f"{name(ir.Local(n))}, " for n in handed)
    contexts = list(flow.contexts)

    def write() -> None:
        with printer.writer.block(f"def tail_{number}({params}):"):
            printer.begin()
            inner = Flow("return", list(contexts))

            def finish(_flow: Flow) -> None:
                printer.writer.line(f"yield ({targets})")

            atoms = tuple(ir.Local(n) for n in handed)
            print_steps(printer, inner, steps, finish, atoms)

    printer.later(write)
    target = f"({targets})" if handed else "_"
    printer.writer.open(f"for {target} in tail_{number}({params}):")
    flow.fail = "continue"


def _print_lookups(printer: Printer, flow: Flow, steps: ir.Steps, start: int) -> int:
    """Write a run of lookups and cheap filters under one `try`; return where it ends.

    Only subscripts and comparisons with constants go in, so that the errors caught can
    mean nothing but an absent value.
    """
    writer = printer.writer
    end = start
    while end < len(steps) and _cheap(steps[end]):
        printer.settle(reads.read((steps[end],)))
        end += 1
    while not isinstance(steps[end - 1], ir.Lookup):
        end -= 1
    with writer.block("try:"):
        for i, step in enumerate(steps[start:end]):
            writer.place = (printer.source, getattr(step, "at", 0))
            if i and printer.probes:
                print_probe(
                    printer, flow, *printer.probes.step(step, steps[start + i - 1])
                )
            if isinstance(step, ir.Lookup):
                text = subscript(printer, flow, step)
                writer.line(f"{name(step.target)} = {text}")
            else:
                print_step(printer, flow, step)
            learn(printer.kinds, step, printer.mocked)
    with writer.block("except MISSING:"):
        writer.line(flow.fail)
    return end


def _cheap(step: ir.Step) -> bool:
    match step:
        case ir.Lookup(keys=keys):
            return bool(keys)
        case ir.Equal(left=left, right=right):
            return any(
                isinstance(side, ir.Const) and isinstance(side.value, str | None)
                for side in (left, right)
            )
        case ir.Copy() | ir.Holds():
            return True
        case _:
            return False


def print_step(printer: Printer, flow: Flow, step: ir.Step) -> None:
    """Write one step; a scan leaves its block open."""
    match step:
        case ir.Collect():
            _print_collect(printer, flow, step)
        case ir.Not(body=body):
            _print_not(printer, flow, body)
        case ir.Every():
            _print_every(printer, flow, step)
        case _:
            print_leaf(printer, flow, step)


_COLLECTORS = {"array": "[]", "set": "{}", "object": "{}"}


def _print_collect(printer: Printer, flow: Flow, step: ir.Collect) -> None:
    writer = printer.writer
    target = name(step.target)
    writer.line(f"{target} = {_COLLECTORS[step.kind]}")

    def finish(inner: Flow) -> None:
        value = atom(printer, inner, step.value)
        if step.kind == "array":
            writer.line(f"{target}.append({value})")
        elif step.kind == "set":
            writer.line(f"{target}[{frozen(printer, step.value, value)}] = {value}")
        elif step.key is not None:
            key = atom(printer, inner, step.key)
            writer.line(f"put({target}, {key}, {value}, {printer.place(step.at)})")

    needs = (step.value,) if step.key is None else (step.key, step.value)
    with printer.inside():
        body = _print_unless_complete(printer, flow, step)
        if _fails_before_loop(body):
            print_block(printer, flow, body, finish, needs)
        else:
            inner = Flow("continue", list(flow.contexts))
            print_steps(printer, inner, body, finish, needs)
    if step.kind == "set":
        printer.pending.add(step.target.name)


def _print_unless_complete(
    printer: Printer, flow: Flow, collect: ir.Collect
) -> ir.Steps:
    """Open a block for `{k | some k in names; not x[k]}` that is left out if x has all.

    That is how rules ask for labels and tags, and most objects have them. One expression
    that looks all of them up takes half as long as the loop. Returns the steps that are
    still to be written.
    """
    at = next((i for i, s in enumerate(collect.body) if not isinstance(s, ir.Maybe)), 0)
    ahead, body = collect.body[:at], collect.body[at:]
    lookups = () if printer.probes else _names_asked(collect, body)
    if not lookups:
        return collect.body
    for step in ahead:
        print_step(printer, flow, step)
        learn(printer.kinds, step, printer.mocked)
    writer, answer = printer.writer, f"n_{printer.number()}"
    tests = [f"{subscript(printer, flow, x)} is not False" for x in lookups]
    with writer.block("try:"):
        writer.line(f"{answer} = {' and '.join(tests)}")
    with writer.block("except MISSING:"):
        writer.line(f"{answer} = False")
    writer.open(f"if not {answer}:")
    return body


def _names_asked(collect: ir.Collect, body: ir.Steps) -> tuple[ir.Lookup, ...]:
    """Return the lookups of a set of the names that an object lacks, () for any other."""
    match body:
        case (
            ir.Scan(key=None, value=ir.Local() as asked, source=ir.Const(value=held)),
            ir.Not(body=(ir.Lookup(keys=(key,)) as lookup, ir.Holds(atom=found))),
        ) if (
            collect.kind == "set"
            and key == asked
            and found == lookup.target
            and lookup.source != asked
        ):
            names = held.ordered() if isinstance(held, RegoSet) else ()
            if len(names) > MOST_NAMES or not all(type(n) is str for n in names):
                return ()
            return tuple(replace(lookup, keys=(ir.Const(n),)) for n in names)
        case _:
            return ()


_SURE = (ir.Maybe, ir.Copy, ir.MakeArray, ir.MakeSet, ir.Collect)


def _fails_before_loop(body: ir.Steps) -> bool:
    """Tell whether a step may fail, or the value is added, outside any loop."""
    for step in body:
        if isinstance(step, _LOOPS):
            return False
        if not isinstance(step, _SURE):
            return True
    return True


def _print_not(printer: Printer, flow: Flow, body: ir.Steps) -> None:
    writer = printer.writer
    if loops(body):
        call = _lift(printer, flow, body)
        with writer.block(f"if {call}:"):
            writer.line(flow.fail)
        return
    if not printer.probes and _print_not_lookup(printer, flow, body):
        return
    answer = f"n_{printer.number()}"
    _print_answer(printer, flow, body, answer)
    stop_if(printer, flow, answer)


def _print_not_lookup(printer: Printer, flow: Flow, body: ir.Steps) -> bool:
    """Write `not x.y`, `not x.y == 1` without a loop; tell whether it was one."""
    match body:
        case (ir.Lookup(keys=(_, *_)) as lookup, ir.Holds(atom=value)) if (
            value == lookup.target
        ):
            condition = f"{name(lookup.target)} is not False"
        case (ir.Lookup(keys=(_, *_)) as lookup, ir.Equal(left=left, right=right)):
            condition, _ = equal_text(left, right, lambda a: atom(printer, flow, a))
        case _:
            return False
    writer = printer.writer
    with writer.block("try:"):
        writer.line(f"{name(lookup.target)} = {subscript(printer, flow, lookup)}")
        with writer.block(f"if {condition}:"):
            writer.line(flow.fail)
    with writer.block("except MISSING:"):
        writer.line("pass")
    return True


def _lift(printer: Printer, flow: Flow, body: ir.Steps) -> str:
    """Move steps to a function that tells whether they succeed; return its call."""
    number = printer.number()
    outer = captured(body)
    params = ", ".join([*flow.contexts, *(name(ir.Local(n)) for n in outer)])
    contexts = list(flow.contexts)

    def write() -> None:
        with printer.writer.block(f"def exists_{number}({params}):"):
            printer.begin()
            inner = Flow("return False", list(contexts))

            def finish(_flow: Flow) -> None:
                printer.writer.line("return True")

            with printer.writer.level():
                print_steps(printer, inner, body, finish)
            printer.writer.line("return False")

    printer.later(write)
    return f"exists_{number}({params})"


def _print_every(printer: Printer, flow: Flow, step: ir.Every) -> None:
    writer = printer.writer
    source = atom(printer, flow, step.source)
    target = name(step.value)
    scan = f"for {target} in values({source})"
    if step.key is not None:
        scan = f"for {name(step.key)}, {target} in entries({source})"
    call = _lift(printer, flow, step.body)
    condition = f"not is_collection({source}) or not all({call} {scan})"
    with writer.block(f"if {condition}:"):
        writer.line(flow.fail)
