"""WORD -> WORDS: what a shell offers for values that click does not know."""

import click

from comply.report import REPORTERS


def pack_names(
    _context: click.Context, _parameter: click.Parameter, begun: str
) -> list[str]:
    """Return the packs that come with comply and begin so."""
    # Imported here because only a shell that completes asks.
    from comply.rules.files import packs

    return [name for name in packs() if name.startswith(begun)]


def format_names(
    _context: click.Context, _parameter: click.Parameter, begun: str
) -> list[str]:
    """Return the formats of reports that begin so."""
    return [name for name in REPORTERS if name.startswith(begun)]
