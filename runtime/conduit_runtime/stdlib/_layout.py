"""Formats of times: strftime's directives, and Go's layouts, which show a reference time.

`2006-01-02 15:04:05` is `%Y-%m-%d %H:%M:%S`. A format that has a `%` is strftime's. A layout writes
the names of months and days in English, whatever the locale.
"""

import functools
import re
from collections.abc import Callable
from datetime import date, datetime, time

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _offset(moment: datetime, separator: str, zulu: bool = False) -> str:
    """The offset from UTC, without seconds; with `zulu`, `Z` for UTC itself."""
    total = moment.utcoffset()
    minutes = 0 if total is None else int(total.total_seconds()) // 60
    if zulu and minutes == 0:
        return "Z"
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}{separator}{rest:02d}"


def _twelve(moment: datetime) -> int:
    return (moment.hour - 1) % 12 + 1


# Go's token → (how it is written, the directive that reads it); longer tokens first
_GO: dict[str, tuple[Callable[[datetime], str], str]] = {
    "January": (lambda t: _MONTHS[t.month - 1], "%B"),
    "Jan": (lambda t: _MONTHS[t.month - 1][:3], "%b"),
    "Monday": (lambda t: _DAYS[t.weekday()], "%A"),
    "Mon": (lambda t: _DAYS[t.weekday()][:3], "%a"),
    "MST": (lambda t: t.tzname() or "", "%Z"),
    "2006": (lambda t: f"{t.year:04d}", "%Y"),
    "-07:00": (lambda t: _offset(t, ":"), "%z"),
    "-0700": (lambda t: _offset(t, ""), "%z"),
    "-07": (lambda t: _offset(t, "")[:3], "%z"),
    "Z07:00": (lambda t: _offset(t, ":", zulu=True), "%z"),
    "Z0700": (lambda t: _offset(t, "", zulu=True), "%z"),
    "002": (lambda t: f"{t.timetuple().tm_yday:03d}", "%j"),
    "01": (lambda t: f"{t.month:02d}", "%m"),
    "02": (lambda t: f"{t.day:02d}", "%d"),
    "03": (lambda t: f"{_twelve(t):02d}", "%I"),
    "04": (lambda t: f"{t.minute:02d}", "%M"),
    "05": (lambda t: f"{t.second:02d}", "%S"),
    "06": (lambda t: f"{t.year % 100:02d}", "%y"),
    "15": (lambda t: f"{t.hour:02d}", "%H"),
    "_2": (lambda t: f"{t.day:2d}", " %d"),
    "PM": (lambda t: "AM" if t.hour < 12 else "PM", "%p"),
    "pm": (lambda t: "am" if t.hour < 12 else "pm", "%p"),
    "1": (lambda t: str(t.month), "%m"),
    "2": (lambda t: str(t.day), "%d"),
    "3": (lambda t: str(_twelve(t)), "%I"),
    "4": (lambda t: str(t.minute), "%M"),
    "5": (lambda t: str(t.second), "%S"),
}
# a fraction: a point or comma, then zeros (fixed) or nines (as many as needed), and no digit
_TOKEN = re.compile("|".join([*map(re.escape, _GO), r"[.,](?:0+|9+)(?!\d)"]))


def formatted(moment: datetime | date | time, format: str) -> str:
    """Format a time; a date is its midnight, a time of day has the date 1900-01-01.

    Raises ValueError for a format that strftime refuses.
    """
    if "%" in format:
        return moment.strftime(format)
    return _TOKEN.sub(lambda token: _written(token.group(), _full(moment)), format)


@functools.cache
def strptime_format(format: str) -> str:
    """The format in strptime's directives."""
    if "%" in format:
        return format
    return _TOKEN.sub(
        lambda token: _GO[token[0]][1] if token[0] in _GO else f"{token[0][0]}%f", format
    )


def _full(moment: datetime | date | time) -> datetime:
    if isinstance(moment, datetime):
        return moment
    if isinstance(moment, date):
        return datetime.combine(moment, time())
    return datetime.combine(date(1900, 1, 1), moment)


def _written(token: str, moment: datetime) -> str:
    if token in _GO:
        return _GO[token][0](moment)
    digits = f"{moment.microsecond:06d}".ljust(len(token) - 1, "0")[: len(token) - 1]
    if token[1] == "9":
        digits = digits.rstrip("0")
    return f"{token[0]}{digits}" if digits else ""
