"""The axis of a chart: its top is round and not far above the largest value."""

import pytest
from conduit_dashboard.charts.scale import (
    count_label,
    seconds_label,
    top_of_counts,
    top_of_seconds,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(0, 10**15))
def test_the_top_of_counts(most: int) -> None:
    top = top_of_counts(most)
    assert most <= top <= max(2, 2 * most)
    assert top % 2 == 0


@given(st.floats(0.0001, 1e8))
def test_the_top_of_seconds(longest: float) -> None:
    top = top_of_seconds(longest)
    assert longest <= top
    assert top <= max(0.001, 3 * longest)


@pytest.mark.parametrize(
    ("value", "label"),
    [(0, "0"), (7, "7"), (850, "850"), (1200, "1.2k"), (35_000, "35k"), (4e6, "4M"), (2e9, "2G")],
)
def test_counts(value: float, label: str) -> None:
    assert count_label(value) == label


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (0, "0"),
        (0.0025, "2.5 ms"),
        (0.5, "500 ms"),
        (30, "30 s"),
        (900, "15 min"),
        (43_200, "12 h"),
        (86_400, "24 h"),
        (345_600, "4 d"),
    ],
)
def test_seconds(value: float, label: str) -> None:
    assert seconds_label(value) == label


@given(st.floats(0.0001, 1e8), st.sampled_from([0.5, 1.0]))
def test_labels_of_the_axis_are_exact(longest: float, share: float) -> None:
    """The label of a line is the line's value, not a value near it."""
    value = share * top_of_seconds(longest)
    number, unit = seconds_label(value).split()
    sizes = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86_400}
    assert float(number) * sizes[unit] == pytest.approx(value, rel=0.005)
