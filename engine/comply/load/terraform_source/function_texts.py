"""Terraform's functions of texts, and its `format`."""

import json
import re  # noqa: TID251  (linear patterns of ours, no Rego)
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import re2

from comply.load.terraform_source.values import (
    EvaluationFailureError,
    TerraformValue,
    number_of,
    text_of,
    whole,
)

_LONGEST: Final = 1 << 20
_VERB: Final = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width>\d*)(?:\.(?P<exact>\d*))?"
    r"(?:\[(?P<which>\d+)\])?(?P<verb>[a-zA-Z%])"
)
_TITLE: Final = re.compile(r"(^|[^\w'])(\w)")


def _format(pattern: str, *args: TerraformValue) -> str:
    """Return a text made after a pattern with Go's verbs."""
    made: list[str] = []
    at = following = 0
    for found in _VERB.finditer(pattern):
        made.append(pattern[at : found.start()])
        at = found.end()
        if found["verb"] == "%":
            made.append("%")
            continue
        if found["which"]:
            following = int(found["which"]) - 1
        made.append(_shown(found, args[following]))
        following += 1
    made.append(pattern[at:])
    return "".join(made)


def _shown(found: re.Match[str], value: TerraformValue) -> str:
    flags, width = found["flags"], int(found["width"] or 0)
    if width > _LONGEST:
        raise EvaluationFailureError("the width is too large")
    text = _verb(found, value)
    if "+" in flags and found["verb"] in "dfeg" and not text.startswith("-"):
        text = "+" + text
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and found["verb"] in "dfegxXbo":
        return text.zfill(width)
    return text.rjust(width)


def _verb(  # noqa: PLR0911  (one case a verb)
    found: re.Match[str], value: TerraformValue
) -> str:
    verb, exact = found["verb"], found["exact"]
    match verb:
        case "s":
            text = text_of(value)
            return text[: int(exact)] if exact else text
        case "q":
            return json.dumps(text_of(value), ensure_ascii=False)
        case "d":
            return str(int(number_of(value)))
        case "b" | "o" | "x" | "X":
            if isinstance(value, str):
                encoded = value.encode().hex()
                return encoded.upper() if verb == "X" else encoded
            return format(int(number_of(value)), verb)
        case "f" | "e" | "g" | "F" | "E" | "G":
            digits = min(int(exact), 100) if exact else 6
            if verb in "gG" and not exact:
                return str(whole(number_of(value)))
            return format(number_of(value), f".{digits}{verb}")
        case "t":
            return text_of(bool(value))
        case "v":
            return _any(value, quoted="#" in found["flags"])
        case _:
            raise EvaluationFailureError(f"format has no verb %{verb}")


def _any(value: TerraformValue, *, quoted: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, list | dict) or (quoted and isinstance(value, str)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text_of(value)


def _format_list(pattern: str, *args: TerraformValue) -> list[str]:
    lengths = {len(arg) for arg in args if isinstance(arg, list)}
    if len(lengths) > 1:
        raise EvaluationFailureError("the lists are of several lengths")
    number = next(iter(lengths), 1)
    rows = [[a[i] if isinstance(a, list) else a for a in args] for i in range(number)]
    return [_format(pattern, *row) for row in rows]


def _join(separator: str, *lists: list[TerraformValue]) -> str:
    return separator.join(text_of(item) for items in lists for item in items)


def _split(separator: str, text: str) -> list[str]:
    text = text_of(text)
    if not text:
        return [""] if separator else []
    return text.split(separator) if separator else list(text)


def _replace(text: str, old: str, new: str) -> str:
    text = text_of(text)
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        template = re.sub(r"\$\{?(\d+)\}?", r"\\\1", new.replace("\\", "\\\\"))
        return str(_compiled(old[1:-1]).sub(template, text))
    if len(text) * (len(new) + 1) > _LONGEST * 64:
        raise EvaluationFailureError("the text grows too large")
    return text.replace(old, text_of(new))


def _regex(pattern: str, text: str) -> TerraformValue:
    found = _compiled(pattern).search(text)
    if found is None:
        raise EvaluationFailureError("the pattern matches nothing")
    return _captured(found)


def _regex_all(pattern: str, text: str) -> list[TerraformValue]:
    return [_captured(found) for found in _compiled(pattern).finditer(text)]


def _compiled(pattern: str) -> Any:  # noqa: ANN401  (re2 has no types)
    options = re2.Options()
    # It would write to our standard error.
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace")
        raise EvaluationFailureError(f"this is no regular expression: {said}") from None


def _captured(found: Any) -> TerraformValue:  # noqa: ANN401  (re2 has no types)
    if names := found.groupdict():
        return dict(names)
    return list(found.groups()) or found.group()


def _substring(text: str, start: int, length: int) -> str:
    start = int(start) if start >= 0 else len(text) + int(start)
    if start < 0:
        raise EvaluationFailureError("the text is shorter")
    return text[start:] if length < 0 else text[start : start + int(length)]


def _indent(blanks: int, text: str) -> str:
    if blanks * (text.count("\n") + 1) > _LONGEST:
        raise EvaluationFailureError("the text grows too large")
    return text.replace("\n", "\n" + " " * int(blanks))


def _title(text: str) -> str:
    return _TITLE.sub(lambda m: m[1] + m[2].upper(), text)


def _chomp(text: str) -> str:
    return text.rstrip("\r\n")


def _trim_suffix(text: str, suffix: str) -> str:
    return text_of(text).removesuffix(suffix)


def _trim_prefix(text: str, prefix: str) -> str:
    return text_of(text).removeprefix(prefix)


def _reversed(text: str) -> str:
    return text[::-1]


def _contains(text: str, part: str) -> bool:
    return part in text_of(text)


def _strip_of(text: str, signs: str) -> str:
    return text_of(text).strip(signs)


def _lower(text: TerraformValue) -> str:
    return text_of(text).lower()


def _upper(text: TerraformValue) -> str:
    return text_of(text).upper()


def _strip(text: TerraformValue) -> str:
    return text_of(text).strip()


def _starts(text: TerraformValue, prefix: str) -> bool:
    return text_of(text).startswith(prefix)


def _ends(text: TerraformValue, suffix: str) -> bool:
    return text_of(text).endswith(suffix)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _compare_times(left: str, right: str) -> int:
    a, b = _moment(left), _moment(right)
    return (a > b) - (a < b)


_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def _add_time(text: str, duration: str) -> str:
    parts = re.findall(r"(-?[\d.]+)(ms|us|ns|h|m|s)", duration)
    if not parts or "".join(a + b for a, b in parts) != duration:
        raise EvaluationFailureError("this is no duration")
    seconds = sum(_seconds(parts))
    return (_moment(text) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(parts: Iterable[tuple[str, str]]) -> Iterable[float]:
    return (float(number) * _UNITS[unit] for number, unit in parts)


TEXTS: Final[dict[str, Callable[..., Any]]] = {
    "chomp": _chomp,
    "endswith": _ends,
    "format": _format,
    "formatlist": _format_list,
    "indent": _indent,
    "join": _join,
    "lower": _lower,
    "regex": _regex,
    "regexall": _regex_all,
    "replace": _replace,
    "split": _split,
    "startswith": _starts,
    "strcontains": _contains,
    "strrev": _reversed,
    "substr": _substring,
    "timeadd": _add_time,
    "timecmp": _compare_times,
    "title": _title,
    "trim": _strip_of,
    "trimprefix": _trim_prefix,
    "trimspace": _strip,
    "trimsuffix": _trim_suffix,
    "upper": _upper,
}
