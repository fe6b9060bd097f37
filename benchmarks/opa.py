"""The peer: Open Policy Agent, the program named by OPA or found on the PATH."""

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure import output

ABSENT = "no OPA: name its program by the variable OPA, or put it on the PATH"


def program() -> str | None:
    """Return the path of OPA, if there is one."""
    return os.environ.get("OPA") or shutil.which("opa")


def version(opa: str) -> str:
    """Return OPA's version."""
    return output([opa, "version"]).split("\n", 1)[0].removeprefix("Version: ")


def evaluate(opa: str, rules: Sequence[Path], document: Path, query: str) -> Any:  # noqa: ANN401  (JSON is any value)
    """Return the value of a query, for comparing answers before speeds."""
    answer = json.loads(output(eval_command(opa, rules, document, query)))
    return answer["result"][0]["expressions"][0]["value"]


def eval_command(
    opa: str, rules: Sequence[Path], document: Path, query: str
) -> list[str | Path]:
    """Return the command line that reads a document from disk and evaluates a query."""
    return [opa, "eval", "--format", "json", *_data(rules), "-i", document, query]


def bench(opa: str, rules: Sequence[Path], document: Path, query: str) -> float:
    """Return the milliseconds of one evaluation, as `opa bench` measures them.

    OPA has parsed the input and compiled the query before its clock starts, and it
    repeats the evaluation until a second has passed.
    """
    command = [opa, "bench", "--format", "json", *_data(rules), "-i", document, query]
    report = json.loads(output(command))
    return float(report["T"]) / float(report["N"]) / 1e6


def query_time(
    opa: str, rules: Sequence[Path], data: Path, query: str
) -> tuple[Any, float]:
    """Return a query's value over `data`, and its evaluation's milliseconds alone."""
    command = [opa, "eval", "--metrics", "--format", "json", *_data([*rules, data])]
    answer = json.loads(output([*command, query]))
    value = answer["result"][0]["expressions"][0]["value"]
    return value, answer["metrics"]["timer_rego_query_eval_ns"] / 1e6


def _data(paths: Sequence[Path]) -> list[str | Path]:
    return [part for path in paths for part in ("-d", path)]


def execute(
    opa: str, rules: Sequence[Path], inputs: Path, decision: str
) -> tuple[list[Any], float]:
    """Return the value of a decision for each file of a folder, and the milliseconds.

    One process compiles the rules, then reads and evaluates file after file.
    """
    bundles = [part for path in rules for part in ("-b", path)]
    command: list[str | Path] = [opa, "exec", "--decision", decision, *bundles]
    start = time.perf_counter()
    text = output([*command, inputs])
    taken = (time.perf_counter() - start) * 1000
    return [one.get("result") for one in json.loads(text)["result"]], taken
