"""Blocks that sleep and wait, run by workers: what an attempt has done, no other one repeats."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from conduit_runtime import Job, JobStatus, Queue, Retry, WorkerPool
from conduit_runtime.cli import commands
from generated import compiled, imported
from pools import NewPool
from stored_jobs import reload
from waiting import until

SOURCE = """
resource Order {
  id: uuid! @primary
  title: string!
  tags: array<string>!

  @after create @async(name: "approve", unique: self.id, base: 1.second) {
    let asked = Time.now()
    Mail.ask(self.title, asked)
    let answer = Job.wait("approved", timeout: 7.days)
    Mail.answer(answer, asked)
    Job.sleep(1.second)
    Mail.thank(answer?.by ?? "nobody")
  }

  @after update {
    @async(name: "late") {
      Mail.ask(self.title)
      let answer = Job.wait("approved", timeout: 1.second)
      Mail.answer(answer == nil)
    }
    @async(name: "tags") {
      for tag in self.tags {
        Mail.ask(tag)
        Job.sleep(1.second)
      }
      Mail.thank("all")
    }
  }
}
"""
ROW = {"id": UUID(int=7), "title": "first", "tags": ["a", "b"]}


class Mail:
    """A service that notes its calls, and fails at those in `failing` once."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.failing: list[str] = []

    def __getattr__(self, method: str) -> Callable[..., None]:
        def called(*given: Any) -> None:
            self.sent.append((method, *given))
            if method in self.failing:
                self.failing.remove(method)
                raise Retry(0)

        return called


class Services:
    def __init__(self) -> None:
        self.mail = Mail()


@pytest.fixture
def package(tmp_path: Path) -> Iterator[ModuleType]:
    with imported(compiled(SOURCE), tmp_path) as found:
        yield found


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def pool(new_pool: NewPool, package: ModuleType, services: Services) -> Iterator[WorkerPool]:
    pool = new_pool(workers=4, jobs=package.JOBS, services=services)
    yield pool
    pool.stop()


def created(queue: Queue, package: ModuleType) -> Job:
    """The job of a created order."""
    with psycopg.connect(queue.dsn) as conn:
        package.order.after_create(conn, ROW)
    [job] = queue.list()
    return job


def updated(queue: Queue, package: ModuleType) -> dict[str, Job]:
    """The jobs of an updated order, by the ends of their types."""
    with psycopg.connect(queue.dsn) as conn:
        package.order.after_update(conn, ROW, {**ROW, "title": "before"})
    return {job.type.rpartition(".")[2]: job for job in queue.list()}


def until_it_waits(queue: Queue, job: Job) -> None:
    """Return when the job is due in more than a day, and holds no worker."""

    def waits() -> bool:
        found = reload(queue, job)
        later = datetime.now(UTC) + timedelta(days=1)
        return (
            found.status is JobStatus.PENDING and found.run_at is not None and found.run_at > later
        )

    until(waits)


def until_completed(queue: Queue, job: Job) -> Job:
    until(lambda: reload(queue, job).completed_at)
    found = reload(queue, job)
    assert found.status is JobStatus.COMPLETED, found.error
    return found


def methods(services: Services) -> list[str]:
    return [method for method, *_ in services.mail.sent]


def test_a_block_goes_on_behind_a_wait_and_a_sleep(
    pool: WorkerPool, queue: Queue, package: ModuleType, services: Services
) -> None:
    job = created(queue, package)
    pool.start()
    until_it_waits(queue, job)
    assert methods(services) == ["ask"]
    [ask, wait] = queue.steps(job.id)
    assert (ask.name, wait.name, wait.waits) == ("mail.ask", "approved", "signal")
    with psycopg.connect(queue.dsn) as conn:
        signal = (job.type, ROW["id"])
        assert queue.signal(signal, "approved", {"by": "ada"}, conn=conn)
    ended = until_completed(queue, job)
    (_, _, asked), (_, answer, kept), thank = services.mail.sent
    assert (answer, kept, thank) == ({"by": "ada"}, asked, ("thank", "ada"))
    assert ended.attempts == 1  # neither the wait nor the sleep has used one up


def test_the_command_sends_the_signal_before_the_job_waits(
    pool: WorkerPool, queue: Queue, package: ModuleType, services: Services
) -> None:
    job = created(queue, package)
    value = '{"by": "zoë"}'
    command = ["jobs", "signal", str(job.id), "approved", value, "--dsn", queue.dsn]
    assert CliRunner().invoke(commands, command).exit_code == 0
    pool.start()
    until_completed(queue, job)
    assert methods(services) == ["ask", "answer", "thank"]
    assert services.mail.sent[-1] == ("thank", "zoë")


def test_an_attempt_that_fails_repeats_nothing_above_the_wait(
    pool: WorkerPool, queue: Queue, package: ModuleType, services: Services
) -> None:
    services.mail.failing = ["answer", "thank"]
    job = created(queue, package)
    assert queue.signal(job.id, "approved", {"by": "ada"})
    assert not queue.signal(job.id, "approved", {"by": "bob"})
    pool.start()
    until_completed(queue, job)
    assert methods(services) == ["ask", "answer", "answer", "thank", "thank"]
    assert services.mail.sent[-1] == ("thank", "ada")


def test_a_timeout_gives_nil_and_turns_sleep_in_between(
    pool: WorkerPool, queue: Queue, package: ModuleType, services: Services
) -> None:
    jobs = updated(queue, package)
    pool.start()
    for job in jobs.values():
        until_completed(queue, job)
    assert sorted(services.mail.sent) == [
        ("answer", True),
        ("ask", "a"),
        ("ask", "b"),
        ("ask", "first"),
        ("thank", "all"),
    ]
    with psycopg.connect(queue.dsn) as conn:
        left = "SELECT (SELECT count(*) FROM conduit_steps), (SELECT count(*) FROM conduit_signals)"
        assert conn.execute(left).fetchone() == (0, 0)
