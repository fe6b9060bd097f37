"""PLAN -> SHAPE: how much of the input the entry rules of a plan can tell apart.

Values flow from the input through locals, operands and results of rules. Two places
that a value may flow between are one node (Steensgaard 1996, "Points-to analysis in almost
linear time"), so one walk over the steps gives, for each part of the input, whether its
members are looked up or the value is used as such. What is in doubt is used.
"""

from collections.abc import Iterable
from typing import Final

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.reach import clauses
from comply.plan.reads import all_assigned, every_step, loops
from comply.plan.shape import Shape
from comply.plan.values import RegoSet

_TESTS: Final = frozenset(
    {
        "is_array", "is_boolean", "is_null", "is_number", "is_object", "is_set",
        "is_string", "type_name",
    }
)  # fmt: skip
"""Built-ins that tell the type of a value, which each shape of it keeps."""


@dataclass(slots=True, eq=False)
class Node:
    """Values that are not told apart: their members, their elements.

    `used` tells that the values themselves matter, `sized` how many members they have.
    `same` leads to the node that this one has become part of.
    """

    members: dict[str, "Node"] = field(default_factory=dict)
    elements: "Node | None" = None
    used: bool = False
    sized: bool = False
    same: "Node | None" = None


@dataclass(slots=True)
class Flow:
    """The nodes of a plan: of the input, of locals by rule and name, of results.

    `picked` are the texts that a local is one of, `counted` what has its size asked for.
    """

    rules: dict[ir.RuleId, ir.Rule]
    root: Node = field(default_factory=Node)
    locals: dict[tuple[ir.RuleId, int, str], Node] = field(default_factory=dict)
    results: dict[ir.RuleId, Node] = field(default_factory=dict)
    operands: dict[tuple[ir.RuleId, int], Node] = field(default_factory=dict)
    picked: dict[tuple[ir.RuleId, int, str], list[str]] = field(default_factory=dict)
    counted: list[Node] = field(default_factory=list)
    waiting: list[ir.RuleId] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """The clause that a step stands in: clauses share no locals."""

    rule: ir.RuleId
    clause: int


def needs(plan: ir.Plan) -> Shape:
    """Return how much of the input the entry rules of a plan read.

    Two inputs that are equal in this shape have equal results.
    """
    flow = Flow({rule.id: rule for rule in plan.rules})
    for entry in sorted(plan.entries):
        _use(_result(flow, entry))
    while flow.waiting:
        _flow_rule(flow, flow.rules[flow.waiting.pop()])
    for counted in flow.counted:
        _end(counted).used |= not _end(counted).elements
    _use_inner([flow.root, *flow.locals.values(), *flow.results.values()])
    return _shape(flow.root, ())


def _end(node: Node) -> Node:
    while node.same is not None:
        node = node.same
    return node


def _unify(one: Node, other: Node) -> None:
    waiting = [(one, other)]
    while waiting:
        into, gone = (_end(node) for node in waiting.pop())
        if into is gone:
            continue
        gone.same = into
        into.used |= gone.used
        into.sized |= gone.sized
        for key, member in gone.members.items():
            if key in into.members:
                waiting.append((into.members[key], member))
            else:
                into.members[key] = member
        if into.elements is not None and gone.elements is not None:
            waiting.append((into.elements, gone.elements))
        into.elements = into.elements or gone.elements


def _use(node: Node) -> None:
    _end(node).used = True


def _use_inner(nodes: Iterable[Node]) -> None:
    """Use what is in the values that are used, which may have come from elsewhere."""
    waiting = [found for node in nodes if (found := _end(node)).used]
    while waiting:
        node = waiting.pop()
        inner = [*node.members.values(), *([node.elements] if node.elements else [])]
        fresh = [found for part in inner if not (found := _end(part)).used]
        for part in fresh:
            part.used = True
        waiting += fresh


def _member(node: Node, key: str) -> Node:
    return _end(node).members.setdefault(key, Node())


def _elements(node: Node) -> Node:
    node = _end(node)
    if node.elements is None:
        node.elements = Node()
    return node.elements


def _shape(node: Node, above: tuple[Node, ...]) -> Shape:
    node = _end(node)
    mixed = node.members and (node.elements or node.sized)
    if node.used or mixed or node in above:
        return None
    above = (*above, node)
    if node.elements is not None:
        return [_shape(node.elements, above)]
    if not node.members and len(above) > 1:
        # Looked at without use: whether it is there, and is not false.
        return None
    return {key: _shape(node.members[key], above) for key in sorted(node.members)}


def _result(flow: Flow, rule: ir.RuleId) -> Node:
    """Return the node of a rule's value, and see that its clauses are walked."""
    if rule not in flow.results:
        flow.results[rule] = Node()
        flow.waiting.append(rule)
    return flow.results[rule]


def _flow_rule(flow: Flow, rule: ir.Rule) -> None:
    alone = rule.kind in ("complete", "function") and _derives_once(rule)
    for number, clause in enumerate(clauses(rule)):
        place = Place(rule.id, number)
        for at, arg in enumerate(clause.args):
            operand = flow.operands.setdefault((rule.id, at), Node())
            _unify(operand, _local(flow, place, arg))
        _note_picked(flow, place, clause.steps)
        for step in every_step(clause.steps):
            _flow_step(flow, place, step)
        for key in clause.keys:
            _use_atom(flow, place, key)
        if alone:
            _unify(flow.results[rule.id], _node(flow, place, clause.value))
        else:
            # Members of sets and results derived twice are compared as a whole.
            _use_atom(flow, place, clause.value)


def _note_picked(flow: Flow, place: Place, steps: ir.Steps) -> None:
    """Note the locals that a loop over constant texts gives their value."""
    assigned = list(all_assigned(steps))
    for step in every_step(steps):
        match step:
            case ir.Scan(value=ir.Local(name=name), source=ir.Const(value=source)):
                found = list(source) if isinstance(source, RegoSet | list) else []
                if all(type(x) is str for x in found) and assigned.count(name) == 1:
                    flow.picked[place.rule, place.clause, name] = found
            case _:
                pass


def _derives_once(rule: ir.Rule) -> bool:
    """Tell whether no two values of a rule are ever compared."""
    return len(rule.chains) == 1 and not any(loops(c.steps) for c in clauses(rule))


def _local(flow: Flow, place: Place, local: ir.Local) -> Node:
    key = (place.rule, place.clause, local.name)
    return flow.locals.setdefault(key, Node())


def _node(flow: Flow, place: Place, atom: ir.Atom) -> Node:
    match atom:
        case ir.Local():
            return _local(flow, place, atom)
        case ir.Input():
            return flow.root
        case ir.Const() | ir.BaseData():
            return Node()


def _use_atom(flow: Flow, place: Place, atom: ir.Atom) -> None:
    if isinstance(atom, ir.Local | ir.Input):
        _use(_node(flow, place, atom))


def _use_all(flow: Flow, place: Place, atoms: Iterable[ir.Atom]) -> None:
    for atom in atoms:
        _use_atom(flow, place, atom)


def _flow_step(flow: Flow, place: Place, step: ir.Step) -> None:  # noqa: C901, PLR0912  (one case a step)
    match step:
        case (
            ir.Lookup(target=target, source=source, keys=keys)
            | ir.Maybe(target=target, source=source, keys=keys)
        ):
            found = _below(flow, place, _node(flow, place, source), keys)
            _unify(found, _local(flow, place, target))
        case ir.Copy(target=target, source=source):
            _unify(_node(flow, place, source), _local(flow, place, target))
        case ir.Scan() | ir.Every():
            _flow_scan(flow, place, step)
        case ir.ScanIndex():
            _flow_index(flow, place, step)
        case ir.MakeArray(target=target, items=items):
            container = _elements(_local(flow, place, target))
            for item in items:
                _unify(container, _node(flow, place, item))
        case ir.Collect():
            _flow_collect(flow, place, step)
        case ir.CallRule(target=target, rule=rule):
            _unify(_result(flow, rule), _local(flow, place, target))
        case ir.CallFunction():
            _flow_call(flow, place, step)
        case ir.Extent(path=path, keys=keys):
            _use_all(flow, place, keys)
            _use_extent(flow, path)
        case ir.EnterWith(replacements=replacements):
            _use(flow.root)
            for replaced in replacements:
                if replaced.rule is not None:
                    _use(_result(flow, replaced.rule))
        case ir.Holds() | ir.Not() | ir.Never() | ir.ExitWith():
            pass
        case _:
            _use_operands(flow, place, step)


def _use_operands(flow: Flow, place: Place, step: ir.Step) -> None:
    """Use what a step reads as it is: operands of built-ins, both sides of an equality."""
    match step:
        case ir.CallBuiltin(name="count", args=(ir.Local() as container,)):
            # The size of an array or object whose elements are looked at one by one.
            node = _local(flow, place, container)
            _end(node).sized = True
            flow.counted.append(node)
        case ir.CallBuiltin(name="object.get", args=(source, key, other)):
            _flow_get(flow, place, step.target, (source, key, other))
        case ir.CallBuiltin(name=name, args=(_,)) if name in _TESTS:
            pass
        case ir.CallBuiltin(args=args) | ir.ScanRelation(args=args):
            _use_all(flow, place, args)
        case ir.Equal(left=left, right=right):
            _use_all(flow, place, (left, right))
        case ir.IsArray(atom=atom) | ir.IsObject(atom=atom):
            _use_atom(flow, place, atom)
        case ir.MakeSet(items=items):
            _use_all(flow, place, items)
        case ir.MakeObject(pairs=pairs):
            _use_all(flow, place, (atom for pair in pairs for atom in pair))
        case _:
            _use(flow.root)


def _flow_get(
    flow: Flow,
    place: Place,
    target: ir.Local | None,
    operands: tuple[ir.Atom, ir.Atom, ir.Atom],
) -> None:
    """Let the value at a constant key or path, or what stands in for it, be the result."""
    source, key, other = operands
    path = key.value if isinstance(key, ir.Const) else None
    steps = path if isinstance(path, list) else [path]
    if not steps or not all(type(step) is str for step in steps):
        _use_all(flow, place, operands)
        return
    found = _below(flow, place, _node(flow, place, source), tuple(map(ir.Const, steps)))
    _unify(found, _node(flow, place, other))
    if target is not None:
        _unify(found, _local(flow, place, target))


def _below(flow: Flow, place: Place, node: Node, keys: tuple[ir.Atom, ...]) -> Node:
    """Return the node that keys lead to."""
    for key in keys:
        names = _names(flow, place, key)
        if names:
            members = [_member(node, name) for name in names]
            for member in members:
                _unify(members[0], member)
            node = members[0]
        else:
            _use_atom(flow, place, key)
            node = _elements(node)
    return node


def _names(flow: Flow, place: Place, key: ir.Atom) -> list[str]:
    """Return the names that a key is one of, none if they are not known."""
    match key:
        case ir.Const(value=str(name)):
            return [name]
        case ir.Local(name=name):
            return flow.picked.get((place.rule, place.clause, name), [])
        case _:
            return []


def _flow_scan(flow: Flow, place: Place, step: ir.Scan | ir.Every) -> None:
    elements = _elements(_node(flow, place, step.source))
    if step.value is not None:
        _unify(elements, _local(flow, place, step.value))
    # The keys of a set are its elements, and those were used when it was made.


def _flow_index(flow: Flow, place: Place, step: ir.ScanIndex) -> None:
    node = flow.root
    for key in step.path:
        node = _member(node, key)
    element = _elements(node)
    found = element
    for key in step.on:
        found = _member(found, key)
    _use(found)
    _use_atom(flow, place, step.match)
    if step.value is not None:
        _unify(element, _local(flow, place, step.value))


def _flow_collect(flow: Flow, place: Place, step: ir.Collect) -> None:
    """What is collected; members of sets and values of objects are compared."""
    if step.key is not None:
        _use_atom(flow, place, step.key)
    if step.kind == "array":
        elements = _elements(_local(flow, place, step.target))
        _unify(elements, _node(flow, place, step.value))
    else:
        _use_atom(flow, place, step.value)


def _flow_call(flow: Flow, place: Place, step: ir.CallFunction) -> None:
    _unify(_result(flow, step.rule), _local(flow, place, step.target))
    for at, arg in enumerate(step.args):
        operand = flow.operands.setdefault((step.rule, at), Node())
        _unify(operand, _node(flow, place, arg))


def _use_extent(flow: Flow, path: ir.DataPath) -> None:
    whole = ("data", *path)
    for rule in flow.rules.values():
        shared = min(len(whole), len(rule.path))
        if rule.path[:shared] == whole[:shared] and rule.kind != "function":
            _use(_result(flow, rule.id))
