"""Limits of job types, from the source and from commands. Statements without IO."""

from datetime import timedelta
from typing import Literal, TypeAlias

from ...model.payload import check_name
from ...model.queues.controls import RateLimit, TypeLimits, check_count, period_of
from ...postgres.statement import Rows, Statement, nothing
from ...postgres.steps import Steps

Limit: TypeAlias = int | Literal["source"] | None
"""The limit in a command: a number of jobs, any number (None), or that of the source."""


_ALL_KEYS = {"column": "concurrency", "place": "0"}
_PER_KEY = {"column": "key_concurrency", "place": "3"}
"""A column of `conduit_type_limits`, and its place in the fields of `SourceLimits`."""
_ALL_RATES = {"prefix": "", "place": "1"}
_KEY_RATES = {"prefix": "key_", "place": "4"}


def limit_type(type: str, concurrency: Limit, *, per_key: bool = False) -> Steps[None]:
    """Limit how many jobs of a type run at once, as the statements of one transaction.

    With `per_key`, of each key. None lifts the limit, even one in the source.
    """
    check_name(type, "type")
    number = None if concurrency == "source" else concurrency
    if number is not None:
        check_count(number, "concurrency", "to run none of its jobs, pause its queue")
    how = _PER_KEY if per_key else _ALL_KEYS
    limiting = Statement("limit/limit_type", {"type": type, "concurrency": number}, nothing, how)
    to_source = Statement("limit/concurrency_to_source", {"type": type}, nothing, how)
    return _set(limiting, to_source if concurrency == "source" else None, number)


def rate_limit(type: str, starts: Limit, per: timedelta, *, per_key: bool = False) -> Steps[None]:
    """Limit how many jobs of a type start within any `per`; the rest is as for `limit_type`."""
    check_name(type, "type")
    number = None if starts == "source" else starts
    parameters: dict[str, object] = {"type": type, "starts": number, "seconds": None}
    if number is not None:
        check_count(number, "starts", "to start none of its jobs, pause its queue")
        parameters["seconds"] = period_of(per)
    how = _KEY_RATES if per_key else _ALL_RATES
    limiting = Statement("limit/rate_limit", parameters, nothing, how)
    to_source = Statement("limit/rate_to_source", {"type": type}, nothing, how)
    return _set(limiting, to_source if starts == "source" else None, number)


def _set(
    limiting: Statement[None], to_source: Statement[None] | None, number: int | None
) -> Steps[None]:
    yield limiting
    if to_source is not None:
        yield to_source
        yield from apply_source()
    if number is None:
        yield Statement("limit/forget_lifted", {}, nothing)


def apply_source() -> Steps[None]:
    """Apply the limits in the code of the live workers, as the statements of one transaction.

    It has to be READ COMMITTED: each waits for the transaction before it, and sees what that one
    wrote.
    """
    if (yield Statement("limit/lock_source", {}, lambda rows, count: bool(rows))):
        yield Statement("limit/apply_source", {}, nothing)
        yield Statement("limit/apply_fair", {}, nothing)
        yield Statement("limit/forget_lifted", {}, nothing)


def type_limits() -> Statement[list[TypeLimits]]:
    """The types that have limits, or whose limits a command has lifted."""
    return Statement("limit/type_limits", {}, _read)


def rate_limits() -> Statement[list[RateLimit]]:
    """The types that have a rate limit."""
    return Statement(
        "limit/type_limits",
        {},
        lambda rows, count: [
            RateLimit(each.type, each.starts, each.per, each.rate_from)
            for each in _read(rows, count)
            if each.starts is not None and each.per is not None
        ],
    )


def _read(rows: Rows, count: int) -> list[TypeLimits]:
    return [
        TypeLimits(*[*row[:4], _per(row[4]), *row[5:9], _per(row[9]), *row[10:]]) for row in rows
    ]


def _per(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
