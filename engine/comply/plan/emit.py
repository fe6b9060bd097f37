"""PLAN -> PYTHON: source with a line map, compiled once, kept in linecache.

The text depends on the plan alone. It holds nothing of a policy but constants and
sanitised names, so that a hostile policy cannot make it say anything else.
"""

from collections.abc import Callable, Iterable

from comply.plan import ir
from comply.plan.aggregates import aggregates_of
from comply.plan.emit_screen import print_screen
from comply.plan.emit_units import (
    aggregate_layout,
    print_aggregate,
    print_units,
    unit_layouts,
)
from comply.plan.lasting import lasting
from comply.plan.link import Code, Layout, Program, compiled, link
from comply.plan.merge import Group, merge
from comply.plan.printer import Flow, Printer, atom, builtin_name, frozen
from comply.plan.probe import Probes
from comply.plan.read_set import rule_read_sets
from comply.plan.reads import every_step, loops
from comply.plan.screen import screen_of
from comply.plan.steps import print_block, print_probe, print_steps
from comply.plan.units import cut
from comply.plan.writer import Writer, name

_HEADER = """\
from decimal import Decimal
from comply.plan.builtins import lookup
from comply.plan.builtins.failure import BuiltinError
from comply.plan.hash_join import among
from comply.plan.indexes import indexing, partition
from comply.plan.runtime import (
    MISSING, Branch, agreed, always, call_mock, entries, extent, grown, insert,
    is_collection, item, maybe, mockable, ordered_entries, ordered_values, put,
    standing_in, stored, values,
)
from comply.plan.values import (
    UNDEFINED, NumberLiteral, RegoSet, compare, equal, freeze,
)
"""


def print_plan(plan: ir.Plan, probes: Probes | None = None) -> Code:
    """Return the Python source of a plan.

    With `probes` the code reports its way, and they hold the points that do.
    """
    writer = Writer()
    steps = list(_plan_steps(plan))
    functions = frozenset(r.path for r in plan.rules if r.kind == "function")
    covered = _covered(plan, steps, functions)
    mocked = _mocked_builtins(steps)
    printer = Printer(writer, mocked, covered, functions, probes=probes)
    mocked_rules = frozenset(
        rule for rules in printer.covered.values() for rule, _ in rules
    )
    printer.stood_for = _stood_for(steps, covered)
    for rule in plan.rules:
        _print_rule(printer, rule, rule.id in mocked_rules)
        _print_lifted(printer)
        if rule.id in plan.entries and rule.kind == "set":
            _print_members(printer, rule)
            print_units(printer, rule)
            _print_lifted(printer)
    for number, aggregate in aggregates_of(plan).items():
        print_aggregate(printer, number, aggregate)
        _print_lifted(printer)
    if not probes:
        print_screen(printer, screen_of(plan))
    _print_lifted(printer)
    if plan.query is not None:
        _print_query(printer, plan.query)
        _print_lifted(printer)
    head = _HEADER.splitlines()
    head += [f"{text_} = {value}" for value, text_ in writer.constants.items()]
    head += [f"{builtin_name(b)} = lookup({b!r})" for b in sorted(printer.used)]
    text = "\n".join([*head, *writer.lines, ""])
    return Code(text, (*([None] * len(head)), *writer.places))


def load(code: Code, plan: ir.Plan) -> Program:
    """Compile and run generated code; return its functions."""
    return link(code, compiled(code), layout_of(plan))


def layout_of(plan: ir.Plan) -> Layout:
    """Return what the functions of a plan's code are."""
    rules = tuple((r.id, r.path, r.kind == "function") for r in plan.rules)
    entries = tuple(
        (rule.id, unit_layouts(plan, rule))
        for rule in plan.rules
        if rule.id in plan.entries and rule.kind == "set"
    )
    reads = tuple(rule_read_sets(plan).items()) if plan.entries else ()
    aggregates = tuple(
        aggregate_layout(plan, number, aggregate)
        for number, aggregate in aggregates_of(plan).items()
    )
    same = tuple(sorted(lasting(plan))) if plan.entries else ()
    return Layout(rules, plan.packages, entries, reads, aggregates, same)


def _plan_steps(plan: ir.Plan) -> Iterable[ir.Step]:
    for rule in plan.rules:
        for chain in rule.chains:
            for clause in chain:
                yield from every_step(clause.steps)
        if rule.default is not None:
            yield from every_step(rule.default.steps)
    if plan.query is not None:
        yield from every_step(plan.query.steps)


def _mocked_builtins(steps: Iterable[ir.Step]) -> frozenset[str]:
    return frozenset(
        item.path[0]
        for step in steps
        if isinstance(step, ir.EnterWith)
        for item in step.replacements
        if item.path[0] not in ("input", "data")
    )


def _stood_for(
    steps: Iterable[ir.Step],
    covered: dict[tuple[str, ...], list[tuple[int, tuple[str, ...]]]],
) -> frozenset[int]:
    """Return the functions that some `with` replaces by a built-in."""
    return frozenset(
        rule
        for step in steps
        if isinstance(step, ir.EnterWith)
        for item in step.replacements
        if item.name
        for rule, _ in covered.get(item.path, ())
    )


def _covered(
    plan: ir.Plan,
    steps: Iterable[ir.Step],
    functions: frozenset[tuple[str, ...]],
) -> dict[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]:
    """Return, for each data path that is replaced, the rules at and under it.

    A function is replaced by its own name only.
    """
    paths = {
        item.path
        for step in steps
        if isinstance(step, ir.EnterWith)
        for item in step.replacements
        if item.path[0] == "data"
    }
    return {
        path: [
            (rule.id, rule.path[len(path) :])
            for rule in plan.rules
            if rule.path[: len(path)] == path
            and (rule.path == path or rule.path not in functions)
        ]
        for path in sorted(paths)
    }


def _print_lifted(printer: Printer) -> None:
    while printer.lifted:
        printer.lifted.pop(0)()


def _print_query(printer: Printer, query: ir.Query) -> None:
    writer = printer.writer
    printer.source = query.source
    if printer.probes:
        printer.probes.here = None
    with writer.block("def query(c, out):"):
        printer.begin()
        flow = Flow("return")

        def finish(inner: Flow) -> None:
            parts = [f"{n!r}: {atom(printer, inner, at)}" for n, at in query.shown]
            writer.line(f"out.append({{{', '.join(parts)}}})")

        needs = tuple(at for _, at in query.shown)
        print_steps(printer, flow, query.steps, finish, needs)


def _print_rule(printer: Printer, rule: ir.Rule, mocked: bool) -> None:  # noqa: FBT001
    if rule.kind in ("complete", "function"):
        _print_single(printer, rule, mocked)
    else:
        _print_partial(printer, rule, mocked)


def _print_memo(writer: Writer, rule: ir.Rule, mocked: bool) -> None:  # noqa: FBT001
    if mocked:
        with writer.block(f"if {rule.id} in c.mocks:"):
            writer.line(f"return c.mocks[{rule.id}]")
    with writer.block(f"if {rule.id} in c.memo:"):
        writer.line(f"return c.memo[{rule.id}]")


def _print_partial(printer: Printer, rule: ir.Rule, mocked: bool) -> None:  # noqa: FBT001
    """Write a rule whose clauses each add to one set, object or tree."""
    writer = printer.writer
    writer.place = None
    groups = _groups(printer, rule)
    chains = _apart(rule, groups)
    with writer.block(f"def rule_{rule.id}(c):"):
        _print_memo(writer, rule, mocked)
        writer.line("out = Branch()" if rule.kind == "tree" else "out = {}")
        _print_calls(writer, rule, groups)
        made = {"set": "RegoSet.of(out)", "object": "out", "tree": "grown(out)"}
        writer.line(f"c.memo[{rule.id}] = value = {made[rule.kind]}")
        writer.line("return value")
    for i, chain in chains.items():
        for j, clause in enumerate(chain):
            function = f"clause_{rule.id}_{i}_{j}"
            _print_adding(printer, rule, clause, function, len(chain) > 1)
    for i, group in enumerate(groups):
        _print_group(printer, group, f"group_{rule.id}_{i}")


def _print_members(printer: Printer, rule: ir.Rule) -> None:
    """Write what gives the members of a set from scratch, as a dict."""
    with printer.writer.block(f"def members_{rule.id}(c):"):
        printer.writer.line("out = {}")
        _print_calls(printer.writer, rule, _groups(printer, rule))
        printer.writer.line("return out")


def _print_calls(writer: Writer, rule: ir.Rule, groups: list[Group]) -> None:
    """Write the calls of the functions that add to a rule's value."""
    for i, chain in _apart(rule, groups).items():
        calls = [f"clause_{rule.id}_{i}_{j}(c, out)" for j in range(len(chain))]
        writer.line(" or ".join(calls))
    for i in range(len(groups)):
        writer.line(f"group_{rule.id}_{i}(c, out)")


def _apart(rule: ir.Rule, groups: list[Group]) -> dict[int, tuple[ir.Clause, ...]]:
    """Return the clauses, and those after an `else`, that share no loop, by number."""
    grouped = {at for group in groups for at in group.clauses}
    return {i: c for i, c in enumerate(rule.chains) if i not in grouped}


def _groups(printer: Printer, rule: ir.Rule) -> list[Group]:
    """Return the clauses of a set that share a loop over the input."""
    if rule.kind != "set" or printer.probes:
        return []
    alone = {
        i: chain[0]
        for i, chain in enumerate(rule.chains)
        if len(chain) == 1 and cut(chain[0]) is not None
    }
    return [group for group in merge(alone) if len(group.clauses) > 1]


def _print_group(printer: Printer, group: Group, function: str) -> None:
    """Write clauses that share a loop; each but the last is a block inside it."""
    writer = printer.writer
    printer.source = group.tails[0].source
    last = group.tails[-1]

    def finish(flow: Flow) -> None:
        for tail in group.tails:
            with printer.inside():
                if tail is last:
                    inner = Flow(flow.fail, list(flow.contexts))
                    print_steps(printer, inner, tail.steps, adding(tail), (tail.value,))
                else:
                    print_block(printer, flow, tail.steps, adding(tail), (tail.value,))

    def adding(tail: ir.Clause) -> Callable[[Flow], None]:
        def add(flow: Flow) -> None:
            value = atom(printer, flow, tail.value)
            writer.line(f"out[{frozen(printer, tail.value, value)}] = {value}")

        return add

    with writer.block(f"def {function}(c, out):"):
        printer.begin()
        print_steps(printer, Flow("return"), group.prefix, finish, group.needed)


def _print_adding(
    printer: Printer,
    rule: ir.Rule,
    clause: ir.Clause,
    function: str,
    answers: bool,  # noqa: FBT001
) -> None:
    """Write a clause that adds to `out`; if it `answers`, it tells whether it did."""
    writer = printer.writer
    _enter(printer, rule, clause)

    def finish(flow: Flow) -> None:
        _print_yield(printer, flow)
        value = atom(printer, flow, clause.value)
        keys = [atom(printer, flow, key) for key in clause.keys]
        place = printer.place(clause.at)
        if rule.kind == "set":
            key = frozen(printer, clause.value, value)
            writer.line(f"out[{key}] = {value}")
        elif rule.kind == "object":
            writer.line(f"put(out, {keys[0]}, {value}, {place})")
        else:
            leaf = f"({value}, {clause.member})"
            writer.line(f"insert(out, [{', '.join(keys)}], {leaf}, {place})")
        if answers:
            writer.line("added = True")

    with writer.block(f"def {function}(c, out):"):
        printer.begin()
        _print_entry(printer)
        if answers:
            writer.line("added = False")
        needs = (*clause.keys, clause.value)
        with writer.level():
            flow = Flow("return added" if answers else "return")
            print_steps(printer, flow, clause.steps, finish, needs)
        if answers:
            writer.line("return added")


def _enter(printer: Printer, rule: ir.Rule, clause: ir.Clause) -> None:
    """Go on with a clause of a rule."""
    printer.source = clause.source
    if printer.probes:
        printer.probes.here = rule, clause


def _print_entry(printer: Printer) -> None:
    if printer.probes:
        print_probe(printer, Flow(""), printer.probes.enter())


def _print_yield(printer: Printer, flow: Flow) -> None:
    if printer.probes:
        print_probe(printer, flow, *printer.probes.yields())


def _print_single(printer: Printer, rule: ir.Rule, mocked: bool) -> None:  # noqa: FBT001
    """Write a rule that has one value, or a function."""
    writer = printer.writer
    writer.place = None
    function = rule.kind == "function"
    params = ["c"]
    if function:
        first = rule.chains[0][0] if rule.chains else rule.default
        count = len(first.args) if first is not None else 0
        params += [f"a{i}" for i in range(count)]
    call = ", ".join(params)
    with writer.block(f"def rule_{rule.id}({call}):"):
        if not function:
            _print_memo(writer, rule, mocked)
        elif mocked:
            with writer.block(f"if {rule.id} in c.mocks:"):
                params_ = ", ".join(["c", str(rule.id), *params[1:]])
                writer.line(f"return call_mock({params_})")
        _print_chains(printer, rule, call, function)
        if not function:
            writer.line(f"c.memo[{rule.id}] = value")
        writer.line("return value")
    for i, chain in enumerate(rule.chains):
        for j, clause in enumerate(chain):
            _print_valued(printer, rule, clause, f"clause_{rule.id}_{i}_{j}")
    if rule.default is not None:
        _print_valued(printer, rule, rule.default, f"default_{rule.id}")


def _print_chains(printer: Printer, rule: ir.Rule, call: str, function: bool) -> None:  # noqa: FBT001
    writer = printer.writer
    same = _one_constant(rule)
    writer.line("value = UNDEFINED")
    for i, chain in enumerate(rule.chains):
        here = "value" if same or i == 0 else "found"
        with writer.level():
            if same and i > 0:
                writer.open("if value is UNDEFINED:")
            writer.line(f"{here} = clause_{rule.id}_{i}_0({call})")
            for j in range(1, len(chain)):
                with writer.block(f"if {here} is UNDEFINED:"):
                    writer.line(f"{here} = clause_{rule.id}_{i}_{j}({call})")
        if here == "found":
            place = f"{chain[0].source}, {chain[0].at}"
            with writer.block("if value is UNDEFINED:"):
                writer.line("value = found")
            with writer.block("elif found is not UNDEFINED:"):
                writer.line(f"agreed(value, found, {function}, {place})")
    if rule.default is not None:
        with writer.block("if value is UNDEFINED:"):
            writer.line(f"value = default_{rule.id}({call})")


def _one_constant(rule: ir.Rule) -> bool:
    """Tell whether every clause yields the same simple constant."""
    found = {
        (type(c.value.value), c.value.value)
        if isinstance(c.value, ir.Const)
        and isinstance(c.value.value, str | int | float | None)
        else None
        for chain in rule.chains
        for c in chain
    }
    return len(found) == 1 and None not in found


def _print_valued(
    printer: Printer, rule: ir.Rule, clause: ir.Clause, function: str
) -> None:
    """Write a clause that returns its value, or UNDEFINED."""
    writer = printer.writer
    is_function = rule.kind == "function"
    _enter(printer, rule, clause)
    early = isinstance(clause.value, ir.Const) or not loops(clause.steps)

    def finish(flow: Flow) -> None:
        _print_yield(printer, flow)
        value = atom(printer, flow, clause.value)
        if early:
            writer.line(f"return {value}")
            return
        place = printer.place(clause.at)
        with writer.block("if found is UNDEFINED:"):
            writer.line(f"found = {value}")
        with writer.block("else:"):
            writer.line(f"agreed(found, {value}, {is_function}, {place})")

    params = ", ".join(["c", *(f"a{i}" for i in range(len(clause.args)))])
    with writer.block(f"def {function}({params}):"):
        printer.begin()
        _print_entry(printer)
        for i, arg in enumerate(clause.args):
            writer.line(f"{name(arg)} = a{i}")
        if not early:
            writer.line("found = UNDEFINED")
        with writer.level():
            fail = "return UNDEFINED" if early else "return found"
            print_steps(printer, Flow(fail), clause.steps, finish, (clause.value,))
        writer.line("return UNDEFINED" if early else "return found")
