"""Random Rego v1 programs as text, with documents to run them on.

The grammar covers the language: every kind of rule, functions, `else`, defaults,
comprehensions, `every`, `some`, `not`, `with`, patterns, references and built-ins. A
program is well formed, mostly safe, and never recursive: a rule refers to those before
it. Choices come from a `random.Random`, so that Hypothesis can steer and shrink them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

PACKAGE = "gen"
NAMES = ("x", "y", "z", "x_1", "k", "v", "ys")
KINDS = ("number", "string", "boolean", "array", "object", "set")
COLLECTIONS = ("array", "object", "set")
KEYS = ("a", "b", "id")

INPUT_PATHS: dict[str, tuple[str, ...]] = {
    "number": ("input.n", "input.xs[0].id", "input.o.a", "input.missing", "input.m.k"),
    "string": ("input.s", "input.o.b", "input.xs[1].v", "input.missing.deep"),
    "boolean": ("input.t", "input.f", "input.xs[0].on"),
    "array": ("input.xs", "input.ns", "input.o.list", "input.missing"),
    "object": ("input.o", "input.xs[0]", "input.m", "input"),
    "set": (),
    "any": ("input.o[input.s]", "input.xs[1].v", "data.base.o", "data.base.ns", "input.nul"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """A rule that later rules may refer to; `arity` is None unless it is a function."""

    name: str
    kind: str
    arity: int | None = None


@dataclass(slots=True)
class Writer:
    """A program under construction: `bound` maps the variables in scope to a kind."""

    random: Random
    rules: list[Known] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)
    plain: bool = False
    given: list[str] = field(default_factory=list)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, options: Any) -> Any:
        return self.random.choice(list(options))

    def scope(self) -> "Writer":
        """Return a writer whose new variables do not outlive it."""
        return replace(self, bound=dict(self.bound))

    def declare(self, kind: str) -> str | None:
        """Return a name that is not in scope, now bound; None if all are.

        rego-cpp mixes up names of an inner scope that come again further down.
        """
        if self.plain:
            self.given.append(f"n{len(self.given)}")
            self.bound[self.given[-1]] = kind
            return self.given[-1]
        free = [n for n in NAMES if n not in self.bound]
        if not free:
            return None
        name: str = self.pick(free)
        self.bound[name] = kind
        return name


def scalar(w: Writer, kind: str) -> str:
    match kind:
        case "number":
            # rego-cpp takes 1.0 for no integer.
            last = "4" if w.plain else "1.0"
            return str(w.pick(["0", "1", "2", "3", "-1", "1.5", "10", last]))
        case "string":
            return str(w.pick(['"a"', '"b"', '""', '"id"', "`x`", '"é\\n"']))
        case "boolean":
            return str(w.pick(["true", "false"]))
        case _:
            return str(w.pick(["null", "1", '"a"', "true"]))


def term(w: Writer, kind: str, depth: int) -> str:
    """Return the text of a term that is meant to have a kind."""
    variables = [n for n, k in w.bound.items() if kind in (k, "any") or k == "any"]
    if variables and w.chance(0.4):
        return str(w.pick(variables))
    if kind == "any":
        if w.chance(0.3):
            return reference(w, depth)
        kind = w.pick(KINDS)
    paths = INPUT_PATHS[kind]
    if paths and w.chance(0.25):
        return str(w.pick(paths))
    rules = [r for r in w.rules if r.kind == kind and r.arity is None]
    if rules and w.chance(0.25):
        return str(w.pick(rules).name)
    if depth <= 0:
        return scalar(w, kind) if kind not in COLLECTIONS else EMPTY[kind]
    made: str = w.pick(TERMS[kind])(w, depth - 1)
    return made


EMPTY = {"array": "[1, 2]", "object": '{"a": 1, "b": "b"}', "set": '{1, "a"}'}


def reference(w: Writer, depth: int) -> str:
    """Return a reference with a step that may be computed."""
    roots = ["input.xs", "input.o", "input.m", "input.ns", "data.base.o"]
    roots += [n for n, k in w.bound.items() if k in (*COLLECTIONS, "any")]
    roots += [r.name for r in w.rules if r.arity is None and r.kind in COLLECTIONS]
    step = w.pick(["[0]", '["a"]', ".id", ".v", "[1].v", "", ""])
    if w.chance(0.4):
        step = f"[{term(w, w.pick(['string', 'number', 'any']), depth - 1)}]"
    return f"{w.pick(roots)}{step}"


def number_call(w: Writer, d: int) -> str:
    operator = w.pick(["+", "-", "*", "/", "%"])
    return str(
        w.pick([
            lambda: f"({term(w, 'number', d)} {operator} {term(w, 'number', d)})",
            lambda: f"count({term(w, w.pick((*COLLECTIONS, 'string')), d)})",
            lambda: f"sum([{term(w, 'number', d)}, {term(w, 'number', d)}])",
            lambda: f"max({term(w, w.pick(['array', 'set']), d)})",
            lambda: f"abs({term(w, 'number', d)})",
            lambda: f"to_number({term(w, w.pick(['string', 'number']), d)})",
            lambda: call(w, "number", d),
        ])()
    )  # fmt: skip


def string_call(w: Writer, d: int) -> str:
    return str(
        w.pick([
            lambda: f"concat({term(w, 'string', d)}, [{term(w, 'string', d)}, {term(w, 'string', d)}])",
            lambda: f'sprintf("%v-%v", [{term(w, "any", d)}, {term(w, "string", d)}])',
            lambda: f"upper({term(w, 'string', d)})",
            lambda: f"substring({term(w, 'string', d)}, 0, 1)",
            lambda: f"json.marshal({term(w, 'any', d)})",
            lambda: f"type_name({term(w, 'any', d)})",
            lambda: f'$"<{{{term(w, "any", d)}}}>"',
            lambda: call(w, "string", d),
        ])()
    )  # fmt: skip


def boolean_call(w: Writer, d: int) -> str:
    return str(
        w.pick([
            lambda: comparison(w, d),
            lambda: f"startswith({term(w, 'string', d)}, {term(w, 'string', d)})",
            lambda: f"is_number({term(w, 'any', d)})",
            lambda: f"({term(w, 'any', d)} in {term(w, w.pick(COLLECTIONS), d)})",
            lambda: call(w, "boolean", d),
        ])()
    )  # fmt: skip


def comparison(w: Writer, d: int) -> str:
    return f"({compared(w, d)})"


def compared(w: Writer, d: int) -> str:
    """Return a comparison without parentheses, as a literal."""
    kind = w.pick([*KINDS, "any"])
    operator = w.pick(["==", "!=", "<", "<=", ">", ">="])
    left = term(w, kind, d)
    if w.plain:
        # rego-cpp orders numbers and strings alone, and folds constants wrongly.
        left = w.pick(["input.n", "count(input.xs)"])
        return f"{left} {operator} {w.pick(['input.n', scalar(w, 'number')])}"
    return f"{left} {operator} {term(w, kind, d)}"


def array_call(w: Writer, d: int) -> str:
    return str(
        w.pick([
            lambda: f"array.concat({term(w, 'array', d)}, {term(w, 'array', d)})",
            lambda: f"sort({term(w, w.pick(['array', 'set']), d)})",
            lambda: f"split({term(w, 'string', d)}, {scalar(w, 'string')})",
            lambda: f"numbers.range({scalar(w, 'number')}, 2)",
            lambda: f"[{term(w, 'any', d)}]",
            lambda: call(w, "array", d),
        ])()
    )  # fmt: skip


def object_call(w: Writer, d: int) -> str:
    return str(
        w.pick([
            lambda: f"object.union({term(w, 'object', d)}, {term(w, 'object', d)})",
            lambda: f"object.remove({term(w, 'object', d)}, {term(w, 'array', d)})",
            lambda: f'object.get({term(w, "object", d)}, "o", {{"a": 1}})',
            lambda: f"{{{term(w, 'any', d)}: {term(w, 'any', d)}}}",
            lambda: call(w, "object", d),
        ])()
    )  # fmt: skip


def set_call(w: Writer, d: int) -> str:
    return str(
        w.pick([
            lambda: f"({term(w, 'set', d)} {w.pick('|&-')} {term(w, 'set', d)})",
            lambda: f"intersection({{{term(w, 'set', d)}, {term(w, 'set', d)}}})",
            lambda: f"object.keys({term(w, 'object', d)})",
            lambda: "set()",
            lambda: call(w, "set", d),
        ])()
    )  # fmt: skip


def call(w: Writer, kind: str, d: int) -> str:
    """Return a call of a function of the program, or something plain."""
    found = [r for r in w.rules if r.arity is not None and kind in (r.kind, "any")]
    if not found:
        return scalar(w, kind) if kind not in COLLECTIONS else EMPTY[kind]
    rule = w.pick(found)
    args = [term(w, "any", d) for _ in range(rule.arity)]
    return f"{rule.name}({', '.join(args)})"


def array_literal(w: Writer, d: int) -> str:
    items = [term(w, "any", d) for _ in range(w.random.randint(0, 3))]
    return f"[{', '.join(items)}]"


def object_literal(w: Writer, d: int) -> str:
    keys = w.random.sample(KEYS, w.random.randint(0, 2))
    return "{" + ", ".join(f'"{k}": {term(w, "any", d)}' for k in keys) + "}"


def set_literal(w: Writer, d: int) -> str:
    items = [term(w, "any", d) for _ in range(w.random.randint(1, 3))]
    return "{" + ", ".join(items) + "}"


def comprehension(w: Writer, d: int, kind: str) -> str:
    inner = w.scope()
    literals = body(inner, d, w.random.randint(1, 2))
    text = "; ".join(literals)
    head = term(inner, "any", 0 if w.chance(0.7) else d)
    match kind:
        case "array":
            return f"[{head} | {text}]"
        case "set":
            return f"{{{head} | {text}}}"
        case _:
            return f"{{{term(inner, 'string', 0)}: {head} | {text}}}"


TERMS: dict[str, tuple[Callable[[Writer, int], str], ...]] = {
    "number": (number_call, lambda w, _d: scalar(w, "number")),
    "string": (string_call, lambda w, _d: scalar(w, "string")),
    "boolean": (boolean_call, lambda w, _d: scalar(w, "boolean")),
    "array": (array_call, array_literal, lambda w, d: comprehension(w, d, "array")),
    "object": (object_call, object_literal, lambda w, d: comprehension(w, d, "object")),
    "set": (set_call, set_literal, lambda w, d: comprehension(w, d, "set")),
}


def body(w: Writer, depth: int, length: int) -> list[str]:
    """Return the literals of a body; what they bind is in scope after them."""
    literals = PLAIN_LITERALS if w.plain else LITERALS
    made = [w.pick(literals)(w, depth) for _ in range(length)]
    return [text for text in made if text] or ["true"]


def assign(w: Writer, d: int) -> str:
    kind = w.pick([*KINDS, "any"])
    # rego-cpp overlooks the error of a built-in whose result nothing uses.
    value = term(w, kind, 0 if w.plain else d)
    name = w.declare(kind)
    return f"{name} := {value}" if name else value


def unify(w: Writer, d: int) -> str:
    kind = w.pick([*KINDS, "any"])
    value = term(w, kind, 0 if w.plain else d)
    shape = w.pick(["plain", "plain", "array", "object", "both", "swapped"])
    if shape == "object":
        value = reference(w, d) if w.chance(0.9) else value
        name = w.declare("any")
        return f'{{"a": {name or "_"}}} = {value}'
    if shape == "array":
        value = reference(w, d) if w.chance(0.9) else value
        one = w.declare("any")
        return f"[{one or '_'}, {term(w, 'any', 0)}] = {value}"
    if shape == "both":
        left, right = term(w, "any", 0), term(w, "any", 0)
        one, other = w.declare("any"), w.declare("any")
        return f"[{one or '_'}, {left}] = [{right}, {other or '_'}]"
    name = w.declare(kind)
    if name is None:
        return value
    return f"{value} = {name}" if shape == "swapped" else f"{name} = {value}"


def some_in(w: Writer, d: int) -> str:
    source = term(w, w.pick((*COLLECTIONS, "any")), d)
    if w.chance(0.15):
        first = w.declare("any")
        return f"some [{first or '_'}, 1] in {source}"
    key = w.declare("any") if w.chance(0.3) else None
    value = w.declare("any")
    if value is None:
        return f"some _ in {source}"
    return f"some {key}, {value} in {source}" if key else f"some {value} in {source}"


def some_names(w: Writer, d: int) -> str:
    source = reference(w, 0)
    key, value = w.declare("any"), w.declare("any")
    if key is None or value is None:
        return source
    return f"some {key}, {value}; {source}[{key}] = {value}"


def scan(w: Writer, d: int) -> str:
    """Return a filter over the elements of a collection of the input."""
    field_ = w.pick(["id", "v", "on", "tags[_]"])
    operator = w.pick(["==", "!=", "<", ">=", "="])
    return f"input.xs[_].{field_} {operator} {term(w, 'any', d)}"


def bound_scan(w: Writer, d: int) -> str:
    name = w.declare("object")
    if name is None:
        return scan(w, d)
    return f"{name} := input.xs[_]; {name}.{w.pick(['id', 'v'])} == {term(w, 'any', d)}"


def negation(w: Writer, d: int) -> str:
    inner = w.scope()
    text = w.pick([comparison, lambda w, d: term(w, "any", d), boolean_call])(inner, d)
    # OPA takes a body of just `not true` for one of just `true`.
    return f"not {'false' if text == 'true' else text}"


def every(w: Writer, d: int) -> str:
    source = term(w, w.pick(COLLECTIONS), d)
    inner = w.scope()
    key = inner.declare("any") if w.chance(0.3) else None
    value = inner.declare("any")
    if value is None:
        return source
    literals = body(inner, d - 1, w.random.randint(1, 2))
    # A variable of `every` that nothing uses is an error.
    literals += [f"{n} != 7" for n in (key, value) if n and w.chance(0.97)]
    text = "; ".join(literals)
    names = f"{key}, {value}" if key else value
    return f"every {names} in {source} {{ {text} }}"


def truth(w: Writer, d: int) -> str:
    return term(w, w.pick(["boolean", "any"]), d)


def output_call(w: Writer, d: int) -> str:
    found = [r for r in w.rules if r.arity is not None]
    if not found or w.chance(0.3):
        target = w.declare("number")
        return f"count({term(w, 'array', d)}, {target or 1})"
    rule = w.pick(found)
    args = [term(w, "any", d) for _ in range(rule.arity)]
    target = w.declare(rule.kind)
    return f"{rule.name}({', '.join([*args, target or '1'])})"


def walked(w: Writer, d: int) -> str:
    source: str = w.pick(["input.o", "input.xs", term(w, "any", 0)])
    path, value = w.declare("array"), w.declare("any")
    if path is None or value is None:
        return source
    return f"walk({source}, [{path}, {value}])"


def replaced(w: Writer, d: int) -> str:
    """Return a literal under `with`."""
    literal = w.pick([assign, truth, comparison, negation, some_in, output_call])(w, d)
    parts = [replacement(w, d) for _ in range(w.random.randint(1, 2))]
    return f"{literal} {' '.join(parts)}"


def replacement(w: Writer, d: int) -> str:
    value = term(replace(w, bound={}), "any", 0)
    rules = [r for r in w.rules if r.arity is None]
    functions = [r for r in w.rules if r.arity is not None]
    options = [f"with input.{p} as {value}" for p in ("o.a", "n", "xs", "new.deep")]
    options += [f"with input as {value}", f"with data.base.o.a as {value}"]
    options += [f"with {r.name} as {value}" for r in rules]
    options += [f"with {f.name} as {value}" for f in functions]
    options += [f"with data.{PACKAGE}.{r.name} as {value}" for r in rules]
    for one in functions:
        options += [
            f"with {one.name} as {g.name}" for g in functions if g.arity == one.arity
        ]
        if one.arity == 1:
            options += [f"with count as {one.name}", f"with upper as {one.name}"]
            options += [f"with {one.name} as type_name"]
    return str(w.pick(options))


LITERALS: tuple[Callable[[Writer, int], str], ...] = (
    assign, assign, unify, some_in, some_in, some_names, scan, bound_scan, negation,
    every, truth, comparison, compared, output_call, walked, replaced,
)  # fmt: skip

PLAIN_LITERALS: tuple[Callable[[Writer, int], str], ...] = (
    assign, assign, unify, some_in, some_in, some_names, bound_scan, every, compared,
    compared,
)  # fmt: skip


def clause(w: Writer, depth: int) -> tuple[Writer, str]:
    """Return a scope and the body written in it, which is not always there."""
    inner = replace(w, bound=dict(w.bound))
    if w.chance(0.1):
        return inner, ""
    literals = body(inner, depth, w.random.randint(1, 4))
    if w.chance(0.1):
        w.random.shuffle(literals)
    text = "".join(f"\t{literal}\n" for literal in literals)
    return inner, f" if {{\n{text}}}"


def complete_rule(w: Writer, name: str, depth: int) -> tuple[Known, list[str]]:
    kind = w.pick(KINDS)
    lines = []
    if w.chance(0.3):
        constant = replace(w, bound={}, rules=[])
        lines.append(f"default {name} := {scalar(constant, 'any')}")
    for _ in range(w.random.randint(1, 2)):
        inner, text = clause(w, depth)
        lines.append(f"{name} := {term(inner, kind, 1)}{text}")
        while text and w.chance(0.25):
            inner, text = clause(w, depth)
            lines[-1] += f" else := {term(inner, kind, 1)}{text}"
    return Known(name, kind), lines


def test_rule(w: Writer, name: str, depth: int) -> tuple[Known, list[str]]:
    lines = []
    for _ in range(w.random.randint(1, 3)):
        _, text = clause(w, depth)
        lines.append(f"{name}{text}" if text else f"{name} := true")
    return Known(name, "boolean"), lines


def set_rule(w: Writer, name: str, depth: int) -> tuple[Known, list[str]]:
    lines = []
    for _ in range(w.random.randint(1, 3)):
        inner, text = clause(w, depth)
        lines.append(f"{name} contains {term(inner, 'any', 1)}{text}")
    return Known(name, "set"), lines


def object_rule(w: Writer, name: str, depth: int) -> tuple[Known, list[str]]:
    lines = []
    for _ in range(w.random.randint(1, 2)):
        inner, text = clause(w, depth)
        variables = list(inner.bound)
        share = 1.0 if w.plain else 0.8
        key = w.pick(variables) if variables and w.chance(share) else '"a"'
        lines.append(f"{name}[{key}] := {term(inner, 'any', 0)}{text}")
    return Known(name, "object"), lines


def tree_rule(w: Writer, name: str, depth: int) -> tuple[Known, list[str]]:
    lines = []
    tails = w.pick([["set", "set", "fixed"], ["value", "deep", "fixed"], ["value"]])
    for tail in tails:
        inner, text = clause(w, depth)
        key = w.pick([*inner.bound, '"a"', '"b"'])
        value = term(inner, "any", 0)
        lines.append({
            "set": f"{name}[{key}].members contains {value}{text}",
            "value": f"{name}[{key}].value := {value}{text}",
            "deep": f"{name}[{key}][{w.pick([*inner.bound, '1'])}] := {value}{text}",
            "fixed": f"{name}.a.b := {value}{text}",
        }[tail])  # fmt: skip
    return Known(name, "object"), lines


def function(w: Writer, name: str, depth: int) -> tuple[Known, list[str]]:
    kind, arity = w.pick(KINDS), w.random.randint(1, 2)
    lines = []
    if w.chance(0.2):
        lines.append(f"default {name}({', '.join('_' * arity)}) := {scalar(w, kind)}")
    for _ in range(w.random.randint(1, 2)):
        outer = replace(w, bound={})
        args = ", ".join(parameter(outer) for _ in range(arity))
        inner, text = clause(outer, depth)
        lines.append(f"{name}({args}) := {term(inner, kind, 1)}{text}")
        while text and w.chance(0.25):
            inner, text = clause(outer, depth)
            lines[-1] += f" else := {term(inner, kind, 1)}{text}"
    return Known(name, kind, arity), lines


def parameter(w: Writer) -> str:
    name = w.declare("any") or "_"
    other = w.declare("any") or "_"
    options = [name] * 5 + [f"[{name}, {other}]", f'{{"a": {name}}}', '"a"', "1", "_"]
    made: str = w.pick(options)
    for unused in {name, other} - {"_"}:
        if unused not in made:
            del w.bound[unused]
    return made


RULES: tuple[Callable[[Writer, str, int], tuple[Known, list[str]]], ...] = (
    complete_rule, complete_rule, test_rule, set_rule, set_rule, object_rule, tree_rule,
    function, function,
)  # fmt: skip

PLAIN_RULES: tuple[Callable[[Writer, str, int], tuple[Known, list[str]]], ...] = (
    complete_rule, test_rule, set_rule, object_rule, function,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Program:
    """The text of a module and the names of its rules, functions left out."""

    text: str
    rules: tuple[str, ...]
    kinds: dict[str, str]


def program(random: Random, *, plain: bool = False) -> Program:
    """Return a program of a few rules; a `plain` one spares rego-cpp its faults."""
    w = Writer(random, plain=plain)
    lines = [f"package {PACKAGE}", ""]
    for number in range(random.randint(1, 5)):
        write = w.pick(PLAIN_RULES if plain else RULES)
        known, made = write(w, f"r{number}", random.randint(0, 2))
        w.rules.append(known)
        lines += [*made, ""]
    rules = {r.name: r.kind for r in w.rules if r.arity is None}
    return Program("\n".join(lines), tuple(rules), rules)


def value(random: Random, depth: int) -> Any:
    """Return a JSON value."""
    plain = [0, 1, 2, 1.5, -1, 10, "a", "b", "", "id", "x", True, False, None]
    shape = random.randint(0, 9)
    if depth <= 0 or shape < 6:
        return random.choice(plain)
    size = random.randint(0, 3)
    if shape < 8:
        return [value(random, depth - 1) for _ in range(size)]
    keys = random.sample([*KEYS, "x"], min(size, 4))
    return {key: value(random, depth - 1) for key in keys}


def document(random: Random) -> dict[str, Any]:
    """Return an input that the paths of programs lead into, mostly."""
    made: dict[str, Any] = {
        "n": random.choice([0, 1, 2, 1.5, 10]),
        "s": random.choice(["a", "b", "", "id"]),
        "t": True,
        "f": False,
        "nul": None,
        "ns": [random.choice([0, 1, 2, 3, 1.5]) for _ in range(random.randint(0, 4))],
        "m": {"k": value(random, 1), "a": value(random, 1)},
        "o": {"a": value(random, 1), "b": value(random, 1), "list": value(random, 2)},
        "xs": [element(random) for _ in range(random.randint(0, 4))],
    }
    for key in random.sample(sorted(made), random.randint(0, 2)):
        del made[key]
    return made


def element(random: Random) -> dict[str, Any]:
    made = {
        "id": random.choice([0, 1, 2, "a"]),
        "v": value(random, 1),
        "on": random.choice([True, False, 1]),
        "tags": [random.choice(["a", "b", 1]) for _ in range(random.randint(0, 2))],
    }
    if random.random() < 0.2:
        del made[random.choice(sorted(made))]
    return made


BASE: dict[str, Any] = {"base": {"o": {"a": 1, "b": "b"}, "ns": [1, 2, 3]}}
