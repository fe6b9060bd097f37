"""FLAT RULES -> ERRORS: rules that cannot share a path, or stand in each other's way."""

from collections import defaultdict
from collections.abc import Iterator

from comply.rego import flat as f
from comply.rego import syntax as s
from comply.rego.errors import RegoError
from comply.rego.resolution import named_place
from comply.source import Source

Path = tuple[str, ...]


def check_conflicts(
    rules: tuple[f.FlatRule, ...], modules: tuple[s.Module, ...]
) -> Iterator[tuple[Path, RegoError]]:
    """Yield the conflicts between rules, and between rules and packages.

    Each comes with the path that is disputed.
    """
    sources = tuple(module.source for module in modules)
    by_path: dict[Path, list[f.FlatRule]] = defaultdict(list)
    for rule in rules:
        by_path[rule.path].append(rule)
    packages = _packages(modules)
    inside: dict[Path, list[f.FlatRule]] = defaultdict(list)
    for rule in rules:
        for length in range(2, len(rule.path)):
            if rule.path[:length] in by_path:
                inside[rule.path[:length]].append(rule)
    for path, members in by_path.items():
        for error in _between(path, members, sources):
            yield path, error
        whole = next((r for r in members if not r.clauses[0].suffix), None)
        if whole is not None and path in packages:
            yield path, _with_package(path, whole, packages[path], sources)
        elif path in inside:
            for error in _inside(path, members, inside[path], sources):
                yield path, error


def _packages(modules: tuple[s.Module, ...]) -> dict[Path, s.Module]:
    found: dict[Path, s.Module] = {}
    for module in modules:
        found.setdefault(("data", *module.package), module)
    return found


def _between(
    path: Path, members: list[f.FlatRule], sources: tuple[Source, ...]
) -> Iterator[RegoError]:
    """Yield what is wrong among the rules of one path: one error at most."""
    defaults = [rule for rule in members if rule.default]
    name = ".".join(path)
    if len(defaults) > 1:
        places = ", ".join(_place(rule, sources) for rule in defaults)
        message = f"multiple default rules {name} found at {places}"
        yield _error(message, defaults[1], sources, "keep one of them")
        return
    first = _shape(members[0])
    for rule in members[1:]:
        shape = _shape(rule)
        if shape != first:
            hint = f"at {_place(members[0], sources)} it is {first}, here {shape}"
            yield _error(f"conflicting rules {name} found", rule, sources, hint)
            return


def _shape(rule: f.FlatRule) -> str:
    """Return in words what kind of document a rule builds."""
    clause = rule.clauses[0]
    if rule.function:
        count = len(clause.args)
        return f"a function of {count} argument{'' if count == 1 else 's'}"
    if clause.member:
        return "sets under keys" if clause.suffix else "a set"
    return "an object" if clause.suffix else "a single value"


def _inside(
    path: Path,
    members: list[f.FlatRule],
    inner: list[f.FlatRule],
    sources: tuple[Source, ...],
) -> Iterator[RegoError]:
    """Yield an error where rules have paths inside what another rule defines whole."""
    whole = next((rule for rule in members if not rule.clauses[0].suffix), None)
    blocked = inner if whole else [rule for rule in inner if rule.function]
    if not blocked:
        return
    lines = [f"rule {'.'.join(path)} conflicts with:"]
    lines += [f"  rule {'.'.join(r.path)} at {_place(r, sources)}" for r in blocked]
    hint = (
        f"{'.'.join(path[-1:])} has a value of its own, so nothing can be added to it"
    )
    yield _error("\n".join(lines), whole or members[0], sources, hint)


def _with_package(
    path: Path, rule: f.FlatRule, module: s.Module, sources: tuple[Source, ...]
) -> RegoError:
    """Return the error that a rule has the name of a package."""
    name = ".".join(path[1:])
    place = _place(rule, sources)
    message = f"package {name} conflicts with rule {path[-1]} defined at {place}"
    span = module.source.span(module.package_at, len("package"))
    return RegoError("rego_type_error", message, span, "rename the rule or the package")


def _place(rule: f.FlatRule, sources: tuple[Source, ...]) -> str:
    source = sources[rule.source]
    return f"{source.name}:{source.row(rule.at)}"


def _error(
    message: str, rule: f.FlatRule, sources: tuple[Source, ...], hint: str
) -> RegoError:
    span = named_place(sources[rule.source], rule.at)
    return RegoError("rego_type_error", message, span, hint)
