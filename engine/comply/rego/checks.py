"""MODULES -> ERRORS: what a file may not import or define, whatever the others hold."""

from collections.abc import Iterator

from comply.rego import syntax as s
from comply.rego.errors import RegoError
from comply.rego.resolution import static_path


def check_modules(modules: tuple[s.Module, ...]) -> Iterator[RegoError]:
    """Yield what is wrong with the imports and the rules' names of v1 files."""
    for module in modules:
        if module.version == 1:
            yield from check_module(module)


def check_module(module: s.Module) -> Iterator[RegoError]:
    """Yield what is wrong with the imports and the rules' names of one file."""
    yield from _imports(module)
    yield from _names(module)


def _imports(module: s.Module) -> Iterator[RegoError]:
    """Yield an error for each import that takes a name another has brought."""
    taken: dict[str, str] = {}
    for item in module.imports:
        path = static_path(item.path) or ()
        written = ".".join(path) + (f" as {item.alias}" if item.alias else "")
        name = item.alias or path[-1]
        if name in taken:
            message = f"import must not shadow import {taken[name]}"
            same = taken[name] == written
            hint = (
                "leave one out"
                if same
                else f"give one an alias: `import {written} as ...`"
            )
            span = module.source.span(item.at, len("import"))
            yield RegoError("rego_compile_error", message, span, hint)
        taken.setdefault(name, written)


def _names(module: s.Module) -> Iterator[RegoError]:
    """Yield an error for each rule named as one of the documents."""
    for rule in module.rules:
        first = rule.head.ref[0]
        if isinstance(first, s.Var) and first.name in ("input", "data"):
            name = first.name
            message = f"rules must not shadow {name} (use a different rule name)"
            span = module.source.span(rule.head.at, len(name))
            hint = f"`{name}` is the document; a test replaces it by `with {name} as`"
            yield RegoError("rego_compile_error", message, span, hint)
