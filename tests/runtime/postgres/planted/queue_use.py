"""Calls all that an application, its workers and its schedules do with a queue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from conduit_runtime import (
    CronScheduler,
    Discard,
    Job,
    JobContext,
    Queue,
    Retry,
    Schedule,
    Snooze,
    WorkerPool,
    chain,
    group,
)
from conduit_runtime.telemetry.prometheus import PoolCollector
from conduit_runtime.worker.run.handler import HandlerOptions
from waiting import until


def enqueue(queue: Queue, conn: psycopg.Connection[Any] | None = None) -> None:
    queue.enqueue(Job(type="t"), conn=conn)
    queue.enqueue(Job(type="t", delay=timedelta(seconds=1), trace={"traceparent": "x"}), conn=conn)
    keyed = [Job(type="keyed", key=1) for _ in range(3)]
    now = datetime.now(UTC)
    queue.enqueue_many([*keyed, Job(type="t", key=1), Job(type="t", run_at=now)], conn=conn)
    for _ in range(2):
        queue.enqueue(Job(type="t", unique=1), conn=conn)
        queue.enqueue(Job(type="t", unique=2, unique_for=timedelta(hours=1)), conn=conn)
        queue.enqueue(Job(type="t", unique=3, debounce=timedelta(seconds=0.1)), conn=conn)
    queue.enqueue_flow(chain(Job(type="t"), group([Job(type="t"), Job(type="t")])), conn=conn)
    queue.enqueue_flow(chain(Job(type="t", unique=1), Job(type="t", delay=timedelta(1))), conn=conn)
    assert queue.signal(("t", 2), "go", conn=conn)


def enqueue_on(dsn: str) -> None:
    """Enqueue on the application's connection."""
    with psycopg.connect(dsn) as conn, Queue(dsn) as queue:
        enqueue(queue, conn)


def work(queue: Queue) -> None:
    pool = WorkerPool(queue, schedules=[Schedule.every(hours=1, type="tick")])
    reported: list[object] = []

    @pool.handler("parent", keep_result=timedelta(hours=1))
    async def parent(context: JobContext, payload: object) -> dict[str, int]:
        context.progress(1, 2)
        await context.used(2)
        await context.step("once", list, "ab")
        await context.sleep(0.1)
        await context.wait("go", timeout=60 if payload else 0.1)
        context.enqueued.append(Job(type="t"))
        if payload:
            context.enqueued.append(Job(type="t", unique="child"))
            context.enqueued.add_flow(chain(Job(type="t"), Job(type="t", unique="last")))
        return {"done": 1}

    @pool.handler("ends")
    async def ends(context: JobContext, payload: Any) -> None:
        raise {"retry": Retry(), "snooze": Snooze(timedelta(1)), "discard": Discard("no")}.get(
            payload, ValueError(payload)
        )

    limits: HandlerOptions = {"concurrency": 50, "rate_limit": 1000}
    by_key: HandlerOptions = {
        "key_concurrency": 1,
        "key_rate_limit": 1000,
        "ordered": True,
        "fair": True,
    }
    pool.register("keyed", lambda context, payload: None, **by_key)
    pool.register("t", lambda context, payload: context.results_blocking() and None, **limits)
    pool.register("tick", lambda context, payload: None, **limits)
    pool.on_failed(reported.append)
    _, signalled = queue.enqueue_many([Job(type="parent", payload=kind) for kind in (0, 1)])
    queue.enqueue_many([Job(type="ends", payload=how) for how in ("retry", "snooze", "discard")])
    queue.enqueue_flow(chain(Job(type="ends", payload="discard"), Job(type="t")))
    queue.limit("default", 5)
    queue.rate_limit("t", 1000)
    with pool:
        assert queue.signal(signalled.id, "go", [1])
        until(lambda: queue.stats().completed >= 12)
        list(PoolCollector(pool).collect())
        last = chain(Job(type="parent", payload=0), Job(type="t"))
        queue.result(queue.enqueue_flow(last)[1].id, timeout=60)
        queue.rate_limit("t", None)  # type: ignore[arg-type]
        queue.limit("default", None)
        until(lambda: len(queue.list(type="parent", status="completed")) == 3)
        for done in queue.list(type="parent"):
            stored = queue.get(done.id)
            assert stored is not None
            assert stored.result == {"done": 1}


def operate(queue: Queue) -> None:
    queue.pause("default")
    queue.resume("default")
    flow = queue.enqueue_flow(chain(Job(type="t"), Job(type="t")))
    queue.cancel(flow[1].id)
    queue.cancel(flow[0].id)
    queue.retry(flow[0].id)
    queue.enqueue_flow(chain(Job(type="t"), Job(type="t")))
    queue.cancel_many(type="t")
    queue.retry_many(type="ends")
    assert queue.queues()
    assert queue.metrics(last=timedelta(days=3)) is not None
    queue.purge(timedelta(0), ("completed", "cancelled"))
    queue.list(older_than=timedelta(0), key=("a", 1))


def be_refused(queue: Queue) -> None:
    """Change jobs, one of which the application's trigger protects."""
    jobs = queue.enqueue_many([Job(type="guarded"), Job(type="t")])
    with psycopg.connect(queue.dsn) as connection:
        connection.execute(GUARD)
    assert queue.dequeue("by hand", types=["guarded"]) == []
    assert queue.cancel_many(status="pending")
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("ALTER TABLE public.jobs DISABLE TRIGGER guard")
    queue.cancel(jobs[0].id)
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("ALTER TABLE public.jobs ENABLE TRIGGER guard")
    assert queue.purge(timedelta(0), "cancelled")
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("DROP TRIGGER guard ON public.jobs")


GUARD = """
CREATE OR REPLACE FUNCTION public.guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE 'not this one'; END $$;
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON public.jobs FOR EACH ROW
WHEN (OLD.type OPERATOR(pg_catalog.=) 'guarded') EXECUTE FUNCTION public.guard()
"""


def schedule(queue: Queue) -> None:
    scheduler = CronScheduler(queue)
    scheduler.add(Schedule.every(hours=1, type="every"))
    scheduler.add(Schedule.every(hours=2, type="every"))
    scheduler.add(Schedule.cron("* * * * *", type="cron"))
    scheduler.disable("cron")
    scheduler.enable("cron")
    scheduler.run("cron")
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("SELECT pg_catalog.set_config('search_path', 'public, other', false)")
        past = "pg_catalog.make_interval(mins => 5)"
        connection.execute(
            f"UPDATE conduit_schedules SET next_run_at = next_run_at OPERATOR(pg_catalog.-) {past}"
        )
    scheduler.enqueue_due()
    scheduler.remove("every")


def lease(queue: Queue) -> None:
    queue.enqueue(Job(type="leased"))
    queue.enqueue(Job(type="leased", delay=-timedelta(hours=2), expires=timedelta(hours=1)))
    [job] = queue.dequeue("by hand", types=["leased"])
    queue.touch(job)
    queue.fail(job, "no")
    queue.limit("default", 5)
    queue.share("default")
    queue.enqueue_many([Job(type="leased", key=("a", 1) if n else None) for n in range(101)])
    [job] = queue.dequeue("by hand", types=["leased"])
    queue.complete(job)
    queue.cancel_many(type="leased")
    queue.limit("default", None)
    queue.share("default", "source")
