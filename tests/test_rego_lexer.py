"""Rego text to tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rego_strategies import texts

from comply.rego.lexer import lex
from comply.rego.literals import EscapeError, decode_string
from comply.rego.printer import quoted


def kinds(text: str) -> list[str]:
    return lex(text).kinds[:-1]


def faults(text: str) -> list[tuple[int, int, str]]:
    return [(f.start, f.end, f.message) for f in lex(text).faults]


def test_tokens_are_kinds_and_places() -> None:
    tokens = lex('p := "a" # c\n')
    assert tokens.kinds == ["ident", ":=", "string", "eof"]
    assert tokens.starts == [0, 2, 5, 13]
    assert tokens.ends == [1, 4, 8, 13]
    assert tokens.strings == {5: "a"}
    assert [(c.at, c.text) for c in tokens.comments] == [(9, " c")]


def test_punctuation() -> None:
    text = "{ } [ ] ( ) . , ; : := = == != < <= > >= + - * / % | &"
    assert kinds(text) == text.split()
    assert kinds("a:=b==c!=d<=e>=f") == [
        "ident", ":=", "ident", "==", "ident", "!=", "ident", "<=", "ident", ">=",
        "ident",
    ]  # fmt: skip


def test_keywords_are_kinds_unless_a_dot_touches_them() -> None:
    assert kinds("not x in y") == ["not", "ident", "in", "ident"]
    assert kinds("not.x") == ["ident", ".", "ident"]
    assert kinds("x.not") == ["ident", ".", "ident"]
    assert kinds("not .x") == ["not", ".", "ident"]
    assert kinds("notx not_ not1 Not") == ["ident"] * 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'""', ""),
        (r'"\""', '"'),
        (r'"\\"', "\\"),
        (r'"a\\\"b"', 'a\\"b'),
        (r'"\n\t\r\b\f\/"', "\n\t\r\b\f/"),
        (r'"\u00e9\u00E9"', "éé"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\ud83d\u0041"', "\ufffdA"),
        (r'"\ude00"', "\ufffd"),
        (r'"x\ud83d"', "x\ufffd"),
        ('"é😀"', "é😀"),
        ('`a\\n\n\r\n"b`', 'a\\n\n\r\n"b'),
        ("``", ""),
    ],
)
def test_strings(text: str, value: str) -> None:
    tokens = lex(text)
    assert tokens.faults == []
    assert tokens.strings == {0: value}
    assert tokens.ends[0] == len(text)


@pytest.mark.parametrize("text", [r"\x", r"\u12", r"\u12g4", "\\", r"\a", r"\{"])
def test_escapes_that_are_none(text: str) -> None:
    with pytest.raises(EscapeError) as caught:
        decode_string("ab" + text)
    assert caught.value.offset == 2
    assert caught.value.width == min(len(text), 6) or not text.startswith("\\u")


@given(texts)
def test_quoted_strings_are_read_back(text: str) -> None:
    assert lex(quoted(text)).strings == {0: text}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"abc', [(0, 4, "non-terminated string")]),
        ('"abc\nx', [(0, 4, "non-terminated string")]),
        ('"abc\\', [(0, 5, "non-terminated string")]),
        ('"abc\\"', [(0, 6, "non-terminated string")]),
        ('"abc\\\n"', [(0, 7, "non-terminated string")]),
        ("`abc\n", [(0, 1, "non-terminated string")]),
        ('"a\\d"', [(2, 4, "illegal escape sequence")]),
        ("1.", [(0, 2, "expected fraction")]),
        ("1.e5", [(0, 4, "expected fraction")]),
        ("1e", [(0, 2, "expected exponent")]),
        ("1e+", [(0, 3, "expected exponent")]),
        ("1x2", [(0, 3, "illegal number format")]),
        ("x ! y", [(2, 3, "illegal ! character")]),
        ("$ x", [(0, 1, "illegal $ character")]),
        ("@", [(0, 1, "illegal token")]),
        ("é", [(0, 1, "illegal token")]),
        ("a \0 b", [(2, 3, "illegal null character")]),
        ("'it'", [(0, 1, "illegal token")]),
        ("'it\n'", [(0, 1, "illegal token"), (4, 5, "illegal token")]),
    ],
)
def test_faults(text: str, found: list[tuple[int, int, str]]) -> None:
    assert faults(text) == found


@pytest.mark.parametrize("text", ["0", "10", "0.5", "1e3", "1E-3", "1.5e+10", "007"])
def test_numbers_are_one_token(text: str) -> None:
    assert kinds(text) == ["number"]
    assert kinds(f"-{text}]") == ["-", "number", "]"]


@pytest.mark.parametrize("quote", ['"', "`"])
def test_templates(quote: str) -> None:
    tokens = lex("$`a{x}{{1: {2}}}b\\{`".replace("`", quote))
    assert tokens.faults == []
    assert tokens.kinds == [
        "template", "text", "open", "ident", "close", "open", "{", "number", ":", "{",
        "number", "}", "}", "close", "text", "end", "eof",
    ]  # fmt: skip
    assert list(tokens.strings.values()) == ["a", "b{"]


def test_templates_nest() -> None:
    tokens = lex('$"{$`{"}"}`}" }')
    assert tokens.kinds == [
        "template", "open", "template", "open", "string", "close", "end", "close",
        "end", "}", "eof",
    ]  # fmt: skip


def test_template_escapes() -> None:
    assert list(lex(r'$"\n\"\{"').strings.values()) == ['\n"{']
    assert list(lex(r"$`\n\}\\{`").strings.values()) == ["\\n\\}\\{"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('$"a', [(1, 2, "non-terminated string")]),
        ('$"a\n', [(1, 2, "non-terminated string")]),
        ("$`a\nb", [(1, 2, "non-terminated string")]),
        ('$"a{x', [(5, 5, "non-terminated string")]),
        ('$"a{x"', [(5, 6, "non-terminated string")]),
        ('$"\\}"', [(2, 4, "illegal escape sequence")]),
    ],
)
def test_template_faults(text: str, found: list[tuple[int, int, str]]) -> None:
    assert faults(text) == found


@given(st.text())
def test_any_text_is_cut_into_tokens_in_order(text: str) -> None:
    tokens = lex(text)
    assert tokens.kinds[-1] == "eof"
    assert len(tokens.kinds) == len(tokens.starts) == len(tokens.ends)
    end = 0
    for start, stop in zip(tokens.starts, tokens.ends, strict=True):
        assert end <= start <= stop <= len(text)
        end = stop


@given(st.text(st.sampled_from("aif\"`$\\{}[]()u09. \n#'|:=-")))
def test_no_character_is_lost(text: str) -> None:
    tokens = lex(text)
    rest = list(text)
    for start, stop in zip(tokens.starts, tokens.ends, strict=True):
        rest[start:stop] = " " * (stop - start)
    for comment in tokens.comments:
        stop = comment.at + 1 + len(comment.text)
        rest[comment.at : stop] = " " * (stop - comment.at)
    assert not "".join(rest).strip()


def test_what_is_no_rego_at_all_is_told_at_once() -> None:
    faults = lex("\0" * 100_000).faults
    assert 0 < len(faults) <= 100
    assert lex("package a\n" + "?" * 100_000).kinds[-1] == "eof"
