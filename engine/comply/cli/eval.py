"""`comply eval`: the answer to a query."""

import json
import sys
import time
from pathlib import Path
from typing import Any, Final

import click

from comply.load.encoding import decode, read
from comply.load.json_text import read_json
from comply.plan.builtins.failure import Evaluation
from comply.plan.values import UNDEFINED, to_json
from comply.rego.errors import RegoError, together
from comply.rego.module_json import read_module
from comply.rego.parser import Version, parse_module
from comply.rego.policy import compile_parsed
from comply.rego.query import Answer, Question, ask
from comply.rego.syntax import Module
from comply.report.characters import visible
from comply.source import LoadError, Source
from comply.testing.files import base_documents, find_files

_FORMATS: Final = ("json", "pretty", "raw", "bindings", "values")


@click.command()
@click.argument("query")
@click.option(
    "-d",
    "--data",
    "data",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Rules and data: .rego, .json, .yaml, or a folder of them.",
)
@click.option(
    "-r",
    "--rules",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Rules only; data files beside them are left out.",
)
@click.option(
    "-i",
    "--input",
    "input_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The input document, JSON or YAML; `-` is standard input.",
)
@click.option("--stdin-input", is_flag=True, help="Read the input from standard input.")
@click.option(
    "--strict-builtin-errors",
    "strict",
    is_flag=True,
    help="An error of a built-in ends the evaluation; else it means undefined.",
)
@click.option("--v0", "version", flag_value="v0", help="Read rules and query as v0.")
@click.option("--v1", "version", flag_value="v1", help="Read rules and query as v1.")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="json",
    help="How the answer is written.",
)
@click.option(
    "--fail", is_flag=True, help="Exit 1 if the answer is empty or undefined."
)
@click.option("--fail-defined", is_flag=True, help="Exit 1 if there is an answer.")
def command(  # noqa: PLR0913  (click passes one argument an option)
    *,
    query: str,
    data: tuple[Path, ...],
    rules: tuple[Path, ...],
    input_file: Path | None,
    stdin_input: bool,
    strict: bool,
    version: Version | None,
    form: str,
    fail: bool,
    fail_defined: bool,
) -> int:
    """Answer a query, as `opa eval` does.

    \b
    comply eval 'data.spacelift.deny' -d policy/ -i plan.json
    comply eval 'x := input.resource_changes[_].type' -i plan.json -f bindings

    Exit code: 0 answered, 1 as --fail and --fail-defined say, 2 it could not be.
    """  # noqa: D301  (click wants the character)
    input_ = _input(Path("-") if stdin_input else input_file)
    chosen: Version = version or "auto"
    question = Question(query, "v0" if chosen == "v0" else "v1", strict)
    try:
        answer = _answer(question, _read(data, rules, chosen), input_)
    except RegoError as error:
        if form == "json":
            _dump({"errors": [_error(e) for e in error.errors]})
            sys.stdout.flush()
        raise
    _WRITERS[form](answer)
    defined = bool(answer.solutions)
    return int((fail and not defined) or (fail_defined and defined))


def _error(error: RegoError) -> dict[str, Any]:
    span = error.span
    place = {"file": span.file, "row": span.row, "col": span.col} if span else {}
    return {"code": error.code, "message": error.message, "location": place}


def _answer(
    question: Question,
    rules_and_data: tuple[tuple[Module, ...], Any],
    input_: Any,  # noqa: ANN401  (JSON)
) -> Answer:
    modules, data = rules_and_data
    evaluation = Evaluation(now_ns=time.time_ns(), emit=_print, read_module=read_module)
    return ask(compile_parsed(modules), question, (input_, data), evaluation)


def _print(line: str) -> None:
    sys.stderr.write(f"{visible(line)}\n")


def _read(
    data: tuple[Path, ...], rules: tuple[Path, ...], version: Version
) -> tuple[tuple[Module, ...], Any]:
    """Return the parsed modules and the base documents at the paths."""
    found = find_files(data)
    others = find_files(rules)
    problems = [*found.errors, *others.errors]
    if problems:
        raise problems[0]
    sources = {s.name: s for s in (*found.sources, *others.sources)}
    modules = []
    errors: list[RegoError] = []
    for source in sources.values():
        try:
            modules.append(parse_module(source, version))
        except RegoError as error:
            errors += error.errors
    if errors:
        raise together(errors)
    return tuple(modules), base_documents(found.data, {()})


def _input(path: Path | None) -> Any:  # noqa: ANN401  (JSON)
    if path is None:
        return UNDEFINED
    if path == Path("-"):
        return read_document(decode("<stdin>", sys.stdin.buffer.read()))
    return read_document(read(path, str(path)))


def read_document(source: Source) -> Any:  # noqa: ANN401  (JSON)
    """Return the value of a JSON or YAML text.

    Raises:
        LoadError: if it is neither, or several documents.
    """
    try:
        return read_json(source)
    except LoadError:
        if source.name.endswith(".json") or source.text.lstrip()[:1] in {"{", "["}:
            raise
    from comply.load.yaml_text import read_yaml

    documents = read_yaml(source)
    if len(documents) != 1:
        raise LoadError(f"{source.name}: the input is one document")
    return documents[0][1]


def _write_json(answer: Answer) -> None:
    results = [_result(answer, i) for i in range(len(answer.solutions))]
    _dump({"result": results} if results else {})


def _result(answer: Answer, number: int) -> dict[str, Any]:
    solution = answer.solutions[number]
    expressions = [
        {
            "value": to_json(value),
            "text": expression.text,
            "location": {"row": expression.row, "col": expression.col},
        }
        for expression, value in zip(answer.expressions, solution.values, strict=True)
    ]
    result: dict[str, Any] = {"expressions": expressions}
    if solution.bindings:
        result["bindings"] = to_json(solution.bindings)
    return result


def _write_pretty(answer: Answer) -> None:
    if not answer.solutions:
        sys.stdout.write("undefined\n")
    elif len(answer.expressions) == 1 and not answer.solutions[0].bindings:
        for solution in answer.solutions:
            _dump(to_json(solution.values[0]))
    else:
        _write_table(answer)


def _write_table(answer: Answer) -> None:
    """Write a table with a column a variable and a column an expression of interest."""
    shown = [
        i
        for i in range(len(answer.expressions))
        if any(s.values[i] is not True for s in answer.solutions)
    ]
    names = list(answer.solutions[0].bindings)
    heads = [*names, *(answer.expressions[i].text for i in shown)]
    rows = [
        [
            *(_compact(solution.bindings[name]) for name in names),
            *(_compact(solution.values[i]) for i in shown),
        ]
        for solution in answer.solutions
    ]
    table = [[visible(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(heads))]
    for number, row in enumerate(table):
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
        if number == 0:
            sys.stdout.write("  ".join("-" * width for width in widths) + "\n")


def _write_raw(answer: Answer) -> None:
    for solution in answer.solutions:
        texts = [v if isinstance(v, str) else _compact(v) for v in solution.values]
        sys.stdout.write(" ".join(texts) + "\n")


def _write_bindings(answer: Answer) -> None:
    for solution in answer.solutions:
        _dump(to_json(solution.bindings))


def _write_values(answer: Answer) -> None:
    for solution in answer.solutions:
        _dump(to_json(list(solution.values)))


def _compact(value: Any) -> str:  # noqa: ANN401  (JSON)
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))


def _dump(value: Any) -> None:  # noqa: ANN401  (JSON)
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


_WRITERS: Final = {
    "json": _write_json,
    "pretty": _write_pretty,
    "raw": _write_raw,
    "bindings": _write_bindings,
    "values": _write_values,
}
