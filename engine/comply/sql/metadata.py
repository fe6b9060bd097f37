"""The `-- METADATA` comment above a statement: YAML, as in Rego's annotations."""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from comply.dialect.errors import SqlError
from comply.dialect.statements import Statement

_LARGEST: Final = 65_536


def metadata(statement: Statement) -> Mapping[str, Any]:
    """Return the metadata that stands right above a statement; empty if none does.

    Raises:
        SqlError: the comment is no YAML object.
    """
    lines = [c.value for c in statement.comments]
    starts = [i for i, line in enumerate(lines) if line.strip() == "METADATA"]
    if not starts:
        return {}
    first = starts[-1]
    body = "\n".join(line.removeprefix(" ") for line in lines[first + 1 :])
    place = statement.source.span(statement.comments[first].start)
    try:
        if len(body) > _LARGEST:
            raise SqlError(0, "this METADATA comment is too long", place)
        read = yaml.safe_load(body)
    except yaml.YAMLError as error:
        said = str(error).partition("\n")[0]
        raise SqlError(0, f"this METADATA comment is no YAML: {said}", place) from None
    if read is not None and not isinstance(read, dict):
        raise SqlError(0, "this METADATA comment is no YAML object", place)
    return read or {}
