"""Durations as people read them, in their largest whole unit."""

_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


def short_duration(seconds: float) -> str:
    """As in `90s`, `15m`, `12h`, `3d`."""
    number, unit = _in_largest_unit(max(0.0, seconds))
    return number + unit[0]


def in_words(seconds: float | None) -> str:
    """As in `90 s`, `15 minutes`, `12 hours`; None is a time that is not known."""
    if seconds is None:
        return "an unknown time"
    return " ".join(_in_largest_unit(seconds))


def _in_largest_unit(seconds: float) -> tuple[str, str]:
    """The largest unit of which there are two."""
    for unit, size in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}", unit
    return f"{seconds:.0f}", "s"
