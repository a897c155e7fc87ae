"""What others plant on the search path is never called by a statement of ours."""

import ast
import gc
import re
import warnings
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import conduit_runtime
import psycopg
import pytest
from click.testing import CliRunner
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
    migrate,
)
from conduit_runtime.cli import commands
from conduit_runtime.client.sweep import Sweep
from conduit_runtime.doctor.checkup import examine
from conduit_runtime.model.dashboard.job_filter import JobFilter
from conduit_runtime.model.job import JobStatus
from conduit_runtime.model.workers.worker_state import DeadWorker
from conduit_runtime.postgres import statement
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.host_settings import SETTINGS
from conduit_runtime.postgres.steps import Run, run_steps
from conduit_runtime.preflight.reading import snapshot
from conduit_runtime.statements import idle_lock, job_types, preflight, worker_registry
from conduit_runtime.statements import metrics as metrics_store
from conduit_runtime.statements import outcomes as attempts
from conduit_runtime.statements import schedules as schedule_store
from conduit_runtime.statements.claims import Claims
from conduit_runtime.statements.dashboard import (
    audit,
    bulk,
    job_list,
    overview,
    queues,
    workers,
)
from conduit_runtime.statements.dashboard import job as dashboard_job
from conduit_runtime.statements.dashboard import types as dashboard_types
from conduit_runtime.statements.dashboard.errors import error_groups
from conduit_runtime.statements.dashboard.last_changes import last_changes
from conduit_runtime.statements.many import changes
from conduit_runtime.statements.outcomes import Attempt
from conduit_runtime.statements.scan_policy import Scan, ScanPolicy
from conduit_runtime.telemetry.prometheus import PoolCollector
from conduit_runtime.testing import Jobs, UnhandledJobs
from conduit_runtime.worker.run.handlers import HandlerOptions
from planted import operators, overloads, types
from psycopg.conninfo import make_conninfo
from waiting import until

PACKAGE = Path(conduit_runtime.__file__).parent
SQL = sorted((PACKAGE / "sql").rglob("*.sql"))
# What the grammar of Postgres itself resolves, however it is written.
GRAMMAR = {"coalesce", "greatest", "least", "extract", "EXTRACT", "ANY", "ALL", "ARRAY", "OPERATOR"}
LIKE_SQL = re.compile(r"\b(SELECT|CASE WHEN|INSERT INTO|UPDATE|DELETE FROM|AS) |::")
CALL = re.compile(r"(?<![\w.%{])([A-Za-z_]\w*)\(")


@cache
def texts() -> list[tuple[str, str]]:
    """All SQL: that of files, and what reads like SQL in strings of the code."""
    gc.disable()  # https://github.com/python/cpython/issues/106905
    try:
        return [*_texts()]
    finally:
        gc.enable()


def _texts() -> Iterator[tuple[str, str]]:
    for file in SQL:
        yield file.name, re.sub(r"--.*|COMMENT ON .*", "", file.read_text(encoding="utf-8"))
    for file in PACKAGE.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = re.sub(r"(?m)--.*$", "", node.value)
                if id(node) not in docs and LIKE_SQL.search(text):
                    yield f"{file.name}:{node.lineno}", text


def is_safe(name: str, text: str, at: int) -> bool:
    """Whether a name before the bracket `at` can only mean what it is to mean."""
    if name in GRAMMAR or name.startswith("conduit_"):
        return True
    # With several arrays, the grammar itself makes calls of pg_catalog.unnest of it.
    return name == "unnest" and "," in _arguments(text, at)


def _arguments(text: str, at: int) -> str:
    depth = 0
    for end in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return re.sub(r"\([^()]*\)", "", text[at + 1 : end])
    return text[at + 1 :]


def called() -> set[str]:
    """Every function that our SQL calls."""
    return {call for _, text in texts() for call in re.findall(r"\b([a-z_]\w*)\(", text)} - GRAMMAR


def test_every_function_is_qualified() -> None:
    assert [
        f"{where}: {call[1]}"
        for where, text in texts()
        for call in CALL.finditer(text)
        if not is_safe(call[1], text, call.end() - 1)
    ] == []


def plant(dsn: str, place: str, functions: set[str]) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(";".join(overloads(place, functions)))


def plant_operators(dsn: str, place: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(";".join([*operators(place), *types(place)]))


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The files of SQL that were made statements of, from now on."""
    texts()  # reads them all
    found: set[str] = set()
    read = Path.read_text

    def read_text(path: Path, *args: Any, **options: Any) -> str:
        if path.suffix == ".sql":
            found.add(path.name)
        return read(path, *args, **options)

    monkeypatch.setattr(Path, "read_text", read_text)
    statement.render.cache_clear()
    return found


def test_no_statement_calls_what_is_planted_beside_the_tables(
    empty_dsn: str, rendered: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    """As in PostgreSQL 14, where everybody may create functions in `public`."""
    ours = {name for name in called() if name.startswith("conduit_")}
    plant_operators(empty_dsn, "public")
    plant(empty_dsn, "public", called() - ours)
    migrate(empty_dsn)
    plant(empty_dsn, "public", ours)
    do_everything(empty_dsn)
    enqueue_on(empty_dsn)
    assert "planted" not in caplog.text
    assert sorted({file.name for file in SQL} - rendered) == []


def test_no_statement_calls_what_is_planted_before_pg_catalog(
    empty_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    migrate(empty_dsn)
    with psycopg.connect(empty_dsn) as connection:
        connection.execute("CREATE SCHEMA planted")
    plant_operators(empty_dsn, "planted")
    plant(empty_dsn, "planted", {name for name in called() if not name.startswith("conduit_")})
    dsn = make_conninfo(empty_dsn, options="-csearch_path=planted,pg_catalog,public")
    migrate(dsn, "other")
    do_everything(dsn)
    enqueue_on(dsn)
    assert "planted" not in caplog.text


def do_everything(dsn: str) -> None:
    """Call all that queues, workers, schedulers and the commands do, over their own connections."""
    with Queue(dsn) as queue:
        enqueue(queue)
        work(queue)
        operate(queue)
        be_refused(queue)
        schedule(queue)
        lease(queue)
    rescue_and_sweep(dsn)
    look(dsn)
    show(dsn)
    use_in_tests(dsn)
    for line in COMMANDS.strip().splitlines():
        done = CliRunner().invoke(commands, [*line.split(), "--dsn", dsn])
        assert done.exit_code == 0, (line, done.output)


COMMANDS = """
migrate
jobs list --type t --status pending --older-than 0s
jobs stats --last 1h
jobs stats --last 2d
jobs cancel --type t --older-than 0s
jobs retry --all
jobs purge --older-than 0s --status failed
queues retention other --keep-completed 1d --keep-failed 1d
workers list
queues list
queues pause other
queues resume other
queues limit other --none
queues rate-limit other --starts 1
queues rate-limits
queues rate-limit other --none
queues limit other --type --concurrency 1
queues limit other --type --source
queues rate-limit other --source
schedules list
"""


def look(dsn: str) -> None:
    """Read what a preflight and a doctor read."""
    with snapshot(dsn, None) as database:
        database.read(preflight.pending())
        database.read(preflight.pending(most=100))
        database.read(preflight.blocked_and_running())
        database.read(preflight.payloads([uuid4()]))
    report = examine(dsn, None)
    assert report.unread.keys() <= {"schedules"}, report.unread  # no worker is alive


def show(dsn: str) -> None:
    """Read and change what the dashboard does."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SETTINGS)
        id = run(connection, audit.record("ada", "retry", {}, 1))
        run(connection, audit.entry(id))
        run(connection, audit.entries(10))
        run(connection, overview.attempts(timedelta(hours=1), timedelta(minutes=1)))
        run(connection, overview.recent_attempts())
        run(connection, overview.overdue_attempts())
        run(connection, queues.settings())
        run(connection, queues.gauges(["default"]))
        run(connection, last_changes("queue", ["pause"]))
        run(connection, workers.handled_types())
        run(connection, workers.lanes("w"))
        run(connection, error_groups())
        run(connection, dashboard_types.type_shapes())
        run(connection, dashboard_types.type_activity(timedelta(hours=1)))
        list_jobs(partial(run, connection))
        change_jobs(partial(run, connection))
        show_job(partial(run, connection))


def list_jobs(send: Run) -> None:
    """Read jobs by every part of a filter."""
    hour = timedelta(hours=1)
    every = JobFilter("due", "q", "t", hour, hour, "e", "0", "w", {"n": 1}, only_plain=True)
    for wanted in (every, JobFilter("scheduled"), JobFilter("unreadable"), JobFilter("running")):
        send(job_list.scan(wanted, 1))
        send(job_list.count(wanted))
        if few := job_list.few(wanted, 1):
            send(few)


def change_jobs(send: Run) -> None:
    """Change jobs in every way, as an action in the background does."""
    id = send(audit.record("ada", "retry", {}, 0, state="running"))
    run_steps(bulk.change_matching(changes.run_now(), JobFilter(status="due")), send)
    run_steps(bulk.change_matching(changes.move("elsewhere"), JobFilter(type="t")), send)
    run_steps(bulk.change_matching(changes.prioritize(1), JobFilter(type="t")), send)
    run_steps(bulk.change_matching(changes.cancel(), JobFilter(queue="elsewhere")), send)
    run_steps(bulk.change_matching(changes.retry(), JobFilter(status="cancelled")), send)
    run_steps(bulk.change_matching(changes.delete(), JobFilter(older=timedelta(0))), send)
    send(bulk.progress(id, 1))
    send(bulk.stop(id, "retry"))
    send(bulk.take_over(id, "retry"))
    send(bulk.end(id, "done"))
    send(bulk.recent())


def show_job(send: Run) -> None:
    """Read what belongs to a job, and to a flow."""
    job = Job(
        status=JobStatus.COMPLETED, started_at=datetime.now(UTC), completed_at=datetime.now(UTC)
    )
    send(dashboard_job.shown_job(job.id))
    send(dashboard_job.children(job))
    send(dashboard_job.neighbours(job.id))
    send(dashboard_job.unique_key(job))
    send(dashboard_job.start_facts([job.id]))
    send(dashboard_job.flow_jobs(job.id, job.id, 10))
    send(dashboard_job.followed_jobs([job.id]))


def use_in_tests(dsn: str) -> None:
    """Call what the testing kit does, over its own connections."""
    jobs = Jobs(dsn)
    with Queue(dsn) as queue, jobs.spy() as spy, warnings.catch_warnings():
        warnings.simplefilter("ignore", UnhandledJobs)
        pool = WorkerPool(queue, ["kit"])
        pool.register("kit", lambda context, payload: None)
        job = queue.enqueue(Job(type="kit", queue="kit"))
        jobs.assert_enqueued("kit", queue="kit")
        jobs.advance(hours=1)
        assert len(jobs.run(pool=pool)) == 1
        spy.wait(job)


def enqueue(queue: Queue, conn: psycopg.Connection[Any] | None = None) -> None:
    queue.enqueue(Job(type="t"), conn=conn)
    queue.enqueue(Job(type="t", delay=timedelta(seconds=1), trace={"traceparent": "x"}), conn=conn)
    queue.enqueue_many([Job(type="t"), Job(type="t", run_at=datetime.now(UTC))], conn=conn)
    for _ in range(2):
        queue.enqueue(Job(type="t", unique=1), conn=conn)
        queue.enqueue(Job(type="t", unique=2, unique_for=timedelta(hours=1)), conn=conn)
    queue.enqueue_flow(chain(Job(type="t"), group([Job(type="t"), Job(type="t")])), conn=conn)
    queue.enqueue_flow(chain(Job(type="t", unique=1), Job(type="t", delay=timedelta(1))), conn=conn)


def enqueue_on(dsn: str) -> None:
    """Enqueue on a connection of the application's."""
    with psycopg.connect(dsn) as conn, Queue(dsn) as queue:
        enqueue(queue, conn)


def work(queue: Queue) -> None:
    pool = WorkerPool(queue, schedules=[Schedule.every(hours=1, type="tick")])
    reported: list[object] = []

    @pool.handler("parent", keep_result=timedelta(hours=1))
    async def parent(context: JobContext, payload: object) -> dict[str, int]:
        context.progress(1, 2)
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
    pool.register("t", lambda context, payload: context.results_blocking() and None, **limits)
    pool.register("tick", lambda context, payload: None, **limits)
    pool.on_failed(reported.append)
    queue.enqueue_many([Job(type="parent", payload=kind) for kind in (0, 1)])
    queue.enqueue_many([Job(type="ends", payload=how) for how in ("retry", "snooze", "discard")])
    queue.enqueue_flow(chain(Job(type="ends", payload="discard"), Job(type="t")))
    queue.limit("default", 5)
    queue.rate_limit("t", 1000)
    with pool:
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
    queue.list(older_than=timedelta(0))


def be_refused(queue: Queue) -> None:
    """Change jobs, one of which a trigger of the application's guards."""
    jobs = queue.enqueue_many([Job(type="guarded"), Job(type="t")])
    with psycopg.connect(queue.dsn) as connection:
        connection.execute(GUARD)
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
    [job] = queue.dequeue("by hand", types=["leased"])
    queue.touch(job)
    queue.fail(job, "no")
    queue.limit("default", 5)
    queue.enqueue(Job(type="leased"))
    [job] = queue.dequeue("by hand", types=["leased"])
    queue.complete(job)
    queue.limit("default", None)


def rescue_and_sweep(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SETTINGS)
        run(connection, worker_registry.register("w", 1, "h", 1, ["default"], [("t", "")]))
        with Queue(dsn) as queue:
            queue.enqueue(Job(type="t"))
        claims = Claims()
        claim = claims.next("w", {"default": 1}, [("t", "")], 1, 0.0)
        [job] = run(connection, claim)
        held = [Attempt(job, elapsed=1.0)]
        assert run(connection, attempts.mark_started(held)) == {job.id}
        run(connection, attempts.held_jobs("w"))
        token = uuid4()
        run(connection, attempts.renew([job], token, "w"))
        with connection.transaction(force_rollback=True):
            assert len(run(connection, worker_registry.reclaim([(job.id, token)]))) == 1
        run(connection, worker_registry.identity("public"))
        claims.scan_policy = Recent()
        run(connection, claims.next("w", {"default": 1}, [("t", "")], 1, 0.0))
        assert len(run(connection, worker_registry.rescue(DeadWorker("w", 0, silent=True)))) == 1
        run(connection, worker_registry.take_failure_notices(["default"], "w"))
        run(connection, worker_registry.delete_failure_notices([(job.id, "w")]))
        sweep = Sweep(lambda ended: None)
        for _ in range(4):
            sweep.step(partial(run, connection))
        sweep.watch(partial(run, connection))
        run_steps(metrics_store.compact(), partial(run, connection))
        run(connection, job_types.described_types())
        run(connection, job_types.known_shapes(["t"]))
        run(connection, idle_lock.acquire(["default"]))
        run(connection, idle_lock.someone_holds(["default"]))
        run(connection, idle_lock.release(["default"]))
        [stored, *_] = run(connection, schedule_store.read(None))
        run(connection, schedule_store.failed(stored[0], "no"))


class Recent(ScanPolicy):
    """Has every claim look at what fell due of late."""

    def choose(self, *args: object) -> Scan:
        return Scan.RECENT

    def ages(self, queues: Iterable[str], now: float) -> list[float]:
        return [1.0 for _ in queues]
