"""Histograms of seconds whose bounds never change, so that any two can be added."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import partial

BOUNDS: tuple[float, ...] = tuple(0.001 * math.pow(2.0, step / 2) for step in range(54))
"""Upper bounds in seconds, from a millisecond to 26 hours, each √2 times the one before.

The last bucket holds longer values. Never change a bound: the database stores counts by its index.
"""

bucket_of = partial(bisect_left, BOUNDS)
"""The bucket of a value in seconds."""


def count_into(counts: list[int], values: Iterable[float]) -> None:
    """Add values in seconds to `counts`, which has one bucket more than there are bounds."""
    for value in values:
        counts[bucket_of(value)] += 1


def quantile(counts: Sequence[int], share: float) -> float | None:
    """The value in seconds that `share` (0 to 1) of the values do not exceed; None without values.

    It is exact up to the width of a bucket: values are taken to lie evenly in it, on a log scale.
    """
    wanted = share * sum(counts)
    below = 0
    for bucket, count in enumerate(counts):
        if count and below + count >= wanted:
            if bucket >= len(BOUNDS):
                return BOUNDS[-1]
            part = max(0.0, wanted - below) / count
            if bucket == 0:
                return BOUNDS[0] * part
            lower = math.log(BOUNDS[bucket - 1])
            return math.exp(lower + part * (math.log(BOUNDS[bucket]) - lower))
        below += count
    return None
