"""What jobs in processes of their own can do, and when these are replaced or killed."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import isolated_jobs
import poisons
import psycopg
import pytest
import threaded_jobs
from conduit_runtime import Job, JobStatus, Queue, QueueError, WorkerPool
from conduit_runtime.job_types.isolation import Isolation
from conduit_runtime.services.loading import resolve
from example_app import insert_order, ship
from example_jobs import JOBS
from example_jobs.order import after_create, after_update
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pools import NewPool
from timed import Timed
from waiting import until

DAY = timedelta(days=1)
HELPERS = Path(poisons.__file__).parent


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that nobody has reaped yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def results(queue: Queue, type_: str) -> list[Any]:
    """The results of the jobs of a type, which have all completed."""
    jobs = queue.list(type=type_, limit=1_000)
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}, [job.error for job in jobs]
    return [queue.result(job.id) for job in jobs]


def test_a_job_can_do_what_it_can_do_elsewhere(
    new_pool: NewPool, queue: Queue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    pool = new_pool(
        database=True,
        tracer_provider=provider,
        services=isolated_jobs.services,
        around=[isolated_jobs.on_loop, isolated_jobs.in_thread],
        jobs=[isolated_jobs.typed],
    )
    options: dict[str, Any] = {
        "isolated": True,
        "keep_result": DAY,
        "base": timedelta(seconds=0.01),
    }
    pool.register("plain", isolated_jobs.plain, **options)
    pool.register("loop", isolated_jobs.on_the_loop, **options)
    pool.register("child", isolated_jobs.child, **options)
    paths = [str(tmp_path / name) for name in ("plain", "loop")]
    queue.enqueue(Job(type="plain", payload=paths[0], headers={"tenant": "acme"}))
    on_loop = queue.enqueue(Job(type="loop", payload=paths[1], max_attempts=9))
    queue.enqueue(isolated_jobs.typed.job(isolated_jobs.Amount(5)))
    queue.signal(on_loop.id, "answer", 42)

    def is_done() -> bool:
        pool.run(drain=True)
        return not queue.list(status="pending", limit=1) and len(queue.list(type="child")) == 2

    until(is_done)

    assert results(queue, "plain") == [
        {
            "first": 1,
            "entered": True,
            "around": ["loop", "thread"],
            "payload": paths[0],
            "headers": {"tenant": "acme"},
        }
    ]
    assert results(queue, "loop") == [
        {"first": 1, "answer": 42, "row": 42, "entered": True, "around": ["loop", "thread"]}
    ]
    assert sorted(results(queue, "child"), key=len) == [[1], [[1], 2]]
    [[cents, pid]] = results(queue, "typed")
    assert (cents, pid != os.getpid()) == (5, True)
    assert Path(paths[0] + ".exit").exists()
    [record] = [each for each in caplog.records if each.name == "isolated_jobs"]
    assert record.getMessage().startswith("attempt ")
    ends = [each for each in spans.get_finished_spans() if each.name == "process plain"]
    assert [each.status.status_code for each in ends] == [
        StatusCode.ERROR,  # the process died
        StatusCode.UNSET,  # the job sleeps
        StatusCode.UNSET,
    ]
    [child, _] = [each for each in spans.get_finished_spans() if each.name == "process child"]
    assert child.parent is not None
    assert child.parent.span_id == ends[-1].context.span_id
    assert pool.metrics.children.ended["died"] == 2
    assert pool.metrics.children.alive == 0


def test_generated_jobs_call_their_services_in_a_child(
    conn: psycopg.Connection[Any], app_dsn: str, capfd: pytest.CaptureFixture[str]
) -> None:
    order = insert_order(conn)
    after_create(conn, order)
    after_update(conn, ship(conn, order), order)
    conn.commit()
    with Queue(app_dsn) as queue:
        pool = WorkerPool(queue, jobs=JOBS, services=resolve("echo", JOBS))
        for handler in pool.handlers:
            rules = replace(handler.rules, isolation=Isolation())
            pool.handlers.add(replace(handler, rules=rules))
        pool.run(drain=True)
        assert {job.status for job in queue.list()} == {JobStatus.COMPLETED}
    calls = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert sorted((call["service"], call["method"]) for call in calls) == [
        ("Email", "send"),
        ("SearchIndex", "add"),
        ("SearchIndex", "update"),
        ("Warehouse", "release"),
        ("Warehouse", "release"),
    ]


def test_a_child_is_kept_for_the_next_jobs_and_replaced_after_as_many_as_its_type_says(
    new_direct_pool: NewPool, queue: Queue
) -> None:
    pool = new_direct_pool(workers=1)
    pool.register("kept", isolated_jobs.process, isolated=True, keep_result=DAY)
    pool.register("two", isolated_jobs.process, isolated=True, keep_result=DAY, jobs_per_process=2)
    queue.enqueue_many([Job(type="kept") for _ in range(4)])
    pool.run(drain=True)
    queue.enqueue_many([Job(type="two") for _ in range(4)])
    pool.run(drain=True)

    assert len({*results(queue, "kept")}) == 1
    assert len({*results(queue, "two")}) == 2
    assert os.getpid() not in results(queue, "kept")


def test_a_log_line_without_bound_takes_little_of_the_worker(
    new_direct_pool: NewPool, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_direct_pool()
    pool.register("logs", isolated_jobs.logs_much, isolated=True)
    queue.enqueue(Job(type="logs", payload=5_000_000))
    pool.run(drain=True)

    [record] = [each for each in caplog.records if each.name == "isolated_jobs"]
    assert record.getMessage() == "x" * 1_000_000 + "… (5,000,000 characters)"


def test_where_an_import_starts_a_thread_each_child_is_a_new_python(
    new_direct_pool: NewPool, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_direct_pool()
    pool.register("threads", threaded_jobs.process, isolated=True, keep_result=DAY)
    queue.enqueue(Job(type="threads"))
    pool.run(drain=True)

    [pid] = results(queue, "threads")
    assert pid != os.getpid()
    if sys.platform == "linux":
        assert "each child process imports them anew" in caplog.text


def test_plain_handlers_run_in_children_if_the_worker_says_so(
    new_direct_pool: NewPool, queue: Queue
) -> None:
    pool = new_direct_pool()
    pool.register("plain", isolated_jobs.process, keep_result=DAY)
    pool.register("loop", poisons.ordinary_on_loop, keep_result=DAY)
    pool.handlers.isolate_plain()
    queue.enqueue_many([Job(type="plain"), Job(type="loop")])
    pool.run(drain=True)

    assert results(queue, "plain") != [os.getpid()]
    assert results(queue, "loop") == [os.getpid()]


@pytest.mark.parametrize("end", ["cancel", "stop"])
def test_a_job_that_hangs_is_killed(
    new_pool: NewPool, queue: Queue, timed: Timed, end: str
) -> None:
    timed(watch=0.1, long=0.1)
    pool = new_pool()
    pool.register("hangs", poisons.endless_in_c, isolated=True, kill_after=timedelta(seconds=0.1))
    job = queue.enqueue(Job(type="hangs"))
    with pool:
        until(lambda: getattr(queue.get(job.id), "started_at", None))
        if end == "cancel":
            queue.cancel(job.id)
            until(lambda: pool.metrics.children.ended["lost"])
            [worker] = queue.workers()
            if worker.version != "gateway":
                until(lambda: queue.workers()[0].children.ended["lost"])
        else:
            pool.stop(grace=0)
            assert pool.metrics.children.ended["shutdown"]
    stored = queue.get(job.id)
    assert stored is not None
    expected = (JobStatus.CANCELLED, 1) if end == "cancel" else (JobStatus.PENDING, 0)
    assert (stored.status, stored.attempts) == expected
    assert pool.metrics.children.alive == 0


def test_a_job_that_looks_for_a_cancel_ends_by_itself_and_its_child_goes_on(
    new_pool: NewPool, queue: Queue, timed: Timed
) -> None:
    timed(watch=0.1, long=0.1)
    pool = new_pool(workers=1)
    pool.register("reports", isolated_jobs.reports, isolated=True)
    pool.register("next", isolated_jobs.process, isolated=True)
    job = queue.enqueue(Job(type="reports"))
    with pool:
        stored = until(lambda: (found := queue.get(job.id)) and found.progress and found)
        assert stored.progress == {"done": 1, "total": 2, "note": "half"}
        queue.cancel(job.id)
        after = queue.enqueue(Job(type="next"))
        until(lambda: (found := queue.get(after.id)) and found.status is JobStatus.COMPLETED)
        assert pool.metrics.children.alive == 1
    assert not any(pool.metrics.children.ended.values())


def test_a_job_that_kills_its_parent_ends_the_isolated_jobs_beside_it_and_no_others(
    new_direct_pool: NewPool, queue: Queue, tmp_path: Path
) -> None:
    pool = new_direct_pool()
    pool.register("kills", isolated_jobs.kills_parent, isolated=True)
    pool.register("beside", isolated_jobs.starts_and_hangs, isolated=True)
    pool.register("next", isolated_jobs.process, isolated=True)
    pool.register("ordinary", lambda job, path: until(lambda: counts.ended["died"] == 2))
    counts = pool.metrics.children
    told = tmp_path / "told"
    types = ("kills", "beside", "ordinary")
    queue.enqueue_many([Job(type=each, payload=str(told), max_attempts=1) for each in types])
    pool.run(drain=True)
    queue.enqueue(Job(type="next"))
    pool.run(drain=True)

    jobs = {job.type: job for job in queue.list()}
    for name in ("kills", "beside"):
        error = jobs[name].error or ""
        assert "since the process that had started it has died" in error
    assert jobs["ordinary"].status is JobStatus.COMPLETED, jobs["ordinary"].error
    assert jobs["next"].status is JobStatus.COMPLETED, jobs["next"].error
    if sys.platform == "linux":
        until(lambda: not is_alive(int(told.read_text())))


WORKER = """
import os, re, sys
from pathlib import Path
from conduit_runtime import Queue, WorkerPool

class Services:
    text = "here"

pool = WorkerPool(Queue(sys.argv[1]))

@pool.handler("hangs", isolated=True)
def hangs(job, payload):
    assert job.services.text == "here"
    Path(payload).write_text(str(os.getpid()))
    re.match(r"(a+)+$", "a" * 64 + "b")

if __name__ == "__main__":
    pool.services = services = Services()
    pool.run()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a call that never ends goes on")
def test_a_child_ends_with_its_worker_whatever_it_does(queue: Queue, tmp_path: Path) -> None:
    """The handler is in the program itself."""
    program, told = tmp_path / "program.py", tmp_path / "pid"
    program.write_text(WORKER)
    queue.enqueue(Job(type="hangs", payload=str(told)))
    worker = subprocess.Popen([sys.executable, str(program), queue.dsn])
    try:
        pid = int(until(lambda: told.exists() and told.read_text()))
        assert is_alive(pid)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(60)
    until(lambda: not is_alive(pid))


@pytest.mark.parametrize(
    ("has_guard", "is_file", "error"),
    [(True, False, "the program is not a file"), (False, True, "a pool is started when a process")],
)
def test_a_program_that_a_child_cannot_import_is_refused_at_the_start(
    queue: Queue, tmp_path: Path, has_guard: bool, is_file: bool, error: str
) -> None:
    text = WORKER if has_guard else WORKER.replace('if __name__ == "__main__":', "if True:")
    program = tmp_path / "program.py"
    program.write_text(text)
    arguments = [str(program)] if is_file else ["-c", text]
    command = [sys.executable, *arguments, queue.dsn]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert error in ended.stderr.splitlines()[-1]


class Held:
    """Services that cannot be pickled."""

    def __init__(self) -> None:
        self.file = open(os.devnull)  # noqa: SIM115


def captures(pool: WorkerPool) -> None:
    """Register a handler in a function, which a child cannot import."""

    @pool.handler("local", isolated=True)
    def local(job: Any, payload: Any) -> None: ...


def surrounds(pool: WorkerPool) -> None:
    """Add a hook that a child cannot import."""

    @pool.around
    def nothing(job: Any) -> Iterator[None]:
        yield

    pool.register("fine", isolated_jobs.process, isolated=True)


@pytest.mark.parametrize(
    ("register", "services", "error"),
    [
        (captures, None, "the handler of local cannot run in a process of its own"),
        (
            lambda pool: pool.register("lambda", lambda job, payload: None, isolated=True),
            None,
            "the handler of lambda cannot",
        ),
        (
            lambda pool: pool.register("fine", isolated_jobs.process, isolated=True),
            Held(),
            "the services cannot",
        ),
        (
            surrounds,
            None,
            "the hook 'nothing' around jobs cannot",
        ),
    ],
)
def test_what_cannot_cross_is_refused_at_the_start(
    new_direct_pool: NewPool,
    register: Callable[[WorkerPool], object],
    services: object,
    error: str,
) -> None:
    pool = new_direct_pool(services=services)
    register(pool)
    with pytest.raises(QueueError, match=error):
        pool.start()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"isolated": 1}, "isolated is 1: use True or False"),
        ({"memory": "1GB"}, "memory is for isolated jobs"),
        ({"isolated": True, "memory": "much"}, "memory is 'much'"),
        ({"isolated": True, "jobs_per_process": 0}, "jobs_per_process is 0"),
        ({"isolated": True, "kill_after": 1}, "kill_after is 1"),
        ({"isolated": True, "process_concurrency": 0}, "process_concurrency is 0"),
        ({"process_concurrency": 2}, "process_concurrency is for isolated jobs"),
    ],
)
def test_options_are_checked(new_direct_pool: NewPool, options: dict[str, Any], error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        new_direct_pool().register("type", isolated_jobs.process, **options)


def test_batches_cannot_be_isolated(new_direct_pool: NewPool) -> None:
    with pytest.raises(ValueError, match="takes batches, which cannot be isolated"):
        new_direct_pool().batch_handler("type", size=2, isolated=True)(isolated_jobs.process)
