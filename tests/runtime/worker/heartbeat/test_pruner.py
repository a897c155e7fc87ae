"""Workers delete jobs whose retention has ended."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import Job, Queue, WorkerPool
from conduit_runtime.model.queues.retention import Retention
from conduit_runtime.postgres.connection import connect
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import worker_registry
from conduit_runtime.worker.heartbeat import pruner
from conduit_runtime.worker.timing import Timing
from timed import Timed
from waiting import until

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STATUSES = ("completed", "cancelled", "failed", "pending")


def fill(queue: Queue, name: str, days: int, count: int = 3) -> None:
    """Insert `count` jobs of each status that are `days` days old."""
    with psycopg.connect(queue.dsn) as connection:
        connection.execute(
            """
            INSERT INTO jobs (id, queue, type, status, run_at, created_at, completed_at)
            SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
                    || '7000' || substr(md5(random()::text), 1, 16))::uuid,
                   %(queue)s, 't', status, now() + '1 day', at, at
            FROM unnest(%(statuses)s::text[]) AS status, generate_series(1, %(count)s),
                 LATERAL (SELECT now() - make_interval(days => %(days)s)) AS time (at)
            """,
            {"queue": name, "days": days, "count": count, "statuses": list(STATUSES)},
        )


def counts(queue: Queue, name: str) -> list[int]:
    stats = queue.stats(name)
    return [stats[status] for status in STATUSES]


def test_a_worker_deletes_what_its_options_say(queue: Queue) -> None:
    for days in (1, 8, 100):
        fill(queue, "default", days)
        fill(queue, "other", days)
    pool = WorkerPool(queue, keep_completed=7 * DAY, keep_failed=90 * DAY)
    with pool:
        until(lambda: counts(queue, "default") == [3, 3, 6, 9])
    assert counts(queue, "other") == [9, 9, 9, 9]


def test_a_queue_has_its_own_retention(queue: Queue) -> None:
    for name in ("default", "other"):
        fill(queue, name, 8)
    queue.retention("default", keep_completed=30 * DAY)
    queue.retention("other", keep_failed=DAY)
    with WorkerPool(queue, keep_completed=DAY):
        until(lambda: counts(queue, "other") == [3, 3, 0, 3])
        assert counts(queue, "default") == [3, 3, 3, 3]
        [overview] = [each for each in queue.queues() if each.queue == "other"]
        assert (overview.keep_completed, overview.keep_failed) == (None, 86_400)
    queue.retention("other")
    assert not any(each.keep_failed for each in queue.queues())


def test_only_ended_jobs_and_none_that_a_flow_waits_for(queue: Queue) -> None:
    fill(queue, "default", 2, count=1)
    [waited_for] = [job.id for job in queue.list(status="completed")]
    own = queue.enqueue(Job(type="t", id=uuid4()))  # an application may choose ids
    with psycopg.connect(queue.dsn) as connection:
        connection.execute(
            "INSERT INTO conduit_dependencies (job, next) VALUES (%s, %s)", (waited_for, uuid4())
        )
        connection.execute(
            "UPDATE jobs SET status = 'completed', completed_at = now() - interval '2 d' "
            "WHERE id = %s",
            (own.id,),
        )
    step_until_done(queue, lambda: counts(queue, "default") == [1, 0, 0, 1])
    assert [job.id for job in queue.list(status="completed")] == [waited_for]


def step_until_done(
    queue: Queue, is_done: Callable[[], bool], pruning: pruner.Pruner | None = None
) -> None:
    with connect(queue.dsn, "test", "2s") as connection:
        retention = Retention(DAY, DAY)
        run(
            connection,
            worker_registry.register("w", 1, "h", 1, ["default"], [], "", retention),
        )
        walk = pruning or pruner.Pruner(Timing())
        until(lambda: walk.step(partial(run, connection), is_first=True) or is_done())


def test_many_pages_and_one_worker_at_a_time(queue: Queue) -> None:
    fill(queue, "default", 9, count=30)
    fill(queue, "default", 0, count=30)
    with connect(queue.dsn, "test", "2s") as connection:
        other = pruner.Pruner(Timing(), page=7)
        other.step(partial(run, connection), is_first=False)
        assert counts(queue, "default") == [60, 60, 60, 60]
    is_done = lambda: counts(queue, "default") == [30, 30, 30, 60]  # noqa: E731
    step_until_done(queue, is_done, pruner.Pruner(Timing(), page=7))


def test_one_row_that_postgres_refuses_holds_no_other_up(
    new_database: Callable[[], AbstractContextManager[str]],
) -> None:
    with new_database() as dsn, Queue(dsn) as queue:
        fill(queue, "default", 9)
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE receipts (job uuid REFERENCES jobs)")
            connection.execute(
                "INSERT INTO receipts SELECT id FROM jobs WHERE status = 'completed' LIMIT 1"
            )
        step_until_done(queue, lambda: counts(queue, "default") == [1, 0, 0, 3])


@pytest.mark.slow
def test_many_rows_that_postgres_refuses_hold_no_others_up_and_are_logged_once(
    new_database: Callable[[], AbstractContextManager[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    pruning = pruner.Pruner(Timing(pruning=0.0, pruning_share=100.0), logged=10)
    with new_database() as dsn, Queue(dsn) as queue:
        fill(queue, "default", 9, count=50)
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE receipts (job uuid REFERENCES jobs)")
            connection.execute("INSERT INTO receipts SELECT id FROM jobs ORDER BY id LIMIT 120")
            sql = "SELECT count(*) FROM receipts JOIN jobs ON id = job WHERE status <> 'pending'"
            [(kept,)] = connection.execute(sql)
        left: list[int] = []

        def is_done() -> bool:
            left.append(sum(counts(queue, "default")[:3]))
            return left[-1] == kept and len(left) > 50  # several passes

        step_until_done(queue, is_done, pruning)
        assert left[0] > kept > 50
    refused = [each for each in caplog.messages if "refuses to delete" in each]
    assert len(refused) == len({*refused}) == 10


@pytest.mark.slow
def test_slow_triggers_hold_no_heartbeat_up(
    new_database: Callable[[], AbstractContextManager[str]],
    timed: Timed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timed(pruning_statement=0.5, heartbeat=0.05, pruning_share=100.0)
    monkeypatch.setattr(pruner, "PAGE", 16)
    with new_database() as dsn, Queue(dsn) as queue:
        fill(queue, "default", 9, count=10)
        with psycopg.connect(dsn) as connection:
            connection.execute(
                """
                CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(0.15); RETURN OLD; END $$;
                CREATE TRIGGER slow BEFORE DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION slow();
                """
            )
        heartbeats: set[datetime] = set()

        def is_done() -> bool:
            left = sum(counts(queue, "default")[:2])
            if 0 < left < 20:
                heartbeats.update(heartbeats_of(dsn))
            return left == 0

        with WorkerPool(queue, keep_completed=DAY):
            until(is_done)
    assert len(heartbeats) > 4  # statements for 16 jobs would let one or two through


def heartbeats_of(dsn: str) -> list[datetime]:
    """When the workers sent their last heartbeats."""
    with psycopg.connect(dsn) as connection:
        return [at for (at,) in connection.execute("SELECT seen_at FROM conduit_workers")]


@pytest.mark.parametrize("age", [-DAY, 7, "7d"])
def test_a_wrong_age_is_named(queue: Queue, age: object) -> None:
    with pytest.raises(ValueError, match="keep_completed is"):
        WorkerPool(queue, keep_completed=age)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="keep_failed is"):
        queue.retention("default", keep_failed=age)  # type: ignore[arg-type]
