"""comply.yaml as the commands see it: found, read, its paths made useful from here."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from comply.source import ComplyError, Span

NAME: Final = "comply.yaml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line and comply.yaml together ask for.

    `fail_on` is the least severity that fails a run; `undetermined` what becomes of
    what cannot be told yet; `file` the comply.yaml the
    settings come from, if there is one.
    """

    paths: tuple[Path, ...] = ()
    packs: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    fail_on: str = "info"
    undetermined: str = "warn"
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    file: Path | None = None


def read_settings(file: Path | None) -> Settings:
    """Return the settings in `file`, or in the comply.yaml of this folder if any.

    Raises:
        ComplyError: if the file cannot be read or says what comply does not know.
    """
    if file is None and not Path(NAME).exists():
        return Settings()
    return _read(file or Path(NAME))


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
    )
