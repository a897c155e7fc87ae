"""Which claimed jobs share a message, and how they are described there."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from msgspec import UNSET, Raw

from ...model.claimed import Claimed
from ..messages import JobEntry
from ..topology import band_of

BYTES = 1_000_000
"""Bytes of payloads after which a message takes no further job."""
DEPTH = 500
"""Arrays and objects around each other that any reader of a message bears; Python's bear 1,000."""


def grouped(
    jobs: Iterable[Claimed], size_of: Callable[[str, str], int]
) -> Iterator[tuple[str, list[Claimed]]]:
    """The band and the jobs of each message; `size_of` gives the most jobs by queue and type.

    A job that was rescued before is alone, since it may kill its worker. A large job is alone, too.
    """
    sizes: dict[tuple[str, str], int] = {}
    begun: dict[tuple[str, str, str], list[Claimed]] = {}
    weights: Counter[tuple[str, str, str]] = Counter()
    for job in jobs:
        queue, type_ = job.queue, job.type
        band = band_of(job.priority)
        size = sizes.get((queue, type_))
        if size is None:
            size = sizes[queue, type_] = size_of(queue, type_)
        if size == 1 or job.rescues or len(job.payload) >= BYTES:
            yield band, [job]
            continue
        key = (queue, band, type_)
        together = begun.setdefault(key, [])
        together.append(job)
        weights[key] += len(job.payload)
        if len(together) >= size or weights[key] >= BYTES:
            yield band, begun.pop(key)
            del weights[key]
    for (_, band, _), together in begun.items():
        yield band, together


def entry_of(job: Claimed) -> JobEntry:
    """The entry of a job in a message."""
    is_deep = _may_be_deep(job.payload)
    return JobEntry(
        job.id,
        job.token,
        job.attempts,
        job.max_attempts,
        job.priority,
        job.run_at,
        job.seq,
        UNSET if is_deep else Raw(job.payload),
        job.payload if is_deep else "",
        job.rescues,
        job.timeout,
        job.flow,
        job.headers,
        job.fingerprint,
    )


def _may_be_deep(text: str) -> bool:
    """Whether JSON may be nested more than `DEPTH` deep: counting is cheaper than reading it."""
    return len(text) > 2 * DEPTH and text.count("[") + text.count("{") > DEPTH
