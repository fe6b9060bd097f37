"""SCREEN -> PYTHON: what all entry rules find, in one pass."""

from collections.abc import Callable

from comply.plan import ir
from comply.plan.printer import Flow, Printer, atom
from comply.plan.screen import Glance, Look
from comply.plan.steps import print_block, print_steps
from comply.plan.writer import name


def print_screen(printer: Printer, glances: tuple[Glance, ...]) -> None:
    """Write the functions of a screen, if there is one."""
    if not glances:
        return
    writer = printer.writer
    writer.place = None
    with writer.block("def screen(c, found):"):
        for number in range(len(glances)):
            writer.line(f"glance_{number}(c, found)")
    for number, glance in enumerate(glances):
        _print_glance(printer, glance, f"glance_{number}")


def _print_glance(printer: Printer, glance: Glance, function: str) -> None:
    """Write a pass over what some units share."""
    group = glance.group
    printer.source = 0

    def finish(flow: Flow) -> None:
        for look, tail in zip(glance.looks, group.tails, strict=True):
            with printer.inside():
                noted = _noting(printer, look, tail.value)
                print_block(printer, flow, tail.steps, noted, (tail.value,))

    with printer.writer.block(f"def {function}(c, found):"):
        printer.begin()
        print_steps(printer, Flow("return"), group.prefix, finish, group.needed)


def _noting(printer: Printer, look: Look, value: ir.Atom) -> Callable[[Flow], None]:
    """Return what writes that a unit gives a result."""
    at = [name(x) if x is not None else "None" for x in (look.key, look.element)]

    def note(flow: Flow) -> None:
        result = atom(printer, flow, value)
        printer.writer.line(f"found.append(({look.unit}, {', '.join(at)}, {result}))")

    return note
