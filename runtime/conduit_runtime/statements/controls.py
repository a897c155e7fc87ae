"""What operators set for queues and types. Statements without IO."""

from dataclasses import dataclass
from datetime import timedelta

from ..model.controls import check_count, period_of
from ..model.payload import check_name
from ..model.retention import check_age, in_seconds
from ..postgres.statement import Statement, nothing


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many jobs of a type may start within any `per`."""

    type: str
    starts: int
    per: timedelta


def pause(queue: str) -> Statement[None]:
    """Have nothing claimed from a queue until it is resumed."""
    check_name(queue, "queue")
    return Statement("limit/pause", {"queue": queue}, nothing)


def resume(queue: str) -> Statement[None]:
    """Let a queue go on."""
    check_name(queue, "queue")
    return Statement("limit/resume", {"queue": queue}, nothing)


def limit(queue: str, concurrency: int | None) -> Statement[None]:
    """Limit how many jobs of a queue run at once; None lifts the limit."""
    check_name(queue, "queue")
    if concurrency is not None:
        check_count(concurrency, "concurrency", "to run none of its jobs, pause the queue")
    parameters = {"queue": queue, "concurrency": concurrency}
    return Statement("limit/limit", parameters, nothing)


def retention(
    queue: str, keep_completed: timedelta | None, keep_failed: timedelta | None
) -> Statement[None]:
    """Say how long the ended jobs of a queue are kept; None: as its workers say."""
    check_name(queue, "queue")
    parameters: dict[str, str | float | None] = {"queue": queue}
    for name, age in (("keep_completed", keep_completed), ("keep_failed", keep_failed)):
        check_age(age, name)
        parameters[name] = in_seconds(age)
    return Statement("limit/retention", parameters, nothing)


def rate_limit(type: str, starts: int | None, per: timedelta) -> Statement[None]:
    """Limit how many jobs of a type start within any `per`; None lifts the limit."""
    check_name(type, "type")
    if starts is None:
        return Statement("limit/rate_unlimited", {"type": type}, nothing)
    check_count(starts, "starts", "to start none of its jobs, pause its queue")
    parameters = {"type": type, "starts": starts, "seconds": period_of(per)}
    return Statement("limit/rate_limit", parameters, nothing)


def rate_limits() -> Statement[list[RateLimit]]:
    """The types that have a rate."""
    return Statement(
        "SELECT type, starts, seconds FROM {conduit_rate_limits} ORDER BY type",
        {},
        lambda rows, count: [
            RateLimit(type_, starts, timedelta(seconds=seconds)) for type_, starts, seconds in rows
        ],
    )
