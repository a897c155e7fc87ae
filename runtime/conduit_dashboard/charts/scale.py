"""The vertical axis of a chart, with round numbers."""

import math
from collections.abc import Sequence

_SECONDS = (
    *(scale * digit for scale in (0.001, 0.01, 0.1, 1.0) for digit in (1, 2, 5)),
    *(10.0, 20.0, 30.0),
    *(60.0 * minutes for minutes in (1, 2, 4, 10, 20, 30)),
    *(3600.0 * hours for hours in (1, 2, 4, 6, 12, 24, 48, 96)),
)


def top_of_counts(most: float) -> float:
    """The lowest round number that is not below `most`: at least 2, so that its half is whole."""
    power = 10.0 ** math.floor(math.log10(max(most, 1.0)))
    wanted = (power * digit for digit in (1, 2, 4, 6, 8, 10))
    return max(2.0, next(each for each in wanted if each >= most or each == power * 10))


def top_of_seconds(longest: float) -> float:
    """The lowest round duration that is not below `longest`, in seconds."""
    days = math.ceil(longest / 86_400 / 2) * 2 * 86_400.0
    return next((each for each in _SECONDS if each >= longest), days)


def count_label(value: float) -> str:
    """The text of a count, as in `850`, `1.2k`, `35k`, `4M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def seconds_label(value: float) -> str:
    """The text of a duration, as in `0`, `2.5 ms`, `30 s`, `15 min`, `12 h`, `4 d`."""
    if value == 0:
        return "0"
    units: Sequence[tuple[float, str]] = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    for size, unit in units:
        if value >= size * (2 if unit == "d" else 1):
            return f"{value / size:.3g} {unit}"
    return f"{value * 1000:.3g} ms"
