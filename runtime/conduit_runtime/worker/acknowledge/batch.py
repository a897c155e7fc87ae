"""How many outcomes are written, or published, together."""

from ...statements.outcomes import Attempt

BATCH = 1_000
"""Attempts that one statement writes at most, or one message has."""
BATCH_BYTES = 4_000_000
"""Bytes of results, errors and child jobs among them; a single one may have more."""


def take_batch(attempts: list[Attempt]) -> list[Attempt]:
    """The first attempts that go together, taken out of the list."""
    count = weight = 0
    for attempt in attempts:
        if attempt.outcome is not None or attempt.enqueued or attempt.result is not None:
            weight += attempt.weight  # no call for the others, which are most
        if count == BATCH or (count and weight > BATCH_BYTES):
            break
        count += 1
    taken = attempts[:count]
    del attempts[:count]
    return taken
