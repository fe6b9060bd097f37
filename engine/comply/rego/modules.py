"""MODULES -> PLAN: the stages of the compiler, in order."""

from collections.abc import Callable

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.optimize import optimize
from comply.rego import syntax as s
from comply.rego.chain import Annotations, chain, collect, rule_fields
from comply.rego.checks import check_modules
from comply.rego.conflicts import check_conflicts
from comply.rego.errors import RegoError, together
from comply.rego.flat import FlatRule
from comply.rego.planner import Compilation, compile_group
from comply.rego.recursion import check_recursion
from comply.rego.resolution import Resolution, globals_of, head_path
from comply.rego.resolve import resolve_rule
from comply.rego.tree import Group, Node, build_tree, group_rules
from comply.rego.types.check import Types, check_types


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what a query needs to be compiled against it.

    `written` is the plan before it was improved: what a query replaces by `with` must
    not have been written out. `types` are those of the groups of rules, by their ids.
    """

    plan: ir.Plan
    written: ir.Plan
    root: Node
    functions: dict[tuple[str, ...], Group]
    types: Types


def plan_modules(
    modules: tuple[s.Module, ...],
    wanted: frozenset[tuple[str, ...]] = frozenset(),
    improve: Callable[[ir.Plan], ir.Plan] = optimize,
) -> Planned:
    """Return the plan of parsed modules; `wanted` are the paths of entry rules.

    `improve` makes the plan faster; who follows its steps wants it as it is.

    Raises:
        RegoError: with every error of every module in `.errors`.
    """
    errors = list(check_modules(modules))
    sources = tuple(module.source for module in modules)
    flat = _resolved(modules, errors)
    disputed = set()
    for path, error in check_conflicts(flat, modules):
        disputed.add(path)
        errors.append(error)
    groups = group_rules(flat)
    root = build_tree(groups)
    functions = {g.path: g for g in groups if g.kind == "function"}
    compilation = Compilation(root, functions, sources, errors)
    compiled = [compile_group(compilation, group) for group in groups]
    rules = tuple(rule for rule, _ in compiled)
    calls = {rule.id: reads for rule, reads in compiled}
    recursive, circular = check_recursion(rules, calls, sources)
    errors.extend(recursive)
    unclear = circular.union(g.id for g in groups if g.path in disputed)
    checked = [group for group in groups if group.id not in unclear]
    checking = check_types(checked, root, calls, compilation.ordered, sources)
    errors.extend(checking.errors.found)
    if errors:
        from comply.rego.causes import root_causes  # noqa: PLC0415  (only when it failed)

        raise together(root_causes(errors, modules))
    packages = tuple(sorted({("data", *m.package) for m in modules}))
    entries = frozenset(rule.id for rule in rules if rule.path in wanted)
    written = ir.Plan(rules, sources, packages, entries)
    return Planned(improve(written), written, root, functions, checking.env.rules)


def _resolved(
    modules: tuple[s.Module, ...], errors: list[RegoError]
) -> tuple[FlatRule, ...]:
    """Return the rules of all modules over resolved names; errors go to `errors`."""
    flat = []
    arities = _arities(modules)
    names = _rule_names(modules)
    known = _annotations(modules)
    for index, module in enumerate(modules):
        table = globals_of(module, names[module.package])
        for rule in module.rules:
            metadata = _metadata(known, modules, index, rule)
            context = Resolution(module, index, table, arities, errors, metadata)
            flat.append(resolve_rule(context, rule))
    return tuple(flat)


def _annotations(modules: tuple[s.Module, ...]) -> Annotations:
    paths = {
        (index, rule.at): (*module.package, *head_path(rule)[0])
        for index, module in enumerate(modules)
        for rule in module.rules
    }
    return collect(modules, paths)


def _metadata(
    known: Annotations, modules: tuple[s.Module, ...], index: int, rule: s.Rule
) -> Callable[[str], object]:
    """Return what a rule's calls of rego.metadata.* answer."""
    package = modules[index].package

    def answer(name: str) -> object:
        place = (index, rule.at)
        if name == "rego.metadata.rule":
            return rule_fields(known, place)
        return chain(known, place, package, (*package, *head_path(rule)[0]))

    return answer


def _arities(modules: tuple[s.Module, ...]) -> dict[tuple[str, ...], int]:
    """Return the path of each function and how many operands it takes."""
    return {
        ("data", *module.package, *head_path(rule)[0]): len(rule.head.args)
        for module in modules
        for rule in module.rules
        if rule.head.args is not None
    }


def _rule_names(
    modules: tuple[s.Module, ...],
) -> dict[tuple[str, ...], set[str]]:
    """Return, for each package, the names its rules introduce."""
    names: dict[tuple[str, ...], set[str]] = {}
    for module in modules:
        held = names.setdefault(module.package, set())
        held.update(head_path(rule)[0][0] for rule in module.rules)
    return names
