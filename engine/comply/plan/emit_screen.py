"""SCREEN -> PYTHON: which rules may find something, told in one pass."""

from collections.abc import Callable

from comply.plan.printer import Flow, Printer
from comply.plan.screen import Glance
from comply.plan.steps import print_block, print_steps


def print_screen(printer: Printer, glances: tuple[Glance, ...]) -> None:
    """Write the functions of a screen, if there is one."""
    if not glances:
        return
    writer = printer.writer
    writer.place = None
    with writer.block("def screen(c, hits):"):
        for number in range(len(glances)):
            writer.line(f"glance_{number}(c, hits)")
    for number, glance in enumerate(glances):
        _print_glance(printer, glance, f"glance_{number}")


def _print_glance(printer: Printer, glance: Glance, function: str) -> None:
    """Write a pass over what some units share; those that may hold join `hits`."""
    writer = printer.writer
    group = glance.group
    printer.source = 0

    def finish(flow: Flow) -> None:
        for unit, tail in zip(glance.units, group.tails, strict=True):
            with printer.inside():
                print_block(printer, flow, tail.steps, noting(unit), ())

    def noting(unit: int) -> Callable[[Flow], None]:
        return lambda _flow: writer.line(f"hits.add({unit})")

    with writer.block(f"def {function}(c, hits):"):
        printer.begin()
        print_steps(printer, Flow("return"), group.prefix, finish, group.needed)
