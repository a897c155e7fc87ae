"""Histograms of seconds whose bounds never change, so that any two can be added."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import partial

__all__ = ["BOUNDS", "count_into", "place_of", "quantile"]

BOUNDS: tuple[float, ...] = tuple(0.001 * math.pow(2.0, step / 2) for step in range(54))
"""Upper bounds in seconds, from a millisecond to 26 hours, each √2 times the one before.

The place of a count is the index of its bound; a last place holds what is longer. They are part of
what the database holds: never change one.
"""
_FEW = 32


place_of = partial(bisect_left, BOUNDS)
"""The place of a value in seconds."""


def count_into(counts: list[int], values: Sequence[float]) -> None:
    """Add values in seconds to `counts`, which has a place more than there are bounds."""
    if len(values) < _FEW:
        for value in values:
            counts[place_of(value)] += 1
        return
    ordered = sorted(values)
    below = 0
    for place, bound in enumerate(BOUNDS):
        upto = bisect_right(ordered, bound, below)
        counts[place] += upto - below
        below = upto
        if below == len(ordered):
            return
    counts[len(BOUNDS)] += len(ordered) - below


def quantile(counts: Sequence[int], share: float) -> float | None:
    """The value in seconds that `share` (0 to 1) of the values do not exceed; None without any.

    Right up to the width of a place, within which values are taken to lie evenly on a log scale.
    """
    wanted = share * sum(counts)
    below = 0
    for place, count in enumerate(counts):
        if count and below + count >= wanted:
            if place >= len(BOUNDS):
                return BOUNDS[-1]
            part = max(0.0, wanted - below) / count
            if place == 0:
                return BOUNDS[0] * part
            lower = math.log(BOUNDS[place - 1])
            return math.exp(lower + part * (math.log(BOUNDS[place]) - lower))
        below += count
    return None
