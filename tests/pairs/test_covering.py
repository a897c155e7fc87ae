"""The table has each pair of values that may meet, and no other."""

from collections import Counter

from covering import covering, pairs_in, pairs_of
from pair_axes import APART, AXES, may_meet


def test_each_pair_that_may_meet_meets() -> None:
    rows = covering(AXES, may_meet)
    wanted = pairs_of(AXES, may_meet)
    assert {pair for row in rows for pair in pairs_in(row)} == wanted
    by_axes = Counter(frozenset(axis for axis, _ in pair) for pair in wanted)
    least = max(by_axes.values())  # a row has one pair of each two axes
    assert len(rows) <= 1.1 * least


def test_only_values_of_the_axes_are_kept_apart() -> None:
    values = {value for axis in AXES.values() for value in axis}
    assert {value for pair in APART for value in pair}.issubset(values)
