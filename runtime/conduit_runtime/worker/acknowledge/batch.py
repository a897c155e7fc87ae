"""How many outcomes are written, or published, together."""

from ...statements.outcomes import Attempt

BATCH = 1_000
"""Attempts that one statement writes at most, or one message has."""
BATCH_BYTES = 4_000_000
"""Bytes of results, errors and child jobs among them; a single one may have more."""


def take_batch(attempts: list[Attempt]) -> list[Attempt]:
    """The first attempts that go together, taken out of the list.

    Two attempts of one job do not: a statement gives a job the child jobs and results of all of
    its attempts there, and only one of them still holds the claim.
    """
    count = weight = 0
    jobs: set[int] = set()  # a UUID itself is slow to hash
    for attempt in attempts:
        if attempt.outcome is not None or attempt.enqueued or attempt.result is not None:
            weight += attempt.weight  # no call for the others, which are most
        job = attempt.job.id.int
        if count == BATCH or (count and weight > BATCH_BYTES) or job in jobs:
            break
        jobs.add(job)
        count += 1
    taken = attempts[:count]
    del attempts[:count]
    return taken
