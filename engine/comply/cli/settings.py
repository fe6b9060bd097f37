"""comply.yaml as the commands see it: found, read, its paths made useful from here.

A flag goes before the environment, that before the file, that before the default.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from comply.classes import dataclass, field
from comply.findings import SEVERITIES
from comply.load.folder import take_all
from comply.rules.files import require_pack
from comply.source import ComplyError, Span

if TYPE_CHECKING:
    from comply.exempt.allowance import Allowance

NAME: Final = "comply.yaml"

FLAG: Final = "the command line"
"""The origin of settings that flags and arguments give."""

_UNDETERMINED: Final = ("pass", "warn", "fail")

_LISTS: Final = ("paths", "rules", "packs")
"""The settings whose items have to be there before anything is checked."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line, the environment and comply.yaml together ask for.

    `fail_on` is the least severity that fails a run; `undetermined` what becomes of
    what cannot be told yet; `exclude` are patterns of paths that are not looked at;
    `severities` maps rules or patterns to severities; `formats` are reports as `-f`
    names them; `sources` maps patterns of plans to the folders of the configurations
    they are of; `file` is the comply.yaml the settings come from, if there is one.
    `timeout` (seconds), `max_findings` and `max_memory` (MB) are what one rule may take,
    0 for any; `var_files` hold the values of Terraform variables, `variables` those and
    NAME=VALUE of the command line.
    `origins` tells where each setting that is no default was given, `places` where the
    file names paths, rules and packs.
    """

    paths: tuple[Path, ...] = ()
    packs: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    fail_on: str = "info"
    undetermined: str = "warn"
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    file: Path | None = None
    exclude: tuple[str, ...] = ()
    severities: dict[str, str] = field(default_factory=dict)
    exceptions: "tuple[Allowance, ...]" = ()
    baseline: Path | None = None
    formats: tuple[str, ...] = ()
    sources: dict[str, Path] = field(default_factory=dict)
    timeout: float = 30.0
    max_findings: int = 250_000
    max_memory: int = 1_024
    var_files: tuple[Path, ...] = ()
    variables: tuple[str | Path, ...] = ()
    origins: dict[str, str] = field(default_factory=dict, compare=False)
    places: dict[str, tuple[Span | None, ...]] = field(
        default_factory=dict, compare=False
    )


def read_settings(file: Path | None) -> Settings:
    """Return the settings in `file`, or in the comply.yaml of this folder if any.

    `COMPLY_CONFIG` names the file too, and other variables settings in it.

    Raises:
        ComplyError: if the file cannot be read or says what comply does not know, or if
            a variable does.
    """
    named = os.environ.get("COMPLY_CONFIG")
    if file is None and named:
        file = Path(named)
    found = Settings()
    if file is not None or Path(NAME).exists():
        found = _read(file or Path(NAME))
    return with_environment(found, os.environ)


def with_environment(settings: Settings, variables: Mapping[str, str]) -> Settings:
    """Return the settings with what variables such as COMPLY_FAIL_ON say put first.

    An empty variable says nothing. Lists are separated as PATH is, packs and formats by
    commas.

    Raises:
        ComplyError: if a variable has a value that its setting cannot have.
    """
    for setting, read in VARIABLES.items():
        name = _variable(setting)
        if text := variables.get(name):
            settings = replace(
                settings,
                **{setting: read(name, text)},
                origins={**settings.origins, setting: name},
            )
    return settings


def confirm(settings: Settings) -> None:
    """Refuse what the file names and is not there, unless something goes before it.

    Raises:
        ComplyError: if a path, a rule or a pack is not there, with its place.
    """
    for name in _LISTS:
        # A run that has no use for a setting has emptied it.
        for item, span in zip(
            getattr(settings, name), _places(settings, name), strict=False
        ):
            try:
                _require(item)
            except ComplyError as error:
                raise ComplyError(error.message, span, error.hint) from None


def with_baseline(settings: Settings, file: Path | None) -> Settings:
    """Return the settings with the baseline that the command line names, if it does."""
    if file is None:
        return settings
    origins = {**settings.origins, "baseline": FLAG}
    return replace(settings, baseline=file, origins=origins)


def place_of(settings: Settings, name: str) -> Span | None:
    """Return where the file gives a setting, None if something else does."""
    return next(iter(_places(settings, name)), None)


def _places(settings: Settings, name: str) -> tuple[Span | None, ...]:
    if settings.origins.get(name) in (FLAG, _variable(name)):
        return ()
    return settings.places.get(name, ())


def _require(item: Path | str) -> None:
    if isinstance(item, str):
        require_pack(item)
    elif str(item) != "-" and not os.path.lexists(item):
        raise ComplyError(f"{item}: no such file or folder")


def _variable(setting: str) -> str:
    return f"COMPLY_{setting.upper()}"


def left_out(settings: Settings) -> Callable[[Path], bool]:
    """Return what tells whether a path in a folder is not to be looked at."""
    patterns = settings.exclude
    if not patterns:
        return take_all
    from comply.exempt.allowance import fits_path

    def skips(path: Path) -> bool:
        return any(fits_path(pattern, path.as_posix()) for pattern in patterns)

    return skips


def _paths(_name: str, text: str) -> tuple[Path, ...]:
    return tuple(Path(part) for part in text.split(os.pathsep) if part)


def _words(_name: str, text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _path(_name: str, text: str) -> Path:
    return Path(text)


def _severity(name: str, text: str) -> str:
    return _one_of(name, text, tuple(map(str, SEVERITIES)))


def _undetermined(name: str, text: str) -> str:
    return _one_of(name, text, _UNDETERMINED)


def _amount(name: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < inf:
        raise ComplyError(
            f"{name}: {text!r} is no number from 0 on",
            hint=f"unset {name}, or give it a number; 0 is no limit",
        )
    return found


def _count(name: str, text: str) -> int:
    return int(_amount(name, text))


def _one_of(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise ComplyError(
            f"{name}: {text!r} is not one of {', '.join(choices)}",
            hint=f"unset {name}, or give it one of these",
        )
    return text


VARIABLES: Final[dict[str, Callable[[str, str], Any]]] = {
    "paths": _paths,
    "exclude": _words,
    "packs": _words,
    "rules": _paths,
    "fail_on": _severity,
    "undetermined": _undetermined,
    "baseline": _path,
    "formats": _words,
    "timeout": _amount,
    "max_findings": _count,
    "max_memory": _count,
    "var_files": _paths,
}
"""The settings that a variable can give, and what reads its text."""


def _read(file: Path) -> Settings:
    # YAML and JSON Schema take 0.1 s to import: only who has a comply.yaml pays for it.
    from comply.config import configure
    from comply.load.encoding import read
    from comply.load.yaml_text import places, read_yaml

    source = read(file, str(file))
    documents = read_yaml(source)
    if len(documents) > 1:
        raise ComplyError(f"{NAME} is one document", source.span(documents[1][0]))
    start, value = documents[0] if documents else (0, None)
    find = places(source, start)

    def locate(path: tuple[str | int, ...]) -> Span | None:
        return find(path) if documents else None

    config = configure(value, locate)
    here = file.parent
    return Settings(
        paths=tuple(here / p for p in config.paths),
        packs=config.packs,
        rules=tuple(here / p for p in config.rules),
        fail_on=config.fail_on.value,
        undetermined=config.undetermined,
        parameters=config.parameters,
        file=file,
        exclude=tuple(_below(here, p) for p in config.exclude),
        severities=config.severities,
        exceptions=tuple(
            _allowance(item, here, locate(("exceptions", i)))
            for i, item in enumerate(config.exceptions)
        ),
        baseline=here / config.baseline if config.baseline else None,
        formats=tuple(_format(text, here) for text in config.formats),
        sources={_below(here, k): here / v for k, v in config.sources.items()},
        timeout=config.timeout,
        max_findings=config.max_findings,
        max_memory=config.max_memory,
        var_files=tuple(here / p for p in config.var_files),
        origins={name: _origin(locate, name, file) for name in value or {}},
        places={
            name: tuple(locate((name, i)) for i in range(len(getattr(config, name))))
            for name in _LISTS
        }
        | {"baseline": (locate(("baseline",)),)},
    )


def _origin(
    locate: Callable[[tuple[str | int, ...]], Span | None], name: str, file: Path
) -> str:
    span = locate((name,))
    return f"{file}:{span.row}" if span else str(file)


def _below(folder: Path, pattern: str) -> str:
    """Return a pattern of paths that is relative to a folder as one from here."""
    base = folder.as_posix()
    return pattern if base == "." else f"{base}/{pattern.removeprefix('./')}"


def _format(text: str, folder: Path) -> str:
    name, equals, file = text.partition("=")
    return f"{name}={folder / file}" if equals else name


def _allowance(item: dict[str, str], folder: Path, place: Span | None) -> "Allowance":
    from comply.exempt.allowance import Allowance

    return Allowance(
        rules=(item["rule"],),
        reason=item["reason"],
        owner=item.get("owner", ""),
        until=item.get("until", ""),
        facts=(item["fact"],) if "fact" in item else (),
        paths=(_below(folder, item["path"]),) if "path" in item else (),
        place=place,
    )
