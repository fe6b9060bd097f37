"""The one place where sensitive values leave what people and files get to see."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from json import dumps
from typing import Final

from comply.findings import Exemption, Finding
from comply.plan.builtins.octets import printable
from comply.plan.values import Value
from comply.source import Span

MARK: Final = "(sensitive)"

_SHORT: Final = 4
"""A value shorter than this is only replaced where it stands alone: `a` is no secret
inside `address`."""

_LONG_LINE: Final = 8
"""A line of a sensitive text counts as sensitive by itself from this length on."""


def redact(findings: Iterable[Finding], secrets: Iterable[str]) -> list[Finding]:
    """Return findings with every secret replaced by `(sensitive)`.

    A secret is found as it is, as JSON writes it, and line by line. Characters that
    cannot be written as UTF-8 are replaced as well, so that every report can be.
    """
    listed = list(findings)
    forms = {form for secret in secrets for form in _forms(secret)}
    if forms:
        # One search over everything sorts out nearly all secrets of a large plan.
        everything = "\0".join(text for f in listed for text in _texts(f))
        forms = {form for form in forms if form in everything}
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return [_redacted(f, longest_first) for f in listed]


def _forms(secret: str) -> Iterator[str]:
    """Yield the ways in which a secret may stand in a text."""
    if not secret.strip():
        return
    yield secret
    yield secret.strip()
    yield dumps(secret)[1:-1]
    yield dumps(secret, ensure_ascii=False)[1:-1]
    for line in secret.splitlines():
        if len(line.strip()) >= _LONG_LINE:
            yield line.strip()


def _texts(finding: Finding) -> Iterator[str]:
    yield finding.title
    yield finding.message
    yield finding.fact
    yield finding.remediation
    yield finding.span.line if finding.span else ""
    if finding.exemption:
        yield finding.exemption.reason
    for row in finding.evidence:
        yield from _strings(row)


def _strings(value: Value) -> Iterator[str]:
    match value:
        case dict():
            for key, item in value.items():
                yield str(key)
                yield from _strings(item)
        case list() | tuple():
            for item in value:
                yield from _strings(item)
        case _:
            yield str(value)


def _redacted(finding: Finding, secrets: list[str]) -> Finding:
    span = finding.span
    exemption = finding.exemption
    return replace(
        finding,
        rule_id=printable(finding.rule_id),
        title=_clean(finding.title, secrets),
        message=_clean(finding.message, secrets),
        fact=_clean(finding.fact, secrets),
        remediation=_clean(finding.remediation, secrets),
        span=_clean_span(span, secrets) if span else None,
        evidence=tuple(_clean_value(row, secrets) for row in finding.evidence),
        exemption=_clean_exemption(exemption, secrets) if exemption else None,
    )


def _clean_exemption(exemption: Exemption, secrets: list[str]) -> Exemption:
    return replace(
        exemption,
        reason=_clean(exemption.reason, secrets),
        owner=printable(exemption.owner),
        until=printable(exemption.until),
        place=printable(exemption.place),
    )


def _clean_span(span: Span, secrets: list[str]) -> Span:
    line = _clean(span.line, secrets)
    file = printable(span.file)
    # A changed line no longer fits its column.
    return replace(span, file=file, line=line if line == span.line else "")


def _clean_value(value: Value, secrets: list[str]) -> Value:
    match value:
        case str():
            return _clean(value, secrets)
        case dict():
            return {
                _clean(str(key), secrets): _clean_value(item, secrets)
                for key, item in value.items()
            }
        case list() | tuple():
            return [_clean_value(item, secrets) for item in value]
        case None | bool():
            return value
        case _:
            text = str(value)
            return MARK if text in secrets else value


def _clean(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        if secret in text:
            text = (
                _replace_alone(text, secret)
                if len(secret) < _SHORT or secret.isdigit()
                else text.replace(secret, MARK)
            )
    return printable(text)


def _replace_alone(text: str, secret: str) -> str:
    """Return `text` with `secret` replaced where no letter or digit touches it."""
    parts = text.split(secret)
    out = parts[0]
    for part in parts[1:]:
        alone = not out[-1:].isalnum() and not part[:1].isalnum()
        out += (MARK if alone else secret) + part
    return out
