"""TEXTS -> POLICY: what `comply.rego.compile` gives, ready to answer queries."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.builtins.failure import Evaluation
from comply.plan.emit import load, print_plan
from comply.plan.link import Program
from comply.plan.optimize import optimize
from comply.plan.reads import every_step
from comply.plan.runtime import Context, EvaluationError, collector_paused, extent
from comply.plan.values import UNDEFINED, Value, to_json
from comply.rego import syntax as s
from comply.rego.errors import RegoError, located, together
from comply.rego.module_json import read_module
from comply.rego.modules import plan_modules
from comply.rego.parser import parse_module, parse_query
from comply.rego.planner import Compilation, compile_query
from comply.rego.resolution import Resolution, globals_of
from comply.rego.resolve import resolve_query
from comply.rego.tree import Group, Node
from comply.rego.types.check import Types, check_query
from comply.source import Source

Version: TypeAlias = Literal["v0", "v1", "auto"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Compiled modules.

    `program` is their generated code; `written` (the plan before its passes), `root`
    and `functions` let queries be compiled against it.
    """

    modules: tuple[s.Module, ...]
    plan: ir.Plan
    written: ir.Plan
    program: Program
    root: Node
    functions: dict[tuple[str, ...], Group]
    types: Types
    queries: dict[str, Program] = field(default_factory=dict)

    def eval(
        self,
        path: str,
        input: Any = UNDEFINED,  # noqa: A002, ANN401  (the contract's name)
        data: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Return the document at `path`, such as `data.spacelift.deny`.

        Sets become sorted lists; `UNDEFINED` stands for no value.

        Raises:
            RegoError: if `path` is no path under `data`, or a rule fails.
        """
        steps = tuple(path.split("."))
        if steps[0] != "data":
            raise RegoError("rego_parse_error", f"{path}: not a path under data")
        context = self.context(self.program, input, data)
        try:
            with collector_paused():
                return to_json(extent(context, steps[1:], ()))
        except LookupError:
            return UNDEFINED
        except EvaluationError as error:
            raise self.located(error) from None

    def query(
        self,
        text: str,
        input: Any = UNDEFINED,  # noqa: A002, ANN401
        data: Any = None,  # noqa: ANN401
        *,
        strict: bool = False,
    ) -> list[dict[str, Any]]:
        """Return the bindings of a query's variables, one dict a solution.

        With `strict` an error of a built-in raises; otherwise it means undefined.

        Raises:
            RegoError: if the query does not compile or a rule fails.
        """
        program = self.queries.get(text)
        if program is None:
            program = self.queries[text] = self._compile_query(text)
        context = self.context(program, input, data)
        context.strict = strict
        out: list[dict[str, Value]] = []
        if program.query is None:
            return out
        try:
            with collector_paused():
                program.query(context, out)
        except EvaluationError as error:
            raise self.located(error, text) from None
        return [{k: to_json(v) for k, v in row.items()} for row in out]

    def context(
        self,
        program: Program,
        input_: Any,  # noqa: ANN401
        data: Any,  # noqa: ANN401
    ) -> Context:
        """Return a fresh evaluation of `program`."""
        evaluation = Evaluation(now_ns=time.time_ns(), read_module=read_module)
        base = {} if data is None else data
        return Context(program.tree, input_, base, evaluation, program.remembered)

    def located(self, error: EvaluationError, query: str = "") -> RegoError:
        """Return an evaluation error with its place."""
        return located(error, (*self.plan.sources, Source("query", query)))

    def _compile_query(self, text: str) -> Program:
        source = Source("query", text)
        return self.compile_body(source, parse_query(source))

    def compile_body(self, source: Source, body: s.Body) -> Program:
        """Return the code of a query that stands in `source`.

        Raises:
            RegoError: if it does not compile.
        """
        errors: list[RegoError] = []
        index = len(self.plan.sources)
        module = s.Module(source, 1, 0, (), (), (), (), ())
        arities = {p: _group_arity(g) for p, g in self.functions.items()}
        names = globals_of(module, ())
        resolution = Resolution(module, index, names, arities, errors)
        flat, shown = resolve_query(resolution, body)
        sources = (*self.plan.sources, source)
        compilation = Compilation(self.root, self.functions, sources, errors)
        query = compile_query(compilation, flat, shown, index)
        types = check_query(self.types, self.root, flat, compilation.ordered, sources)
        errors.extend(types)
        if errors:
            raise together(errors)
        if any(isinstance(step, ir.EnterWith) for step in every_step(query.steps)):
            plan = optimize(replace(self.written, sources=sources, query=query))
        else:
            plan = replace(self.plan, sources=sources, query=query)
        return load(print_plan(plan), plan)


def _group_arity(group: Group) -> int:
    rules = group.rules or ((group.default,) if group.default else ())
    return len(rules[0].clauses[0].args)


def compile_modules(
    modules: Mapping[str, str], version: Version = "auto", *, strict: bool = False
) -> Policy:
    """Return the policy of modules, given by file name.

    `version` forces v0 or v1; `auto` decides for each file. With `strict` what is
    unused or deprecated is an error too.

    Raises:
        RegoError: with every error of every file in `.errors`.
    """
    parsed: list[s.Module] = []
    errors: list[RegoError] = []
    for name, text in modules.items():
        try:
            parsed.append(parse_module(Source(name, text), version))
        except RegoError as error:
            errors.extend(error.errors)
    if errors:
        raise together(errors)
    policy = compile_parsed(tuple(parsed))
    if strict:
        from comply.rego.strict import check_strictly  # noqa: PLC0415  (seldom asked for)

        if found := list(check_strictly(policy.modules)):
            raise together(found)
    return policy


def compile_parsed(
    modules: tuple[s.Module, ...], wanted: frozenset[tuple[str, ...]] = frozenset()
) -> Policy:
    """Return the policy of parsed modules; `wanted` are the paths of entry rules.

    Raises:
        RegoError: with every error in `.errors`.
    """
    planned = plan_modules(modules, wanted)
    program = load(print_plan(planned.plan), planned.plan)
    return Policy(
        modules,
        planned.plan,
        planned.written,
        program,
        planned.root,
        planned.functions,
        planned.types,
    )
