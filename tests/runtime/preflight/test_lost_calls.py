"""Preflight and doctor name the calls that waiting jobs would lose, as when a block is split."""

from dataclasses import dataclass
from typing import Any

import psycopg
from conduit_runtime import Job, JobContext, JobType, Queue, job_type, upcast
from conduit_runtime.doctor.checked_database import Package
from conduit_runtime.doctor.checkup import examine
from conduit_runtime.job_types.description.describe import Describer
from conduit_runtime.postgres.execute import run
from conduit_runtime.preflight.findings import Finding, find
from conduit_runtime.preflight.reading import snapshot
from conduit_runtime.statements.job_types import describe_types
from conduit_runtime.worker.run.handlers import HandlerRegistry

CLOSE, MAIL = "order.close", "order.mail"


@dataclass(frozen=True, slots=True)
class Closed:
    id: int


@dataclass(frozen=True, slots=True)
class Closed_0a:  # noqa: N801 - as generated
    id: int


@job_type(CLOSE, "0a")
async def both(job: JobContext[Any], order: Closed) -> None:
    await job.services.billing.refund(order.id)
    await job.services.mail.send(order.id)


@job_type(CLOSE, "0b")
async def refund(job: JobContext[Any], order: Closed) -> None:
    await job.services.billing.refund(order.id)


@upcast(refund, "0a")
def _(old: Closed_0a) -> Closed:
    return Closed(old.id)


@job_type(CLOSE, "0a")
async def refund_alone(job: JobContext[Any], order: Closed) -> None:
    await job.services.billing.refund(order.id)


@job_type(MAIL, "0c")
async def mail(job: JobContext[Any], order: Closed) -> None:
    await job.services.mail.send(order.id)


@job_type(CLOSE, "0a")
async def refund_and_enqueue(job: JobContext[Any], order: Closed) -> None:
    await job.services.billing.refund(order.id)
    job.enqueue(mail, Closed(order.id))


def describe(queue: Queue, *types: JobType[Any, Any]) -> None:
    """Store what a worker with these types stores when it starts."""
    describer = Describer()
    with psycopg.connect(queue.dsn) as connection:
        for each in types:
            run(connection, describe_types(describer.describe(each, each.name)))


def registry(*types: JobType[Any, Any]) -> HandlerRegistry:
    handlers = HandlerRegistry()
    handlers.register_job_types(types)
    return handlers


def found(queue: Queue, *types: JobType[Any, Any]) -> Finding:
    with snapshot(queue.dsn, None) as database:
        [finding] = find(database, registry(*types), ["default"])
    return finding


def enqueue(queue: Queue, fingerprint: str | None = "0a") -> None:
    queue.enqueue_many(
        Job(type=CLOSE, payload={"id": n}, fingerprint=fingerprint) for n in range(3)
    )


def test_a_split_block(queue: Queue) -> None:
    describe(queue, both)
    enqueue(queue)
    finding = found(queue, refund_alone, mail)
    assert (finding.verdict.reads, finding.jobs, finding.is_stranded) == ("lossy", 3, False)
    assert finding.message == "the package no longer calls mail.send for these jobs"


def test_a_split_block_that_captures_something_else(queue: Queue) -> None:
    describe(queue, both)
    enqueue(queue)
    finding = found(queue, refund, mail)
    assert finding.verdict.reads == "lossy"
    assert finding.message.startswith("by the upcaster in ")
    assert finding.message.endswith("; the package no longer calls mail.send for these jobs")


def test_jobs_without_a_shape_are_those_of_the_latest_code(queue: Queue) -> None:
    describe(queue, both)
    enqueue(queue, None)
    assert found(queue, refund_alone, mail).verdict.reads == "lossy"


def test_a_call_that_a_child_job_makes_is_not_lost(queue: Queue) -> None:
    describe(queue, both)
    enqueue(queue)
    assert found(queue, refund_and_enqueue, mail).verdict.reads == "yes"
    describe(queue, refund_and_enqueue, mail)
    assert found(queue, both).verdict.reads == "yes"


def test_a_child_job_that_is_no_longer_enqueued(queue: Queue) -> None:
    describe(queue, refund_and_enqueue, mail)
    enqueue(queue)
    finding = found(queue, refund_alone, mail)
    assert finding.message == "the package no longer calls mail.send for these jobs"


def test_types_that_no_worker_has_described(queue: Queue) -> None:
    enqueue(queue)
    assert found(queue, refund_alone, mail).verdict.reads == "yes"


def test_doctor_says_so(queue: Queue) -> None:
    describe(queue, both)
    enqueue(queue)
    package = Package(("app.jobs",), registry(refund_alone, mail), {"default": None})
    [finding] = examine(queue.dsn, None, package).findings
    assert (finding.code, finding.severity) == ("lossy-jobs", "warning")
    assert finding.message == (
        f"3 pending jobs of {CLOSE} (0a) would run with a loss: "
        "the package no longer calls mail.send for these jobs"
    )
