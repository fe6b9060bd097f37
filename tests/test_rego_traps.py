"""What other engines get wrong, and what generated code must never do."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from tests.rego_answers import Answer, answers, check

import comply
from comply.plan.values import UNDEFINED
from comply.rego import RegoError
from comply.rego.policy import Policy

ROOT = Path(__file__).parents[1]


def policy(text: str, version: str = "auto") -> Policy:
    compiled: Policy = comply.rego.compile({"p.rego": text}, version=version)
    return compiled


@pytest.mark.parametrize("answer", answers("traps"))
def test_traps_answer_as_opa_does(answer: Answer) -> None:
    check(answer)


# Versions.

V0_SET: Final = 'package p\n\ndeny[msg] {\n\tmsg := "no"\n}\n'
V1_OBJECT: Final = 'package p\n\ndeny[msg] if {\n\tmsg := "no"\n}\n'
V1_SET: Final = 'package p\n\ndeny contains msg if {\n\tmsg := "no"\n}\n'


@pytest.mark.parametrize(
    ("text", "version", "value"),
    [
        (V0_SET, 0, ["no"]),
        (V1_OBJECT, 1, {"no": True}),
        (V1_SET, 1, ["no"]),
        (
            V0_SET.replace("package p", "package p\nimport future.keywords.in"),
            0,
            ["no"],
        ),
    ],
    ids=["v0 set", "v1 object", "v1 set", "v0 with a future keyword"],
)
def test_the_same_head_means_other_things(
    text: str, version: int, value: object
) -> None:
    compiled = policy(text)
    assert compiled.modules[0].version == version
    assert compiled.eval("data.p.deny") == value


def test_forcing_a_version_refuses_the_other() -> None:
    with pytest.raises(RegoError) as caught:
        policy(V0_SET, "v1")
    assert caught.value.code == "rego_parse_error"
    assert caught.value.hint


def test_bodies_that_follow_each_other_are_alternatives_in_v0() -> None:
    compiled = policy("package p\n\nr { input.a } { input.b }\n", "v0")
    assert compiled.eval("data.p.r", input={"b": 1}) is True
    assert compiled.eval("data.p.r", input={"c": 1}) is UNDEFINED


# Errors of built-ins.


@pytest.mark.parametrize(
    ("expression", "code", "row"),
    [
        ("5 % input.half", "eval_builtin_error", 4),
        ('to_number("x")', "eval_builtin_error", 4),
        ("count(input.half)", "eval_type_error", 4),
        ("1 / input.zero", "eval_builtin_error", 4),
    ],
)
def test_a_built_in_error_is_undefined_unless_strict(
    expression: str, code: str, row: int
) -> None:
    compiled = policy(f"package p\n\nr if {{\n\tx := {expression}\n\tx\n}}\n")
    input_ = {"half": 2.5, "zero": 0}
    assert compiled.query("x = data.p.r", input=input_) == []
    with pytest.raises(RegoError) as caught:
        compiled.query("x = data.p.r", input=input_, strict=True)
    assert caught.value.code == code
    assert caught.value.span is not None
    assert (caught.value.span.file, caught.value.span.row) == ("p.rego", row)


# Memos and `with`.


def test_a_memo_does_not_leak_out_of_a_with() -> None:
    compiled = policy(
        "package p\n\n"
        "r := input.x\n\n"
        "all := [a, b, c] if {\n"
        "\ta := r\n"
        "\tb := r with input.x as 2\n"
        "\tc := r\n"
        "}\n"
    )
    assert compiled.eval("data.p.all", input={"x": 1}) == [1, 2, 1]


def test_a_mocked_rule_stays_real_elsewhere() -> None:
    compiled = policy(
        "package p\n\n"
        "affected if input.n > 3\n\n"
        "deny contains 1 if affected\n\n"
        "both := [x, y] if {\n"
        "\tx := deny with affected as false\n"
        "\ty := deny\n"
        "}\n"
    )
    assert compiled.eval("data.p.both", input={"n": 4}) == [[], [1]]


def test_a_query_replaces_what_was_written_out() -> None:
    compiled = policy(
        "package p\n\n"
        "limit := 10\n\n"
        "big if input.n > limit\n\n"
        "double(x) := x * 2\n\n"
        "d := double(input.n)\n\n"
        "xs contains 1\n\n"
        "ys contains x if some x in xs\n"
    )
    query = "x = data.p.big with data.p.limit as 1 with input.n as 5"
    assert compiled.query(query) == [{"x": True}]
    query = "x = data.p.d with data.p.double as 7 with input.n as 5"
    assert compiled.query(query) == [{"x": 7}]
    assert compiled.query("x = data.p.ys with data.p.xs as {2}") == [{"x": [2]}]
    assert compiled.query("x = data.p.big with input.n as 5") == []


# Names in errors.


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("r if not input.xs[_] == 1", "_"),
        ("r := [y | some x in input.xs; not y]", "y"),
        ("r if { x := 1; y := [x | some x in z] }", "z"),
        ("f(x) := y if { some x_1 in x }", "y"),
    ],
)
def test_errors_name_what_the_author_wrote(text: str, name: str) -> None:
    with pytest.raises(RegoError) as caught:
        policy(f"package p\n\n{text}\n")
    messages = [error.message for error in caught.value.errors]
    assert f"var {name} is unsafe" in messages
    assert not any("%" in m or "$" in m for m in messages)


def test_an_unsafe_wildcard_is_told_how_to_be_written() -> None:
    with pytest.raises(RegoError) as caught:
        policy("package p\n\nr if not input.xs[_] == 1\n")
    assert "not v in xs" in caught.value.hint
    assert caught.value.span is not None
    assert caught.value.span.line[caught.value.span.col - 1] == "_"


# Generated code.

LOCALS: Final = """package p

r contains [x_1, x, ys, z] if {
	x_1 := input.z
	some x in [1, 2]
	ys := [x | some x in [5, 6]]
	f(x_1, z)
}

f(x) := y if {
	y_f1 := input.z
	y := [y_f1, x]
}
"""


def test_locals_of_one_name_stay_apart() -> None:
    found = policy(LOCALS).eval("data.p.r", input={"z": 3})
    assert found == [[3, 1, [5, 6], [3, 3]], [3, 2, [5, 6], [3, 3]]]


HOSTILE: Final = (
    "__import__('os').system('touch pwned')",
    "'); import os; ('",
    '"""\nimport os\n"""',
    "\\",
    "{__import__}",
    "\N{LINE SEPARATOR}import os",
    "{call}",
    "\x00",
)


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_the_text_of_a_policy_is_only_ever_a_constant(text: str) -> None:
    import json

    quoted = json.dumps(text)
    compiled = policy(
        "package p\n\n"
        f"r := {{{quoted}: x | some x in [{quoted}]; x != input[{quoted}]}}\n\n"
        f"s contains {quoted} if startswith({quoted}, {quoted})\n\n"
        f"t[{quoted}] := {quoted}\n\n"
        f"u := y if y := {quoted} with input[{quoted}] as 1\n"
    )
    whole = compiled.eval("data.p", input={text: 0})
    assert whole == {"r": {text: text}, "s": [text], "t": {text: text}, "u": text}
    _check_code(compiled.program.code.text)


def _check_code(text: str) -> None:
    """Assert that code imports ours alone, and calls nothing that opens a door."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.module == "decimal" or str(node.module).startswith(
                "comply.plan"
            )
        assert not isinstance(node, ast.Import)
        if isinstance(node, ast.Name):
            assert node.id not in {"__import__", "eval", "exec", "open", "os"}


def test_hostile_names_become_harmless_ones() -> None:
    compiled = policy(
        "package p\n\n"
        "r := [__import__, None, class, c, out, rule_0] if {\n"
        "\t__import__ := 1\n\tNone := 2\n\tclass := 3\n\tc := 4\n\tout := 5\n"
        "\trule_0 := input.x\n"
        "}\n"
    )
    assert compiled.eval("data.p.r", input={"x": 6}) == [1, 2, 3, 4, 5, 6]
    _check_code(compiled.program.code.text)


EVERYTHING: Final = """package p

import rego.v1

names := {"b", "a", "c", "d"}

table := {"z": 1, "y": {"x", "w"}, [1]: 2}

f(x) := concat(",", names) if x in names
else := "none"

deny contains msg if {
	some r in input.rs
	r.type == "t"
	not r.name in names
	every k, v in r.tags { k != v }
	msg := sprintf("%s %v", [r.name, {"q", "p"}])
}

mocked if { count(input.rs) == 1 with count as 1 with input.x as {"n", "m"} }
"""


def test_code_is_the_same_under_any_hash_seed(tmp_path: Path) -> None:
    script = (
        "import comply, sys\n"
        "p = comply.rego.compile({'p.rego': sys.stdin.read()})\n"
        "sys.stdout.write(p.program.code.text)\n"
    )
    texts = set()
    for seed in ("0", "1", "4711"):
        made = subprocess.run(
            [sys.executable, "-c", script],
            input=EVERYTHING,
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": str(ROOT / "engine"),
            },
        )
        texts.add(made.stdout)
    assert len(texts) == 1
    assert "def rule_0" in texts.pop()


def test_the_line_map_points_at_the_row_of_each_line() -> None:
    compiled = policy(
        "package p\n\n"
        "deny contains r.name if {\n"
        "\tsome r in input.rs\n"
        '\tr.type == "t"\n'
        "\tcount(r.tags) > 3\n"
        "}\n"
    )
    code = compiled.program.code
    lines = code.text.splitlines()
    assert len(lines) == len(code.places)
    source = compiled.plan.sources[0]
    rows = {
        text.strip(): source.row(place[1])
        for text, place in zip(lines, code.places, strict=True)
        if place is not None
    }
    scanned = next(t for t in rows if t.startswith("for l_r in"))
    counted = next(t for t in rows if "b_count(" in t)
    assert (rows[scanned], rows[counted]) == (4, 6)


# Sizes.


def test_more_loops_than_python_nests() -> None:
    depth = 30
    literals = [f"some x{i} in input.xs" for i in range(depth)]
    names = ", ".join(f"x{i}" for i in range(depth))
    text = "\n\t".join(literals)
    compiled = policy(
        f"package p\n\nr contains [{names}] if {{\n\t{text}\n}}\n\n"
        f"q := [x0 | {'; '.join(literals)}]\n\n"
        f"n if not none\n\nnone if {{\n\t{text}\n\tx{depth - 1} == 7\n}}\n\n"
        f"c := x0 if {{\n\t{text}\n}}\n"
    )
    found = compiled.eval("data.p", input={"xs": [1]})
    assert found == {"r": [[1] * depth], "q": [1], "n": True, "c": 1}


def test_deep_loops_under_a_with() -> None:
    literals = "\n\t".join(
        f"some x{i} in input.xs with input.xs as [1, {i}]" for i in range(16)
    )
    compiled = policy(f"package p\n\nr contains x15 if {{\n\t{literals}\n}}\n")
    assert compiled.eval("data.p.r", input={"xs": []}) == [1, 15]


def test_comprehensions_and_negations_in_each_other() -> None:
    term = "input.x"
    for _ in range(25):
        term = f"[y | y := {term}]"
    compiled = policy(f"package p\n\nr := {term}\n")
    found: Any = compiled.eval("data.p.r", input={"x": 1})
    for _ in range(25):
        found = found[0]
    assert found == 1


def test_a_body_of_many_literals_and_as_many_rules() -> None:
    body = "\n\t".join(f"x{i} := input.a + {i}" for i in range(400))
    rules = "\n".join(f"s contains {i} if input.a == {i}" for i in range(400))
    compiled = policy(f"package p\n\nr := x399 if {{\n\t{body}\n}}\n\n{rules}\n")
    assert compiled.eval("data.p.r", input={"a": 1}) == 400
    assert compiled.eval("data.p.s", input={"a": 7}) == [7]


def test_a_rule_of_many_alternatives() -> None:
    elses = " ".join(f"else := {i} if input.a == {i}" for i in range(1, 200))
    compiled = policy(f"package p\n\nr := 0 if input.a == 0 {elses}\n")
    assert compiled.eval("data.p.r", input={"a": 199}) == 199
