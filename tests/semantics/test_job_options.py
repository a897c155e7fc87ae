"""The options of `@async(…)` for errors and limits take effect when a worker runs the jobs."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from conduit_runtime import FailedJob, Job, Queue, WorkerPool
from conduit_runtime.model.queues.controls import TypeLimits
from generated import compiled, imported

SOURCE = """resource Ticket {
  id: int! @primary
  title: string!
  @after create @async(
    retry_on: ["TimeoutError", :ConnectionError], discard_on: "Refused",
    concurrency: 2, rate_limit: 50, per: 1.hour
  ) {
    if self.title == "own" { error("no") }
    Email.send(self.title)
  }
}
"""


class Refused(ConnectionError):
    """An exception whose own option takes precedence over that of its base class."""


class Plain:
    """A service whose methods run in threads."""

    def __init__(self) -> None:
        self.seen = 0

    def send(self, title: str) -> None:
        self.seen += 1
        raise {
            "late": TimeoutError("late"),
            "reset": ConnectionResetError("reset"),
            "refused": Refused("refused"),
            "odd": KeyError("odd"),
        }[title]


class Coroutines(Plain):
    async def send(self, title: str) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        super().send(title)


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    with Queue(dsn) as queue:
        yield queue


@pytest.mark.parametrize("email", [Plain(), Coroutines()])
def test_the_error_of_a_service_decides(
    queue: Queue, dsn: str, tmp_path: Path, email: Plain
) -> None:
    told: list[FailedJob] = []
    with imported(compiled(SOURCE), tmp_path) as package:
        [job_type] = package.JOBS
        jobs: dict[str, Job] = {}
        with psycopg.connect(dsn) as conn:
            for title in ("late", "reset", "refused", "odd", "own"):
                payload = job_type.payload(title=title)
                jobs[title] = job_type.enqueue(conn, payload)
        pool = WorkerPool(
            queue,
            jobs=package.JOBS,
            services=SimpleNamespace(email=email),
            on_failed=told.append,
        )
        pool.run(drain=True)
    stored = {title: queue.get(job.id) for title, job in jobs.items()}
    assert {title: job and (job.status, job.attempts) for title, job in stored.items()} == {
        "late": ("pending", 1),
        "reset": ("pending", 1),
        "refused": ("failed", 1),
        "odd": ("failed", 1),
        "own": ("failed", 1),
    }
    assert {job.error.partition(":")[0] for job in told} == {"Refused", "KeyError", "ConduitError"}
    assert all(job.discarded for job in told)
    assert email.seen == 4


def test_a_worker_applies_the_limits_of_the_source(queue: Queue, tmp_path: Path) -> None:
    with imported(compiled(SOURCE), tmp_path) as package:
        pool = WorkerPool(queue, jobs=package.JOBS, services=SimpleNamespace(email=Plain()))
        with pool:
            hour = timedelta(hours=1)
            assert queue.type_limits() == [
                TypeLimits("ticket.after_create.email_send", 2, "source", 50, hour, "source")
            ]
