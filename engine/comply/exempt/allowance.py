"""Exceptions as data, wherever they are written, and which findings they speak of."""

import re  # noqa: TID251  (patterns made of escaped text, no Rego)
from datetime import date
from functools import lru_cache
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.findings import Exemption, Finding
from comply.source import Span

MARK: Final = "comply:ignore"
"""How a comment begins that is an exception."""

KEY: Final = "comply.dev/ignore"
"""The annotation of a manifest that holds exceptions."""

Block: TypeAlias = tuple[str, int]
"""A file, and a row in it where a block or something in it stands."""

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Allowance:
    """One exception: for which rules, facts and files, why, by whom, until when.

    `rules`, `facts` and `paths` hold patterns; without any of a kind, all are meant.
    `rows` are the first and last row of the block that an inline exception stands at,
    None for one that has no block there; `fact` is what a manifest is called, for an
    annotation. `until` is a date (YYYY-MM-DD, the last day), empty for always.
    """

    rules: tuple[str, ...]
    reason: str
    owner: str = ""
    until: str = ""
    facts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    place: Span | None = None
    inline: bool = False
    rows: tuple[int, int] | None = None
    fact: str = ""

    @property
    def exemption(self) -> Exemption:
        """What an exempt finding says of the exception."""
        place = f"{self.place.file}:{self.place.row}" if self.place else ""
        return Exemption(self.reason, self.owner, self.until, place, self.inline)


@dataclass(frozen=True, slots=True)
class Ground:
    """The blocks that a finding is in, if it is one of the configuration in a folder.

    That is the block that declares what the finding is about, and the blocks that call
    the modules around it. `folder` is empty where there is no configuration.
    """

    blocks: frozenset[Block]
    folder: str = ""


def own_ground(finding: Finding) -> tuple[Ground, ...]:
    """Return the one ground of a finding that stands where its place says."""
    span = finding.span
    return (Ground(frozenset([(span.file, span.row)] if span else ())),)


def concerns(allowance: Allowance, finding: Finding) -> bool:
    """Tell whether an exception names the rule of a finding."""
    return any(fits(rule, finding.rule_id) for rule in allowance.rules)


def covers(
    allowance: Allowance, finding: Finding, ground: Ground | None = None
) -> bool:
    """Tell whether an exception speaks of a finding, whatever its date says.

    An inline one does if it stands at a block of the ground.
    """
    if not concerns(allowance, finding):
        return False
    if allowance.inline:
        (own,) = own_ground(finding)
        return _stands_at(allowance, finding, ground or own)
    file = finding.span.file if finding.span else ""
    facts, paths = allowance.facts, allowance.paths
    return (not facts or any(fits(pattern, finding.fact) for pattern in facts)) and (
        not paths or any(fits_path(pattern, file) for pattern in paths)
    )


def _stands_at(allowance: Allowance, finding: Finding, ground: Ground) -> bool:
    place, span, rows = allowance.place, finding.span, allowance.rows
    if place is None:
        return False
    same_file = span is not None and span.file == place.file
    if same_file and allowance.fact and finding.fact == allowance.fact:
        return True
    return rows is not None and any(
        file == place.file and rows[0] <= row <= rows[1] for file, row in ground.blocks
    )


def has_expired(allowance: Allowance, today: date) -> bool:
    """Tell whether the last day of an exception is over."""
    return bool(allowance.until) and date.fromisoformat(allowance.until) < today


def is_date(text: str) -> bool:
    """Tell whether a text is a day of the calendar as YYYY-MM-DD."""
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def fits(pattern: str, text: str) -> bool:
    """Tell whether a text fits a pattern; only `*` and `?` stand for something else.

    Brackets are those of addresses, so the keys of `for_each` can be patterns too.

    >>> fits('module.x.aws_s3_bucket.b["*"]', 'module.x.aws_s3_bucket.b["logs"]')
    True
    >>> fits("terraform/*", "kubernetes/baseline/no-latest")
    False
    """
    return _compiled(pattern, folders=False).fullmatch(text) is not None


def fits_path(pattern: str, path: str) -> bool:
    """Tell whether a path fits a pattern, or lies in a folder that does.

    `*` stays in one folder, `**` goes through any number of them.

    >>> [fits_path(p, "legacy/a/main.tf") for p in ("legacy", "*/main.tf", "**/main.tf")]
    [True, False, True]
    """
    path = path.replace("\\", "/").removeprefix("./")
    expression = _compiled(pattern.removeprefix("./").rstrip("/"), folders=True)
    found = expression.match(path)
    return found is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str, *, folders: bool) -> re.Pattern[str]:
    one = "[^/]" if folders else "."
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": f"{one}*", "?": one}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    text = "".join(meaning.get(part, re.escape(part)) for part in parts)
    return re.compile(text + ("(?:/.*)?\\Z" if folders else "\\Z"), re.DOTALL)
