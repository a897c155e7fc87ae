from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from conduit_runtime import (
    Job,
    JobContext,
    JobPriority,
    JobStatus,
    PayloadError,
    Queue,
    chain,
)
from pools import NewPool
from psycopg_pool import ConnectionPool


def test_an_enqueued_job_is_stored_as_given(queue: Queue) -> None:
    at = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    job = queue.enqueue(
        Job("mail", "email.send", {"to": "a@b.c", "n": [1, None]}, JobPriority.HIGH, 5, at)
    )
    stored = queue.get(job.id)
    assert stored is not None
    assert (stored.queue, stored.type, stored.payload) == ("mail", "email.send", job.payload)
    assert (stored.priority, stored.max_attempts, stored.run_at) == (75, 5, at)
    assert (stored.status, stored.attempts, stored.error) == (JobStatus.PENDING, 0, None)
    assert stored.created_at is not None
    assert not stored.is_processable
    assert not stored.is_locked
    assert stored.is_retryable


def test_a_job_exists_if_and_only_if_its_transaction_commits(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        lost = queue.enqueue(Job(type="t"), conn=conn)
        queue.enqueue_many([Job(type="t"), Job(type="t")], conn=conn)
        assert queue.get(lost.id) is None
        conn.rollback()
        kept = queue.enqueue(Job(type="t"), conn=conn)
    assert [job.id for job in queue.list()] == [kept.id]


def test_many_jobs_keep_their_order(queue: Queue, dsn: str) -> None:
    jobs = queue.enqueue_many([Job(type="t", payload=n) for n in range(50)])
    with psycopg.connect(dsn) as conn:
        rows = conn.execute("SELECT id FROM jobs ORDER BY seq").fetchall()
    assert [id for (id,) in rows] == [job.id for job in jobs]
    assert queue.enqueue_many([]) == []


@pytest.mark.parametrize(
    "job",
    [
        Job(type=""),
        Job(queue="", type="t"),
        Job(type="x" * 201),
        Job(type="t\0"),
        Job(type="\ud800"),
        Job(queue="é" * 101, type="t"),
        Job(type="t", priority=101),
        Job(type="t", priority=-1),
        Job(type="t", priority="high"),
        Job(type="t", priority=True),
        Job(type="t", id="zz"),
        Job(type="t", id=5),
        Job(type=5),
        Job(type="t", fingerprint="f" * 20_000),
        Job(type="t", fingerprint=5),
        Job(type="t", max_attempts=0),
        Job(type="t", max_attempts=1.5),
        Job(type="t", max_attempts=True),
        Job(type="t", timeout="5"),
        Job(type="t", timeout=timedelta(seconds=5)),
        Job(type="t", delay=5.0),
        Job(type="t", unique="u", unique_for=5),
        Job(type="t", timeout=0),
        Job(type="t", run_at=datetime(2030, 1, 1)),
        Job(type="t", run_at="2030-01-01T00:00:00Z"),
        Job(type="t", payload=float("nan")),
        Job(type="t", payload={"a": ["x\0"]}),
    ],
)
def test_a_job_that_postgres_would_refuse_leaves_the_transaction_alone(
    queue: Queue, dsn: str, job: Job
) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute("SELECT 1")
        with pytest.raises(PayloadError):
            queue.enqueue(job, conn=conn)
        with pytest.raises(PayloadError):
            queue.enqueue_many([Job(type="fine"), job], conn=conn)
        with pytest.raises(PayloadError, match="twice"):
            queue.enqueue_many([twice := Job(type="fine"), twice], conn=conn)
        queue.enqueue(Job(type="fine"), conn=conn)
    assert queue.stats().pending == 1


@pytest.mark.parametrize("limit", [-1, 1.5, None, 2**63])
def test_a_limit_that_is_none_leaves_the_transaction_alone(
    queue: Queue, dsn: str, limit: int
) -> None:
    with psycopg.connect(dsn) as conn:
        with pytest.raises(ValueError, match=r"limit is .*: use a whole number from 0"):
            queue.list(limit=limit, conn=conn)
        with pytest.raises(ValueError, match=r"limit is .*: use a whole number from 0"):
            queue.dequeue("me", limit=limit, conn=conn)
        assert queue.list(limit=0, conn=conn) == queue.dequeue("me", limit=0, conn=conn) == []


@pytest.mark.parametrize("option", ["delay", "unique_for"])
def test_a_duration_is_a_timedelta(queue: Queue, option: str) -> None:
    with pytest.raises(PayloadError, match=rf"^{option} is 5\.0: use a timedelta$"):
        queue.enqueue(Job(type="t", unique="u", **{option: 5.0}))


def test_the_longest_names_fit(queue: Queue) -> None:
    job = queue.enqueue(Job(queue="q" * 200, type="é" * 100))
    assert queue.get(job.id) is not None


def test_schedule_puts_the_start_off(queue: Queue) -> None:
    later = queue.schedule(Job(type="t"), timedelta(hours=1))
    at = datetime(2030, 1, 1, tzinfo=UTC)
    fixed = queue.schedule(Job(type="t"), at)
    stored = queue.get(later.id)
    assert stored is not None
    assert stored.run_at is not None
    assert stored.created_at is not None
    assert stored.run_at - stored.created_at == timedelta(hours=1)
    found = queue.get(fixed.id)
    assert found is not None
    assert found.run_at == at


def test_cancel_and_retry(queue: Queue) -> None:
    job = queue.enqueue(Job(type="t"))
    assert queue.cancel(job.id)
    assert not queue.cancel(job.id)
    assert queue.stats()["cancelled"] == 1
    assert queue.retry(str(job.id))
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.status is JobStatus.PENDING
    gone = Job(type="t")
    assert not queue.retry(gone.id)
    assert not queue.cancel(gone.id)
    assert queue.get(gone.id) is None


def test_list_filters_and_bounds(queue: Queue) -> None:
    queue.enqueue_many([Job("a", "x"), Job("a", "y"), Job("b", "x")])
    assert len(queue.list()) == 3
    assert [job.type for job in queue.list("a", type="y")] == ["y"]
    assert len(queue.list(status=JobStatus.PENDING, limit=2)) == 2
    assert queue.list(status="failed") == []
    with pytest.raises(ValueError, match="nonsense"):
        queue.list(status="nonsense")


def test_stats_count_by_queue(queue: Queue) -> None:
    queue.enqueue_many([Job("a", "x"), Job("a", "y"), Job("b", "x")])
    assert queue.stats("a").pending == 2
    assert queue.stats().total == 3
    assert queue.stats("empty").total == 0


def test_purge_removes_ended_jobs_only(queue: Queue, dsn: str) -> None:
    jobs = queue.enqueue_many([Job(type=kind) for kind in ("old", "new", "failed", "pending")])
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET status = 'completed', completed_at = now()")
        conn.execute("UPDATE jobs SET completed_at = now() - interval '2 days' WHERE type <> 'new'")
        conn.execute("UPDATE jobs SET status = type WHERE type IN ('failed', 'pending')")
    assert queue.purge_completed(timedelta(days=1)) == 1
    assert queue.get(jobs[0].id) is None
    assert queue.purge(timedelta(days=1), status=("failed", "completed")) == 1
    assert {job.type for job in queue.list()} == {"new", "pending"}
    with pytest.raises(ValueError, match="pending"):
        queue.purge(timedelta(0), status=("pending",))


def test_hand_typed_statements(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "INSERT INTO jobs (queue, type, payload) VALUES ('default', 't', '{\"a\": 1}')"
        )
    [job] = queue.list()
    assert (job.payload, job.priority, job.max_attempts, job.fingerprint) == ({"a": 1}, 50, 3, None)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET status = 'running', locked_at = now() - interval '1 hour'")
        stuck = conn.execute(
            "SELECT id FROM jobs WHERE status = 'running' "
            "AND locked_at < now() - interval '5 minutes'"
        ).fetchall()
        assert stuck == [(job.id,)]
        conn.execute(
            "UPDATE jobs SET status = 'pending', attempts = 0, run_at = now() WHERE id = %s",
            (job.id,),
        )
        conn.execute("UPDATE jobs SET run_at = '20000-01-01'")
    assert queue.list()[0].run_at is not None
    with psycopg.connect(dsn) as conn:
        conn.execute("TRUNCATE jobs")
    assert queue.stats().total == 0


def test_a_schema_of_its_own(empty_dsn: str) -> None:
    from conduit_runtime import migrate

    schema = 'we"ird%s {jobs}'
    assert migrate(empty_dsn, schema)
    with Queue(empty_dsn, schema=schema) as queue:
        job = queue.enqueue(Job(type="t"))
        queue.enqueue_many([Job(type="t"), Job(type="t")])
        assert queue.get(job.id) is not None
        assert queue.stats().pending == 3


def test_a_role_that_may_only_insert_can_enqueue(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        role = f"producer_of_{conn.info.dbname}"  # roles belong to the whole server
        conn.execute(f'CREATE ROLE "{role}"')
        try:
            conn.execute(f'GRANT INSERT ON jobs TO "{role}"')
            conn.execute(f'SET ROLE "{role}"')
            job = queue.enqueue(Job(type="t"), conn=conn)
            queue.enqueue_many([Job(type="t"), Job(type="t")], conn=conn)
            conn.execute("RESET ROLE")
            assert queue.get(job.id, conn=conn) is not None
        finally:
            conn.rollback()


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_enqueueing_works_at_every_isolation(queue: Queue, dsn: str, isolation: str) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        queue.enqueue(Job(type="t"), conn=conn)
    assert queue.stats().pending == 1


def test_a_foreign_jobs_table_is_refused(empty_dsn: str) -> None:
    from conduit_runtime import MigrationError, migrate

    with psycopg.connect(empty_dsn) as conn:
        conn.execute("CREATE TABLE jobs (id int)")
    with pytest.raises(MigrationError, match="does not belong"):
        migrate(empty_dsn)


def test_a_pool_of_the_application_stays_its_own(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1, max_size=2) as pool:
        with Queue(pool) as queue:
            job = queue.enqueue(Job(type="t"))
        assert not pool.closed
        with pool.connection() as connection:
            assert not connection.autocommit
            [(found,)] = connection.execute("SELECT id FROM jobs")
    assert found == job.id


def test_a_queue_in_which_nothing_is_due_has_no_oldest(queue: Queue) -> None:
    queue.enqueue(Job(type="t", delay=timedelta(hours=1)))
    queue.enqueue(Job("busy", "t"))
    busy, idle = queue.queues()
    assert (busy.queue, idle.queue) == ("busy", "default")
    assert busy.oldest_due is not None
    assert (idle.pending, idle.oldest_due) == (1, None)


def test_one_status_may_be_given_as_a_text(queue: Queue, dsn: str) -> None:
    ended(dsn, "completed", "failed", "cancelled")
    assert queue.purge(timedelta(days=1), "failed") == 1
    assert queue.purge(timedelta(days=1)) == 1
    assert queue.stats().cancelled == queue.stats().total == 1
    with pytest.raises(ValueError, match="only ended jobs can be purged, not pending ones"):
        queue.purge(timedelta(0), "pending")


@pytest.mark.parametrize("age", [timedelta(days=-1), 5])
def test_a_negative_age_changes_nothing(queue: Queue, dsn: str, age: timedelta) -> None:
    ended(dsn, "completed", "failed")
    for change in (queue.purge, queue.purge_completed):
        with pytest.raises(ValueError, match=r"older_than is .*: use a timedelta of 0 or more"):
            change(age)
    for change in (queue.list, queue.cancel_many, queue.retry_many):
        with pytest.raises(ValueError, match=r"older_than is .*: use a timedelta of 0 or more"):
            change(older_than=age)
    assert (queue.stats().completed, queue.stats().failed) == (1, 1)


def ended(dsn: str, *statuses: str) -> None:
    """Insert jobs that ended two days ago, one of each status."""
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "INSERT INTO jobs (type, status, completed_at) "
            "SELECT 't', status, now() - interval '2 days' FROM unnest(%s::text[]) AS status",
            [list(statuses)],
        )


def test_an_object_that_is_stored_already_is_stored_as_another_job(queue: Queue) -> None:
    job = Job(type="t", payload=1, timeout=2.5)
    first, second = queue.enqueue(job), queue.enqueue(job)
    assert first is job
    assert second.id != first.id
    found = queue.get(second.id)
    assert found is not None
    third = queue.enqueue(found)
    assert (third.payload, third.timeout, third.status) == (1, 2.5, "pending")
    assert len(queue.enqueue_many([job, job])) == 2
    assert queue.stats().pending == 5


def test_a_unique_object_is_a_duplicate_of_itself(queue: Queue) -> None:
    job = Job(type="t", unique=1)
    first = queue.enqueue(job)
    again = queue.enqueue(job)
    assert (again.id, again.duplicate) == (first.id, True)


def test_a_job_of_a_stored_flow_is_another_one_alone(queue: Queue) -> None:
    flow = chain(Job(type="a"), Job(type="b", payload=None))
    a, b = queue.enqueue_flow(flow)
    blocked = queue.get(b.id)
    assert blocked is not None
    assert (blocked.payload, blocked.waits_for) == (None, 1)
    alone = queue.enqueue(b)
    c, d = queue.enqueue_flow(flow)
    assert len({a.id, b.id, alone.id, c.id, d.id}) == 5
    assert (a.flow, a.waits_for, b.waits_for) == (b.flow, 0, 1)
    assert (c.flow, d.waits_for, alone.flow) == (d.flow, 1, None)
    assert c.flow != a.flow
    for type_ in ("a", "a", "b", "b", "b"):
        [job] = queue.dequeue("w", types=[type_])
        queue.complete(job)
    assert queue.stats().completed == 5


def test_a_handler_may_enqueue_one_object_each_time(queue: Queue, new_pool: NewPool) -> None:
    child, flow = Job(type="child"), chain(Job(type="child"), Job(type="child"))
    pool = new_pool()

    @pool.handler("parent")
    async def parent(context: JobContext, payload: object) -> None:
        context.enqueued.append(child)
        context.enqueue_flow(flow)

    pool.register("child", lambda context, payload: None)
    queue.enqueue_many([Job(type="parent") for _ in range(3)])
    pool.run(drain=True)
    assert queue.stats().completed == 12
