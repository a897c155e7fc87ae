"""`Time`."""

import datetime as dt
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, TypeVar

from ._layout import formatted, strptime_format
from ._namespace import ArgumentError, namespace, properties

M = TypeVar("M", datetime, date)


@namespace
class Time:
    """Functions of timestamps, dates and times of day. A timestamp keeps the offset it has."""

    @staticmethod
    @properties("total")
    def now() -> datetime:
        """The current time, in UTC."""
        return datetime.now(UTC)

    @staticmethod
    @properties("total")
    def today() -> date:
        """The current date, in UTC."""
        return datetime.now(UTC).date()

    @staticmethod
    def parse(str: str, format: str | None = None) -> datetime:
        """The timestamp in a text, by ISO 8601 or the format; in UTC unless it says otherwise."""
        text = str.strip()
        try:
            if format is None:
                parsed = datetime.fromisoformat(text.upper())
            else:
                parsed = datetime.strptime(text, strptime_format(format))
        except (ValueError, OverflowError):
            form = "ISO 8601" if format is None else f"the format {format!r}"
            raise ArgumentError(f"Time.parse: the text is not a time in {form}") from None
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)

    @staticmethod
    @properties("method")
    def format(time: datetime | date | dt.time, format: str) -> str:
        """The time by a strftime format or a Go reference layout."""
        _check_zone("Time.format", time)
        try:
            format.encode()  # strftime itself refuses a lone surrogate only before Python 3.13
            return formatted(time, format)
        except ValueError as error:
            raise ArgumentError(f"Time.format: bad format: {error}") from None

    @staticmethod
    @properties("method")
    def add(time: M, duration: timedelta) -> M:
        """The time a duration later."""
        return _moved("Time.add", time, duration)

    @staticmethod
    @properties("method")
    def subtract(time: M, duration: timedelta) -> M:
        """The time a duration earlier."""
        return _moved("Time.subtract", time, duration, earlier=True)

    @staticmethod
    @properties("method")
    def diff(time: M, other: M) -> timedelta:
        """How much later than `other`."""
        if isinstance(time, datetime) != isinstance(other, datetime):
            raise ArgumentError("Time.diff: a timestamp and a date do not mix")
        _check_zone("Time.diff", time)
        _check_zone("Time.diff", other)
        return time - other

    @staticmethod
    @properties("method")
    def add_days(time: M, days: int) -> M:
        """The time that many days later."""
        try:
            return _moved("Time.add_days", time, timedelta(days=days))
        except OverflowError:
            raise ArgumentError("Time.add_days: the result is out of range") from None

    @staticmethod
    @properties("method", "total")
    def year(time: Annotated[date, "moment"]) -> int:
        """The year."""
        return time.year

    @staticmethod
    @properties("method", "total")
    def month(time: Annotated[date, "moment"]) -> int:
        """The month, 1 to 12."""
        return time.month

    @staticmethod
    @properties("method", "total")
    def day(time: Annotated[date, "moment"]) -> int:
        """The day of the month, 1 to 31."""
        return time.day

    @staticmethod
    @properties("method", "total")
    def hour(time: datetime | dt.time) -> int:
        """The hour, 0 to 23."""
        return time.hour

    @staticmethod
    @properties("method", "total")
    def minute(time: datetime | dt.time) -> int:
        """The minute, 0 to 59."""
        return time.minute

    @staticmethod
    @properties("method", "total")
    def second(time: datetime | dt.time) -> int:
        """The second, 0 to 59."""
        return time.second


def _check_zone(call: str, time: datetime | date | dt.time) -> None:
    if isinstance(time, datetime) and time.tzinfo is None:
        raise ArgumentError(f"{call}: the timestamp has no time zone")


def _moved(call: str, time: M, duration: timedelta, *, earlier: bool = False) -> M:
    _check_zone(call, time)
    try:
        # not `time + -duration`: of a duration, a date takes the whole days
        return time - duration if earlier else time + duration
    except OverflowError:
        raise ArgumentError(f"{call}: the result is out of range") from None
