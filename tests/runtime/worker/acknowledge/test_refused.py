"""A job that Postgres refuses fails with the reason, and holds up no other."""

import threading
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from conduit_runtime import FailedJob, Flow, Job, JobContext, Queue, chain, group
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import flows as flow_store
from pools import NewPool
from waiting import until

REFUSE: LiteralString = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.type = 'poison' AND {condition} THEN RAISE EXCEPTION 'not today'; END IF;
  RETURN NEW;
END $$;
CREATE {kind} TRIGGER refuse {time} {event} ON jobs {deferred}
  FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def execute(dsn: str, sql: LiteralString) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(sql)


def refuse(dsn: str, event: LiteralString, condition: LiteralString, *, late: bool = False) -> None:
    """Create a trigger that refuses rows of the type `poison`, at once or at the commit."""
    parts: dict[str, LiteralString] = {
        "kind": "CONSTRAINT" if late else "",
        "time": "AFTER" if late else "BEFORE",
        "deferred": "DEFERRABLE INITIALLY DEFERRED" if late else "",
    }
    execute(dsn, REFUSE.format(event=event, condition=condition, **parts))


def stored(queue: Queue, job: Job) -> Job:
    found = queue.get(job.id)
    assert found is not None
    return found


def statuses(queue: Queue, flow: Flow) -> list[str]:
    return [stored(queue, job).status.value for job in flow.jobs]


class Pool:
    """A pool that notes the runs of jobs, and the jobs that failed."""

    def __init__(self, new_pool: NewPool) -> None:
        self.runs: list[Any] = []
        self.failed: list[FailedJob] = []
        self.pool = new_pool(workers=4)
        for type_ in ("t", "poison", "z"):
            self.pool.register(type_, self.work)
        self.pool.on_failed(self.failed.append)

    def work(self, context: JobContext, payload: Any) -> None:
        self.runs.append(payload)

    def drain(self) -> list[Any]:
        self.pool.run(drain=True)
        return self.runs


def poisoned(policy: Any = "cancel") -> Flow:
    return chain(
        Job(type="t", payload="a"),
        Job(type="poison", payload="b"),
        Job(type="z", payload="c"),
        on_failure=policy,
    )


def test_a_job_of_a_flow_that_exists_already_runs_once(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    a, b, c = (Job(type="t", payload=name) for name in "abc")
    queue.enqueue_flow(chain(a, b, c))
    queue.enqueue(Job(type="t", payload="b", id=b.id))
    ran = Pool(new_pool).drain()
    assert sorted(ran) == ["a", "b", "c"]
    assert ran[-1] == "c"
    assert statuses(queue, chain(a, b, c)) == ["completed"] * 3


def test_a_job_of_a_flow_that_exists_already_is_cancelled(queue: Queue, dsn: str) -> None:
    a, b, c = (Job(type="t", payload=name) for name in "abc")
    flow = chain(a, b, c)
    queue.enqueue_flow(flow)
    queue.enqueue(Job(type="t", payload="b", id=b.id))
    assert queue.cancel(b.id)
    assert not queue.cancel(b.id)
    assert statuses(queue, flow) == ["pending", "cancelled", "cancelled"]


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.usefixtures("short_intervals")
@pytest.mark.parametrize(("policy", "ran"), [("cancel", ["a"]), ("continue", ["a", "c"])])
def test_a_job_that_is_refused_fails_and_its_flow_learns_of_it(
    queue: Queue, new_pool: NewPool, dsn: str, late: bool, policy: Any, ran: list[str]
) -> None:
    refuse(dsn, "INSERT", "NEW.status = 'pending'", late=late)
    flow = poisoned(policy)
    queue.enqueue_flow(flow)
    pool = Pool(new_pool)
    with pool.pool:
        until(lambda: stored(queue, flow.jobs[2]).status in ("cancelled", "completed"))
        until(lambda: len(pool.failed) == 1, 60)
    assert pool.runs == ran
    failed = stored(queue, flow.jobs[1])
    assert (failed.status, failed.error) == ("failed", "Postgres refused the job: not today")


@pytest.mark.parametrize("way", ["outcome", "cancel", "sweep"])
def test_a_row_that_is_refused_in_every_form_fails_where_it_is(
    queue: Queue, new_pool: NewPool, dsn: str, way: str
) -> None:
    execute(dsn, "ALTER TABLE jobs ADD CHECK (type <> 'poison')")
    flow = poisoned("continue")
    queue.enqueue_flow(flow)
    if way == "cancel":
        assert queue.cancel(flow.jobs[0].id)
        assert Pool(new_pool).drain() == ["c"]
    elif way == "sweep":
        execute(dsn, "UPDATE jobs SET status = 'failed'")
        with psycopg.connect(dsn, autocommit=True) as conn:
            run(conn, flow_store.advance([flow.jobs[0].id]))
        assert Pool(new_pool).drain() == ["c"]
    else:
        assert Pool(new_pool).drain() == ["a", "c"]
    failed = stored(queue, flow.jobs[1])
    assert failed.status == "failed"
    assert "violates check constraint" in (failed.error or "")
    assert not queue.cancel(failed.id)
    assert queue.purge(timedelta(hours=1), "failed") == 0
    assert queue.purge(timedelta(0), "failed") >= 1
    assert queue.get(failed.id) is None


def test_one_of_many_members_is_refused(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    refuse(dsn, "INSERT", "NEW.status = 'pending' AND NEW.payload = '7'")
    head, then = Job(type="t", payload="head"), Job(type="z", payload="then")
    members = [Job(type="poison", payload=n) for n in range(20)]
    queue.enqueue_flow(chain(head, group(members, then=then), on_failure="cancel"))
    assert sorted(Pool(new_pool).drain()[1:]) == [n for n in range(20) if n != 7]
    assert stored(queue, members[7]).status == "failed"
    assert stored(queue, then).status == "cancelled"


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("refused", ["completed", "any"])
def test_an_outcome_that_is_refused_holds_up_no_other(
    queue: Queue, new_pool: NewPool, dsn: str, late: bool, refused: str
) -> None:
    condition: LiteralString = "NEW.status = 'completed'"
    if refused == "any":
        condition = "NEW.status IN ('completed', 'failed')"
    refuse(dsn, "UPDATE", condition, late=late)
    bad = [Job(type="poison", payload=n) for n in range(3)]
    good = [Job(type="t") for _ in range(200)]
    queue.enqueue_many([*good[:100], *bad, *good[100:]])
    pool = Pool(new_pool)
    with pool.pool:
        until(lambda: queue.stats().completed == len(good))
        if refused == "any":
            execute(dsn, "DROP TRIGGER refuse ON jobs")
            # The worker writes each outcome in the next form that it tries.
            until(lambda: queue.stats().completed + queue.stats().failed == len(good) + len(bad))
        else:
            until(lambda: queue.stats().failed == len(bad))
            assert "not today" in (stored(queue, bad[0]).error or "")
    assert len(pool.runs) == len(good) + len(bad)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("refused", ["pending", "any"])
def test_a_rescue_that_is_refused_holds_up_no_other(
    queue: Queue, new_pool: NewPool, dsn: str, late: bool, refused: str
) -> None:
    condition: LiteralString = "OLD.status = 'running' AND NEW.status = 'pending'"
    if refused == "any":
        condition = "OLD.status = 'running' AND NEW.status <> 'running'"
    bad = Job(type="poison", payload="bad")
    flow = chain(bad, Job(type="z", payload="next"), on_failure="continue")
    queue.enqueue_flow(flow)
    queue.enqueue_many([Job(type="t", payload=n) for n in range(20)])
    assert len(queue.dequeue("dead", limit=100)) == 21
    execute(dsn, "UPDATE jobs SET leased_until = NULL, locked_by = 'no worker'")
    refuse(dsn, "UPDATE", condition, late=late)
    pool = Pool(new_pool)
    with pool.pool:
        until(lambda: len([each for each in pool.runs if each != "next"]) == 20)
        if refused == "pending":
            until(lambda: stored(queue, flow.jobs[1]).status == "completed")
            assert "not today" in (stored(queue, bad).error or "")
    assert stored(queue, bad).status == ("failed" if refused == "pending" else "running")
    assert sorted(each for each in pool.runs if each != "next") == [*range(20)]


def test_a_start_that_is_refused_stops_no_job(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    refuse(dsn, "UPDATE", "NEW.status = 'running' AND OLD.status = 'running'")
    may_end = threading.Event()
    pool = new_pool(workers=4)
    for type_ in ("t", "poison"):
        pool.register(type_, lambda context, payload: may_end.wait(300))
    jobs = queue.enqueue_many([Job(type=type_) for type_ in ("t", "poison", "t")])
    with pool:
        until(lambda: [stored(queue, job).attempts for job in jobs] == [1, 0, 1])
        may_end.set()
        until(lambda: queue.stats().completed == 3)
