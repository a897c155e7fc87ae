"""The reasons why a job does not run yet, in words."""

from collections.abc import Iterator

from conduit_runtime.model.dashboard.job import StartFacts
from conduit_runtime.model.text.durations import in_words
from conduit_runtime.model.text.printable import one_line

from ..rendering.texts import counted_jobs


def reasons(facts: StartFacts) -> Iterator[str]:
    """What the job waits for; empty if the job has ended."""
    if facts.status == "running":
        yield f"It runs in worker {one_line(facts.locked_by or 'unknown')}."
    elif facts.status == "blocked":
        yield f"It waits for {counted_jobs(facts.waits_for)} of its flow."
    elif facts.status == "pending":
        yield from _of_pending(facts)


def _of_pending(facts: StartFacts) -> Iterator[str]:
    queue, type_ = one_line(facts.queue), one_line(facts.type)
    wait = (facts.run_at - facts.now).total_seconds() if facts.run_at else 0
    if facts.is_unreadable:
        yield (
            "No worker could read its payload. Deploy code that reads it, or enqueue it again with "
            "an edited payload."
        )
        return
    if facts.is_refused:
        yield "Postgres refused its last claim: the error says why."
        again = f"in {in_words(wait)}" if wait > 0 else "now"
        yield f"A worker tries it again {again}."
    elif wait > 0:
        again = f"Attempt {facts.attempts + 1} of {facts.max_attempts}" if facts.attempts else "It"
        yield f"{again} is due in {in_words(wait)}."
    if facts.is_paused:
        yield f"The queue {queue} is paused."
    elif not facts.serving:
        yield f"No live worker serves the queue {queue}."
    elif not facts.knowing:
        yield f"No live worker of the queue {queue} handles the type {type_}."
    elif wait > 0:
        return
    elif facts.queue_limit is not None and facts.running_in_queue >= facts.queue_limit:
        most = counted_jobs(facts.queue_limit)
        yield f"The queue {queue} may run {most} at once, and as many run."
    elif facts.type_limit is not None and facts.running_of_type >= facts.type_limit:
        most = counted_jobs(facts.type_limit)
        yield f"The type {type_} may run {most} at once, and as many run."
    elif facts.is_parked:
        yield "It is due. Its key may run or start no other job now."
    elif facts.has_rate:
        yield "It is due. Its type may start only so many jobs within a period."
    else:
        yield "It is due, and starts when a worker has a slot for it."
