"""The terminal a report is written to: colours and width, as people asked for them."""

import os
from typing import Literal, TextIO, TypeAlias

Choice: TypeAlias = Literal["auto", "always", "never"]


def wants_colour(out: TextIO, choice: Choice = "auto") -> bool:
    """Tell whether to write colours: to a terminal, unless NO_COLOR is set.

    FORCE_COLOR asks for them elsewhere, such as in the log of a CI system.
    https://no-color.org and https://force-color.org
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return out.isatty() and os.environ.get("TERM") != "dumb"


def width_of(out: TextIO) -> int:
    """Return the columns of a terminal, 0 for what is none and wraps no lines."""
    if not out.isatty():
        return 0
    # Imported here because it brings all kinds of archives with it.
    from shutil import get_terminal_size

    return get_terminal_size().columns
