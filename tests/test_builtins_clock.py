"""Times: written and read by Go's layouts, moved by the calendar, in any zone."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.plan.builtins import clock
from comply.plan.builtins.durations import read_duration
from comply.plan.builtins.failure import BuiltinError, Evaluation
from comply.plan.builtins.go_layout import LAYOUTS, chunks
from comply.plan.builtins.go_time_reading import read_moment
from comply.plan.builtins.gregorian import from_days, to_days

SECOND = 10**9
moments = st.integers(-(2**63), 2**63 - 1)
zones = st.sampled_from(
    ["UTC", "America/Los_Angeles", "Asia/Kolkata", "Europe/Dublin", "Etc/GMT+5"]
)
# These tell all of a moment but the fraction of its second.
COMPLETE = ["RubyDate", "RFC1123Z", "RFC3339", "2006-002 15:04:05 -07:00:00"]


@given(moments, zones)
def test_what_is_formatted_reads_back(ns: int, zone: str) -> None:
    text = clock.format_time([ns, zone])
    if zone == "UTC" or ns > 0:  # long ago offsets had seconds, which this lacks
        assert clock.parse_rfc3339_ns(text) == ns


@given(st.integers(0, 4 * 10**9), zones, st.sampled_from(COMPLETE))
def test_layouts_read_back(seconds: int, zone: str, layout: str) -> None:
    ns = seconds * SECOND
    assert clock.parse_ns(layout, clock.format_time([ns, zone, layout])) == ns


@given(moments, zones)
def test_dates_are_those_of_the_standard_library(ns: int, zone: str) -> None:
    local = datetime.fromtimestamp(ns // SECOND, ZoneInfo(zone))
    assert clock.date([ns, zone]) == [local.year, local.month, local.day]
    assert clock.clock([ns, zone]) == [local.hour, local.minute, local.second]
    assert clock.weekday([ns, zone]) == local.strftime("%A")


@given(st.integers(-3_000_000, 3_000_000))
def test_days_are_inverses(days: int) -> None:
    assert to_days(*from_days(days)) == days


@given(st.integers(-700_000, 2_900_000))
def test_days_are_those_of_the_standard_library(days: int) -> None:
    date = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)).date()
    assert from_days(days) == (date.year, date.month, date.day)


@given(moments, moments)
def test_differences_are_symmetric(a: int, b: int) -> None:
    assert clock.diff(a, b) == clock.diff(b, a)
    assert all(part >= 0 for part in clock.diff(a, b))


@given(st.integers(0, 4 * 10**18), st.integers(-400, 400))
def test_adding_days_moves_by_days(ns: int, days: int) -> None:
    assert clock.add_date(ns, 0, 0, days) == ns + days * 86_400 * SECOND


def test_adding_days_keeps_the_hour_of_a_zone() -> None:
    before = clock.parse_rfc3339_ns("2024-03-30T12:00:00+01:00")
    after = clock.add_date([before, "Europe/Berlin"], 0, 0, 1)
    assert clock.format_time([after, "Europe/Berlin"]) == "2024-03-31T12:00:00+02:00"


@pytest.mark.parametrize("layout", [*LAYOUTS.values(), "é", "Janet", "_2006", "05.x"])
def test_chunks_are_the_whole_layout(layout: str) -> None:
    assert "".join(chunk.text for chunk in chunks(layout)) == layout


@given(st.text(max_size=20), st.text("0123456789 -:TZ.+JanPM", max_size=20))
def test_reading_never_crashes(layout: str, text: str) -> None:
    with suppress(BuiltinError):
        read_moment(text, layout)


@given(st.integers(0, 2**63 - 1))
def test_nanoseconds_are_a_duration(ns: int) -> None:
    assert read_duration(f"{ns}ns") == ns
    assert read_duration(f"-{ns}ns") == -ns


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "/etc/localtime", "\0"])
def test_zones_that_are_none(name: str) -> None:
    with pytest.raises(BuiltinError):
        clock.date([0, name])


def test_now_is_the_time_of_the_evaluation() -> None:
    assert clock.now_ns(Evaluation(now_ns=7)) == 7
