"""A worker warns of queues that no worker serves and whose jobs it could run."""

import importlib
import json
import logging
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Job, Queue, WorkerPool
from conduit_runtime.model.package import retired_types
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.worker_registry import unserved_queues
from conduit_runtime.worker.heartbeat.upkeep import UnservedQueues
from timed import Timed
from waiting import until

WARNING = "holds jobs of"


def pool_of(queue: Queue, name: str = "email", *types: str) -> WorkerPool:
    """Return a pool that handles types in the queue of this name."""
    pool = WorkerPool(queue, name)
    for type_ in types or ("email.send",):
        pool.register(type_, lambda context, payload: None)
    return pool


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if WARNING in record.getMessage()]


@pytest.mark.slow
def test_a_moved_queue_is_named_at_the_start(
    queue: Queue,
    caplog: pytest.LogCaptureFixture,
    timed: Timed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker warns once, and not of a queue whose types it has no handler for."""
    timed(maintenance=0.0, unserved=0.0)
    steps: list[object] = []
    step = UnservedQueues.step
    monkeypatch.setattr(UnservedQueues, "step", lambda *given: (step(*given), steps.append(given)))
    queue.enqueue_many([Job("mail", "email.send"), Job("mail", "email.send"), Job("x", "other")])
    with caplog.at_level(logging.WARNING), pool_of(queue):
        until(lambda: len(steps) > 2)
    assert warnings(caplog) == [
        "queue mail holds jobs of email.send, and no worker serves it: add --queue mail"
    ]


def test_a_queue_that_a_live_worker_serves_is_not_named(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    with pool_of(queue, "mail", "other"):
        queue.enqueue(Job("mail", "email.send"))
        with caplog.at_level(logging.WARNING), pool_of(queue):
            pass
    assert warnings(caplog) == []


MODULE = """
from dataclasses import dataclass
from conduit_runtime import JobContext, job_type

@dataclass(frozen=True)
class Mail: ...

@job_type("post.after_create.mail", "f0", queue="email")
async def mail(job: JobContext[object], payload: Mail) -> None: ...
"""


def test_a_queue_of_removed_types_is_named(
    queue: Queue,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The package's `jobs.lock` has the types that it had."""
    folder = tmp_path / "smaller_jobs"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "post.py").write_text(MODULE)
    names = {"post.gone": {"retired": True}, "post.taken": {"retired": True}}
    jobs = {**names, "post.after_create.mail": {"was": ["post.taken"]}}
    (folder / "jobs.lock").write_text(json.dumps({"version": 1, "jobs": jobs}))
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("smaller_jobs.post")
    queue.enqueue_many([Job("mail", "post.gone"), Job("news", "other")])
    pool = WorkerPool(queue, jobs=[module.mail])
    with caplog.at_level(logging.WARNING), pool:
        until(lambda: len(warnings(caplog)) > 0)
    assert warnings(caplog) == [
        "queue mail holds jobs of post.gone, which this code no longer has, and no worker serves "
        "it: run a worker of the code that had them, or cancel the jobs"
    ]
    assert retired_types("smaller_jobs") == {"post.gone"}
    assert retired_types("json") == retired_types("no.such") == frozenset()


def test_many_types_are_counted(queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    types = [f"type.{number}" for number in range(5)]
    queue.enqueue_many(Job("mail", type_) for type_ in types)
    with caplog.at_level(logging.WARNING), pool_of(queue, "email", *types):
        pass
    assert "type.0, type.1, type.2 and 2 more, and no worker" in warnings(caplog)[0]


def test_queues_are_found_with_the_types_that_wait_in_them(queue: Queue) -> None:
    queue.enqueue_many(
        Job(name, type_, priority=priority)
        for name in ("a", "b", "c")
        for type_ in ("t", "u", "v")
        for priority in (1, 50)
    )
    with pool_of(queue, "b", "w"), psycopg.connect(queue.dsn) as connection:
        assert run(connection, unserved_queues(["v", "t"])) == [
            ("a", ["t", "v"]),
            ("c", ["t", "v"]),
        ]
        assert run(connection, unserved_queues([])) == []
