"""`Time`."""

import datetime as dt
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from conduit_runtime.stdlib import Time
from hypothesis import given
from hypothesis import strategies as st

BERLIN = timezone(timedelta(hours=2))
INDIA = timezone(-timedelta(hours=5, minutes=30))
MOMENT = datetime(2026, 3, 5, 16, 7, 9, 120_000, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 31, 0, 5, 0, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "format", "expected"),
    [
        ("2026-03-05T16:07:09.12Z", None, MOMENT),
        ("2026-03-05t16:07:09.12z", None, MOMENT),
        (" 2026-03-05 16:07:09.120 ", None, MOMENT),
        ("2026-03-05T18:07:09.12+02:00", None, MOMENT),
        ("2026-03-05", None, datetime(2026, 3, 5, tzinfo=UTC)),
        ("05.03.2026", "%d.%m.%Y", datetime(2026, 3, 5, tzinfo=UTC)),
        ("2026-03-05 16:07:09", "2006-01-02 15:04:05", MOMENT.replace(microsecond=0)),
        (
            "Thu, 5 Mar 2026 4:07 PM",
            "Mon, 2 Jan 2006 3:04 PM",
            datetime(2026, 3, 5, 16, 7, tzinfo=UTC),
        ),
        ("2026-03-05T16:07:09Z", "2006-01-02T15:04:05Z07:00", MOMENT.replace(microsecond=0)),
        ("2026-03-05T18:07:09+02:00", "2006-01-02T15:04:05Z07:00", MOMENT.replace(microsecond=0)),
        ("16:07:09.120 05/03/26", "15:04:05.000 02/01/06", MOMENT),
        ("Mar  5 2026", "Jan _2 2006", datetime(2026, 3, 5, tzinfo=UTC)),
    ],
)
def test_parse(text: str, format: str | None, expected: datetime) -> None:
    parsed = Time.parse(text, format)
    assert parsed == expected
    assert parsed.tzinfo is not None


def test_parse_keeps_the_offset() -> None:
    assert Time.parse("2026-03-05T18:07:09+02:00").utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    ("time", "format", "expected"),
    [
        (MOMENT, "%Y-%m-%d %H:%M", "2026-03-05 16:07"),
        (MOMENT, "100%%", "100%"),
        (date(2026, 3, 5), "%d.%m.%Y", "05.03.2026"),
        (dt.time(16, 7), "%H:%M", "16:07"),
        (MOMENT, "2006-01-02 15:04:05", "2026-03-05 16:07:09"),
        (MOMENT, "Monday, January 2 2006", "Thursday, March 5 2026"),
        (MOMENT, "Mon Jan _2 03:04:05 PM 06", "Thu Mar  5 04:07:09 PM 26"),
        (MOMENT, "3:4:5pm 1/2", "4:7:9pm 3/5"),
        (MOMENT, "15:04:05.000", "16:07:09.120"),
        (MOMENT, "15:04:05.999999", "16:07:09.12"),
        (MOMENT, "15:04:05,000000000", "16:07:09,120000000"),
        (MOMENT.replace(microsecond=0), "05.999", "09"),
        (MOMENT, "2006-01-02T15:04:05Z07:00", "2026-03-05T16:07:09Z"),
        (MIDNIGHT, "2006-01-02T15:04:05Z07:00", "2026-01-31T00:05:00+02:00"),
        (MIDNIGHT.astimezone(INDIA), "-0700 -07:00 -07", "-0530 -05:30 -05"),
        (MIDNIGHT, "3 PM", "12 AM"),
        (MOMENT, "MST", "UTC"),
        (MOMENT, "002", "064"),
        (date(2026, 3, 5), "2006-01-02 15:04", "2026-03-05 00:00"),
        (dt.time(16, 7), "15h04", "16h07"),
        (date(33, 1, 1), "2006", "0033"),
        (MOMENT, "", ""),
        (MOMENT, "no tokens", "no tokens"),
    ],
)
def test_format(time: Any, format: str, expected: str) -> None:
    assert Time.format(time, format) == expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Time.add(MOMENT, timedelta(hours=8)), MOMENT + timedelta(hours=8)),
        (Time.add(date(2026, 2, 28), timedelta(days=1)), date(2026, 3, 1)),
        (Time.subtract(MOMENT, timedelta(days=6)), datetime(2026, 2, 27, 16, 7, 9, 120_000, UTC)),
        (Time.add_days(date(2024, 2, 28), 1), date(2024, 2, 29)),
        (Time.add_days(MIDNIGHT, -31), datetime(2025, 12, 31, 0, 5, tzinfo=BERLIN)),
        (Time.diff(MOMENT, MOMENT - timedelta(minutes=5)), timedelta(minutes=5)),
        (Time.diff(MIDNIGHT.astimezone(UTC), MIDNIGHT), timedelta()),
        (Time.diff(date(2026, 1, 1), date(2026, 1, 3)), timedelta(days=-2)),
        (Time.year(MOMENT), 2026),
        (Time.month(date(2026, 3, 5)), 3),
        (Time.day(MIDNIGHT), 31),
        (Time.hour(MIDNIGHT), 0),
        (Time.minute(dt.time(1, 2, 3)), 2),
        (Time.second(MOMENT), 9),
    ],
)
def test_result(result: object, expected: object) -> None:
    assert result == expected
    assert type(result) is type(expected)


def test_now_and_today_are_in_utc() -> None:
    before, day = datetime.now(UTC), Time.today()
    now = Time.now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)
    assert before.date() <= day <= now.date()
    assert type(day) is date


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Time.parse("soon"), r"Time\.parse: the text is not a time in ISO 8601"),
        (lambda: Time.parse(""), "not a time in ISO 8601"),
        (lambda: Time.parse("2026-02-30"), "not a time in ISO 8601"),
        (lambda: Time.parse("x", "2006"), r"not a time in the format '2006'"),
        (lambda: Time.parse("x", "%Q"), r"not a time in the format '%Q'"),
        (lambda: Time.parse(None), r"Time\.parse: `str` must be a string, not nil"),  # type: ignore[arg-type]
        (lambda: Time.format(None, ""), "`time` must be a timestamp, a date or a time, not nil"),  # type: ignore[arg-type]
        (lambda: Time.format(MOMENT, "%H\ud800"), r"Time\.format: bad format: "),
        (lambda: Time.format(datetime(2026, 1, 1), "15"), "the timestamp has no time zone"),
        (lambda: Time.diff(MOMENT, datetime(2026, 1, 1)), "the timestamp has no time zone"),
        (lambda: Time.diff(MOMENT, date(2026, 1, 1)), "a timestamp and a date do not mix"),
        (lambda: Time.add(MOMENT, 5), r"Time\.add: `duration` must be a duration, not an int"),  # type: ignore[arg-type]
        (lambda: Time.add(MOMENT, timedelta.max), r"Time\.add: the result is out of range"),
        (lambda: Time.subtract(MOMENT, timedelta.min), r"Time\.subtract: the result is out"),
        (lambda: Time.add_days(MOMENT, 10**20), r"Time\.add_days: the result is out of range"),
        (lambda: Time.hour(date(2026, 1, 1)), "must be a timestamp or a time, not a date"),  # type: ignore[arg-type]
        (lambda: Time.year(dt.time(1)), "must be a date, not a time"),  # type: ignore[arg-type]
    ],
)
def test_bad_argument(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        call()
    assert type(caught.value).__name__ == "ArgumentError"


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([
        "2006-01-02T15:04:05.000000Z07:00", "Mon Jan _2 15:04:05.000000 2006 -0700",
        "Monday, 2 January 2006 3:4:5.000000 PM -07:00", "%Y-%m-%d %H:%M:%S.%f %z",
    ]),
)  # fmt: skip
def test_what_a_layout_writes_it_reads(moment: datetime, layout: str) -> None:
    assert Time.parse(Time.format(moment, layout), layout) == moment
