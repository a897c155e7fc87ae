"""Values as text for people."""

from datetime import UTC, datetime, timedelta

from conduit_runtime.model.text.durations import in_words
from conduit_runtime.model.text.printable import one_line
from markupsafe import Markup


def number(value: float) -> str:
    """A number with commas between thousands, as in `1,234,567`."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.0f}"


def counted_jobs(count: int) -> str:
    """A number of jobs, as in `no job`, `1 job` or `1,234 jobs`."""
    return {0: "no job", 1: "1 job"}.get(count, f"{count:,} jobs")


def duration(value: timedelta | float | None) -> str:
    """A duration as in `12 ms`, `3.4 s`, `15 minutes`; empty for None. A number is in seconds."""
    if value is None:
        return ""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else in_words(seconds)


def percent(share: float | None) -> str:
    """A share from 0 to 1 as in `2.1 %`. Only 0 becomes `0 %`, and only 1 becomes `100 %`."""
    if share is None:
        return ""
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    return f"{min(max(share * 100, 0.1), 99.9):.1f} %"


def ago(at: datetime | None) -> Markup:
    """A time as in `3 minutes ago` or `in 2 hours`, with the exact time on hover."""
    if at is None:
        return Markup("")
    seconds = (datetime.now(UTC) - at).total_seconds()
    if abs(seconds) < 1:
        words = "now"
    else:
        words = f"{in_words(seconds)} ago" if seconds > 0 else f"in {in_words(-seconds)}"
    exact = at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(
        exact.isoformat(), f"{exact:%Y-%m-%d %H:%M:%S} UTC", words
    )


def printable(value: object) -> str:
    """A text on one line, with control characters and direction marks as escapes."""
    return one_line(str(value))


def printable_lines(value: object) -> str:
    """A text of several lines, each made `printable`; tabs become spaces."""
    return "\n".join(map(one_line, str(value).expandtabs(4).splitlines()))
