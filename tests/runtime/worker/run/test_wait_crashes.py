"""Workers are killed in the middle of jobs that wait; no wait and no signal is lost."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Job, JobStatus, Queue, WorkerPool
from timed import Timed
from waiting import until
from waits_process import CASES, EFFECTS, handler_of

_SCRIPT = Path(__file__).parents[2] / "processes" / "waits_process.py"


@pytest.mark.slow
def test_jobs_of_killed_workers_wait_on(queue: Queue, dsn: str, timed: Timed) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(EFFECTS)
    jobs = queue.enqueue_many([Job(queue=case.queue, type="job") for case in CASES])
    subprocess.run([sys.executable, _SCRIPT, dsn], check=True, timeout=300)
    # Nothing but the workers' deaths has ended an attempt, except that a wait had ended before.
    assert queue.stats().running == len(CASES)
    timed(silence=2.1, fresh=1.0)
    pools = []
    for case in CASES:
        pool = WorkerPool(queue, [case.queue], workers=1)
        pool.register("job", handler_of(dsn, case, lambda when: None))
        pools.append(pool)
    for pool in pools:
        pool.start()
    for case, job in zip(CASES, jobs, strict=True):
        if case.how == "signal":
            assert queue.signal(job.id, "go", "come") == (case.when != "when it goes on")
    until(lambda: len(queue.list(status="completed", limit=1000)) == len(CASES))
    for pool in pools:
        pool.stop()
    with psycopg.connect(dsn) as connection:
        made = Counter(connection.execute("SELECT queue, name FROM effects").fetchall())
        left = connection.execute(
            "SELECT (SELECT count(*) FROM conduit_steps) + (SELECT count(*) FROM conduit_signals)"
        ).fetchone()
    assert made == Counter((case.queue, name) for case in CASES for name in ("first", "second"))
    children = [job.payload for job in queue.list(queue="children", limit=1000)]
    assert sorted(children) == sorted(case.queue for case in CASES)
    assert left == (0,)
    assert {job.status for job in queue.list(type="job", limit=1000)} == {JobStatus.COMPLETED}
