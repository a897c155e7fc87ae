"""Checks of a pool's arguments."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from ..job_types.job_type import JobType
from ..model.arguments import describe_argument, is_whole, listed
from ..model.payload import check_name


def check_count(count: object, what: str) -> None:
    """Raise ValueError unless `count` is a number of jobs."""
    if not _is_count(count):
        raise ValueError(describe_argument(what, count, "1 or more"))


def check_seconds(seconds: object, what: str) -> None:
    """Raise ValueError unless `seconds` is a time to wait."""
    if not isinstance(seconds, int | float) or not seconds >= 0:
        raise ValueError(describe_argument(what, seconds, "seconds, 0 or more"))


def queues_of(
    given: str | Iterable[str] | Mapping[str, int | None] | None,
    jobs: Iterable[JobType[Any, Any]],
) -> dict[str, int | None]:
    """The queues of a pool, each with its most jobs at once; by default the jobs' queues."""
    if given is None:
        given = sorted({job_type.queue for job_type in jobs} or {"default"})
    if isinstance(given, str):
        given = [given]
    caps = dict(given) if isinstance(given, Mapping) else dict.fromkeys(listed(given, "queues"))
    if not caps:
        raise ValueError("queues names no queue: leave it out for those of the jobs")
    for queue, cap in caps.items():
        check_name(queue, "queue")
        if cap is not None and not _is_count(cap):
            raise ValueError(f"queue {queue} may run {cap!r} jobs at once: use 1 or more, or None")
    return caps


def _is_count(number: object) -> TypeGuard[int]:
    return is_whole(number) and number >= 1
