"""Run the benchmarks, each in a process of its own, and keep what they found.

    python benchmarks/run.py                 all of them
    python benchmarks/run.py start_up ...    these; the others keep their last outcome
    python benchmarks/run.py --quick ...     on small inputs, to see that they work

A quick run keeps nothing. Outcomes stand in benchmarks/results.json, with the machine and the day; README.md and one
SVG a benchmark are made from it.
"""

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import opa
from chart import svg
from measure import QUICK, Bar, Verdict, output

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
BENCHMARKS = (
    "start_up",
    "opa_plan",
    "rego_cpp",
    "growth",
    "helper_that_searches",
    "joined_manifests",
    "gatekeeper_rules",
    "many_rules",
    "one_change",
    "warm_runs",
    "kubernetes_checkov",
    "memory",
    "policy_tests",
    "yaml_parsers",
    "sql_delta",
    "filled_tables",
    "facts_assertions",
)
INTRODUCTION = """# Benchmarks

One file a claim; the claim is its first line. Every number here was measured by
`python benchmarks/run.py`, none is copied from elsewhere; peers run on the same machine, on
the same input, in the same run, and their answers are compared before their speed. Where
a claim is not met, the table says so. OPA is found on the PATH or by the variable `OPA`.

Inputs are synthetic and seeded: `python benchmarks/generate.py` makes plans, manifests and
sets of policies of any size.
"""


def main() -> None:
    """Run what the command line names, or everything."""
    chosen = [name for name in sys.argv[1:] if name != "--quick"] or BENCHMARKS
    unknown = set(chosen) - set(BENCHMARKS)
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}")
    if QUICK:
        for name in chosen:
            print(output([sys.executable, FOLDER / f"{name}.py", "--quick"]))
        return
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in chosen:
        print(f"{name} ...", flush=True)
        results[name] = _outcome(name)
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    ordered = {name: results[name] for name in BENCHMARKS if name in results}
    (FOLDER / "README.md").write_text(_readme(ordered))


def machine() -> str:
    """Return what the numbers were measured on."""
    program = opa.program()
    peer = f", OPA {opa.version(program)}" if program else ""
    return (
        f"{_processor()}, {os.cpu_count()} cores, "
        f"{platform.python_implementation()} {platform.python_version()}{peer}"
    )


def _processor() -> str:
    """Return the name of the processor, as far as the system tells it."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _outcome(name: str) -> dict[str, Any]:
    """Run one benchmark and return its outcome, with when and where."""
    text = output([sys.executable, FOLDER / f"{name}.py", "--json"])
    outcome: dict[str, Any] = json.loads(text)
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    return outcome | {"day": day, "machine": machine()}


def _readme(results: dict[str, dict[str, Any]]) -> str:
    return INTRODUCTION + "".join(_section(*one) for one in results.items())


def _section(name: str, outcome: dict[str, Any]) -> str:
    title, _, text = outcome["claim"].strip().partition("\n")
    parts = [f"\n## {title}\n", f"`{name}.py`, {outcome['day']}, {outcome['machine']}"]
    parts.append(text.strip() + "\n")
    if outcome["skipped"]:
        parts.append(f"Skipped: {outcome['skipped']}\n")
    bars = [Bar(**bar) for bar in outcome["bars"]]
    if bars:
        (FOLDER / f"{name}.svg").write_text(svg(title, bars))
        parts += [f"![{title}]({name}.svg)\n", _table(bars)]
    verdicts = [Verdict(**verdict) for verdict in outcome["verdicts"]]
    if verdicts:
        parts.append(_claims(verdicts))
    if outcome["notes"]:
        parts.append(outcome["notes"].strip() + "\n")
    return "\n".join(parts)


def _table(bars: list[Bar]) -> str:
    rows = "".join(f"| {bar.label} | {bar.value:,.2f} {bar.unit} |\n" for bar in bars)
    return f"| measured | median |\n|---|---:|\n{rows}"


def _claims(verdicts: list[Verdict]) -> str:
    rows = "".join(
        f"| {one.what} | {one.value:,.2f} | {one.sense} {one.bound:g} | "
        f"{'yes' if one.met else '**no**'} |\n"
        for one in verdicts
    )
    return f"| claim | measured | bound | met |\n|---|---:|---|---|\n{rows}"


if __name__ == "__main__":
    main()
