"""Workers are killed in the middle of jobs with steps; each finished effect is made once."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Job, JobStatus, Queue, WorkerPool
from steps_process import CASES, EFFECTS, STEPS, handler_of
from timed import Timed
from waiting import until

_SCRIPT = Path(__file__).parents[2] / "processes" / "steps_process.py"


@pytest.mark.slow
def test_only_the_effect_under_way_is_made_again(queue: Queue, dsn: str, timed: Timed) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(EFFECTS)
    queue.enqueue_many([Job(queue=case.queue, type="job") for case in CASES])
    subprocess.run([sys.executable, _SCRIPT, dsn], check=True, timeout=300)
    # Nothing but the workers' deaths has ended an attempt.
    assert queue.stats().running == len(CASES)
    timed(silence=2.1, fresh=1.0)
    pools = []
    for kind in {case.kind for case in CASES}:
        pool = WorkerPool(queue, [case.queue for case in CASES if case.kind == kind], workers=20)
        pool.register("job", handler_of(kind, dsn, lambda name, when: None))
        pools.append(pool)
    for pool in pools:
        pool.start()
    until(lambda: len(queue.list(status="completed", limit=1000)) == len(CASES))
    for pool in pools:
        pool.stop()
    with psycopg.connect(dsn) as connection:
        made = Counter(connection.execute("SELECT queue, name FROM effects").fetchall())
        left = connection.execute("SELECT count(*) FROM conduit_steps").fetchone()
    for case in CASES:
        is_repeated = case.when == "behind the effect" and case.kind != "writes"
        # Behind the end of a turn's step, the turn itself is not stored.
        is_repeated |= case.when == "behind the step" and case.kind == "turns"
        twice = [case.step] if is_repeated else []
        effects = {name: made[case.queue, name] for name in STEPS}
        assert effects == {**dict.fromkeys(STEPS, 1), **dict.fromkeys(twice, 2)}, case
    children = [job.payload for job in queue.list(queue="children", limit=1000)]
    assert sorted(children) == sorted(case.queue for case in CASES)
    assert left == (0,)
    assert {job.status for job in queue.list(type="job", limit=1000)} == {JobStatus.COMPLETED}
