"""Errors of the compiler: OPA's verdicts, one error a mistake, and what to do."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from tests.rego_answers import answers
from tests.shared_data import FIXTURES

import comply
from comply.rego import RegoError
from comply.rego.causes import root_causes
from comply.rego.parser import parse_module
from comply.source import Source

GOLDEN = sorted((FIXTURES / "rego" / "errors").glob("*.rego"))


def errors(*texts: str, version: Any = "v1", strict: bool = False) -> list[RegoError]:
    modules = {f"f{i}.rego": text for i, text in enumerate(texts)}
    try:
        comply.rego.compile(modules, version=version, strict=strict)
    except RegoError as error:
        return list(error.errors)
    return []


def heads(*texts: str, version: Any = "v1", strict: bool = False) -> list[str]:
    """Return place and first line of the errors of modules of package `a`."""
    whole = [t if t.startswith("package") else f"package a\n{t}\n" for t in texts]
    found = errors(*whole, version=version, strict=strict)
    return [e.headline().split("\n")[0] for e in found]


def hints(*texts: str, version: Any = "v1") -> list[str]:
    whole = [t if t.startswith("package") else f"package a\n{t}\n" for t in texts]
    return [e.hint for e in errors(*whole, version=version)]


@pytest.mark.parametrize("answer", answers("checks"))
def test_verdicts(answer: dict[str, Any]) -> None:
    version = answer.get("version", "v1")
    with pytest.raises(RegoError) as caught:
        comply.rego.compile({"t": answer["text"]}, version=version)
    found = caught.value.errors
    got = sorted({(e.code, e.message.split("\n")[0]) for e in found})
    assert got == [tuple(error) for error in answer["errors"]]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_errors_as_a_user_reads_them(path: Path) -> None:
    """Compare with what was read and found good; UPDATE_GOLDEN=1 writes it anew."""
    with pytest.raises(RegoError) as caught:
        comply.rego.compile({path.name: path.read_text()})
    rendered = f"{caught.value}\n"
    expected = path.with_suffix(".txt")
    if "UPDATE_GOLDEN" in os.environ:
        expected.write_text(rendered)
    assert rendered == expected.read_text()


# One mistake, one error.


def test_an_unknown_function_does_not_make_its_variables_unsafe() -> None:
    assert heads("p if { foo(x); y := x + 1; bar(y) }") == [
        "f0.rego:2: rego_type_error: undefined function foo",
        "f0.rego:2: rego_type_error: undefined function bar",
    ]
    assert heads("p := x if { x := foo(input.a); x > 1 }") == [
        "f0.rego:2: rego_type_error: undefined function foo"
    ]
    assert heads("p if { not foo(input.x) }") == [
        "f0.rego:2: rego_type_error: undefined function foo"
    ]


def test_a_bad_declaration_does_not_make_its_variables_unsafe() -> None:
    assert heads("p := x if { x := y; y := z }") == [
        "f0.rego:2: rego_compile_error: var y referenced above"
    ]
    assert heads("p if { [1, x] := [1, 2]; x }") == [
        "f0.rego:2: rego_compile_error: cannot assign to number"
    ]


def test_a_misspelt_name_is_not_also_unused() -> None:
    text = 'p if { some user in input.users; some x; usr.name == "a"; input.y[x] }'
    assert heads(text.replace("some user", "some user")) == [
        "f0.rego:2: rego_unsafe_var_error: var usr is unsafe"
    ]
    text = 'p if { every user in input.users { usr.name == "a" } }'
    assert heads(text) == ["f0.rego:2: rego_unsafe_var_error: var usr is unsafe"]
    assert hints(text) == ["did you mean `user`?"]


def test_a_wrong_operand_does_not_spoil_what_takes_the_result() -> None:
    assert heads("p := 1 + lower(2)") == [
        "f0.rego:2: rego_type_error: lower: invalid argument(s)"
    ]


def test_a_rule_with_an_error_may_be_anything_elsewhere() -> None:
    assert heads("p := lower(1)", "q := p + 1", "r := p | {1}") == [
        "f0.rego:2: rego_type_error: lower: invalid argument(s)"
    ]


def test_rules_in_conflict_may_be_anything_elsewhere() -> None:
    assert heads("p := 1\np contains 2\nq if { p.x; p == {} }") == [
        "f0.rego:3: rego_type_error: conflicting rules data.a.p found"
    ]


def test_rules_on_a_cycle_may_be_anything_elsewhere() -> None:
    (head,) = heads("p := 1 if q == 2\nq := 1 if p == 1\nr := [p.x, lower(q)]")
    assert head.endswith("data.a.p is recursive: data.a.p -> data.a.q -> data.a.p")


def test_errors_of_all_stages_and_files_come_together() -> None:
    first = "package a\nimport data.x\nimport data.y.x\np := foo(1)\nq := count(1)\n"
    second = "package b\nr if { y > 1 }\ns contains 1\ns := 2\n"
    assert heads(first, second) == [
        "f0.rego:3: rego_compile_error: import must not shadow import data.x",
        "f0.rego:4: rego_type_error: undefined function foo",
        "f0.rego:5: rego_type_error: count: invalid argument(s)",
        "f1.rego:2: rego_unsafe_var_error: var y is unsafe",
        "f1.rego:4: rego_type_error: conflicting rules data.b.s found",
    ]


def test_errors_without_a_rule_are_kept() -> None:
    lost = RegoError("rego_unsafe_var_error", "var x is unsafe")
    foreign = RegoError(
        "rego_unsafe_var_error", "var x is unsafe", Source("b", "x").span(0)
    )
    module = parse_module(Source("a", "package a\np := 1\n"))
    assert root_causes([lost, foreign], (module,)) == [lost, foreign]


def test_collections_do_not_depend_on_their_own_elements() -> None:
    assert heads("p if { some x in [x]; x }") == [
        "f0.rego:2: rego_compile_error: var x assigned before"
    ]


def test_with_names_a_path() -> None:
    text = "p if { true with input[x] as 1; x := 1 }"
    assert heads(text)[0] == (
        "f0.rego:2: rego_type_error: with keyword target must be a static reference"
    )


# Rules and packages.


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["package a\nb := 1", "package a.b\nc := 1"], "package a.b conflicts with rule b defined at f0.rego:2"),
        (["package a.b\nc := 1", "package a\nb := 1"], "package a.b conflicts with rule b defined at f1.rego:2"),
        (["package a\nb contains 1", "package a.b"], "package a.b conflicts with rule b defined at f0.rego:2"),
        (["package a\nb := 1", "package a.b.d\nc := 1"], "rule data.a.b conflicts with:\n  rule data.a.b.d.c at f1.rego:2"),
        (["package a\nb.c.d := 1", "package a.b\nc := 1"], "rule data.a.b.c conflicts with:\n  rule data.a.b.c.d at f0.rego:2"),
        (["package a\np := 1", "package a\np contains 2"], "conflicting rules data.a.p found"),
        (["package a\ndefault p := 1", "package a\ndefault p := 2"], "multiple default rules data.a.p found at f0.rego:2, f1.rego:2"),
        (["package a\nf(x) := 1", "package a\nf(x, y) := 2"], "conflicting rules data.a.f found"),
        (['package a\np[x] := 1 if { x := "a" }\np.f(y) := y'], "rule data.a.p conflicts with:\n  rule data.a.p.f at f0.rego:3"),
    ],
)  # fmt: skip
def test_conflicts(texts: list[str], message: str) -> None:
    (error,) = errors(*texts)
    assert error.message == message
    assert error.code == "rego_type_error"


@pytest.mark.parametrize(
    "texts",
    [
        ["package a\nb.d := 1", "package a.b\nc := 1"],
        ["package a\nb.c := 1", "package a.b\nc := 1"],
        ['package a\nb[x] := 1 if { x := "c" }', "package a.b\nc := 1"],
        ["package a\nb := 1", "package a.b.d"],
    ],
)
def test_rules_that_share_a_package(texts: list[str]) -> None:
    assert heads(*texts) == []


def test_what_rules_are_is_told_where_they_conflict() -> None:
    assert hints("p contains 1\np := 2") == [
        "at f0.rego:2 it is a set, here a single value"
    ]
    assert hints("f(x) := 1\nf(x, y) := 2") == [
        "at f0.rego:2 it is a function of 1 argument, here a function of 2 arguments"
    ]
    assert hints("p[x] contains 1 if { x := 1 }\np[x] := 1 if { x := 1 }") == [
        "at f0.rego:2 it is sets under keys, here an object"
    ]


# Functions by name.


@pytest.mark.parametrize(
    ("texts", "advice"),
    [
        (["p := strings.join(input.x)"], "Rego's function for that is `concat`"),
        (['p := startwith(input.x, "a")'], "did you mean `startswith`?"),
        (["trim_all(x) := x\np := trim_al(input.x)"], "did you mean `trim_all`?"),
        (["package lib.text\nsquash(x) := x", "p := squash(1)"], "data.lib.text has one: `import data.lib.text`, then `text.squash(...)`"),
        (["allowed := 1\np := allowed(1)"], "`allowed` is a rule, not a function: write it without parentheses"),
        (["p := input(1)"], "`input` is a document, not a function"),
        (["p := qqqq(1)"], "no rule or built-in has this name: define it, or import its package"),
        (["p if { count := 1; count([1]) == count }"], "`count` is a variable here: give the variable another name"),
        (["p if { x[y](1); y := 1 }"], ""),
        (['p := sprintf("%s", 1, 2)'], 'the values go into one array: `sprintf("...", [x, y])`'),
        (["p := lower()"], "it takes 1 operand, and 0 are given"),
        (["f(x, y) := x\np := f(1)"], "it takes 2 operands, and 1 is given"),
        (["p := time.now_ns(1, 2)"], "it takes no operand, and 2 are given"),
    ],
)  # fmt: skip
def test_what_to_call_instead(texts: list[str], advice: str) -> None:
    assert hints(*texts)[0] == advice


def test_the_number_of_operands_is_told_with_their_types() -> None:
    (error,) = errors("package a\np := count(1, [2], input.x)\n")
    assert error.message == (
        "count: arity mismatch\n"
        "\thave: (number, array<number>, ???)\n"
        "\twant: (collection: any<string, array[any], object[any: any], set[any]>)"
    )
    assert heads("f(x) := x\np if f(1, 2, 3)") == [
        "f0.rego:3: rego_type_error: function data.a.f has arity 1, got 3 arguments"
    ]


def test_a_call_is_marked_with_its_whole_name() -> None:
    (error,) = errors("package a\np := data.lib_x.trim_all(1)\n")
    assert error.span is not None
    assert error.span.width == len("data.lib_x.trim_all")


# Unsafe variables.


@pytest.mark.parametrize(
    ("texts", "advice"),
    [
        (["p if { not input.xs[_] == 1 }"], "a `not` cannot iterate: use a helper rule, or `not v in xs` for `not xs[_] == v`"),
        (["p := _"], "`_` has no value of its own: iterate by `some x in xs`, then use `x`"),
        (["p if { not x == input.y }"], "a `not` gives `x` no value: let an expression before it do so"),
        (["p if { x == input.y }"], "`==` only compares: `x := ...` gives `x` a value"),
        (["p := x"], "a body has to give it a value: `if { some ... in ... }`"),
        (["p := x if { input.y }"], "nothing in the body gives it a value"),
        (["p if { resource.x == 1 }"], "no rule, import or variable has the name `resource`: is it `input.resource`, or an import that is missing?"),
        (["p if { inptu.x == 1 }"], "did you mean `input`?"),
        (["import data.library\np if { libary.x == 1 }"], "did you mean `library`?"),
        (["allowed := 1\np if { alowed == 1 }"], "did you mean `allowed`?"),
        (["package lib.text\nx := 1", "p if { text.x == 1 }"], "`text` is in another package: `import data.lib.text`"),
        (["package lib\nsetting := 1", "p if { setting == 1 }"], "`setting` is in another package: `import data.lib.setting`"),
    ],
)  # fmt: skip
def test_what_gives_a_variable_a_value(texts: list[str], advice: str) -> None:
    assert hints(*texts) == [advice]


def test_a_keyword_that_v0_reads_as_a_name() -> None:
    (advice,) = hints("p { every[1] }", version="v0")
    assert advice == (
        "in Rego v0, `every` needs `import future.keywords.every` or `import rego.v1`"
    )


# Version 0 and strictness.


def test_v0_allows_what_v1_does_not() -> None:
    text = "import data.x\nimport data.x\np { any([true]); input := 1; y := 2 }"
    assert heads(text, version="v0") == []
    assert heads(text, version="v0", strict=True) == [
        "f0.rego:2: rego_compile_error: import data.x unused",
        "f0.rego:3: rego_compile_error: import data.x unused",
        "f0.rego:3: rego_compile_error: import must not shadow import data.x",
        "f0.rego:4: rego_type_error: deprecated built-in function calls in expression: any",
        "f0.rego:4: rego_compile_error: assigned var input unused",
        "f0.rego:4: rego_compile_error: assigned var y unused",
    ]


def test_strictness_refuses_what_is_unused() -> None:
    text = """import data.x
import data.y as z
import input.q
import rego.v1

p if { a := 1; b := 2; b == 2 }
f(x) := 1
f2(x) := x
f3(x, y) := 1 if { x } else := y
f4(x) := 1 if { true } else := 2
f5([x, y]) := x
f6(_) := 1
g if { z.a; [c, d] := [1, 2]; c == 1 }
h := [e | e := 1; k := 2]
i if { every v in [1] { w := v } }
j if { some u in [1] }
k if { some u, w in [1]; u }
l := x if { x := 1 }
m if { x := 1; y := {x: x | true} }
n[x] := {x | true} if { x := "a" }
default f7(x) := 1
f7(x) := x
"""
    unused = "unused argument {}. (hint: use _ (wildcard variable) instead)"
    assert heads(text, strict=True) == [
        f"f0.rego:{row}: rego_compile_error: {message}"
        for row, message in [
            (2, "import data.x unused"),
            (4, "import input.q unused"),
            (7, "assigned var a unused"),
            (8, unused.format("x")),
            (11, unused.format("x")),
            (12, unused.format("y")),
            (14, "assigned var d unused"),
            (15, "assigned var k unused"),
            (16, "assigned var w unused"),
            (20, "assigned var y unused"),
        ]
    ]
    assert heads(text) == []


def test_a_strict_policy_without_faults_compiles() -> None:
    assert heads("p := x if { x := input.y }", strict=True) == []


def test_unused_aliases_are_told_as_written() -> None:
    assert heads("import data.x.y as z\np := 1", strict=True) == [
        "f0.rego:2: rego_compile_error: import data.x.y as z unused"
    ]


def test_one_slip_is_one_error() -> None:
    text = (
        "deny contains msg if {\n"
        "\tsome r in input.changes\n\tresorce := r.after\n"
        '\tresource.acl == "public"\n'
        "\tx := resource.bucket\n\tsome y in resource.names\n"
        '\tmsg := sprintf("%s %s", [x, y])\n}'
    )
    assert hints(text) == ["did you mean `resorce`?"]


def test_thousands_of_slips_are_told_soon() -> None:
    start = time.process_time()
    unsafe = [f"rule_number_{n} if rulle_numbr_{n}" for n in range(1_500)]
    found = errors("package a\n" + "\n".join(unsafe))
    assert len(found) == 100
    assert [e.span.row for e in found if e.span] == list(range(2, 102))
    assert found[0].hint == "did you mean `rule_number_0`?"
    assert errors("package a\n" + 'r contains v if { v{"a":{"a\n' * 2_000)
    assert errors("package a\n" + "a." * 20_000 + "b = 1")
    # It was a minute and more.
    assert time.process_time() - start < 10
