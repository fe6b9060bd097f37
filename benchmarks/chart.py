"""Bar charts as SVG: small enough to read as text."""

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from measure import Bar

WIDTH = 760
LABELS = 300
ROW = 26
TOP = 40
INK = "#24292f"
OURS = "#1a7f64"
THEIRS = "#b3b9c0"


def svg(title: str, bars: Sequence[Bar]) -> str:
    """Return a chart of bars, longest value rightmost, on a logarithmic scale.

    Bars whose label names comply are coloured; the values stand beside the bars, so the
    scale need not be read.
    """
    height = TOP + ROW * len(bars) + 12
    rows = "\n".join(
        _row(bar, TOP + ROW * place, _length(bar, bars))
        for place, bar in enumerate(bars)
    )
    style = f"font: 13px system-ui, sans-serif; fill: {INK}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" aria-label="{escape(title)}">\n'
        f"<style>text {{ {style} }} .title {{ font-weight: 600 }}</style>\n"
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
        f'<text class="title" x="12" y="24">{escape(title)}</text>\n{rows}\n</svg>\n'
    )


def _length(bar: Bar, bars: Sequence[Bar]) -> float:
    """Return a bar's length: its place between the least and the greatest, by log."""
    values = [max(one.value, 1e-6) for one in bars]
    low, high = math.log10(min(values)) - 0.3, math.log10(max(values))
    span = max(high - low, 0.3)
    share = (math.log10(max(bar.value, 1e-6)) - low) / span
    return share * (WIDTH - LABELS - 130)


def _row(bar: Bar, top: int, length: float) -> str:
    colour = OURS if "comply" in bar.label else THEIRS
    value = f"{bar.value:,.2f}" if bar.value < 100 else f"{bar.value:,.0f}"
    return (
        f'<text x="{LABELS - 8}" y="{top + 16}" text-anchor="end">{escape(bar.label)}'
        f"</text>\n"
        f'<rect x="{LABELS}" y="{top + 3}" width="{length:.1f}" height="{ROW - 8}" '
        f'rx="2" fill="{colour}"/>\n'
        f'<text x="{LABELS + length + 8:.1f}" y="{top + 16}">{value} '
        f"{escape(bar.unit)}</text>"
    )
