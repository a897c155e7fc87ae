"""Durations as people read and write them, in the largest whole unit."""

import re
from datetime import timedelta

_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


def short_duration(seconds: float) -> str:
    """The duration in the form `90s`, `15m`, `12h`, `3d`."""
    number, unit = _in_largest_unit(max(0.0, seconds))
    return number + unit[0]


def in_words(seconds: float | None) -> str:
    """The duration in the form `90 s`, `15 minutes`, `12 hours`; None is an unknown time."""
    if seconds is None:
        return "an unknown time"
    return " ".join(_in_largest_unit(seconds))


def _in_largest_unit(seconds: float) -> tuple[str, str]:
    """The number and the name of the largest unit of which there are at least two."""
    for unit, size in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}", unit
    return f"{seconds:.0f}", "s"


_WRITTEN = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_duration(text: str) -> timedelta:
    """The duration of a text such as `90s` or `4w`. Raises ValueError, which says what to use."""
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a duration: use 90s, 15m, 12h, 30d or 4w")
    return timedelta(**{_WRITTEN[match[2]]: int(match[1])})
