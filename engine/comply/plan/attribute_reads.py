"""PLAN -> ATTRIBUTES: which attributes of planned resources rules can tell apart.

A points-to analysis as in `needs` (Steensgaard 1996), but one that follows values into
sets, objects and the results of rules: a rule that hands whole resources on looks at no
more of their attributes than those who take them. Keys that are not written as they are
count as what constants can flow into them; where others can, any attribute may be read.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.builtins.signatures import SIGNATURES
from comply.plan.reach import clauses
from comply.plan.reads import every_step
from comply.plan.values import RegoSet, Value

_PATHS: Final = (
    ("resource_changes", None, "change", "after"),
    ("terraform", "resource_changes", None, "change", "after"),
)
"""Where the attributes of resources are in the input; None is any element."""
_SCALARS: Final = frozenset({"boolean", "number", "string", "null"})


@dataclass(slots=True, eq=False)
class Node:
    """Values that are not told apart: their members, their elements, their keys.

    `texts` are constants among them, `foreign` tells that there may be other texts.
    `whole` tells that they are used as they are, `asked` are the keys, not written as they
    are, by which their members are looked up or put; `scanned` that all are. The elements
    of a `lump` are among itself, and so are its keys if they are `sets`. `same` leads to
    the node that this one has become part of.
    """

    members: dict[str, "Node"] = field(default_factory=dict)
    elements: "Node | None" = None
    keys: "Node | None" = None
    texts: set[str] = field(default_factory=set)
    asked: list["Node"] = field(default_factory=list)
    foreign: bool = False
    whole: bool = False
    scanned: bool = False
    sets: bool = False
    lump: bool = False
    same: "Node | None" = None


@dataclass(slots=True)
class Flow:
    """The nodes of a plan; `lost` tells that it has steps that are not followed."""

    rules: dict[ir.RuleId, ir.Rule]
    root: Node = field(default_factory=lambda: Node(foreign=True))
    data: Node = field(default_factory=lambda: Node(foreign=True))
    locals: dict[tuple[int, str], Node] = field(default_factory=dict)
    results: dict[ir.RuleId, Node] = field(default_factory=dict)
    operands: dict[tuple[ir.RuleId, int], Node] = field(default_factory=dict)
    waiting: list[ir.RuleId] = field(default_factory=list)
    every: list[Node] = field(default_factory=list)
    lost: bool = False


def attributes_read(plan: ir.Plan, asked: Iterable[ir.Clause]) -> frozenset[str] | None:
    """Return the attributes of resources that clauses may read, None for any.

    What they read through the rules that they use counts, and so does what they yield.
    """
    flow = Flow({rule.id: rule for rule in plan.rules})
    for clause in asked:
        _flow_steps(flow, clause)
        for atom in (*clause.keys, clause.value):
            _end(_node(flow, clause, atom)).whole = True
    while flow.waiting and not flow.lost:
        _flow_rule(flow, flow.rules[flow.waiting.pop()])
    if flow.lost:
        return None
    nodes = [flow.root, flow.data, *flow.locals.values(), *flow.results.values()]
    _settle([*nodes, *flow.operands.values(), *flow.every])
    return _found(flow.root)


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
        into.texts |= gone.texts
        into.asked += gone.asked
        into.foreign |= gone.foreign
        into.whole |= gone.whole
        into.scanned |= gone.scanned
        into.sets |= gone.sets
        into.lump |= gone.lump
        for key, member in gone.members.items():
            waiting.append((into.members.setdefault(key, member), member))
        if gone.elements is not None:
            into.elements = into.elements or gone.elements
            waiting.append((into.elements, gone.elements))
        if gone.keys is not None:
            into.keys = into.keys or gone.keys
            waiting.append((into.keys, gone.keys))
        if into.lump:
            waiting += [(into, inner) for inner in _inner(into)]
            into.members, into.elements, into.keys = {}, None, None


def _inner(node: Node) -> list[Node]:
    """Return the nodes of what is in values."""
    found = [*node.members.values(), node.elements, node.keys]
    return [part for part in found if part is not None]


def _lump(node: Node) -> None:
    """Take values and all that is in them for one."""
    node = _end(node)
    if not node.lump:
        node.lump = True
        inner = _inner(node)
        node.members, node.elements, node.keys = {}, None, None
        for part in inner:
            _unify(node, part)


def _member(node: Node, key: str) -> Node:
    node = _end(node)
    return node if node.lump else node.members.setdefault(key, Node())


def _elements(node: Node) -> Node:
    node = _end(node)
    if node.lump:
        return node
    node.elements = node.elements or Node()
    return node.elements


def _keys(node: Node) -> Node:
    node = _end(node)
    if node.lump:
        return node
    node.keys = node.keys or Node()
    return node.keys


def _settle(nodes: list[Node]) -> None:
    """Bring together what may be the same for keys that are not written as they are."""
    moved = True
    while moved:
        live = _live(nodes)
        _spread(live, "foreign")
        moved = sum(map(_meet, live)) > 0
    _spread(_live(nodes), "whole")


def _live(nodes: list[Node]) -> list[Node]:
    """Return the nodes that are left, with all that is in them."""
    found: dict[int, Node] = {}
    waiting = [_end(node) for node in nodes]
    while waiting:
        node = waiting.pop()
        if id(node) not in found:
            found[id(node)] = node
            waiting += [_end(part) for part in (*_inner(node), *node.asked)]
    return list(found.values())


def _spread(live: list[Node], mark: str) -> None:
    """Give a mark to all that is in values which have it."""
    waiting = [node for node in live if getattr(node, mark)]
    while waiting:
        for part in map(_end, _inner(_end(waiting.pop()))):
            if not getattr(part, mark):
                setattr(part, mark, True)
                waiting.append(part)


def _meet(node: Node) -> bool:
    """Unify the elements of a node with its members by other names; tell if any were."""
    node = _end(node)
    pairs: list[tuple[Node, Node]] = []
    if node.sets:
        if node.keys is not None:
            pairs.append((_elements(node), node.keys))
        # What a set has under a key is the key.
        found = [(k, x) for k, x in node.members.items() if k not in _end(x).texts]
        pairs += [(x, Node(texts={key})) for key, x in found]
    if node.elements is not None:
        names = None if node.scanned else _asked(node)
        every = sorted(node.members.keys() if names is None else names)
        pairs += [(_member(node, key), node.elements) for key in every]
    apart = [(a, b) for a, b in pairs if _end(a) is not _end(b)]
    for one, other in apart:
        _unify(one, other)
    return bool(apart)


def _asked(node: Node) -> set[str] | None:
    """Return the names by which members are looked up, None if others may be."""
    ends = [_end(key) for key in node.asked]
    if any(end.foreign for end in ends):
        return None
    return {text for end in ends for text in end.texts}


def _found(root: Node) -> frozenset[str] | None:
    names: set[str] = set()
    for path in _PATHS:
        nodes = [_end(root)]
        for key in path:
            if any(node.whole or node.lump for node in nodes):
                return None
            nodes = [_end(part) for node in nodes for part in _below(node, key)]
        for node in nodes:
            if node.whole or node.lump or node.scanned or _asked(node) is None:
                return None
            names |= node.members.keys()
    return frozenset(names)


def _below(node: Node, key: str | None) -> Iterator[Node]:
    """Yield the nodes that a key leads to, None for any key."""
    if node.elements is not None:
        yield node.elements
    if key is None:
        yield from node.members.values()
    elif key in node.members:
        yield node.members[key]


def _result(flow: Flow, rule: ir.RuleId) -> Node:
    """Return the node of a rule's value, and see that its clauses are walked."""
    if rule not in flow.results:
        flow.results[rule] = Node()
        flow.waiting.append(rule)
    return flow.results[rule]


def _flow_rule(flow: Flow, rule: ir.Rule) -> None:
    for clause in clauses(rule):
        for at, arg in enumerate(clause.args):
            _unify(_operand(flow, rule.id, at), _node(flow, clause, arg))
        _flow_steps(flow, clause)
        place = flow.results[rule.id]
        for key in clause.keys:
            place = _put(flow, clause, place, key)
        value = _node(flow, clause, clause.value)
        if clause.member or rule.kind == "set":
            _end(place).sets = True
            place = _elements(place)
        _unify(place, value)


def _operand(flow: Flow, rule: ir.RuleId, at: int) -> Node:
    return flow.operands.setdefault((rule, at), Node())


def _node(flow: Flow, clause: ir.Clause, atom: ir.Atom) -> Node:
    match atom:
        case ir.Local(name=name):
            return flow.locals.setdefault((id(clause), name), Node())
        case ir.Input():
            return flow.root
        case ir.BaseData():
            return flow.data
        case ir.Const(value=value):
            made = _constant(value)
            flow.every.append(made)
            return made


def _constant(value: Value) -> Node:
    made = Node()
    match value:
        case str():
            made.texts.add(value)
        case dict():
            for key, item in value.items():
                _unify(_keys(made), _constant(key))
                place = _member(made, key) if isinstance(key, str) else _elements(made)
                _unify(place, _constant(item))
        case list() | RegoSet():
            made.sets = isinstance(value, RegoSet)
            for item in value:
                _unify(_elements(made), _constant(item))
        case _:
            pass
    return made


def _put(flow: Flow, clause: ir.Clause, node: Node, key: ir.Atom) -> Node:
    """Return the node of what a key leads to, where it is put."""
    _unify(_keys(node), _node(flow, clause, key))
    return _step(flow, clause, node, key)


def _step(flow: Flow, clause: ir.Clause, node: Node, key: ir.Atom) -> Node:
    """Return the node of what a key leads to."""
    if isinstance(key, ir.Const):
        written = isinstance(key.value, str)
        return _member(node, key.value) if written else _elements(node)
    by = _end(_node(flow, clause, key))
    by.whole = True
    _end(node).asked.append(by)
    return _elements(node)


def _use(flow: Flow, clause: ir.Clause, atoms: Iterable[ir.Atom]) -> None:
    for atom in atoms:
        _end(_node(flow, clause, atom)).whole = True


def _flow_steps(flow: Flow, clause: ir.Clause) -> None:
    for step in every_step(clause.steps):
        _flow_step(flow, clause, step)


def _flow_step(flow: Flow, clause: ir.Clause, step: ir.Step) -> None:  # noqa: C901, PLR0912  (one case a step)
    match step:
        case ir.Lookup() | ir.Maybe():
            found = _node(flow, clause, step.source)
            for key in step.keys:
                found = _step(flow, clause, found, key)
            _unify(found, _node(flow, clause, step.target))
        case ir.Copy(target=target, source=source):
            _unify(_node(flow, clause, source), _node(flow, clause, target))
        case ir.Scan() | ir.Every():
            _flow_scan(flow, clause, step)
        case ir.ScanIndex():
            _flow_index(flow, clause, step)
        case ir.MakeArray() | ir.MakeSet():
            made = _node(flow, clause, step.target)
            _end(made).sets |= isinstance(step, ir.MakeSet)
            for item in step.items:
                _unify(_elements(made), _node(flow, clause, item))
        case ir.MakeObject(target=target, pairs=pairs):
            for key, value in pairs:
                place = _put(flow, clause, _node(flow, clause, target), key)
                _unify(place, _node(flow, clause, value))
        case ir.Collect():
            _flow_collect(flow, clause, step)
        case ir.CallBuiltin() | ir.ScanRelation():
            _flow_builtin(flow, clause, step)
        case ir.CallRule(target=target, rule=rule):
            _unify(_result(flow, rule), _node(flow, clause, target))
        case ir.CallFunction(target=target, rule=rule, args=args):
            _unify(_result(flow, rule), _node(flow, clause, target))
            for at, arg in enumerate(args):
                _unify(_operand(flow, rule, at), _node(flow, clause, arg))
        case ir.Equal(left=left, right=right):
            _use(flow, clause, (left, right))
        case ir.IsArray(atom=atom) | ir.IsObject(atom=atom):
            _use(flow, clause, (atom,))
        case ir.Holds() | ir.Not() | ir.Never():
            pass
        case ir.Extent() | ir.EnterWith() | ir.ExitWith():
            flow.lost = True


def _flow_scan(flow: Flow, clause: ir.Clause, step: ir.Scan | ir.Every) -> None:
    source = _node(flow, clause, step.source)
    _end(source).scanned = True
    if step.value is not None:
        _unify(_elements(source), _node(flow, clause, step.value))
    if step.key is not None:
        _unify(_keys(source), _node(flow, clause, step.key))


def _flow_index(flow: Flow, clause: ir.Clause, step: ir.ScanIndex) -> None:
    node = flow.root
    for key in step.path:
        node = _member(node, key)
    _end(node).scanned = True
    element = found = _elements(node)
    for key in step.on:
        found = _member(found, key)
    _end(found).whole = True
    _use(flow, clause, (step.match,))
    if step.value is not None:
        _unify(element, _node(flow, clause, step.value))


def _flow_collect(flow: Flow, clause: ir.Clause, step: ir.Collect) -> None:
    made, value = _node(flow, clause, step.target), _node(flow, clause, step.value)
    if step.key is not None:
        _unify(_put(flow, clause, made, step.key), value)
        return
    _end(made).sets |= step.kind == "set"
    _unify(_elements(made), value)


def _flow_builtin(
    flow: Flow, clause: ir.Clause, step: ir.CallBuiltin | ir.ScanRelation
) -> None:
    match step:
        case ir.CallBuiltin(name="is_object", target=target):
            if target is not None:
                _end(_node(flow, clause, target)).foreign = True
            return
        case ir.CallBuiltin(
            name="object.get", target=ir.Local() as target, args=(held, key, other)
        ) if (keys := _written(key)) is not None:
            found = _node(flow, clause, held)
            for name in keys:
                found = _member(found, name)
            _unify(found, _node(flow, clause, other))
            _unify(found, _node(flow, clause, target))
            return
        case _:
            _use(flow, clause, step.args)
    if step.target is None:
        return
    made = _node(flow, clause, step.target)
    _end(made).foreign = True
    if not isinstance(step, ir.CallBuiltin) or not _is_scalar(step.name):
        _lump(made)
        for arg in step.args:
            _unify(made, _node(flow, clause, arg))


def _written(key: ir.Atom) -> tuple[str, ...] | None:
    """Return the names in a key of `object.get`, None where they are not written."""
    match key:
        case ir.Const(value=str(name)):
            return (name,)
        case ir.Const(value=list(names)) if all(isinstance(x, str) for x in names):
            return tuple(names)
        case _:
            return None


def _is_scalar(name: str) -> bool:
    """Tell whether what a built-in gives has no parts."""
    result = SIGNATURES.get(name, ("", "any"))[1].rpartition("-> ")[2]
    return set(result.split("|")) <= _SCALARS
