"""DATE <-> DAYS: the proleptic Gregorian calendar, of any year."""

_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def is_leap(year: int) -> bool:
    """Tell whether a year has 366 days.

    >>> is_leap(2000), is_leap(1900)
    (True, False)
    """
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_before(year: int, month: int) -> int:
    """Return the days of a year before its `month` (1 to 13).

    >>> days_before(2024, 3)
    60
    """
    return _DAYS_BEFORE[month - 1] + (month > 2 and is_leap(year))


def days_in(year: int, month: int) -> int:
    """Return the days of a month.

    >>> days_in(2024, 2)
    29
    """
    return days_before(year, month + 1) - days_before(year, month)


def to_days(year: int, month: int, day: int) -> int:
    """Return the days from 1 January 1970 to a date.

    The month and the day may be out of range: they then count on into what follows.

    >>> to_days(1970, 13, 1), to_days(1970, 1, 0)
    (365, -1)
    """
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    before = year - 1
    leaps = before // 4 - before // 100 + before // 400
    return before * 365 + leaps + days_before(year, month) + day - 1 - 719162


def from_days(days: int) -> tuple[int, int, int]:
    """Return the year, month and day that lie `days` after 1 January 1970.

    >>> from_days(0), from_days(-1)
    ((1970, 1, 1), (1969, 12, 31))
    """
    # A year too many at most: 400 years have 146,097 days.
    year = 1970 + days * 400 // 146097 + 1
    while to_days(year, 1, 1) > days:
        year -= 1
    yearday = days - to_days(year, 1, 1)
    month = 12
    while days_before(year, month) > yearday:
        month -= 1
    return year, month, yearday - days_before(year, month) + 1
