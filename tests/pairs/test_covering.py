"""The table has each pair of values that may meet, and no other."""

from covering import covering, pairs_in, pairs_of
from pair_axes import APART, AXES, may_meet


def test_each_pair_that_may_meet_meets() -> None:
    rows = covering(AXES, may_meet)
    assert {pair for row in rows for pair in pairs_in(row)} == pairs_of(AXES, may_meet)
    assert len(rows) < 100


def test_only_values_of_the_axes_are_kept_apart() -> None:
    values = {value for axis in AXES.values() for value in axis}
    assert {value for pair in APART for value in pair}.issubset(values)
