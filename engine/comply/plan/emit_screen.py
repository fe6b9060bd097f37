"""SCREEN -> PYTHON: what all entry rules find, in one pass."""

from collections.abc import Callable

from comply.plan import ir
from comply.plan.landmarks import Landmarks
from comply.plan.printer import Flow, Printer, atom
from comply.plan.reads import captured
from comply.plan.screen import Glance, Look, Screen
from comply.plan.steps import print_block, print_steps
from comply.plan.writer import name


def print_screen(printer: Printer, screen: Screen) -> None:
    """Write the functions of a screen, if there is one."""
    if not screen.glances:
        return
    writer = printer.writer
    writer.place = None
    passed = [mark.local.name for mark in screen.marks.found.values()]
    params = [f"c, found{_operands(glance, passed)}" for glance in screen.glances]
    with writer.block("def screen(c, found):"):
        _print_landmarks(printer, screen.marks)
        for number, glance in enumerate(screen.glances):
            with writer.level():
                _guard(printer, glance.group.prefix)
                writer.line(f"glance_{number}({params[number]})")
    for number, glance in enumerate(screen.glances):
        with writer.block(f"def glance_{number}({params[number]}):"):
            _print_glance(printer, glance)


def _operands(glance: Glance, passed: list[str]) -> str:
    """Return the landmarks that a glance begins at, to be handed to its function."""
    group = glance.group
    steps = [*group.prefix, *(step for tail in group.tails for step in tail.steps)]
    used = set(captured(tuple(steps)))
    return "".join(f", {name(ir.Local(mark))}" for mark in passed if mark in used)


def _print_landmarks(printer: Printer, marks: Landmarks) -> None:
    """Write that landmarks are looked up, each from the one before it."""
    flow = Flow("return")
    for mark in marks.found.values():
        target, source = name(mark.local), atom(printer, flow, mark.source)
        for key in mark.keys:
            if source != target and not source.isidentifier():
                printer.writer.line(f"{target} = {source}")
                source = target
            found = f"{source}.get({key!r}, UNDEFINED)"
            printer.writer.line(
                f"{target} = {found} if type({source}) is dict else UNDEFINED"
            )
            source = target


def _guard(printer: Printer, steps: ir.Steps) -> None:
    """Open a block for steps that fail where the key that they begin with is absent.

    Or where its value is not the text that it is compared with next. An exception and a
    call cost far more than the question; and most rules find nothing.
    """
    match steps:
        case (
            ir.Lookup(source=ir.Local() as source, keys=(ir.Const(value=key), *_)),
            *_,
        ):
            if type(key) is not str:
                return
            text = name(source)
            wanted = _compared(steps)
            if wanted is None:
                found = f"{key!r} in {text} if type({text}) is dict"
                printer.writer.open(f"if {found} else type({text}) is RegoSet:")
            else:
                found = f"{text}.get({key!r}) if type({text}) is dict"
                other = f"maybe({text}, {key!r})"
                printer.writer.open(f"if ({found} else {other}) == {wanted!r}:")
        case _:
            pass


def _compared(steps: ir.Steps) -> str | None:
    """Return the text that a lookup's value has to be, if the next step compares it."""
    match steps:
        case (
            ir.Lookup(target=target, keys=(_,)),
            ir.Equal(left=left, right=ir.Const(value=str(wanted))),
            *_,
        ) if left == target:
            return wanted
        case _:
            return None


def _print_glance(printer: Printer, glance: Glance) -> None:
    """Write a pass over what some units share."""
    group = glance.group
    marks = glance.marks
    printer.source = 0

    def finish(flow: Flow) -> None:
        if marks is not None:
            _print_landmarks(printer, marks)
        for look, tail in zip(glance.looks, group.tails, strict=True):
            with printer.inside():
                _guard(printer, tail.steps)
                noted = _noting(printer, look, tail.value)
                print_block(printer, flow, tail.steps, noted, (tail.value,))

    base = () if marks is None else (marks.base,)
    printer.begin()
    print_steps(printer, Flow("return"), group.prefix, finish, (*group.needed, *base))


def _noting(printer: Printer, look: Look, value: ir.Atom) -> Callable[[Flow], None]:
    """Return what writes that a unit gives a result."""
    at = [name(x) if x is not None else "None" for x in (look.key, look.element)]

    def note(flow: Flow) -> None:
        result = atom(printer, flow, value)
        printer.writer.line(f"found.append(({look.unit}, {', '.join(at)}, {result}))")

    return note
