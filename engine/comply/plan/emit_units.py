"""UNITS -> PYTHON: the clauses of an entry rule, each open to one element at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from comply.plan import ir
from comply.plan.steps import Flow, Printer, atom, frozen, print_steps
from comply.plan.units import Path, Unit, cut
from comply.plan.values import Value
from comply.plan.writer import name


@dataclass(frozen=True, slots=True)
class UnitCode:
    """The code of one clause of an entry rule.

    With a `path` the clause is cut at its driver: `start(context)` gives what `run`
    needs besides an element, or None where the clause cannot hold, and
    `run(context, out, key, element, *started)` adds the members it yields for one
    element of the collection at `path`. With `on`, only elements whose value there is
    `match` can hold, and the key is not needed. Without a path, `run(context, out)` adds all.
    """

    source: int
    at: int
    path: Path | None
    on: Path | None
    match: Value
    start: Callable[..., tuple[Value, ...] | None] | None
    run: Callable[..., Any]


def print_units(printer: Printer, rule: ir.Rule) -> None:
    """Write the functions of an entry rule's units."""
    for i, chain in enumerate(rule.chains):
        unit = cut(chain[0]) if len(chain) == 1 else None
        if unit is not None:
            _print_start(printer, unit, f"start_{rule.id}_{i}")
            _print_run(printer, unit, f"unit_{rule.id}_{i}")


def collect_units(
    rule: ir.Rule, namespace: dict[str, Any]
) -> tuple[UnitCode, ...]:
    """Return the units of an entry rule from the names that its code defined."""
    units = []
    for i, chain in enumerate(rule.chains):
        unit = cut(chain[0]) if len(chain) == 1 else None
        clause = chain[0]
        if unit is None:
            run = _whole([namespace[f"clause_{rule.id}_{i}_{j}"] for j in _range(chain)])
            units.append(UnitCode(clause.source, clause.at, None, None, None, None, run))
            continue
        start = namespace[f"start_{rule.id}_{i}"]
        run = namespace[f"unit_{rule.id}_{i}"]
        on, match = _narrowed(unit)
        units.append(
            UnitCode(clause.source, clause.at, unit.path, on, match, start, run)
        )
    return tuple(units)


def _narrowed(unit: Unit) -> tuple[Path | None, Value]:
    """Return the index that narrows a unit's driver: path and value, or nothing."""
    driver = unit.driver
    if isinstance(driver, ir.ScanIndex) and isinstance(driver.match, ir.Const):
        return driver.on, driver.match.value
    return None, None


def _range(chain: tuple[ir.Clause, ...]) -> range:
    return range(len(chain))


def _whole(clauses: list[Callable[..., Any]]) -> Callable[..., Any]:
    """Return a chain of clauses as one function: the first that adds ends it."""

    def run(context: object, out: dict[Any, Value]) -> None:
        any(clause(context, out) for clause in clauses)

    return run


def _print_start(printer: Printer, unit: Unit, function: str) -> None:
    writer = printer.writer
    printer.source = unit.clause.source
    carried = "".join(f"{name(ir.Local(n))}, " for n in unit.carried)

    def finish(_flow: Flow) -> None:
        writer.line(f"return ({carried})")

    with writer.block(f"def {function}(c):"):
        printer.begin()
        print_steps(printer, Flow("return None"), unit.before, finish)


def _print_run(printer: Printer, unit: Unit, function: str) -> None:
    writer = printer.writer
    printer.source = unit.clause.source
    driver = unit.driver
    keyed = driver.key if isinstance(driver, ir.Scan) else None
    key = name(keyed) if keyed is not None else "_key"
    element = name(driver.value) if driver.value is not None else "_element"
    carried = [name(ir.Local(n)) for n in unit.carried]
    params = ", ".join(["c", "out", key, element, *carried])

    def finish(flow: Flow) -> None:
        value = atom(printer, flow, unit.clause.value)
        member = frozen(printer, unit.clause.value, value)
        writer.line(f"out[{member}] = {value}")

    with writer.block(f"def {function}({params}):"):
        printer.begin()
        print_steps(
            printer, Flow("return"), unit.after, finish, (unit.clause.value,)
        )
        writer.line("return")
