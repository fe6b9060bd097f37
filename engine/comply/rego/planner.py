"""FLAT RULES -> PLAN: bodies become steps, in an order that can run."""

from collections.abc import Iterator

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.builtins.signatures import RELATIONS
from comply.plan.values import RegoSet, Value, equal, freeze
from comply.rego import flat as f
from comply.rego import syntax as s
from comply.rego.errors import Code, RegoError
from comply.rego.resolution import named_place
from comply.rego.safety import Names, names, order, variables
from comply.rego.tree import Group, Node, node_at, walk_groups
from comply.source import Source

Steps = list[ir.Step]
_COMPARED = frozenset({"equal", "neq", "lt", "lte", "gt", "gte"})


@dataclass(slots=True)
class Compilation:
    """What the functions of this module share.

    `calls` collects, for the rule being compiled, the ids of the rules it may read,
    `blamed` the variables of its clause that were found unsafe. `ordered` holds the
    literals of each body, by its identity, in the order in which they run.
    """

    root: Node
    functions: dict[tuple[str, ...], Group]
    sources: tuple[Source, ...]
    errors: list[RegoError]
    source: int = 0
    counter: int = 0
    calls: dict[int, int] = field(default_factory=dict)
    blamed: set[str] = field(default_factory=set)
    ordered: dict[int, list[f.FlatLiteral]] = field(default_factory=dict)

    def fail(self, code: Code, message: str, at: int, hint: str = "") -> None:
        """Record an error at an offset of the current source."""
        span = named_place(self.sources[self.source], at)
        self.errors.append(RegoError(code, message, span, hint))

    def fresh(self) -> ir.Local:
        """Return a local no other step assigns."""
        self.counter += 1
        return ir.Local(f"%{self.counter}c")


@dataclass(slots=True)
class Block:
    """Steps under construction; `bound` are the names assigned so far.

    `ordered` tells that the order of elements shows in the result.
    """

    bound: Names
    ordered: bool
    steps: Steps = field(default_factory=list)


def compile_group(context: Compilation, group: Group) -> tuple[ir.Rule, dict[int, int]]:
    """Return the rule of a group and the rules it reads (id -> offset of the read)."""
    context.calls = {}
    chains = tuple(
        tuple(_clause(context, clause) for clause in rule.clauses)
        for rule in group.rules
    )
    default = None
    if group.default is not None:
        default = _clause(context, group.default.clauses[0])
    rule = ir.Rule(group.id, group.path, group.kind, chains, default)
    return rule, context.calls


def compile_query(
    context: Compilation, body: f.FlatBody, shown: list[str], source: int
) -> ir.Query:
    """Return the steps of a query that reports the variables `shown`."""
    context.source = source
    block = Block(frozenset(), ordered=True)
    _body(context, block, body)
    locals_ = tuple((n, ir.Local(n)) for n in shown if n in block.bound)
    return ir.Query(source, tuple(block.steps), locals_)


def _clause(context: Compilation, clause: f.FlatClause) -> ir.Clause:
    context.source = clause.source
    context.blamed = set()
    params = tuple(context.fresh() for _ in clause.args)
    block = Block(frozenset(), ordered=False)
    for param, pattern in zip(params, clause.args, strict=True):
        _match(context, block, pattern, param)
    _body(context, block, clause.body)
    heads = [*clause.suffix, clause.value]
    missing = [v for h in heads for v in variables(h) if v.name not in block.bound]
    if missing:
        _unsafe_heads(context, missing)
        return ir.Clause(clause.at, clause.source, params, (), (), ir.Const(None))
    atoms = [_value(context, block, head) for head in heads]
    return ir.Clause(
        clause.at,
        clause.source,
        params,
        tuple(block.steps),
        tuple(atoms[:-1]),
        atoms[-1],
        clause.member,
    )


def _unsafe_heads(context: Compilation, missing: list[s.Var]) -> None:
    """Report the variables of a head that its body leaves without a value.

    Those the body was blamed for, and what was lifted from the head, are known.
    """
    blamed = context.blamed
    lifted = any(var.name.startswith("%") for var in missing)
    if lifted and blamed:
        return
    for var in missing:
        if not var.name.startswith("%") and var.name not in blamed:
            _unsafe(context, var.name, var.at)


def _unsafe(context: Compilation, name: str, at: int) -> None:
    context.blamed.add(name)
    message = f"var {f.original(name)} is unsafe"
    context.fail("rego_unsafe_var_error", message, at, "nothing gives it a value")


def _body(context: Compilation, block: Block, body: f.FlatBody) -> None:
    def unsafe(name: str, at: int) -> None:
        _unsafe(context, name, at)

    ordered, _ = order(body, block.bound, unsafe)
    context.ordered[id(body)] = ordered
    withs: f.Replacements = ()
    for literal in ordered:
        if literal.withs is not withs:
            if withs:
                block.steps.append(ir.ExitWith())
            withs = literal.withs
            if withs:
                _enter(context, block, withs)
        _literal(context, block, literal)
    if withs:
        block.steps.append(ir.ExitWith())


def _enter(context: Compilation, block: Block, withs: f.Replacements) -> None:
    made = []
    for item in withs:
        _replaced(context, item)
        if item.function is None:
            _check_whole(context, item)
            value = item.value or s.Scalar(item.at, None)
            made.append(ir.Replacement(item.path, _value(context, block, value)))
            continue
        group = context.functions.get(item.function)
        if group is not None:
            context.calls.setdefault(group.id, item.at)
            made.append(ir.Replacement(item.path, rule=group.id))
        else:
            made.append(ir.Replacement(item.path, name=item.function[0]))
    block.steps.append(ir.EnterWith(withs[0].at, tuple(made)))


def _check_whole(context: Compilation, item: f.Replacement) -> None:
    """Refuse to replace a part of what a rule gives."""
    node: Node | None = context.root
    for step in item.path[1:] if item.path[0] == "data" else ():
        if node is None:
            return
        if node.group is not None and not node.children:
            name = ".".join(node.group.path)
            text = "with keyword cannot partially replace virtual document(s)"
            hint = f"replace `{name}` as a whole"
            context.fail("rego_compile_error", text, item.at, hint)
            return
        node = node.children.get(step)


def _replaced(context: Compilation, item: f.Replacement) -> None:
    """Note the rules that a `with` replaces: to name them is to depend on them."""
    node = node_at(context.root, item.path)
    for group in walk_groups(node) if node is not None else ():
        context.calls.setdefault(group.id, item.at)


def _literal(context: Compilation, block: Block, literal: f.FlatLiteral) -> None:
    match literal:
        case f.Unify(left=left, right=right):
            _unify(context, block, left, right)
        case f.Test(at=at, term=term):
            _holds(block, at, _value(context, block, term))
        case f.Invoke():
            _invoke(context, block, literal)
        case f.Negate(at=at, literal=inner):
            body = Block(block.bound, ordered=False)
            _literal(context, body, inner)
            block.steps.append(ir.Not(at, tuple(body.steps)))
        case f.ForAll():
            _every(context, block, literal)


def _holds(block: Block, at: int, atom: ir.Atom) -> None:
    if not isinstance(atom, ir.Const):
        block.steps.append(ir.Holds(at, atom))
    elif atom.value is False:
        block.steps.append(ir.Never(at))


def _every(context: Compilation, block: Block, literal: f.ForAll) -> None:
    source = _value(context, block, literal.domain)
    key = None if literal.key is None else ir.Local(literal.key)
    introduced = {literal.value} | ({literal.key} if literal.key else set())
    body = Block(block.bound | introduced, ordered=False)
    _body(context, body, literal.body)
    block.steps.append(
        ir.Every(literal.at, key, ir.Local(literal.value), source, tuple(body.steps))
    )


def _unify(
    context: Compilation, block: Block, left: f.FlatTerm, right: f.FlatTerm
) -> None:
    if names(left) <= block.bound or isinstance(left, s.Ref | f.Comprehension):
        left, right = right, left
    # Now the pattern, if there is one, stands on the left.
    if isinstance(left, s.Ref | f.Comprehension) and not _ground(block, right):
        left, right = right, left
    _match_term(context, block, left, right)


def _ground(block: Block, term: f.FlatTerm) -> bool:
    return names(term) <= block.bound


def _match_term(
    context: Compilation, block: Block, pattern: f.FlatTerm, term: f.FlatTerm
) -> None:
    """Append steps that match `pattern` with the value of `term`."""
    taken = block.bound | names(term)
    if isinstance(pattern, s.Var) and pattern.name not in taken:
        target = ir.Local(pattern.name)
        _value(context, block, term, target)
        block.bound |= {pattern.name}
        return
    atom = _value(context, block, term)
    _match(context, block, pattern, atom)


def _match(
    context: Compilation, block: Block, pattern: f.FlatTerm, atom: ir.Atom
) -> None:
    """Append steps that match `pattern` with an atom, binding what is not bound."""
    at = pattern.at
    match pattern:
        case s.Var(name=name) if name not in block.bound:
            block.steps.append(ir.Copy(at, ir.Local(name), atom))
            block.bound |= {name}
        case s.Array(items=items) if not _ground(block, pattern):
            block.steps.append(ir.IsArray(at, atom, len(items)))
            for i, item in enumerate(items):
                _match_member(context, block, item, atom, ir.Const(i))
        case s.Set() if not _ground(block, pattern):
            _match_never(block, pattern)
        case s.Object(pairs=pairs) if not _ground(block, pattern):
            if any(not _ground(block, f.as_flat(key)) for key, _ in pairs):
                _match_never(block, pattern)
                return
            block.steps.append(ir.IsObject(at, atom, len(pairs)))
            for key, value in pairs:
                step = _value(context, block, f.as_flat(key))
                _match_member(context, block, value, atom, step)
        case _:
            _equal(block, at, atom, _value(context, block, pattern))


def _match_never(block: Block, pattern: f.FlatTerm) -> None:
    """Append what matches nothing: members of sets and keys bind no variables.

    What comes after is never reached, and still finds them bound.
    """
    for name in sorted(names(pattern) - block.bound):
        block.steps.append(ir.Copy(pattern.at, ir.Local(name), ir.Const(None)))
    block.bound |= names(pattern)
    block.steps.append(ir.Never(pattern.at))


def _equal(block: Block, at: int, left: ir.Atom, right: ir.Atom) -> None:
    if not isinstance(left, ir.Const) or not isinstance(right, ir.Const):
        block.steps.append(ir.Equal(at, left, right))
    elif not equal(left.value, right.value):
        block.steps.append(ir.Never(at))


def _match_member(
    context: Compilation, block: Block, item: s.Term, source: ir.Atom, key: ir.Atom
) -> None:
    pattern = f.as_flat(item)
    if isinstance(pattern, s.Var) and pattern.name not in block.bound:
        target = ir.Local(pattern.name)
        block.bound |= {pattern.name}
        block.steps.append(ir.Lookup(pattern.at, target, source, (key,)))
        return
    target = context.fresh()
    block.steps.append(ir.Lookup(pattern.at, target, source, (key,)))
    _match(context, block, pattern, target)


def _value(
    context: Compilation,
    block: Block,
    term: f.FlatTerm,
    target: ir.Local | None = None,
) -> ir.Atom:
    """Append steps that compute a term; return where its value is.

    With `target` the value is assigned to it.
    """
    constant = _constant(term)
    if constant is not None:
        return _into(block, term.at, constant, target)
    match term:
        case s.Var(name=name):
            return _into(block, term.at, ir.Local(name), target)
        case s.Ref():
            return _reference(context, block, term, target)
        case f.Comprehension():
            return _collect(context, block, term, target or context.fresh())
        case s.Array(at=at, items=items):
            made = target or context.fresh()
            atoms = _atoms(context, block, items)
            block.steps.append(ir.MakeArray(at, made, atoms))
            return made
        case s.Set(at=at, items=items):
            made = target or context.fresh()
            atoms = _atoms(context, block, items)
            block.steps.append(ir.MakeSet(at, made, atoms))
            return made
        case s.Object(at=at, pairs=pairs):
            made = target or context.fresh()
            keys = _atoms(context, block, tuple(k for k, _ in pairs))
            values = _atoms(context, block, tuple(v for _, v in pairs))
            both = tuple(zip(keys, values, strict=True))
            block.steps.append(ir.MakeObject(at, made, both))
            return made
        case s.Scalar(value=value):
            return _into(block, term.at, ir.Const(value), target)


def _atoms(
    context: Compilation, block: Block, terms: tuple[s.Term, ...]
) -> tuple[ir.Atom, ...]:
    return tuple(_value(context, block, f.as_flat(term)) for term in terms)


def _into(block: Block, at: int, atom: ir.Atom, target: ir.Local | None) -> ir.Atom:
    if target is None:
        return atom
    block.steps.append(ir.Copy(at, target, atom))
    return target


def _constant(term: f.FlatTerm) -> ir.Const | None:
    """Return the constant that a term without variables is."""
    match term:
        case s.Scalar(value=value):
            return ir.Const(value)
        case s.Array(items=items):
            made = [_constant(f.as_flat(i)) for i in items]
            if None not in made:
                return ir.Const([c.value for c in made if c])
        case s.Set(items=items):
            made = [_constant(f.as_flat(i)) for i in items]
            if None not in made:
                return ir.Const(RegoSet([c.value for c in made if c]))
        case s.Object(pairs=pairs):
            return _constant_object(pairs)
        case _:
            return None
    return None


def _constant_object(pairs: tuple[tuple[s.Term, s.Term], ...]) -> ir.Const | None:
    value: dict[Value, Value] = {}
    for k, v in pairs:
        key, item = _constant(f.as_flat(k)), _constant(f.as_flat(v))
        if key is None or item is None or freeze(key.value) in value:
            return None
        value[freeze(key.value)] = item.value
    return ir.Const(value)


def _collect(
    context: Compilation, block: Block, term: f.Comprehension, target: ir.Local
) -> ir.Local:
    inner = Block(block.bound, ordered=term.kind == "array")
    _body(context, inner, term.body)
    heads = [term.value] if term.key is None else [term.key, term.value]
    missing = {n for head in heads for n in names(head)} - inner.bound
    for name in sorted(missing):
        if not name.startswith("%"):
            _unsafe(context, name, term.at)
    if missing:
        return target
    atoms = [_value(context, inner, head) for head in heads]
    key = atoms[0] if term.key is not None else None
    block.steps.append(
        ir.Collect(term.at, target, term.kind, key, atoms[-1], tuple(inner.steps))
    )
    return target


def _reference(
    context: Compilation, block: Block, term: s.Ref, target: ir.Local | None
) -> ir.Atom:
    head = f.as_flat(term.head)
    if isinstance(head, s.Var) and head.name == "data":
        return _data(context, block, term, target)
    if isinstance(head, s.Var) and head.name == "input":
        source: ir.Atom = ir.Input()
        if not term.path:
            made = target or context.fresh()
            block.steps.append(ir.Lookup(term.at, made, source, ()))
            return made
    else:
        source = _value(context, block, head)
    return _walk(context, block, source, term.path, target)


def _walk(
    context: Compilation,
    block: Block,
    source: ir.Atom,
    path: tuple[s.Term, ...],
    target: ir.Local | None,
) -> ir.Atom:
    """Append the lookups and scans of `source[path]`."""
    keys: list[ir.Atom] = []
    for i, step in enumerate(path):
        flat = f.as_flat(step)
        last = i == len(path) - 1
        if _ground(block, flat):
            keys.append(_value(context, block, flat))
            continue
        if keys:
            made = context.fresh()
            block.steps.append(ir.Lookup(flat.at, made, source, tuple(keys)))
            source, keys = made, []
        element = (target if last else None) or context.fresh()
        _scan(context, block, flat, source, element)
        source = element
    if keys:
        made = target or context.fresh()
        at = path[-1].at
        block.steps.append(ir.Lookup(at, made, source, tuple(keys)))
        return made
    if target is not None and source != target:
        return _into(block, path[-1].at if path else 0, source, target)
    return source


def _scan(
    context: Compilation,
    block: Block,
    key: f.FlatTerm,
    source: ir.Atom,
    element: ir.Local,
) -> None:
    if isinstance(key, s.Var):
        local = None if key.name.startswith("$") else ir.Local(key.name)
        block.bound |= {key.name}
        block.steps.append(ir.Scan(key.at, local, element, source, block.ordered))
        return
    local = context.fresh()
    block.steps.append(ir.Scan(key.at, local, element, source, block.ordered))
    _match(context, block, key, local)


def _data(
    context: Compilation, block: Block, term: s.Ref, target: ir.Local | None
) -> ir.Atom:
    """Append the steps of a reference under `data`: a rule, base data, or both."""
    node: Node | None = context.root
    steps: list[str] = []
    path = term.path
    for step in path:
        if node is None or node.group is not None:
            break
        if not isinstance(step, s.Scalar) or not isinstance(step.value, str):
            break
        node = node.children.get(step.value)
        steps.append(step.value)
    rest = path[len(steps) :]
    if node is None:
        source: ir.Atom = ir.BaseData()
        return _walk(context, block, source, path, target)
    group = node.group
    if group is not None and not node.children:
        return _rule_value(context, block, group, _Rest(term.at, rest, target))
    tail = _Rest(term.at, rest, target)
    return _extent(context, block, tuple(steps), node, tail)


@dataclass(frozen=True, slots=True)
class _Rest:
    """What is left of a reference after its ground prefix, and where its value goes."""

    at: int
    path: tuple[s.Term, ...]
    target: ir.Local | None


def _rule_value(
    context: Compilation, block: Block, group: Group, rest: _Rest
) -> ir.Atom:
    context.calls.setdefault(group.id, rest.at)
    if group.kind == "function":
        block.steps.append(ir.Never(rest.at))
        for step in rest.path:
            block.bound |= names(f.as_flat(step))
        return rest.target or ir.Const(None)
    made = (rest.target if not rest.path else None) or context.fresh()
    block.steps.append(ir.CallRule(rest.at, made, group.id))
    if not rest.path:
        return made
    return _walk(context, block, made, rest.path, rest.target)


def _extent(
    context: Compilation,
    block: Block,
    steps: tuple[str, ...],
    node: Node,
    rest: _Rest,
) -> ir.Atom:
    for group in _reachable(node, rest.path):
        context.calls.setdefault(group.id, rest.at)
    keys: list[ir.Atom] = []
    for step in rest.path:
        flat = f.as_flat(step)
        if not _ground(block, flat):
            break
        keys.append(_value(context, block, flat))
    path = rest.path[len(keys) :]
    made = (rest.target if not path else None) or context.fresh()
    block.steps.append(ir.Extent(rest.at, made, steps, tuple(keys)))
    return _walk(context, block, made, path, rest.target) if path else made


def _reachable(node: Node, rest: tuple[s.Term, ...]) -> Iterator[Group]:
    """Yield the groups that `node[rest]` may evaluate."""
    if node.group is not None or not rest:
        yield from walk_groups(node)
        return
    step = rest[0]
    if isinstance(step, s.Scalar):
        child = node.children.get(str(step.value))
        if child is not None:
            yield from _reachable(child, rest[1:])
        return
    for child in node.children.values():
        yield from _reachable(child, rest[1:])


def _invoke(context: Compilation, block: Block, literal: f.Invoke) -> None:
    args = tuple(_value(context, block, arg) for arg in literal.args)
    group = context.functions.get(literal.path) if literal.path else None
    output = literal.output
    if output is None and group is None:
        if literal.builtin == "equal":
            _equal(block, literal.at, *args)
            return
        if literal.builtin not in RELATIONS:
            step = ir.CallBuiltin(literal.at, None, literal.builtin, args)
            block.steps.append(step)
            return
    fresh = isinstance(output, s.Var) and output.name not in block.bound
    named = output.name if isinstance(output, s.Var) else ""
    target = ir.Local(named) if fresh else context.fresh()
    if group is not None:
        context.calls.setdefault(group.id, literal.at)
        block.steps.append(ir.CallFunction(literal.at, target, group.id, args))
    elif literal.builtin in RELATIONS:
        step_ = ir.ScanRelation(literal.at, target, literal.builtin, args)
        block.steps.append(step_)
    else:
        block.steps.append(ir.CallBuiltin(literal.at, target, literal.builtin, args))
    if output is None:
        block.steps.append(ir.Holds(literal.at, target))
    elif fresh:
        block.bound |= {target.name}
    else:
        _match(context, block, output, target)
