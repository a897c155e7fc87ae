"""Which claimed jobs share a message, and how they are described there."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter

from msgspec import Raw

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


_OF_CLAIMED = attrgetter(*JobEntry.__struct_fields__[: JobEntry.__struct_fields__.index("payload")])


def entry_of(job: Claimed) -> JobEntry:
    """The entry of a job in a message."""
    entry = JobEntry(*_OF_CLAIMED(job))
    if entry.expires is not None:
        entry.expires = 0.0  # it may wait at the broker for any time
    if _may_be_deep(job.payload):
        entry.nested = job.payload
    else:
        entry.payload = Raw(job.payload)
    return entry


def _may_be_deep(text: str) -> bool:
    """Whether JSON may be nested more than `DEPTH` deep: counting is cheaper than reading it."""
    return len(text) > 2 * DEPTH and text.count("[") + text.count("{") > DEPTH
