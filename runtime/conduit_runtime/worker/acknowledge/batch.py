"""How many outcomes are written, or published, together."""

from ...statements.outcomes import Attempt

BATCH = 1_000
"""The most attempts that one statement writes, or one message holds."""
BATCH_BYTES = 4_000_000
"""The most bytes of their results, errors and child jobs; a single attempt may have more."""


def take_batch(attempts: list[Attempt]) -> list[Attempt]:
    """Remove and return the first attempts of the list that may be written together.

    Two attempts of one job may not: a statement stores the child jobs and results of all attempts
    of a job that it has, and only one of those attempts still holds the claim.
    """
    count = weight = 0
    jobs: set[int] = set()  # a UUID itself is slow to hash
    for attempt in attempts:
        if attempt.outcome is not None or attempt.enqueued or attempt.result is not None:
            weight += attempt.weight  # most attempts need no call
        job = attempt.job.id.int
        if count == BATCH or (count and weight > BATCH_BYTES) or job in jobs:
            break
        jobs.add(job)
        count += 1
    taken = attempts[:count]
    del attempts[:count]
    return taken
