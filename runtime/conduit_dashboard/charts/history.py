"""The charts of the overview: attempts, failures, waits and run times over a period."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from conduit_runtime.model.dashboard.attempts import Attempts
from markupsafe import Markup

from .chart import Chart, Values, bars, lines
from .scale import count_label, seconds_label, top_of_counts, top_of_seconds

Quantile = Callable[[Attempts], float | None]


@dataclass(frozen=True, slots=True)
class Window:
    """A period that the charts show in parts; for example, "1h" is an hour in minutes."""

    name: str
    words: str
    period: timedelta
    step: timedelta
    part: str
    fresh: float
    """Seconds for which read data is shown again."""


WINDOWS = {
    window.name: window
    for window in (
        Window("1h", "1 hour", timedelta(hours=1), timedelta(minutes=1), "minute", 1.0),
        Window("24h", "24 hours", timedelta(hours=24), timedelta(hours=1), "hour", 60.0),
        Window("30d", "30 days", timedelta(days=30), timedelta(days=1), "day", 60.0),
    )
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its caption and its legend."""

    caption: str
    svg: Markup
    legend: Sequence[tuple[str, str]]


def figures(parts: Sequence[Attempts], name: str) -> list[Figure]:
    """The charts of these attempts, over the window of this name."""
    window = WINDOWS[name]
    bad = (("bar bad", "failed"),)
    return [
        _counted("Attempts", parts, window, (("bar", "succeeded"), *bad)),
        _counted("Failed attempts", parts, window, bad),
        _timed("Wait until the start", parts, window, lambda p: p.wait_p50, lambda p: p.wait_p95),
        _timed("Run time", parts, window, lambda p: p.run_p50, lambda p: p.run_p95),
    ]


def _counted(
    name: str, parts: Sequence[Attempts], window: Window, legend: Sequence[tuple[str, str]]
) -> Figure:
    columns = [[float(getattr(part, what)) for part in parts] for _, what in legend]
    sums = [sum(values) for values in zip(*columns, strict=True)]
    hints = [
        f"{_span(part, window)}: "
        + ", ".join(f"{getattr(part, what):,} {what}" for _, what in legend)
        for part in parts
    ]
    caption = f"{name} per {window.part}"
    summary = (
        f"{caption} over the last {window.words}: {sum(sums):,.0f} altogether, "
        f"at most {max(sums, default=0):,.0f}"
    )
    values = [Values(look, column) for (look, _), column in zip(legend, columns, strict=True)]
    top = top_of_counts(max(sums, default=0))
    return Figure(
        caption, bars(Chart(summary, values, hints, top, count_label, _since(window))), legend
    )


def _timed(
    name: str, parts: Sequence[Attempts], window: Window, p50: Quantile, p95: Quantile
) -> Figure:
    halves, mosts = [p50(part) for part in parts], [p95(part) for part in parts]
    measured = [value for value in mosts if value is not None]
    longest = max(measured, default=0.0)
    hints = [
        f"{_span(part, window)}: "
        + (
            "no attempt"
            if most is None or half is None
            else f"p50 {_exact(half)}, p95 {_exact(most)}"
        )
        for part, half, most in zip(parts, halves, mosts, strict=True)
    ]
    summary = f"{name} over the last {window.words}: " + (
        f"95 % of each {window.part}'s attempts took at most {_exact(longest)}"
        if measured
        else "no attempt"
    )
    values = [Values("line second", halves), Values("line", mosts)]
    top = top_of_seconds(longest or 1.0)
    chart = Chart(summary, values, hints, top, seconds_label, _since(window))
    return Figure(name, lines(chart), (("line", "p95"), ("line second", "p50")))


def _exact(seconds: float) -> str:
    return seconds_label(float(f"{seconds:.2g}"))


def _since(window: Window) -> str:
    return f"{window.words} ago"


def _span(part: Attempts, window: Window) -> str:
    """The time of a part, as in `14:05 UTC` or `21 November`."""
    since: datetime = part.since.astimezone(UTC)
    if window.step >= timedelta(days=1):
        return f"{since.day} {since:%B}"
    return f"{since:%H:%M} UTC"
