"""`sprintf` and `strings.render_template` speak Go, and never crash."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.plan.builtins import render_template
from comply.plan.builtins.failure import BuiltinError, HaltError, OperandError
from comply.plan.builtins.go_format import sprintf
from comply.plan.builtins.go_template_tokens import unquote
from comply.plan.builtins.render_template import render
from comply.plan.values import NumberLiteral, RegoSet, Value, quote, show

operands = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False),
    st.text(max_size=4), st.lists(st.integers(), max_size=2),
)  # fmt: skip


# What the real OPA prints.
@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("%s is %v, %d", ["a", 1.5, 3], "a is 1.5, 3"),
        ("100%% of %s", ["x"], "100% of x"),
        ("%v", [NumberLiteral("1e3")], "1000"),
        ("%v", [[NumberLiteral("1e3")]], "[1e3]"),
        ("%d", [NumberLiteral("1.0")], "%!d(float64=1)"),
        ("%v", [1234567.5], "1.2345675e+06"),
        ("%v", [NumberLiteral("1e400")], "1e400"),
        ("%d", [2**63], "9223372036854775808"),
        ("%s %s", [2**63, 1], "9223372036854775808 %!s(int64=1)"),
        ("%v", [Decimal("0.33333333333333333334")], "0.3333333333333333"),
        ("%d", ["1"], "%!d(string=1)"),
        ("%d %d", [1], "1 %!d(MISSING)"),
        ("%d", [1, "a", None], "1%!(EXTRA string=a, string=null)"),
        ("%[2]d %[1]d", [1, 2], "2 1"),
        ("%[3]d", [1], "%!d(BADINDEX)"),
        ("%[x]d|%[1", [1], "%!d(BADINDEX)|%!(NOVERB)"),
        ("%*d|%-*d|", [3, 1, 3, 2], "  1|2  |"),
        ("%*d", ["a", 1], "%!(BADWIDTH)1"),
        ("%.*f", [-1, 0.5], "%!(BADPREC)0.500000"),
        ("%[2]*[1]d|", [1, 5], "    1|"),
        ("%.[2]*[1]f", [1.2345, 2], "1.23"),
        ("%[1]2d", [1], "%!d(BADINDEX)"),
        ("%1000000000d", [1], "%!(NOVERB)%!(EXTRA int64=1)"),
        ("%08.3f|%+d|% d|%x|%X|%o|%b", [3.14159, 1, 2, 255, 255, 8, 5],
         "0003.142|+1| 2|ff|FF|10|101"),
        ("%#x %#o %O %#b", [255, 8, 8, 5], "0xff 010 0o10 0b101"),
        ("%q %q %#q %+q", ["a\n", 65, "`", "é"], '"a\\n" \'A\' "`" "\\u00e9"'),
        ("%#q", ["a b"], "`a b`"),
        ("%c|%U|%#U|%c", [128512, 233, 233, -1], "😀|U+00E9|U+00E9 'é'|\ufffd"),
        ("%q %q", [39, 34], "'\\'' '\"'"),
        ("%x % x %#x", ["hé", "hé", "h"], "68c3a9 68 c3 a9 0x68"),
        ("%.1x|%5x|", ["hé", "h"], "68|   68|"),
        ("%e %E %g %G", [1500.0, 0.5, 1e21, 1e-7], "1.500000e+03 5.000000E-01 1e+21 1E-07"),
        ("%#g %#.0f %#e", [1.5, 1.5, 2.0], "1.50000 2. 2.000000e+00"),
        ("%b %x %X %.2x", [1.5, 1.5, 0.0, 1.999],
         "6755399441055744p-52 0x1.8p+00 0X0P+00 0x1.00p+01"),
        ("%x", [5e-324], "0x1p-1074"),
        ("%b", [5e-324], "1p-1074"),
        ("%T %T %T %T", [1, 0.5, "a", 2**70], "int64 float64 string *big.Int"),
        ("%t", [True], "%!t(string=true)"),
        ("%5v|%-6v|%.2v", [True, None, "héé"], " true|null  |hé"),
        ("%+v %#v %+v", [2**64, "é", 3], '+18446744073709551616 "é" 3'),
        ("%030d|%.22d", [-(10**19), 10**19],
         "-00000000010000000000000000000|0010000000000000000000"),
        ("%.0d|%.d", [0, 0], "|"),
        ("%z %!", [1, 2], "%!z(int64=1) %!!(int64=2)"),
        ("%z", [2**70], "%!z(big.Int=1180591620717411303424)"),
        ("%5%|%é", [1], "%|%!é(int64=1)"),
        ("%w", ["x"], "%!w(string=x)"),
        ("%010.2f|%-8.1f|%+.1e", [-1.5, 2.25, 3.0], "-000001.50|2.2     |+3.0e+00"),
    ],
)  # fmt: skip
def test_sprintf(template: str, values: list[Value], text: str) -> None:
    assert sprintf(template, values) == text


@given(st.text("%dvsxqf+-# 0.*[]12", max_size=10), st.lists(operands, max_size=3))
def test_any_format_prints_something(template: str, values: list[Value]) -> None:
    printed = sprintf(template, values)
    assert isinstance(printed, str)
    if "%" not in template and not values:
        assert printed == template


@given(operands)
def test_a_composite_prints_as_rego_writes_it(value: Value) -> None:
    assert sprintf("%v", [[value]]) == show([value])


@given(st.text(max_size=6))
def test_go_reads_what_it_quotes(text: str) -> None:
    if not any("\ud800" <= c <= "\udfff" for c in text):
        assert unquote(quote(text)) == text
        assert sprintf("%q", [text]) == quote(text)


def test_sprintf_takes_a_string_and_an_array() -> None:
    with pytest.raises(OperandError, match="operand 1 must be string"):
        sprintf(1, [])
    with pytest.raises(OperandError, match="operand 2 must be array"):
        sprintf("", RegoSet())
    with pytest.raises(HaltError, match="more than"):
        sprintf("%9000000d" * 12, list(range(12)))


VARIABLES = {
    "n": 1, "list": [1, "x"], "map": {"b": 1, "a": {"q": "w"}}, "s": '<a href="x">',
    "yes": True, "no": False, "null": None, "empty": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{if .yes}}a{{else}}b{{end}}", "a"),
        ("{{if .no}}a{{else if .yes}}c{{end}}", "c"),
        ("{{with .null}}a{{else with .n}}{{.}}{{end}}", "1"),
        ("{{range .list}}[{{.}}]{{else}}none{{end}}", "[1][x]"),
        ("{{range $k, $v := .map}}{{$k}}={{$v}};{{end}}", "a=map[q:w];b=1;"),
        ("{{range .empty}}x{{else}}none{{end}}", "none"),
        ("{{range 3}}{{if eq . 1}}{{continue}}{{end}}{{.}}{{end}}", "02"),
        ("{{range 9}}{{if gt . 1}}{{break}}{{end}}{{.}}{{end}}", "01"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{define `T`}}<{{.}}>{{end}}{{template `T` .n}}{{template `T`}}",
         "<1><<undefined>>"),
        ("{{block `B` .s}}{{len .}}{{end}}", "12"),
        ("a {{- .n -}} b{{/* gone */}}", "a1b"),
        ("{{.s | html}} {{.s | urlquery}}",
         "&lt;a href=&#34;x&#34;&gt; %3Ca+href%3D%22x%22%3E"),
        ("{{js .s}}", '\\u003Ca href\\u003D\\"x\\"\\u003E'),
        ("{{printf `%d %s %v` 5 .s .list}}", '5 <a href="x"> [1 x]'),
        ("{{and .yes .no .missing}} {{or .no .n}} {{not .null}}", "false 1 true"),
        ("{{index .list 1}}{{index .map `a` `q`}}{{slice .s 1 2}}{{len .map}}", "xwa2"),
        ("{{(.map).b}} {{$.map.a.q}} {{.missing.deeper}}", "1 w <undefined>"),
        ("{{eq .n `1`}} {{eq 1 2 1}} {{lt 1 2}} {{ge `b` `a`}} {{ne 1.5 2.5}}",
         "true true true true true"),
        ("{{print 1 2 `a` .null}} {{println}}", "1 2a<nil> \n"),
        ("{{'a'}} {{0x10}} {{1e3}} {{1_0}} {{017}} {{-2.5}}", "97 16 1000 10 15 -2.5"),
        ('{{"\\x41\\u00e9\\101\\n"}}', "AéA\n"),
    ],
)  # fmt: skip
def test_render(template: str, text: str) -> None:
    assert render(template, VARIABLES) == text


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{", "1: unclosed action"),
        ("\n{{.a", "2: unclosed action"),
        ("{{end}}", "unexpected {{end}}"),
        ("{{if .n}}", "unexpected EOF"),
        ("{{if .n}}{{else}}", "unexpected EOF"),
        ("{{define `x`}}", "unexpected EOF"),
        ("{{define `x`}}{{else}}{{end}}", "unexpected {{else}}"),
        ("{{nope}}", 'function "nope" not defined'),
        ("{{$x}}", 'undefined variable "$x"'),
        ("{{break}}", "{{break}} outside {{range}}"),
        ("{{define `T`}}a{{end}}{{define `T`}}b{{end}}", "multiple definition"),
        ("{{if .n}}{{define `x`}}{{end}}{{end}}", "unexpected <define> in command"),
        ("{{template .n}}", 'unexpected ".n" in template clause'),
        ("{{(}}", "unclosed left paren"),
        ("{{)}}", "unexpected right paren"),
        ("{{.a:.b}}", "expected :="),
        ("{{1x}}", "number syntax"),
        ("{{3-}}", "bad number syntax"),
        ("{{1i}}", "bad number syntax"),
        ("{{1e999}}", "illegal number syntax"),
        ("{{99999999999999999999}}", "integer overflow"),
        ("{{'ab'}}", "malformed character constant"),
        ('{{"\\q"}}', "malformed string"),
        ('{{"a}}', "unterminated quoted string"),
        ("{{`a}}", "unterminated raw quoted string"),
        ("{{/* a}}", "unclosed comment"),
        ("{{/* a */b}}", "comment ends before closing delimiter"),
        ("{{$a, $b := 1}}", "too many declarations"),
        ("{{range $a, $b, $c := .list}}{{end}}", "too many declarations"),
        ("{{.n | 1}}", "non executable command"),
        ("{{.n .list}}", "is not a method but has arguments"),
        ("{{1 2}}", "can't give argument to non-function 1"),
        ("{{nil}}", "nil is not a command"),
        ("{{nil 1}}", "nil is not a command"),
        ("{{$x = 1}}", "undefined variable: $x"),
        ("{{.n.x}}", "can't evaluate field x"),
        ("{{.null.x}}", "nil pointer evaluating interface {}.x"),
        ("{{range .n}}{{end}}", "range can't iterate over 1"),
        ("{{range $i, $j := 3}}{{end}}", "iterate over more than one variable"),
        ("{{template `none`}}", 'template "none" not defined'),
        ("{{eq .n 1}}", "incompatible types for comparison: json.Number and int"),
        ("{{eq .list .list}}", "non-comparable type"),
        ("{{eq 1}}", "missing argument for comparison"),
        ("{{lt true false}}", "invalid type for comparison"),
        ("{{lt 1}}", "wrong number of args for lt"),
        ("{{len 1}}", "len of type int"),
        ("{{len nil}}", "zero Value"),
        ("{{not}}", "wrong number of args for not: want 1 got 0"),
        ("{{and}}", "want at least 1 got 0"),
        ("{{index}}", "want at least 1 got 0"),
        ("{{index nil 1}}", "index of untyped nil"),
        ("{{index .list 9}}", "index out of range: 9"),
        ("{{index .list `a`}}", "cannot index slice/array with type string"),
        ("{{index .map 1}}", "value has type int; should be string"),
        ("{{index .yes 1}}", "can't index item of type bool"),
        ("{{slice .map 1}}", "can't slice item of type"),
        ("{{slice .list 2 1}}", "invalid slice index: 2 > 1"),
        ("{{slice}}", "want at least 1 got 0"),
        ("{{printf}}", "want at least 1 got 0"),
        ("{{printf 1}}", "expected string; found 1"),
        ("{{printf .n}}", "expected string; got json.Number"),
        ("{{call .n}}", "non-function of type json.Number"),
        ("{{call}}", "want at least 1 got 0"),
        ("{{define `A`}}{{template `A`}}{{end}}{{template `A`}}", "maximum template depth"),
        ("{{if 1}}" * 101 + "{{end}}" * 101, "blocks within each other"),
        (f"{{{{{'(' * 101}1{')' * 101}}}}}", "parentheses within each other"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_template(template: str, problem: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        render(template, VARIABLES)
    assert caught.value.message.startswith("template: template:")
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"a": RegoSet([1])}, "invalid character '1' looking for beginning of object"),
        ({"a": RegoSet()}, "invalid character 's' looking for beginning of value"),
        ({"a": RegoSet(["b"])}, "invalid character '}' after object key"),
        ({"a": RegoSet(["b", "c"])}, "invalid character ',' after object key"),
        ({1: 2}, "invalid character '1' looking for beginning of object key"),
        ({"a": "\x01"}, "invalid character 'x' in string escape code"),
    ],
)
def test_variables_that_are_no_json(variables: Value, problem: str) -> None:
    with pytest.raises(BuiltinError, match=problem):
        render("", variables)


def test_what_a_template_may_not_spend(monkeypatch: pytest.MonkeyPatch) -> None:
    assert render_template._MOST_STEPS <= 10**6
    assert render_template._LONGEST <= 10**8
    monkeypatch.setattr(render_template, "_MOST_STEPS", 10_000)
    monkeypatch.setattr(render_template, "_LONGEST", 100_000)
    loop = "{{range %d}}{{range 100}}x{{end}}{{end}}"
    assert render(loop % 90, {}) == "x" * 9_000
    with pytest.raises(HaltError, match="steps"):
        render(loop % 10_000, {})
    with pytest.raises(HaltError, match="characters"):
        render("{{range 2000}}{{$.s}}{{end}}", {"s": "x" * 1_000})


def rendered(source: str) -> str:
    """Return the rendered text, or what is wrong with the template."""
    try:
        return render(source, VARIABLES)
    except BuiltinError as error:
        return error.message


@given(st.text("{}. abif-*/`\"'$:=|()1\n", max_size=14))
def test_any_template_renders_or_says_why(source: str) -> None:
    text = rendered(source)
    if "{{" not in source:
        assert text == source
    if text.startswith("template: template:"):
        with pytest.raises(BuiltinError):
            render(source, {})


@given(st.text("{}. abif-*/`\"'$:=|()1,", max_size=12))
def test_any_action_renders_or_says_why(inner: str) -> None:
    text = rendered(f"{{{{range .list}}}}{{{{{inner}}}}}{{{{end}}}}")
    assert isinstance(text, str)
