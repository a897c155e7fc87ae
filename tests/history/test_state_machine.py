"""Operations in any order, by several workers, on a real Postgres and on a plain model of it."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Job, JobLost, JobStatus, Queue
from conduit_runtime.model.attempts.outcome import Outcome, released
from conduit_runtime.model.claimed import Claimed
from conduit_runtime.model.lanes import Lane
from conduit_runtime.model.workers.worker_state import DeadWorker
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.steps import run_steps
from conduit_runtime.statements import worker_registry
from conduit_runtime.statements.claims import BY_WORKERS
from conduit_runtime.statements.jobs import new_job
from conduit_runtime.statements.limits.limited_claims import Wanted, claim_within
from conduit_runtime.statements.many.expiry import KeptJobs, expire
from conduit_runtime.statements.outcomes import Attempt, complete, end, mark_started
from conduit_runtime.worker.claim.claim_memory import ClaimMemory
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from job_model import UNENDED, Model, ModelJob

pytestmark = pytest.mark.slow

QUEUES = ("one", "two")
KNOWN, UNKNOWN = ("x", "y"), "z"

queues = st.sampled_from(QUEUES)
types = st.sampled_from((*KNOWN, UNKNOWN))
priorities = st.sampled_from((0, 50, 50, 100))
workers = st.sampled_from(("first", "second"))
OUTCOMES = {
    "retried": Outcome(JobStatus.PENDING, delay=0.0, error="oh", detail={"attempt": 1}),
    "snoozed": Outcome(JobStatus.PENDING, delay=3600.0, counted=False),
    "failed": Outcome(JobStatus.FAILED, error="oh", detail={"attempt": 1}),
    "released": released,
}


@dataclass(frozen=True)
class Claim:
    """A claim: the job as it was then, and whether a lease holds it."""

    job: Any
    leased: bool


class JobMachine(RuleBasedStateMachine):
    """Each rule changes the database and the model, and compares the results."""

    jobs = Bundle("jobs")
    claims = Bundle("claims")

    def __init__(self, dsn: str, queue: Queue, connection: psycopg.Connection[Any]) -> None:
        super().__init__()
        self.queue = queue
        self.connection = connection
        connection.execute(
            "TRUNCATE jobs, conduit_workers, conduit_queues, "
            "conduit_type_limits, conduit_rate_usage"
        )
        self.model = Model()
        self.generations = 0
        self.names: dict[str, str] = {}
        self.open = psycopg.connect(dsn)
        self.uncommitted: list[ModelJob] = []
        self.open_since = 0

    def teardown(self) -> None:
        self.open.close()

    # Each statement is a transaction of its own, so time has advanced.
    def time_goes_on(self) -> int:
        self.model.tick += 1
        return self.model.tick

    def new(self, job: Job, due: int | None) -> ModelJob:
        seq = self.model.next_seq()
        new = ModelJob(job.id, seq, job.queue, job.type, job.priority, job.max_attempts, due)
        new.expires = job.expires is not None
        return new

    @rule(
        target=jobs,
        queue=queues,
        type=types,
        priority=priorities,
        attempts=st.integers(1, 3),
        far_off=st.sampled_from((False, False, False, True)),
        expires=st.booleans(),
    )
    def enqueue(
        self, queue: str, type: str, priority: int, attempts: int, far_off: bool, expires: bool
    ) -> UUID:
        hour = timedelta(hours=1)
        job = Job(queue, type, {}, priority, attempts, delay=hour if far_off else None)
        job.expires = hour if expires else None
        self.queue.enqueue(job)
        self.model.jobs[job.id] = self.new(job, None if far_off else self.time_goes_on())
        return job.id

    @rule(target=jobs, queue=queues, kinds=st.lists(st.tuples(types, priorities), max_size=6))
    def enqueue_many(self, queue: str, kinds: list[tuple[str, int]]) -> Any:
        new = [Job(queue, type, {}, priority) for type, priority in kinds]
        tick = self.time_goes_on()
        for job in self.queue.enqueue_many(new):
            self.model.jobs[job.id] = self.new(job, tick)
        return multiple(*(job.id for job in new))

    @rule(target=jobs, queue=queues, priority=priorities)
    def enqueue_in_a_transaction(self, queue: str, priority: int) -> UUID:
        if not self.uncommitted:
            self.open_since = self.time_goes_on()
        job = self.queue.enqueue(Job(queue, "x", {}, priority), conn=self.open)
        self.uncommitted.append(self.new(job, self.open_since))
        return job.id

    @precondition(lambda self: self.uncommitted)
    @rule(commits=st.booleans())
    def end_the_transaction(self, commits: bool) -> None:
        if commits:
            self.open.commit()
            self.model.jobs |= {job.id: job for job in self.uncommitted}
        else:
            self.open.rollback()
        self.uncommitted = []

    @rule(target=claims, worker=workers, queue=queues, limit=st.integers(1, 4))
    def dequeue(self, worker: str, queue: str, limit: int) -> Any:
        self.model.rescue_orphans()
        self.model.expire()
        expected = self.model.claimable({queue: limit}, (*KNOWN, UNKNOWN), limit)
        jobs = self.queue.dequeue(worker, queue, limit)
        assert [job.id for job in jobs] == [job.id for job in expected]
        for job in jobs:
            self.model.claim(self.model.jobs[job.id], job.token, worker, leased=True)
        return multiple(*(Claim(job, True) for job in jobs))

    @rule(
        target=claims,
        worker=workers,
        first=queues,
        size=st.integers(1, 3),
        limit=st.integers(1, 5),
        knows_limits=st.booleans(),
        clock_steps_back=st.booleans(),
    )
    def claim(
        self,
        worker: str,
        first: str,
        size: int,
        limit: int,
        knows_limits: bool,
        clock_steps_back: bool,
    ) -> Any:
        """The claim does not know which queues are paused, and not always which are limited."""
        name = self.registered(worker)
        if clock_steps_back:
            # The clock steps back by an hour: the times of earlier attempts are then an hour later.
            hour = "interval '1 hour'"
            self.connection.execute(
                f"UPDATE jobs SET started_at = started_at + {hour}, locked_at = locked_at + {hour}"
            )
        sizes = {first: size} | dict.fromkeys(QUEUES, 5) | {first: size}
        if knows_limits:
            expected = self.model.claimable(sizes, KNOWN, limit)
        else:
            unlimited = {q: sizes[q] for q in sizes if q not in self.model.limits}
            unrated = [type for type in KNOWN if type not in self.model.rates]
            expected = self.model.claimable(unlimited, unrated, limit)
        if name not in self.model.workers:
            expected = []
        lanes = [(type, "") for type in KNOWN]
        if knows_limits and (self.model.limits or self.model.rates):
            jobs = self.claim_within(name, sizes, lanes, limit)
        else:
            jobs = run(self.connection, ClaimMemory().next(name, sizes, lanes, limit, 0.0))
        assert {job.id for job in jobs} == {job.id for job in expected}
        assert all(
            [job.id for job in jobs if job.queue == queue]
            == [job.id for job in expected if job.queue == queue]
            for queue in QUEUES
        )
        for job in jobs:
            self.model.claim(self.model.jobs[job.id], job.token, name, leased=False)
        return multiple(*(Claim(job, False) for job in jobs))

    def claim_within(
        self, name: str, sizes: dict[str, int], lanes: list[Lane], limit: int
    ) -> list[Claimed]:
        limits = [queue for queue in sizes if queue in self.model.limits]
        rated = [type for type in KNOWN if type in self.model.rates]
        wanted = Wanted(sizes, lanes, limit, limits, rated)
        with self.connection.transaction():
            steps = claim_within(BY_WORKERS, name, wanted, waits=False)
            return run_steps(steps, lambda statement: run(self.connection, statement)).jobs

    @rule(queue=queues, pauses=st.booleans())
    def pause_or_resume(self, queue: str, pauses: bool) -> None:
        if pauses:
            self.queue.pause(queue)
            self.model.paused.add(queue)
        else:
            self.queue.resume(queue)
            self.model.paused.discard(queue)
        assert self.model.paused == {row.queue for row in self.queue.queues() if row.paused}

    @rule(queue=queues, concurrency=st.sampled_from((None, None, 1, 2, 3)))
    def limit(self, queue: str, concurrency: int | None) -> None:
        self.queue.limit(queue, concurrency)
        self.model.limits.pop(queue, None)
        if concurrency is not None:
            self.model.limits[queue] = concurrency

    @rule(type=st.sampled_from(KNOWN), starts=st.sampled_from((None, None, 1, 3)))
    def rate(self, type: str, starts: int | None) -> None:
        self.queue.rate_limit(type, None)
        self.model.rates.pop(type, None)
        if starts is not None:
            self.queue.rate_limit(type, starts, per=timedelta(hours=1))
            self.model.rates[type] = starts

    def registered(self, worker: str) -> str:
        if worker not in self.names:
            self.generations += 1
            name = self.names[worker] = f"{worker}-{self.generations}"
            run(
                self.connection,
                worker_registry.register(name, self.generations, "h", 1, QUEUES, []),
            )
            self.model.workers.add(name)
        return self.names[worker]

    @rule(claim=claims, children=st.integers(0, 2))
    def complete(self, claim: Claim, children: int) -> None:
        held = self.model.held(claim.job.id, claim.job.token)
        if claim.leased:
            assert self.keeps(self.queue.complete, claim.job) == (held is not None)
            children = 0
        else:
            tick = self.time_goes_on()
            own = [Job("two", "x") for _ in range(children)]
            attempt = Attempt(claim.job, enqueued=[new_job(job) for job in own])
            written = run(self.connection, complete([attempt]))
            assert bool(written.attempts) == (held is not None)
            if held:
                self.model.jobs |= {job.id: self.new(job, tick) for job in own}
        if held:
            held.end("completed", counted=True)

    @rule(claim=claims, kind=st.sampled_from(sorted(OUTCOMES)))
    def fail(self, claim: Claim, kind: str) -> None:
        held = self.model.held(claim.job.id, claim.job.token)
        if claim.leased:
            assert self.keeps(lambda job: self.queue.fail(job, "oh"), claim.job) == (
                held is not None
            )
            if held:
                spent = held.attempts >= held.max_attempts
                held.due = held.due if spent else None
                held.end("failed" if spent else "pending", counted=True)
            return
        tick = self.time_goes_on()
        outcome = OUTCOMES[kind]
        written = run(self.connection, end([Attempt(claim.job, outcome=outcome)]))
        assert bool(written.attempts) == (held is not None)
        if held:
            held.end(outcome.status.value, outcome.counted)
            if outcome.delay is not None:
                held.due = None if outcome.delay else tick

    def keeps(self, deed: Any, job: Job) -> bool:
        try:
            deed(job)
        except JobLost:
            return False
        return True

    @rule(chosen=st.lists(claims, min_size=1, max_size=3, unique_by=lambda claim: claim.job.id))
    def start(self, chosen: list[Claim]) -> None:
        asked = [Attempt(claim.job) for claim in chosen]
        held = [self.model.held(claim.job.id, claim.job.token) for claim in chosen]
        started = run(self.connection, mark_started(asked))
        assert started == {job.id for job in held if job}
        for job in held:
            if job:
                job.start()

    @rule(claim=claims)
    def touch(self, claim: Claim) -> None:
        if claim.leased:
            held = self.model.held(claim.job.id, claim.job.token)
            assert self.keeps(self.queue.touch, claim.job) == (held is not None)
            if held:
                held.lapsed = False

    @rule(claim=claims)
    def let_the_lease_lapse(self, claim: Claim) -> None:
        if claim.leased:
            lapse = (
                "UPDATE jobs SET leased_until = now() - interval '1 s' WHERE token = %s AND id = %s"
            )
            self.connection.execute(lapse, (claim.job.token, claim.job.id))
            if held := self.model.held(claim.job.id, claim.job.token):
                held.lapsed = True

    @rule(worker=workers)
    def die(self, worker: str) -> None:
        if name := self.names.pop(worker, None):
            run(self.connection, worker_registry.rescue(DeadWorker(name, 0, silent=True)))
            self.model.rescue(name)

    @rule(worker=workers)
    def be_deregistered(self, worker: str) -> None:
        """Deregister the worker. Its name stays in use, and its later claims return nothing."""
        if name := self.names.get(worker):
            run(self.connection, worker_registry.deregister(name))
            self.model.workers.discard(name)

    @rule()
    def rescue_orphans(self) -> None:
        run(self.connection, worker_registry.rescue_orphans())
        self.model.rescue_orphans()

    @rule(id=jobs)
    def cancel(self, id: UUID) -> None:
        job = self.model.jobs.get(id)
        can = job is not None and job.status in UNENDED
        assert self.queue.cancel(id) == can
        if job and can:
            job.release("cancelled")

    @rule(queue=queues, type=types, statuses=st.sets(st.sampled_from(UNENDED), min_size=1))
    def cancel_many(self, queue: str, type: str, statuses: set[str]) -> None:
        found = self.found(queue, type, statuses)
        assert self.queue.cancel_many(queue, type, statuses) == len(found)
        for job in found:
            job.release("cancelled")

    @rule(queue=queues, type=types, statuses=st.sets(st.sampled_from(JobStatus), min_size=1))
    def retry_many(self, queue: str, type: str, statuses: set[JobStatus]) -> None:
        self.time_goes_on()
        found = self.found(queue, type, statuses)
        assert self.queue.retry_many(queue, type, statuses) == len(found)
        for job in found:
            self.model.retry(job)

    def found(self, queue: str, type: str, statuses: set[Any]) -> list[ModelJob]:
        return [
            job
            for job in self.model.jobs.values()
            if (job.queue, job.type) == (queue, type) and job.status in statuses
        ]

    @rule(id=jobs, by_hand=st.booleans())
    def retry(self, id: UUID, by_hand: bool) -> None:
        self.retry_job(id, by_hand)

    @rule(claim=claims)
    def retry_what_is_held(self, claim: Claim) -> None:
        self.retry_job(claim.job.id, by_hand=True)

    def retry_job(self, id: UUID, by_hand: bool) -> None:
        self.time_goes_on()
        if by_hand:
            typed = "UPDATE jobs SET status = 'pending', attempts = 0, run_at = now() WHERE id = %s"
            done = self.connection.execute(typed, (id,)).rowcount > 0
        else:
            done = self.queue.retry(id)
        job = self.model.jobs.get(id)
        assert done == (job is not None)
        if job:
            self.model.retry(job)

    @rule(id=jobs)
    def run_out_of_time(self, id: UUID) -> None:
        self.connection.execute(
            "UPDATE jobs SET expires = 0 WHERE id = %s AND expires IS NOT NULL", (id,)
        )
        if (job := self.model.jobs.get(id)) is not None:
            job.late = job.expires

    @rule()
    def expire(self) -> None:
        steps = expire(Counter(), KeptJobs())
        run_steps(steps, lambda statement: run(self.connection, statement))
        self.model.expire()

    @rule()
    def hours_pass(self) -> None:
        tick = self.time_goes_on()
        passing = "UPDATE jobs SET run_at = now() WHERE status = 'pending' AND run_at > now()"
        self.connection.execute(passing)
        for job in self.model.jobs.values():
            if job.status == "pending" and job.due is None:
                job.due = tick

    @rule(statuses=st.sets(st.sampled_from(("completed", "failed", "cancelled")), min_size=1))
    def purge(self, statuses: set[str]) -> None:
        gone = [job.id for job in self.model.jobs.values() if job.status in statuses]
        assert self.queue.purge(timedelta(0), sorted(statuses)) == len(gone)
        for id in gone:
            del self.model.jobs[id]

    @invariant()
    def database_and_model_agree(self) -> None:
        rows = self.connection.execute("SELECT id, status, attempts, rescues FROM jobs").fetchall()
        model = self.model.jobs.values()
        assert sorted(rows) == sorted(
            (job.id, job.status, job.attempts, job.rescues) for job in model
        )


def test_the_queue_does_what_its_model_does(dsn: str) -> None:
    with Queue(dsn) as queue, psycopg.connect(dsn, autocommit=True) as connection:
        run_state_machine_as_test(
            lambda: JobMachine(dsn, queue, connection),
            settings=settings(
                max_examples=40,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
