"""Sends the statements of workers that rescue, sweep and notify."""

from collections.abc import Collection
from functools import partial
from uuid import uuid4

import psycopg
from conduit_runtime import Job, Queue
from conduit_runtime.client.sweep import Sweeper
from conduit_runtime.model.workers.worker_state import DeadWorker
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.host_settings import SETTINGS
from conduit_runtime.postgres.steps import run_steps
from conduit_runtime.statements import idle_lock, job_types, steps, worker_registry
from conduit_runtime.statements import metrics as metrics_store
from conduit_runtime.statements import outcomes as attempts
from conduit_runtime.statements import schedules as schedule_store
from conduit_runtime.statements.limits import keys
from conduit_runtime.statements.outcomes import Attempt
from conduit_runtime.statements.refused_claims import retry_refused
from conduit_runtime.statements.scan_policy import Scan, ScanPolicy
from conduit_runtime.statements.steps import Record, Records, Wait
from conduit_runtime.worker.claim.claim_memory import ClaimMemory


def rescue_and_sweep(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SETTINGS)
        run(connection, worker_registry.register("w", 1, "h", 1, ["default"], [("t", "")]))
        with Queue(dsn) as queue:
            queue.enqueue(Job(type="t"))
        claims = ClaimMemory()
        claim = claims.next("w", {"default": 1}, [("t", "")], 1, 0.0)
        [job] = run(connection, claim)
        held = [Attempt(job, elapsed=1.0)]
        assert run(connection, attempts.mark_started(held, waits=True)) == {job.id}
        assert run(connection, attempts.mark_started(held)) == {job.id}
        run(connection, attempts.held_jobs("w"))
        run(connection, attempts.held_jobs("w", 10.0))
        token = uuid4()
        assert run(connection, steps.read([job])) == [Records({})]
        assert run(connection, steps.store([Record(job, "s", "1", 0.1)])) == [True]
        assert run(connection, steps.wait([Wait(job, "w", 0.0, is_signal=True)])) == ["null"]
        assert run(connection, steps.wait([Wait(job, "sleep", 60.0, is_signal=False)]))
        found = run(connection, steps.steps_of(job.id))
        assert [each.waits for each in found] == [None, None, "sleep"]
        run(connection, attempts.renew([job], token, "w"))
        with connection.transaction(force_rollback=True):
            assert len(run(connection, worker_registry.reclaim([(job.id, token)]))) == 1
        run(connection, worker_registry.identity("public"))
        claims.scan_policy = Recent()
        run(connection, claims.next("w", {"default": 1}, [("t", "")], 1, 0.0))
        assert len(run(connection, worker_registry.rescue(DeadWorker("w", 0, silent=True)))) == 1
        with Queue(dsn) as queue:
            queue.retry(job.id, from_step="sleep")
            queue.fork(job.id, from_step="w")
        run(connection, worker_registry.take_failure_notices(["default"], "w"))
        run(connection, worker_registry.delete_failure_notices([(job.id, "w")]))
        sweep = Sweeper(lambda ended: None)
        for _ in range(5):
            sweep.step(partial(run, connection))
        sweep.watch(partial(run, connection))
        run_steps(metrics_store.compact(), partial(run, connection))
        run(connection, job_types.described_types())
        run(connection, job_types.known_shapes(["t"]))
        run(connection, retry_refused(["default"], 1))
        run_steps(keys.ParkedKeys().release(), partial(run, connection))
        run(connection, keys.awaits_room(["default"], ["t"]))
        run(connection, idle_lock.acquire(["default"]))
        run(connection, idle_lock.await_commits("default", 0.1))
        run(connection, idle_lock.poll(["default"], [("t", "")], ["default"]))
        run(connection, idle_lock.release(["default"]))
        [stored, *_] = run(connection, schedule_store.read(None))
        run(connection, schedule_store.failed(stored[0], "no"))


class Recent(ScanPolicy):
    """Makes every claim scan the jobs that became due recently."""

    def choose(self, *args: object) -> Scan:
        return Scan.RECENT

    def ages(self, scan: Scan, queues: Collection[str], now: float) -> list[float] | None:
        return [1.0 for _ in queues]
