"""Jobs that hang, crash or take too much harm themselves alone."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

import poisons
from conduit_runtime import Job, JobStatus, Queue
from pools import NewPool

TIMEOUT = 0.5
DAY = timedelta(days=1)


class Poison(NamedTuple):
    """A handler, its payload, and what the error of its job matches; None: the job completes."""

    handler: Callable[..., Any]
    error: str | None
    payload: Any = None
    options: Mapping[str, Any] = MappingProxyType({})


DIED = "ProcessDied: the process of the job "
LATE = r"TimeoutError: the attempt took longer than 0.5 s"
MUCH = "MemoryError: the job needs more than its memory of 300 MB"
POISONS = [
    Poison(poisons.endless_in_c, LATE),
    Poison(poisons.endless_in_python, LATE),
    Poison(poisons.endless_on_loop, LATE),
    Poison(poisons.awaits_for_long, LATE),
    Poison(poisons.checks_for_long, LATE),
    Poison(poisons.ignores_signals, LATE),
    Poison(poisons.leaves_group, LATE),
    Poison(
        poisons.crashes, DIED + "was ended by SIGSEGV.*; it last logged: about to read address 0"
    ),
    Poison(poisons.crashes_on_loop, DIED + "was ended by SIGSEGV"),
    Poison(poisons.leaves, DIED + "exited with code 3"),
    Poison(poisons.is_killed, DIED + "was ended by SIGKILL"),
    Poison(poisons.overflows, DIED + "was ended by SIG(SEGV|BUS|ABRT)"),
    Poison(poisons.allocates, MUCH, options={"memory": "300MB"}),
    Poison(poisons.starts_threads, MUCH, options={"memory": "300MB"}),
    Poison(poisons.starts_thread_in_little, MUCH, options={"memory": "300MB"}),
    Poison(poisons.starves_reader, DIED + "ran out of memory"),
    Poison(poisons.closes_all, DIED + "closed the pipe to its worker"),
    Poison(poisons.writes_everywhere, DIED + "sent its worker what it cannot read"),
    Poison(poisons.closes_streams, None),
    Poison(poisons.leaves_timer, None),
    Poison(poisons.forks, None),
    Poison(poisons.uses_pool, None),
    Poison(poisons.prints_much, None, 100),
    Poison(poisons.returns_much, None, 100),
    Poison(poisons.returns_and_keeps_much, "OutcomeTooLarge", 100, {"keep_result": DAY}),
    Poison(poisons.raises_unpicklable, "Unpicklable: holds a lock"),
]


def test_the_poisons_end_as_promised_and_no_other_job_notices(
    new_pool: NewPool, queue: Queue
) -> None:
    pool = new_pool(workers=6)
    for each in POISONS:
        pool.register(each.handler.__name__, each.handler, isolated=True, **each.options)
    pool.register("isolated", poisons.ordinary, isolated=True)
    pool.register("isolated-on-loop", poisons.ordinary_on_loop, isolated=True)
    several = {"isolated": True, "process_concurrency": 2}
    pool.register("several-on-loop", poisons.ordinary_on_loop, **several)
    pool.register("ordinary", poisons.ordinary)
    pool.register("ordinary-on-loop", poisons.ordinary_on_loop)
    others = (
        *("isolated", "isolated-on-loop", "several-on-loop"),
        *("ordinary", "ordinary-on-loop"),
    )
    jobs = []
    for each in POISONS:
        timeout = TIMEOUT if each.error == LATE else 60.0
        jobs.append(
            Job(type=each.handler.__name__, payload=each.payload, timeout=timeout, max_attempts=1)
        )
        jobs += [Job(type=type_) for type_ in others for _ in range(5)]
    queue.enqueue_many(jobs)

    pool.run(drain=True)

    ended = {job.type: job for job in queue.list(limit=1_000)}
    for each in POISONS:
        job = ended[each.handler.__name__]
        if each.error is None:
            assert job.status is JobStatus.COMPLETED, (job.type, job.error)
        else:
            assert re.match(each.error, job.error or ""), (job.type, job.status, job.error)
    rest = [job for job in queue.list(limit=1_000) if job.type in others]
    assert len(rest) == 25 * len(POISONS)
    assert {(job.status, job.attempts) for job in rest} == {(JobStatus.COMPLETED, 1)}
