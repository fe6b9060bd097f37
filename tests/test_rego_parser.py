"""Rego text to trees: what OPA's own parser makes of it, and what it refuses."""

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rego_trees import show_body, show_module, show_term

from comply.plan.values import NumberLiteral
from comply.rego.errors import RegoError
from comply.rego.parser import Version, parse_module, parse_query, parse_term
from comply.rego.syntax import Expr, Import, Module, Ref, Scalar, Some, Var
from comply.source import Source

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures" / "rego"
SHARED = Path(os.environ.get("COMPLY_SHARED", ROOT.parent / "shared"))
SUITE = SHARED / "conformance" / "opa" / "cases.jsonl"
GATEKEEPER = SHARED / "conformance" / "gatekeeper" / "cases.jsonl"
SEEDS = SHARED / "seeds" / "rego"


def module_of(text: str, version: Version = "auto") -> Module:
    return parse_module(Source("a.rego", text), version)


def errors_of(text: str, version: Version = "auto") -> tuple[RegoError, ...]:
    with pytest.raises(RegoError) as caught:
        module_of(text, version)
    return caught.value.errors


def messages_of(text: str, version: Version = "auto") -> list[str]:
    return [f"{e.span and e.span.row}: {e.message}" for e in errors_of(text, version)]


def only_error(text: str, version: Version = "auto") -> RegoError:
    errors = errors_of(text, version)
    assert len(errors) == 1, [str(e) for e in errors]
    return errors[0]


def query_of(text: str, version: Version = "v1") -> str:
    return show_body(parse_query(Source("q", text), version))


def sections(name: str) -> Iterator[tuple[Version, str, str]]:
    """Yield version, text and expectation of each section of a fixture file."""
    for section in (FIXTURES / name).read_text().split("\n====\n"):
        head, _, rest = section.partition("\n")
        text, _, wanted = rest.partition("\n----\n")
        version: Version = "auto"
        for known in ("v0", "v1"):
            version = known if head == known else version
        yield version, text, wanted.rstrip("\n")


@pytest.mark.parametrize(("version", "text", "tree"), list(sections("trees.txt")))
def test_tree(version: Version, text: str, tree: str) -> None:
    assert show_module(module_of(text, version)) == tree


@pytest.mark.parametrize(("version", "text", "wanted"), list(sections("errors.txt")))
def test_errors(version: Version, text: str, wanted: str) -> None:
    assert "\n".join(map(str, errors_of(text, version))) == wanted


# The published suites, in full: everything in them must parse.


@cache
def suite() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    if SUITE.exists():
        for line in SUITE.read_text().splitlines():
            case = json.loads(line)
            found[case["category"]].append(case)
    return found


@pytest.mark.conformance
@pytest.mark.parametrize("category", sorted(suite()) or ["absent"])
def test_suite_parses(category: str) -> None:
    if category == "absent":
        pytest.skip(f"no conformance suite at {SUITE} (set COMPLY_SHARED)")
    for case in suite()[category]:
        for text in case["modules"] or ():
            module = module_of(text, "v1")
            assert module.version == 1
            assert show_module(module_of(text)) == show_module(module)
        assert parse_query(Source("query", case["query"]), "v1")
        if "input_term" in case:
            parse_term(case["input_term"])


@pytest.mark.conformance
def test_gatekeeper_library_parses_as_v0() -> None:
    if not GATEKEEPER.exists():
        pytest.skip(f"no Gatekeeper suite at {GATEKEEPER} (set COMPLY_SHARED)")
    for line in GATEKEEPER.read_text().splitlines():
        case = json.loads(line)
        for text in (case["rego"], *(case["libs"] or ())):
            assert show_module(module_of(text)) == show_module(module_of(text, "v0"))


@pytest.mark.conformance
def test_published_policies_parse() -> None:
    if not SEEDS.exists():
        pytest.skip(f"no published policies at {SEEDS} (set COMPLY_SHARED)")
    for path in SEEDS.glob("*.rego"):
        assert module_of(path.read_text()).version == 0, path


# Versions.


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (1, "package a\n"),
        (1, "package a\np := 1"),
        (1, "package a\np if { input.x }"),
        (1, "package a\ndeny[msg] if { msg := input.x }"),
        (1, "package a\nimport rego.v1\ndeny contains 1 if input.x"),
        (1, "package a\nimport rego.v1\nimport future.keywords\np if input.x"),
        (0, "package a\np { input.x }"),
        (0, "package a\np[x] { x := 1 }"),
        (0, "package a\nimport future.keywords.in\np { 1 in input.x }"),
        (0, "package a\nimport future.keywords\np if { 1 in input.x }"),
        (0, "package a\nimport future.keywords\np contains x if { x := 1 }"),
        (0, "package a\np { if; contains := 1; every; in == 2 }"),
        (0, "package a\np { 1 in input.x }"),
        (0, "package a\np { every x in input.y { x } }"),
        (1, "package a\nimport future.keywords.in\np if 1 in input.x"),
    ],
)
def test_version_is_told_by_the_text(version: int, text: str) -> None:
    assert module_of(text).version == version


def test_import_rego_v1_makes_v0_files_v1() -> None:
    text = "package a\nimport rego.v1\np if 1 in input.x"
    assert module_of(text, "v0") == module_of(text, "v1")
    error = only_error("package a\nimport rego.v1\np { input.x }", "v0")
    assert error.message == "`if` keyword is required before rule body"


def test_rego_v1_in_a_string_is_no_import() -> None:
    assert module_of('package a\np { "import rego.v1" }').version == 0


def test_errors_are_those_of_the_version_the_author_meant() -> None:
    old = "package a\np { input.x }\nq { input.y = }\n"
    assert messages_of(old) == ["3: unexpected } token"]
    new = "package a\np if { input.x }\nq if { input.y = }\n"
    assert messages_of(new) == ["3: unexpected } token"]


def test_v0_text_forced_to_v1_is_told_what_v1_wants() -> None:
    errors = errors_of("package a\np[x] { x := 1 }\nf(x) { x }\nq[1]\n", "v1")
    assert [(e.message, e.hint) for e in errors] == [
        (
            "`if` keyword is required before rule body",
            "write `p contains ... if {`, or read the file as Rego v0",
        ),
        (
            "`if` keyword is required before function body",
            "write `if` before the `{`, or read the file as Rego v0",
        ),
        (
            "`contains` keyword is required for partial set rules",
            "write `q contains ...`, or read the file as Rego v0",
        ),
    ]


def test_v1_text_forced_to_v0_is_told_what_to_import() -> None:
    error = only_error("package a\np if { true }\n", "v0")
    assert error.message == "var cannot be used for rule name"
    assert error.hint == (
        "in Rego v0, `if` needs `import future.keywords.if` or `import rego.v1`"
    )


# Queries and terms.


def test_query() -> None:
    assert query_of("data.a.p = x; input.y") == (
        'call(eq ref(data "a" "p") x); ref(input "y")'
    )
    assert query_of("x := 1\nx > 0\n") == "call(assign x 1); call(gt x 0)"
    assert query_of("every x in [1] { x }") == "every x in [1] {x}"


def test_query_in_v0_has_the_keywords_its_module_imports() -> None:
    query = Source("q", "x in [1]")
    with pytest.raises(RegoError, match=r"expected .n or ; or eof"):
        parse_query(query, "v0")
    path = Ref(0, Var(0, "future"), (Scalar(0, "keywords"), Scalar(0, "in")))
    body = parse_query(query, "v0", (Import(0, path),))
    assert show_body(body) == "call(internal.member_2 x [1])"


@pytest.mark.parametrize("text", ["", "# nothing", "x y", "x :=", 'x == "a', "[" * 999])
def test_query_refused(text: str) -> None:
    with pytest.raises(RegoError) as caught:
        parse_query(Source("q", text))
    assert {error.code for error in caught.value.errors} == {"rego_parse_error"}


def test_term() -> None:
    assert show_term(parse_term('{"a": {1, [null]}, 2: set()}')) == (
        '{"a": <1, [null]>, 2: <>}'
    )


@pytest.mark.parametrize("text", ["", "1 2", "{", '"\\x"', "1; 2", "(" * 5000])
def test_term_refused(text: str) -> None:
    with pytest.raises(RegoError):
        parse_term(text)


# Scalars.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("10", 10),
        ("-7", -7),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0.5", 0.5),
        ("-0.5", -0.5),
        ("1.0", 1.0),
        ("1e3", NumberLiteral("1e3")),
        ("1.50", NumberLiteral("1.50")),
        ("-0", NumberLiteral("-0")),
        ("0.1234567890123456789012", Decimal("0.1234567890123456789012")),
        ("1e400", Decimal("1e400")),
        (".5", 0.5),
        ("-.5", -0.5),
    ],
)
def test_numbers_are_exact(text: str, value: object) -> None:
    term = parse_term(text)
    assert isinstance(term, Scalar)
    assert (type(term.value), term.value) == (type(value), value)
    if isinstance(term.value, NumberLiteral):
        assert term.value.text == text


@pytest.mark.parametrize("text", ["1e99999", "1e-99999", "1" * 40_000, "1e" + "9" * 30])
def test_numbers_have_a_limit(text: str) -> None:
    with pytest.raises(RegoError, match="number too big"):
        parse_term(text)


@pytest.mark.parametrize("text", ["01", "-00", ".1.5", ".x", "-.", "--1", "-(1)", "- "])
def test_texts_that_are_no_numbers(text: str) -> None:
    with pytest.raises(RegoError, match=r"expected number|unexpected"):
        parse_term(text)


def test_number_of_thousands_of_digits() -> None:
    term = parse_term("9" * 5000)
    assert isinstance(term, Scalar)
    assert term.value == Decimal("9" * 5000)


def test_wildcards_are_variables_of_their_own() -> None:
    (rule,) = module_of("package a\np if input[_] == input[_]").rules
    assert show_body(rule.body) == "call(equal ref(input $0) ref(input $1))"


def test_attempts_leave_no_gap_in_the_wildcards() -> None:
    text = "package a\np if { input[_]\n x := [_ | input[_], 1] }"
    (rule,) = module_of(text.replace(", 1", "")).rules
    assert "$2" in show_body(rule.body)
    assert "$3" not in show_body(rule.body)


# Places.


def test_every_node_knows_its_place() -> None:
    text = "package a\n\np contains x if {\n\tsome x\n\tnot input.y == 1 with data.z as 2\n}\n"
    module = module_of(text)
    source = module.source
    (rule,) = module.rules
    some, expr = rule.body
    assert isinstance(some, Some)
    assert isinstance(expr, Expr)
    assert isinstance(rule.head.key, Var)
    places = [module.package_at, rule.at, rule.head.at, rule.head.key.at, some.at]
    places += [some.names[0].at, expr.at, expr.term.at, expr.withs[0].at]
    spans = [source.span(at) for at in places]
    assert [(s.row, s.col) for s in spans] == [
        (1, 1), (3, 1), (3, 1), (3, 12), (4, 2), (4, 7), (5, 2), (5, 6), (5, 19),
    ]  # fmt: skip
    assert text[rule.at : rule.end] == text[11:-1]


def test_chained_bodies_are_rules_of_one_head() -> None:
    text = "package a\np { 1 } { 2 }\n{ 3 }"
    rules = module_of(text).rules
    assert [r.chained for r in rules] == [False, True, True]
    assert len({r.head for r in rules}) == 1
    assert [text[r.at : r.end] for r in rules] == ["p { 1 }", "{ 2 }", "{ 3 }"]


def test_comments_are_kept() -> None:
    text = "# a\r\npackage a # b\np := `# no` #\n#c"
    assert [(c.at, c.text) for c in module_of(text).comments] == [
        (0, " a"), (15, " b"), (31, ""), (33, "c"),
    ]  # fmt: skip


def test_byte_order_mark_is_skipped() -> None:
    assert module_of("\ufeffpackage a").package == ("a",)


# Errors: all that are independent, and no more.


def test_each_mistake_gives_one_error() -> None:
    text = """package a

deny contains msg if {
	x := input.resources[_
	x.type == "a"
	msg := "foo"
}

allow if {
	input.x == 1
}

warn contains "\\d" if {
	msg = "a" = 1
}

ok if input.y

q if { true; }
"""
    assert messages_of(text) == [
        "4: `[` is never closed",
        "13: illegal escape sequence",
        "19: unexpected } token",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("p := [1, 2,\nq := 2\nr := 3\n", ["2: `[` is never closed"]),
        ("p if {\n x\n\nq if {\n y\n}\n", ["2: `{` is never closed"]),
        ("p if {\n f(x\n}\n\nq := 1\n", ["3: `(` is never closed"]),
        ("p if {\nx := [1\n2]\nz\n}\nq := 1\n", ['4: unexpected number token: expected "," or "]"']),
        ('p := "a\nb"\nq := 1\n', ["2: non-terminated string"]),
        ('p := "a\n\nq := "b\n', ["2: non-terminated string", "4: non-terminated string"]),
        ("p := :=\nq := 1 +\n", ["2: unexpected assign token", "3: unexpected eof token"]),
        ("import foo\nimport data.b as input\n", ["2: unexpected import path, must begin with one of: {data, future, input, rego}, got: foo", "3: unexpected import alias, must not be a reserved name, got: input"]),
        ("p if { f([1 }) }\nq := 1\n", ["2: `[` is never closed"]),
        ("p if { f(1 [ ( ] ) }\nq := 1\n", ["2: `(` is never closed"]),
        ("p.q[x][1] contains 1 else := 1\nf[x](y) contains 1\n", ["2: unexpected else keyword", "3: unexpected contains keyword: the contains keyword can only be used with multi-value rule definitions (e.g., f[x] contains <VALUE> { ... })"]),
        ("p[x + 1].a(y) contains 1\n", ["2: unexpected contains keyword: the contains keyword can only be used with multi-value rule definitions (e.g., p[...].a contains <VALUE> { ... })"]),
        ("  p := )\n  q := )\n", ["2: unexpected ) token", "3: unexpected ) token"]),
        ("p if { x } } \nq := 1\n", ["2: unexpected } token"]),
    ],
)  # fmt: skip
def test_no_cascades(text: str, wanted: list[str]) -> None:
    assert messages_of("package a\n" + text, "v1") == wanted


def test_missing_package_does_not_hide_other_errors() -> None:
    assert messages_of("p := :=\n", "v1") == [
        "1: package expected",
        "1: unexpected assign token",
    ]


def test_package_in_error_is_one_error() -> None:
    assert messages_of("package a[1]\np := 1\n") == [
        "1: unexpected number token: expecting string"
    ]


def test_errors_are_bounded_in_number() -> None:
    assert len(errors_of("package a\n" + "p := )\n" * 1000)) <= 30


@pytest.mark.parametrize(
    "text",
    [
        "p := " + "[" * 20_000,
        "p := " + "(" * 300 + "1" + ")" * 300,
        "p if " + "x[" * 20_000,
        "p if x\n" + " else if x\n" * 1000,
        "p := " + '{"a": ' * 5000,
        "p := " + "{1: " * 5000,
        "p := " + "[1 | " * 5000,
        "p := 1" + " + 1" * 5000,
        "p if 1" + " in x" * 5000,
        "p if " + "f(" * 5000,
        "p if x" + ".f(1)" * 5000,
        "p if " + "every x in y { " * 5000,
        "p := " + '$"{' * 5000,
    ],
    ids=lambda text: text[:12],
)
def test_deep_nesting_is_an_error(text: str) -> None:
    begin = time.perf_counter()
    errors = errors_of("package a\n" + text + "\n", "v1")
    assert "nested too deep" in [error.message for error in errors]
    assert time.perf_counter() - begin < 5


def test_operators_in_nested_lists_take_no_exponential_time() -> None:
    depth = 60
    text = "[1 | " * depth + "2" + ", 3]" * depth
    begin = time.perf_counter()
    assert show_term(parse_term(text)).count("call(or") == depth
    assert time.perf_counter() - begin < 5


def test_large_file() -> None:
    rule = 'p[x] {\n  x := input.items[_].name\n  startswith(x, "prefix")\n}\n'
    count = 3000
    begin = time.perf_counter()
    assert len(module_of("package a\n" + rule * count).rules) == count
    assert time.perf_counter() - begin < 10


@pytest.mark.parametrize("text", ["\0", "package a\n\0", "package a\np := \ud800", "\r\r", "{{ x }}"])  # fmt: skip
def test_no_text_is_too_strange(text: str) -> None:
    assert errors_of(text)


@given(st.data())
def test_a_damaged_policy_is_read_or_refused(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([t for _, t, _ in sections("trees.txt")]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        width = data.draw(st.integers(0, 4))
        patch = data.draw(st.sampled_from(PATCHES))
        text = text[:at] + patch + text[at + width :]
    failure = None
    try:
        module_of(text)
    except RegoError as error:
        failure = error
    if failure:
        places = [
            (e.span and str(e.span), e.span and e.span.col) for e in failure.errors
        ]
        assert len(set(places)) == len(places)
        assert str(failure)
        assert {e.code for e in failure.errors} == {"rego_parse_error"}


PATCHES = (
    "", "{", "}", "[", "]", "(", ")", "|", ",", ";", ":", "=", ":=", '"', "`", '$"', "{x",
    "$`", ".", "#", "\n", "\\", "-", "0", "1e", " if ", " not ", " some ", " every ",
    " in ", " with ", " as ", " contains ", " else ", " default ", " import ", "package ",
    "# METADATA\n", "\0", "é",
)  # fmt: skip
