"""TEXT -> TEMPLATE: quoted text and heredocs, with interpolations and directives.

https://developer.hashicorp.com/terraform/language/expressions/strings
"""

import re  # noqa: TID251  (linear patterns of ours, no Rego)
from collections.abc import Callable
from typing import Final, TypeAlias

from comply.classes import dataclass, field
from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.reader import Reader

Parse: TypeAlias = Callable[[Reader], s.Expression]

_PLAIN: Final = re.compile(r'[^"\\$%\n]+')
_PLAIN_LINES: Final = re.compile(r"[^$%]+")
_HEREDOC: Final = re.compile(r"<<(-?)([^\W\d][\w-]*)[ \t]*\r?\n")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


@dataclass(slots=True)
class _Parts:
    """The parts of a template so far; `trim` tells that blanks come off what follows."""

    at: int
    found: list[s.Expression] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    trim: bool = False

    def text(self, text: str) -> None:
        if self.trim:
            text = text.lstrip()
            self.trim = not text
        self.plain.append(text)

    def flush(self, *, trim: bool = False) -> None:
        """End a piece of plain text, without the blanks at its end if `trim`."""
        text = "".join(self.plain)
        self.plain.clear()
        if trim:
            text = text.rstrip()
        if text:
            self.found.append(s.Literal(self.at, text))

    def add(self, part: s.Expression) -> None:
        self.found.append(part)

    def template(self) -> s.Expression:
        """Return the parts as one expression."""
        self.flush()
        if not self.found:
            return s.Literal(self.at, "")
        if len(self.found) == 1 and isinstance(self.found[0], s.Literal):
            return self.found[0]
        return s.Template(self.at, tuple(self.found))


def quoted(reader: Reader, at: int, parse: Parse) -> s.Expression:
    """Return the text that ends with the next quote; its first one has been read."""
    parts = _Parts(at)
    with reader.inside(bracketed=True):
        stop = _read(reader, parts, parse, lines=False)
    if stop != '"':
        raise reader.fail(f"`%{{ {stop} }}` without its beginning", at=at)
    return _alone(parts)


def heredoc(reader: Reader, at: int, parse: Parse) -> s.Expression:
    """Return the text of a heredoc, whose `<<` stands next."""
    opened = _HEREDOC.match(reader.text, reader.at)
    if opened is None:
        raise reader.fail("expected the marker of a heredoc and a new line after `<<`")
    marker = opened.group(2)
    closed = re.compile(rf"^[ \t]*{re.escape(marker)}[ \t]*\r?$", re.MULTILINE)
    end = closed.search(reader.text, opened.end())
    if end is None:
        raise reader.fail(f"a heredoc without the line `{marker}` at its end", at=at)
    text = reader.text[opened.end() : end.start()].replace("\r\n", "\n")
    reader.at = end.end()
    if opened.group(1):
        text = _unindented(text)
    return template(Reader(reader.source, text, base=at, depth=reader.depth), parse)


def template(reader: Reader, parse: Parse) -> s.Expression:
    """Return what a whole text is as a template, as `templatefile` reads one."""
    parts = _Parts(reader.base)
    with reader.inside(bracketed=True):
        stop = _read(reader, parts, parse, lines=True)
    if stop:
        raise reader.fail(f"`%{{ {stop} }}` without its beginning")
    return _alone(parts)


def _alone(parts: _Parts) -> s.Expression:
    """Return a template; an interpolation that is all of it gives its value as it is."""
    made = parts.template()
    if isinstance(made, s.Template) and len(made.parts) == 1:
        part = made.parts[0]
        if not (isinstance(part, s.For) and part.joined):
            return part
    return made


def _unindented(text: str) -> str:
    """Return a text without the blanks that all its lines begin with."""
    lines = text.split("\n")
    written = [line for line in lines if line.strip()]
    depth = min((len(x) - len(x.lstrip(" \t")) for x in written), default=0)
    return "\n".join(line[depth:] for line in lines)


def _read(reader: Reader, parts: _Parts, parse: Parse, *, lines: bool) -> str:
    """Read parts up to what ends them: a quote, a directive, or "" for the end."""
    plain = _PLAIN_LINES if lines else _PLAIN
    while reader.at < len(reader.text):
        if found := plain.match(reader.text, reader.at):
            parts.text(found.group())
            reader.at = found.end()
            continue
        if stop := _sign(reader, parts, parse, lines=lines):
            return stop
    if not lines:
        raise reader.fail("text without a closing quote", at=parts.at)
    return ""


def _sign(reader: Reader, parts: _Parts, parse: Parse, *, lines: bool) -> str:
    """Read what a quote, a backslash, `$` or `%` begins; return what ends the text."""
    text, at = reader.text, reader.at
    sign = text[at]
    if sign in "$%":
        if text.startswith(sign * 2 + "{", at):
            parts.text(sign + "{")
            reader.at += 3
        elif text.startswith("{", at + 1):
            reader.at += 2
            if sign == "$":
                _interpolation(reader, parts, parse)
            else:
                return _directive(reader, parts, parse, lines=lines)
        else:
            parts.text(sign)
            reader.at += 1
        return ""
    if sign == '"':
        reader.at += 1
        return '"'
    if sign == "\n":
        raise reader.fail(
            "text in quotes ends with its line",
            "close the quote, or write a heredoc: <<EOT",
            at=parts.at,
        )
    parts.text(_escape(reader))
    return ""


def _escape(reader: Reader) -> str:
    text, at = reader.text, reader.at + 1
    sign = text[at : at + 1]
    if sign in _ESCAPES:
        reader.at = at + 1
        return _ESCAPES[sign]
    width = {"u": 4, "U": 8}.get(sign, 0)
    digits = text[at + 1 : at + 1 + width]
    if width and re.fullmatch(rf"[0-9a-fA-F]{{{width}}}", digits):
        code = int(digits, 16)
        if code < 0x110000:
            reader.at = at + 1 + width
            return chr(code)
    raise reader.fail(f"`\\{sign}` is no escape", r"known: \n \r \t \" \\ \uXXXX")


def _interpolation(reader: Reader, parts: _Parts, parse: Parse) -> None:
    opened = reader.here() - 2
    parts.flush(trim=_tilde(reader))
    parts.trim = False
    with reader.inside(bracketed=True):
        parts.add(parse(reader))
    parts.trim = _close(reader, opened)


def _tilde(reader: Reader) -> bool:
    if reader.text.startswith("~", reader.at):
        reader.at += 1
        return True
    return False


def _close(reader: Reader, opened: int) -> bool:
    """Go past the end of an interpolation; tell whether blanks after it go."""
    trim = reader.take("~")
    reader.expect("}", "`}`", opened)
    return trim


def _directive(reader: Reader, parts: _Parts, parse: Parse, *, lines: bool) -> str:
    """Read `%{ if }` or `%{ for }` to its end; return the name of any other."""
    opened = reader.here() - 2
    parts.flush(trim=_tilde(reader))
    parts.trim = False
    with reader.inside(bracketed=True):
        word = reader.identifier()
        if word == "if":
            parts.add(_if(reader, parts, parse, opened, lines=lines))
        elif word == "for":
            parts.add(_for(reader, parts, parse, opened, lines=lines))
        elif word in ("else", "endif", "endfor"):
            parts.trim = _close(reader, opened)
            return word
        else:
            raise reader.fail("expected `if` or `for` after `%{`")
    return ""


def _if(
    reader: Reader, parts: _Parts, parse: Parse, opened: int, *, lines: bool
) -> s.Expression:
    test = parse(reader)
    yes, no = _Parts(opened), _Parts(opened)
    yes.trim = _close(reader, opened)
    stop = _read(reader, yes, parse, lines=lines)
    last = yes
    if stop == "else":
        no.trim, last = yes.trim, no
        stop = _read(reader, no, parse, lines=lines)
    if stop != "endif":
        raise reader.fail("`%{ if }` without `%{ endif }`", at=opened)
    parts.trim = last.trim
    return s.Conditional(opened, test, yes.template(), no.template())


def _for(
    reader: Reader, parts: _Parts, parse: Parse, opened: int, *, lines: bool
) -> s.Expression:
    names = [reader.identifier()]
    if reader.take(","):
        names.append(reader.identifier())
    if not all(names) or not reader.keyword("in"):
        raise reader.fail("expected `%{ for NAME in LIST }`", at=opened)
    source = parse(reader)
    inner = _Parts(opened)
    inner.trim = _close(reader, opened)
    if _read(reader, inner, parse, lines=lines) != "endfor":
        raise reader.fail("`%{ for }` without `%{ endfor }`", at=opened)
    parts.trim = inner.trim
    value = inner.template()
    return s.For(opened, tuple(names), source, None, value, None, joined=True)
