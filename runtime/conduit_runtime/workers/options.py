"""What a pool is told to do, checked before it does."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..payload import check_name

if TYPE_CHECKING:
    from ..generated.job_types import JobType

__all__ = ["check_count", "check_seconds", "queues_of"]


def check_count(count: object, what: str) -> None:
    """Raise ValueError for what is no number of jobs."""
    if not _is_whole(count):
        raise ValueError(f"{what} is {count!r}: use 1 or more")


def check_seconds(seconds: object, what: str) -> None:
    """Raise ValueError for what is no time to wait."""
    if not isinstance(seconds, int | float) or not seconds >= 0:
        raise ValueError(f"{what} is {seconds!r}: use seconds, 0 or more")


def queues_of(
    given: str | Iterable[str] | Mapping[str, int | None] | None,
    jobs: Iterable["JobType[Any, Any]"],
) -> dict[str, int | None]:
    """The queues of a pool, each with the most jobs of it at once; those of the jobs by default."""
    if given is None:
        given = {job_type.queue for job_type in jobs} or {"default"}
    if isinstance(given, str):
        given = [given]
    caps = dict(given) if isinstance(given, Mapping) else dict.fromkeys(sorted(given))
    if not caps:
        raise ValueError("queues names no queue: leave it out for those of the jobs")
    for queue, cap in caps.items():
        check_name(queue, "queue")
        if cap is not None and not _is_whole(cap):
            raise ValueError(f"queue {queue} may run {cap!r} jobs at once: use 1 or more, or None")
    return caps


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and number is not True and number >= 1
