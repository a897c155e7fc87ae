"""The differences that count as a change of a region."""

from datetime import UTC, datetime, timedelta

from conduit_dashboard.live.region import changed, region
from conduit_dashboard.rendering.texts import ago

AT = datetime.now(UTC)


def test_a_time_that_passes_is_no_change() -> None:
    old = '<time datetime="2026-01-01T00:00:00" title="…" data-ago>3 s ago</time> 3 jobs'
    assert region(old).version == region(old.replace("3 s ago", "5 s ago")).version
    assert region(old).version != region(old.replace("3 jobs", "5 jobs")).version
    assert region(old).version != region(old.replace("2026", "2025")).version


def test_another_time_is_a_change() -> None:
    assert region(ago(AT)).version != region(ago(AT - timedelta(days=1))).version


def test_what_is_new_or_other_or_gone() -> None:
    old = {"same": region("1"), "other": region("2"), "gone": region("3")}
    new = {"same": region("1"), "other": region("4"), "new": region("5")}
    found = {name: each.html for name, each in changed(old, new).items()}
    assert found == {"other": "4", "new": "5", "gone": ""}
    assert changed(new, new) == {}
