"""Charts of attempts: the positions of their marks, and their texts."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from conduit_dashboard.charts.history import WINDOWS, Figure, figures
from conduit_runtime.model.dashboard.attempts import Attempts

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def attempts(*counts: tuple[int, int, float | None]) -> list[Attempts]:
    """Attempts minute by minute: succeeded, failed, and the seconds that each waited and ran."""
    minute = timedelta(minutes=1)
    return [
        Attempts(NOON + at * minute, NOON + (at + 1) * minute, done, failed, *[seconds] * 4)
        for at, (done, failed, seconds) in enumerate(counts)
    ]


def rows(figure: Figure, look: str) -> list[tuple[float, float]]:
    """The upper and lower edge of each bar with this class."""
    boxes = [box for box in ET.fromstring(figure.svg).iter("rect") if box.get("class") == look]
    edges = [(float(box.get("y", "")), float(box.get("height", ""))) for box in boxes]
    return [(y, y + height) for y, height in edges]


def paths(figure: Figure) -> list[str]:
    return [path.get("d", "") for path in ET.fromstring(figure.svg).iter("path")]


def hints(figure: Figure) -> list[str | None]:
    return [title.text for title in ET.fromstring(figure.svg).iter("title")]


def test_failures_are_above_successes() -> None:
    ended, failed, *_ = figures(attempts((6, 4, 1.0), (0, 0, None), (3, 0, 1.0)), "1h")
    [first, third] = rows(ended, "bar")
    [above] = rows(ended, "bar bad")
    assert (first, above, third) == ((56.8, 130.0), (8.0, 56.8), (93.4, 130.0))
    assert rows(failed, "bar") == []
    assert rows(failed, "bar bad") == [(8.0, 130.0)]
    assert hints(ended) == [
        "12:00 UTC: 6 succeeded, 4 failed",
        "12:01 UTC: 0 succeeded, 0 failed",
        "12:02 UTC: 3 succeeded, 0 failed",
    ]


def test_the_last_part_is_not_over() -> None:
    ended, *_ = figures(attempts((1, 0, 1.0), (2, 0, 1.0)), "1h")
    parts = [group.get("class") for group in ET.fromstring(ended.svg).iter("g")]
    assert parts == ["part", "part present"]


def test_lines_have_gaps_where_there_was_no_attempt() -> None:
    *_, wait, run = figures(
        attempts((1, 0, 1.0), (1, 0, 2.0), (0, 0, None), (1, 0, 0.0), (0, 0, None)), "1h"
    )
    assert paths(wait) == paths(run)
    assert len(paths(wait)) == 2
    for path in paths(wait):
        assert [command[0] for command in path.split() if command[0].isalpha()] == list("MhLMh")
    assert hints(run)[1:3] == ["12:01 UTC: p50 2 s, p95 2 s", "12:02 UTC: no attempt"]


def test_nothing_to_draw() -> None:
    for figure in figures(attempts((0, 0, None)), "24h"):
        assert paths(figure) == []
        assert "nan" not in figure.svg
        assert "aria-label" in figure.svg


@pytest.mark.slow
def test_the_chart_is_described_in_words() -> None:
    ended, failed, wait, _ = [
        ET.fromstring(figure.svg).get("aria-label")
        for figure in figures(attempts((6, 4, 90.0), (2, 0, 1.0)), "1h")
    ]
    assert ended == "Attempts per minute over the last 1 hour: 12 altogether, at most 10"
    assert failed == "Failed attempts per minute over the last 1 hour: 4 altogether, at most 4"
    assert wait == (
        "Wait until the start over the last 1 hour: 95 % of each minute's attempts took at most "
        "1.5 min"
    )


def test_days_are_named_by_their_date() -> None:
    ended, *_ = figures(attempts((1, 0, 1.0)), "30d")
    assert hints(ended) == ["2 January: 1 succeeded, 0 failed"]
    assert WINDOWS["30d"].part == "day"
