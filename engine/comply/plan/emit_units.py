"""UNITS -> PYTHON: the clauses of an entry rule, each open to one element at a time."""

from collections.abc import Callable
from dataclasses import replace

from comply.plan import ir
from comply.plan.aggregates import Aggregate
from comply.plan.link import AggregateLayout, UnitLayout
from comply.plan.printer import Flow, Printer, atom, frozen
from comply.plan.read_set import read_set, whole, yielded
from comply.plan.steps import print_steps
from comply.plan.units import Path, Unit, cut
from comply.plan.values import Value
from comply.plan.writer import name


def print_units(printer: Printer, rule: ir.Rule) -> None:
    """Write the functions of an entry rule's units."""
    for i, chain in enumerate(rule.chains):
        unit = cut(chain[0]) if len(chain) == 1 else None
        if unit is not None:
            _print_start(printer, unit, f"start_{rule.id}_{i}")
            _print_run(printer, unit, f"unit_{rule.id}_{i}", _joining(printer, unit))
            _print_turns(printer, unit, f"turns_{rule.id}_{i}")


def print_aggregate(printer: Printer, rule: ir.RuleId, aggregate: Aggregate) -> None:
    """Write the functions that tell what one element adds to a rule."""
    for i, part in enumerate(aggregate.parts):
        _print_start(printer, part, f"begin_{rule}_{i}")
        _print_run(printer, part, f"part_{rule}_{i}", _pairing(printer, part))


def aggregate_layout(
    plan: ir.Plan, rule: ir.RuleId, aggregate: Aggregate
) -> AggregateLayout:
    """Return what the functions of a rule that gathers are."""
    parts = tuple(
        _layout(plan, part, f"begin_{rule}_{i}", f"part_{rule}_{i}")
        for i, part in enumerate(aggregate.parts)
    )
    return AggregateLayout(rule, aggregate.kind, aggregate.fold, parts)


def unit_layouts(plan: ir.Plan, rule: ir.Rule) -> tuple[UnitLayout, ...]:
    """Return what the functions of an entry rule's units are."""
    layouts = []
    for i, chain in enumerate(rule.chains):
        unit = cut(chain[0]) if len(chain) == 1 else None
        source, at = chain[0].source, chain[0].at
        if unit is None:
            run = tuple(f"clause_{rule.id}_{i}_{j}" for j in range(len(chain)))
            steps = tuple(step for clause in chain for step in whole(clause))
            reads = read_set(plan, steps)
            layouts.append(UnitLayout(source, at, None, None, None, "", run, reads))
            continue
        layout = _layout(plan, unit, f"start_{rule.id}_{i}", f"unit_{rule.id}_{i}")
        layouts.append(replace(layout, turns=f"turns_{rule.id}_{i}"))
    return tuple(layouts)


def _layout(plan: ir.Plan, unit: Unit, start: str, run: str) -> UnitLayout:
    source, at = unit.clause.source, unit.clause.at
    on, match = _narrowed(unit)
    reads = read_set(plan, (*unit.before, *unit.after, yielded(unit.clause)))
    keyed = isinstance(unit.driver, ir.Scan) and unit.driver.key is not None
    return UnitLayout(source, at, unit.path, on, match, start, (run,), reads, keyed)


def _narrowed(unit: Unit) -> tuple[Path | None, Value]:
    """Return the index that narrows a unit's driver: path and value, or nothing."""
    driver = unit.driver
    if isinstance(driver, ir.ScanIndex) and isinstance(driver.match, ir.Const):
        return driver.on, driver.match.value
    return None, None


def _print_start(printer: Printer, unit: Unit, function: str) -> None:
    writer = printer.writer
    printer.source = unit.clause.source
    carried = "".join(f"{n}, " for n in _carried(unit))

    def finish(_flow: Flow) -> None:
        writer.line(f"return ({carried})")

    with writer.block(f"def {function}(c):"):
        printer.begin()
        print_steps(printer, Flow("return None"), unit.before, finish)


def _joining(printer: Printer, unit: Unit) -> Callable[[Flow], None]:
    """Return what writes that a result joins those of the unit."""

    def finish(flow: Flow) -> None:
        value = atom(printer, flow, unit.clause.value)
        member = frozen(printer, unit.clause.value, value)
        printer.writer.line(f"out[{member}] = {value}")

    return finish


def _pairing(printer: Printer, unit: Unit) -> Callable[[Flow], None]:
    """Return what writes that a key and a value are added."""

    def finish(flow: Flow) -> None:
        value = atom(printer, flow, unit.clause.value)
        keys = [atom(printer, flow, key) for key in unit.clause.keys]
        printer.writer.line(f"out.append(({keys[0] if keys else None}, {value}))")

    return finish


def _print_run(
    printer: Printer, unit: Unit, function: str, finish: Callable[[Flow], None]
) -> None:
    writer = printer.writer
    printer.source = unit.clause.source
    params = ", ".join(["c", "out", *_element(unit), *_carried(unit)])
    needs = (*unit.clause.keys, unit.clause.value)
    with writer.block(f"def {function}({params}):"):
        printer.begin()
        # What adds may add again: the loops end before the function does.
        with writer.level():
            print_steps(printer, Flow("return"), unit.after, finish, needs)
        writer.line("return")


def _print_turns(printer: Printer, unit: Unit, function: str) -> None:
    """Write a unit over many elements: the turns of `_print_run` without its calls."""
    writer = printer.writer
    printer.source = unit.clause.source
    key, element = _element(unit)
    params = ", ".join(["c", "found", "pairs", *_carried(unit)])

    def finish(flow: Flow) -> None:
        value = atom(printer, flow, unit.clause.value)
        writer.line(f"found.append(({key}, {element}, {value}))")

    driver = unit.driver.value
    needs = (unit.clause.value, *([driver] if driver is not None else []))
    with writer.block(f"def {function}({params}):"):
        printer.begin()
        writer.open(f"for {key}, {element} in pairs:")
        print_steps(printer, Flow("continue"), unit.after, finish, needs)


def _element(unit: Unit) -> tuple[str, str]:
    """Return the names of the key and the element of a turn."""
    driver = unit.driver
    keyed = driver.key if isinstance(driver, ir.Scan) else None
    return (
        name(keyed) if keyed is not None else "_key",
        name(driver.value) if driver.value is not None else "_element",
    )


def _carried(unit: Unit) -> list[str]:
    return [name(ir.Local(n)) for n in unit.carried]
