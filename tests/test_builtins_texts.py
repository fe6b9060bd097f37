"""Strings, patterns, units and conversions keep their laws."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comply.plan.builtins import (
    conversions,
    globs,
    lookup,
    regex,
    semver,
    strings,
    units,
)
from comply.plan.builtins.failure import BuiltinError, OperandError
from comply.plan.builtins.glob_overlap import overlap
from comply.plan.values import (
    UNDEFINED,
    NumberLiteral,
    RegoSet,
    Value,
    number_text,
    quote,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
short = st.text("ab.é", max_size=6)
words = st.text("abc", min_size=1, max_size=3)


@given(st.lists(short.filter(lambda s: "," not in s), min_size=1))
def test_split_undoes_concat(parts: list[str]) -> None:
    assert strings.split(strings.concat(",", parts), ",") == parts


@given(short, short.filter(bool))
def test_places_of_a_part(text: str, part: str) -> None:
    places = strings.index_of_n(text, part)
    assert all(text.startswith(part, at) for at in places)
    assert strings.index_of(text, part) == (places[0] if places else -1)
    assert strings.contains(text, part) is bool(places)
    assert strings.occurrences(text, part) <= len(places)


@given(texts, texts)
def test_affixes(text: str, part: str) -> None:
    assert strings.startswith(part + text, part)
    assert strings.endswith(text + part, part)
    assert strings.trim_prefix(part + text, part) == text
    assert strings.trim_suffix(text + part, part) == text
    assert strings.any_prefix_match([text, part], RegoSet([part]))
    assert strings.any_suffix_match(text + part, [part])


@given(texts)
def test_case_and_order(text: str) -> None:
    assert strings.reverse(strings.reverse(text)) == text
    assert strings.lower(strings.lower(text)) == strings.lower(text)
    assert strings.upper(strings.upper(text)) == strings.upper(text)
    assert len(strings.upper(text)) == len(text) == len(strings.lower(text))
    assert strings.trim_space(f" \t{text.strip()}\n") == text.strip().strip("\x85")


@given(short, st.integers(0, 7), st.integers(-1, 7))
def test_substring(text: str, offset: int, length: int) -> None:
    part = strings.substring(text, offset, length)
    assert text[offset:].startswith(part)
    assert length < 0 or len(part) <= length


@given(short, short, short)
def test_trims(text: str, left: str, right: str) -> None:
    once = strings.trim(text, left)
    assert once == strings.trim_right(strings.trim_left(text, left), left)
    assert strings.trim(once, left) == once
    assert strings.replace(text, left, left) == text or not left
    if left:
        assert strings.replace_n({left: right}, text) == text.replace(left, right)


@given(short, words, st.integers(-4, 4))
def test_split_n(text: str, delimiter: str, limit: int) -> None:
    whole = strings.split(text, delimiter)
    part = strings.split_n(text, delimiter, limit)
    assert len(part) == min(len(whole), abs(limit))
    assert part == (whole[: len(part)] if limit >= 0 else whole[-len(part) :])


@given(texts)
def test_a_text_quoted_as_glob_or_expression(text: str) -> None:
    assert globs.match(globs.quote_meta(text), None, text)
    assert globs.match(globs.quote_meta(text), ["."], text)
    assume("\\" not in text)
    literal = f"\\Q{text}\\E"
    assert regex.match(literal, text)
    assert regex.match(f"^{literal}$", text)


@given(short, short)
def test_globs_and_their_stars(text: str, other: str) -> None:
    assert globs.match("**", ["."], text)
    assert globs.match("*", ["."], text) is ("." not in text)
    assert globs.match("{x,*}", None, text)
    both = f"{{{globs.quote_meta(text)},{globs.quote_meta(other)}}}"
    assert globs.match(both, [], text)
    assert globs.match(both, [], other)


@given(st.text("ab", max_size=8), st.sampled_from(["a", "a*", "b+", "", "(a)(b)?"]))
def test_matches_and_what_lies_between(text: str, pattern: str) -> None:
    found = regex.find_n(pattern, text, -1)
    assert regex.match(pattern, text) is bool(found)
    assert [groups[0] for groups in regex.find_groups_n(pattern, text, -1)] == found
    assert regex.find_n(pattern, text, 1) == found[:1]
    assert regex.replace(text, pattern, "$0") == text
    assert regex.replace(text, pattern, "$$0").count("$0") == len(found)
    removed = regex.replace(text, pattern, "")
    assert len(removed) == len(text) - sum(map(len, found))
    if text:
        assert "".join(regex.split(pattern, text)) == removed


@given(words, words, words)
def test_template_is_anchored(before: str, inner: str, after: str) -> None:
    template = f"{before}<{inner}>{after}"
    assert regex.template_match(template, before + inner + after, "<", ">")
    assert not regex.template_match(template, f"x{before}{inner}{after}", "<", ">")


steps = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\*"])
patterns = st.lists(st.tuples(steps, st.sampled_from(["", "*", "+"])), max_size=4).map(
    lambda pairs: "".join(step + flag for step, flag in pairs)
)


@given(patterns, patterns)
def test_overlap_is_symmetric(a: str, b: str) -> None:
    assert overlap(a, b) is overlap(b, a)
    assert overlap(a, a) or not a.strip("*")


@given(st.text("ab", min_size=1, max_size=4), patterns)
def test_overlap_with_a_text_is_a_match(text: str, pattern: str) -> None:
    expression = pattern.replace("[^a]", "[\\^a]")
    assert overlap(pattern, text) is regex.match(f"^(?:{expression})$", text)


@given(st.integers(0, 10**12), st.sampled_from(["", "K", "Ki", "M", "Gi", "T", "Pi"]))
def test_units_agree(amount: int, unit: str) -> None:
    exact = units.parse(f"{amount}{unit}")
    # OPA counts bytes in floats of 64 bits: above that, only the front digits agree.
    rounding = abs(units.parse_bytes(f"{amount}{unit}") - exact)
    assert rounding <= int(exact) >> 63
    assert units.parse(f"-{amount}{unit}") == -exact
    assert units.parse(f"{amount}m") == pytest.approx(amount / 1000)


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_read_back(number: float) -> None:
    assert conversions.to_number(number_text(number)) == number
    assert conversions.to_number(number) == number


versions = st.builds(
    lambda core, release: ".".join(map(str, core)) + release,
    st.tuples(*[st.integers(0, 11)] * 3),
    st.sampled_from(["", "-rc.1", "-rc.2", "-rc.10", "-alpha", "-1", "-1.a", "+b"]),
)


@given(versions, versions, versions)
def test_versions_are_ordered(a: str, b: str, c: str) -> None:
    assert semver.is_valid(a)
    assert semver.compare(a, b) == -semver.compare(b, a)
    assert semver.compare(a, "v" + a) == 0
    if semver.compare(a, b) <= 0 and semver.compare(b, c) <= 0:
        assert semver.compare(a, c) <= 0


def test_order_of_pre_releases() -> None:
    order = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    names = [f"1.0.0-{name}" for name in order] + ["1.0.0"]
    for lower, higher in pairwise(names):
        assert semver.compare(lower, higher) == -1


def test_template_parts() -> None:
    parts = ["a ", 1, NumberLiteral("1e3"), [None, "b"], UNDEFINED, RegoSet()]
    assert strings.template(parts) == 'a 11e3[null, "b"]<undefined>set()'
    assert strings.template_string(["n=", RegoSet([2]), RegoSet()]) == "n=2<undefined>"
    with pytest.raises(BuiltinError, match="more than one value"):
        strings.template_string([RegoSet([1, 2])])


@pytest.mark.parametrize(
    ("numeral", "number"),
    [("1_000", 1000), (".5", 0.5), ("+1", 1), ("0x1p4", 16), ("1.e1", 10),
     ("0017", 17), ("-0x.8p1", -1), ("0x1.8p0", 1.5)],
)  # fmt: skip
def test_numerals_of_go(numeral: str, number: float) -> None:
    assert conversions.to_number(numeral) == number


@pytest.mark.parametrize(
    "text", ["", " 1", "1__0", "0x1", "1p4", "\u0661", "--1", "0x1p"]
)
def test_no_numerals(text: str) -> None:
    with pytest.raises(BuiltinError, match="invalid syntax"):
        conversions.to_number(text)


@pytest.mark.parametrize("text", ["1e400", "0x1p99999", "-1e999"])
def test_numerals_out_of_range(text: str) -> None:
    with pytest.raises(BuiltinError, match="value out of range"):
        conversions.to_number(text)


def test_numbers_that_are_none() -> None:
    for text in ("inf", "-Infinity", "NaN"):
        with pytest.raises(OperandError, match="must be valid number string"):
            conversions.to_number(text)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [("(", "missing closing ): `(`"), ("a**", "nested repetition operator: `**`"),
     ("[z-a]", "invalid character class range: `z-a`"),
     ("\\C", "invalid escape sequence: `\\C`"),
     ("\\Qa\\E\\C", "invalid escape sequence: `\\C`"),
     ("a{1001}", "invalid repeat count: `{1001}`"),
     ("(?=a)", "invalid or unsupported Perl syntax: `(?=`")],
)  # fmt: skip
def test_malformed_expressions(pattern: str, problem: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        regex.match(pattern, "a")
    assert caught.value.message.endswith(problem)
    assert not regex.is_valid(pattern)


def test_a_byte_class_may_be_quoted() -> None:
    assert regex.is_valid("\\Q\\C\\E")
    assert regex.is_valid("\\\\C")
    assert regex.is_valid("\\Q\\C")


def test_a_lone_surrogate_is_no_crash() -> None:
    assert regex.match(".", "\ud800")
    assert globs.match("?", [], "\ud800")
    assert quote("\ud800\udcff") == '"\ufffd\\xff"'


def test_quoting() -> None:
    assert quote('a"\\\n\x07\x01\x7f\u2028\U000e0001é') == (
        '"a\\"\\\\\\n\\a\\x01\\x7f\\u2028\\U000e0001é"'
    )


# What the real OPA says.
@pytest.mark.parametrize(
    ("name", "operands", "message"),
    [
        ("sum", [[1, "a"]], "operand 1 must be array of numbers but got array containing string"),
        ("product", [RegoSet([None])], "operand 1 must be set of numbers but got set containing null"),
        ("object.union_n", [[{}, 1]], "operand 1 must be array of objects but got array containing number"),
        ("strings.replace_n", [{1: "a"}, "b"], "operand 1 non-string key found in pattern object"),
        ("strings.replace_n", [{"a": 1}, "b"], "operand 1 non-string value found in pattern object"),
        ("bits.lsh", [1, -1], "operand 2 must be an unsigned integer number but got a negative integer"),
        ("cast_array", ["a"], "operand 1 must be one of {array, set} but got string"),
        ("cast_set", [{}], "operand 1 must be one of {array, set} but got object"),
        ("glob.match", ["*", RegoSet(["a"]), "a"], "operand 2 must be one of {array, null} but got set"),
        ("glob.match", ["*", [1], "a"], "operand 2 must be array of strings but got array containing number"),
        ("glob.match", ["*", ["ab"], "a"], "operand 2 must be array of runes but got array containing string"),
        ("glob.match", ["[z-a]", [], "a"], "glob: syntax error at 5: range hi character is less than lo"),
        ("glob.match", ["[a-bc]", [], "a"], "glob: syntax error at 5: expected close range character"),
        ("glob.match", ["[a-", [], "a"], "glob: syntax error at 3: unexpected end of input"),
        ("glob.match", ["[a", [], "a"], "glob: syntax error at 2: unexpected end of input"),
        ("glob.match", ["[]", [], "a"], "glob: syntax error at 2: could not parse range"),
        ("glob.match", ["é{a", [], "a"], "glob: syntax error at 4: unclosed `{`"),
        ("glob.match", ["a\\", [], "a"], "glob: syntax error at 2: trailing backslash"),
        ("regex.globs_match", ["[a-b", "a"],
         "input:[a-b, pos:3, range character '-' must be followed by a Unicode character: the input provided is invalid"),
        ("regex.globs_match", ["[a-]]", "a"],
         "input:[a-]], pos:4, range character '-' cannot be followed by a special symbol: the input provided is invalid"),
        ("regex.template_match", ["{a", "a", "{", "}"], 'unbalanced braces in "{a"'),
        ("regex.template_match", ["a}", "a", "{", "}"], 'unbalanced braces in "a}"'),
        ("regex.template_match", ["a", "a", "", "}"], "start delimiter has to be exactly one character long but is 0 long"),
        ("regex.template_match", ["a", "a", "{", "ab"], "end delimiter has to be exactly one character long but is 1 long"),
        ("regex.template_match", ["{(}", "a", "{", "}"], "error parsing regexp: missing closing ): `^($`"),
        ("semver.compare", ["1.0.0", "x"], 'operand 2: string "x" is not a valid SemVer'),
        ("units.parse", ["1e0000001"], "units.parse: exponent too large"),
        ("units.parse_bytes", ["1 K"], "units.parse_bytes: spaces not allowed in resource strings"),
        ("to_number", ["1e"], 'strconv.ParseFloat: parsing "1e": invalid syntax'),
        ("substring", ["a", -1, 1], "negative offset"),
        ("indexof", ["a", ""], "empty search character"),
        ("minus", [RegoSet(), 1], "operand 2 must be set but got number"),
        ("minus", [RegoSet(), []], "operand 2 must be number but got array"),
    ],
)  # fmt: skip
def test_errors(name: str, operands: list[Value], message: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        lookup(name)(*operands)
    assert caught.value.message == message


def test_an_empty_part_lies_between_bytes() -> None:
    assert strings.replace("é", "", "") == "é"
    assert strings.replace("é", "", "-") == "-\udcc3-\udca9-"
    assert strings.replace_n({"": "x", "a": "y"}, "aé") == "xyx\udcc3x\udca9x"
