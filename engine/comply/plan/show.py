"""PLAN -> TEXT: a plan as people read it, one step a line, what a loop runs indented."""

from collections.abc import Iterable, Iterator

from comply.plan import ir
from comply.plan.values import show

_INDENT = "  "


def show_plan(plan: ir.Plan) -> str:
    """Return the text of a plan: its rules, their clauses, and the query.

    >>> source, member = ir.Local("xs"), ir.Local("x")
    >>> steps = (ir.Lookup(0, source, ir.Input(), (ir.Const("xs"),)),
    ...          ir.Scan(0, None, member, source, False))
    >>> clause = ir.Clause(0, 0, (), steps, (), member, True)
    >>> rule = ir.Rule(0, ("data", "a", "p"), "set", ((clause,),))
    >>> print(show_plan(ir.Plan((rule,), ())))
    set data.a.p
      clause
        xs = input["xs"]
        for x in xs
          contains x
    """
    paths = {rule.id: ".".join(rule.path) for rule in plan.rules}
    lines = [line for rule in plan.rules for line in _rule(rule, paths)]
    if plan.query is not None:
        shown = ", ".join(f"{n}: {show_atom(a)}" for n, a in plan.query.shown)
        lines.append("query")
        lines += _steps(plan.query.steps, paths, 1, f"answer {{{shown}}}")
    return "\n".join(lines)


def _rule(rule: ir.Rule, paths: dict[int, str]) -> Iterator[str]:
    yield f"{rule.kind} {paths[rule.id]}"
    for chain in rule.chains:
        for number, clause in enumerate(chain):
            yield from _clause(clause, "else" if number else "clause", paths)
    if rule.default is not None:
        yield from _clause(rule.default, "default", paths)


def _clause(clause: ir.Clause, word: str, paths: dict[int, str]) -> Iterator[str]:
    args = f" ({', '.join(map(show_atom, clause.args))})" if clause.args else ""
    yield f"{_INDENT}{word}{args}"
    keys = "".join(f"[{show_atom(key)}]" for key in clause.keys)
    verb = "contains" if clause.member else "gives"
    end = f"{keys} {verb} {show_atom(clause.value)}".strip()
    yield from _steps(clause.steps, paths, 2, end)


def _steps(
    steps: Iterable[ir.Step], paths: dict[int, str], depth: int, end: str = ""
) -> Iterator[str]:
    opened: list[int] = []
    for step in steps:
        if isinstance(step, ir.ExitWith):
            depth = opened.pop()
            continue
        yield _INDENT * depth + show_step(step, paths)
        match step:
            case ir.Not(body=body) | ir.Every(body=body):
                yield from _steps(body, paths, depth + 1)
            case ir.Collect(body=body, key=key, value=value):
                head = "" if key is None else f"{show_atom(key)}: "
                yield from _steps(
                    body, paths, depth + 1, f"add {head}{show_atom(value)}"
                )
            case ir.EnterWith():
                opened.append(depth)
                depth += 1
            case ir.Scan() | ir.ScanIndex() | ir.ScanRelation():
                depth += 1
            case _:
                pass
    if end:
        yield _INDENT * depth + end


def show_atom(atom: ir.Atom) -> str:
    """Return the text of an atom: a name, a constant, or a document.

    >>> show_atom(ir.Const(["a", True])), show_atom(ir.Input())
    ('["a", true]', 'input')
    """
    match atom:
        case ir.Local(name=name):
            return name
        case ir.Const(value=value):
            return show(value)
        case ir.Input():
            return "input"
        case ir.BaseData():
            return "base data"


def show_step(step: ir.Step, paths: dict[int, str]) -> str:  # noqa: C901, PLR0911, PLR0912  (one case a step)
    """Return the text of one step; `paths` names rules by their id."""
    match step:
        case ir.Lookup(target=target, source=source, keys=keys):
            return f"{target.name} = {show_atom(source)}{_indexed(keys)}"
        case ir.Maybe(target=target, source=source, keys=keys):
            return f"{target.name} = {show_atom(source)}{_indexed(keys)} if any"
        case ir.Copy(target=target, source=source):
            return f"{target.name} = {show_atom(source)}"
        case ir.MakeArray(target=target, items=items):
            return f"{target.name} = [{_listed(items)}]"
        case ir.MakeSet(target=target, items=items):
            return f"{target.name} = {{{_listed(items)}}}"
        case ir.MakeObject(target=target, pairs=pairs):
            inner = ", ".join(f"{show_atom(k)}: {show_atom(v)}" for k, v in pairs)
            return f"{target.name} = {{{inner}}}"
        case ir.Collect(target=target, kind=kind):
            return f"{target.name} = {kind} of"
        case ir.CallBuiltin(target=target, name=name, args=args):
            head = "" if target is None else f"{target.name} = "
            return f"{head}{name}({_listed(args)})"
        case ir.CallRule(target=target, rule=rule):
            return f"{target.name} = rule {paths[rule]}"
        case ir.CallFunction(target=target, rule=rule, args=args):
            return f"{target.name} = {paths[rule]}({_listed(args)})"
        case ir.Extent(target=target, path=path, keys=keys):
            whole = ".".join(("data", *path))
            return f"{target.name} = all of {whole}{_indexed(keys)}"
        case ir.Equal(left=left, right=right):
            return f"{show_atom(left)} == {show_atom(right)}"
        case ir.Holds(atom=atom):
            return f"holds {show_atom(atom)}"
        case ir.Never():
            return "never"
        case ir.IsArray(atom=atom, length=length):
            return f"{show_atom(atom)} is an array of {length}"
        case ir.IsObject(atom=atom, length=length):
            return f"{show_atom(atom)} is an object of {length}"
        case ir.Scan():
            return _show_scan(step)
        case ir.ScanIndex(value=value, path=path, on=on, match=match):
            where = f"where {'.'.join(on)} == {show_atom(match)}"
            return f"for {_element(None, value)} in input.{'.'.join(path)} {where}"
        case ir.ScanRelation(target=target, name=name, args=args):
            return f"for {target.name} in {name}({_listed(args)})"
        case ir.Not():
            return "not"
        case ir.Every(key=key, value=value, source=source):
            return f"every {_element(key, value)} in {show_atom(source)}"
        case ir.EnterWith(replacements=replacements):
            return f"with {', '.join(_replacement(r, paths) for r in replacements)}"
        case ir.ExitWith():
            return "end with"


def _listed(atoms: Iterable[ir.Atom]) -> str:
    return ", ".join(map(show_atom, atoms))


def _indexed(keys: Iterable[ir.Atom]) -> str:
    return "".join(f"[{show_atom(key)}]" for key in keys)


def _show_scan(step: ir.Scan) -> str:
    how = " in order" if step.ordered else ""
    if step.match is not None:
        lasting = "lasting " if step.steady else ""
        how += f" by {lasting}index {'.'.join(step.on)} {show_atom(step.match)}"
    if step.fills is not None:
        how += f" making the index by {step.fills[1]}"
    return f"for {_element(step.key, step.value)} in {show_atom(step.source)}{how}"


def _element(key: ir.Local | None, value: ir.Local | None) -> str:
    element = "_" if value is None else value.name
    return element if key is None else f"{key.name}, {element}"


def _replacement(item: ir.Replacement, paths: dict[int, str]) -> str:
    value = item.name
    if item.rule is not None:
        value = paths[item.rule]
    elif item.value is not None:
        value = show_atom(item.value)
    return f"{'.'.join(item.path)} as {value}"
