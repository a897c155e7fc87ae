"""Preflight counts jobs that were stopped behind steps which a package cannot go on behind."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobType, Queue, job_type
from conduit_runtime.job_types.kept import with_ended
from conduit_runtime.preflight.findings import Finding, find
from conduit_runtime.preflight.reading import snapshot
from conduit_runtime.worker.run.handler import Handler
from conduit_runtime.worker.run.handlers import HandlerRegistry

TYPE = "order.after_create.bill"


@dataclass(frozen=True, slots=True)
class Bill:
    pass


@dataclass(frozen=True, slots=True)
class ChargeKept:
    number: int | None


@job_type(TYPE, "0a", steps={"charge": ChargeKept, "mail": None})
async def bill(job: JobContext[Any], payload: Bill) -> None:
    pass


@job_type(TYPE, "0a", steps={"charge": None, "mail": None})
async def in_branches(job: JobContext[Any], payload: Bill) -> None:
    await job.passed_all_steps()


@job_type(TYPE, "0a", steps={})
async def without_steps(job: JobContext[Any], payload: Bill) -> None:
    pass


@job_type(TYPE, "0a")
async def never_with_steps(job: JobContext[Any], payload: Bill) -> None:
    pass


def found(queue: Queue, job_type: JobType[Any, Any] = bill) -> list[Finding]:
    registry = HandlerRegistry()
    registry.register_job_types([job_type])
    with snapshot(queue.dsn, None) as database:
        return find(database, registry, ["default"])


def finish(queue: Queue, job: UUID, **steps: str) -> None:
    """Store finished steps of a job, as an attempt does."""
    with psycopg.connect(queue.dsn) as connection:
        for name, value in steps.items():
            connection.execute(
                "INSERT INTO conduit_steps (job, name, value, attempt, started_at) "
                "VALUES (%s, %s, nullif(%s::jsonb, 'null'), 1, now())",
                [job, name, value],
            )


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ({}, ""),
        ({"charge": '{"number": 1}'}, ""),
        ({"charge": '{"number": null, "url": 1}', "mail": "null"}, ""),
        ({"ship": "null"}, "the step 'ship', which this code does not have"),
        ({"charge": "{}"}, "the step 'charge': a finished step has not kept number"),
        ({"charge": "null"}, "the step 'charge': a finished step has not kept number"),
        ({"charge": '{"number": "x"}'}, "the step 'charge': what a finished step has kept.number"),
        ({"mail": "null"}, "has finished the step 'mail', but not 'charge' before it"),
    ],
)
def test_what_is_stored_of_a_job_is_compared(
    queue: Queue, steps: dict[str, str], problem: str
) -> None:
    stored = queue.enqueue(Job(type=TYPE, payload={}, fingerprint="0a"))
    finish(queue, stored.id, **steps)
    (finding,) = found(queue)
    assert problem in finding.message
    assert (finding.is_stranded, finding.jobs) == (problem != "", 1)


def test_only_jobs_that_were_stopped_are_stranded(queue: Queue) -> None:
    jobs = queue.enqueue_many(Job(type=TYPE, payload={}, fingerprint="0a") for _ in range(5))
    for each in jobs[:2]:
        finish(queue, each.id, ship="null")
    by_verdict = {each.is_stranded: each.jobs for each in found(queue)}
    assert by_verdict == {True: 2, False: 3}
    assert {each.is_stranded: each.jobs for each in found(queue, without_steps)} == by_verdict
    assert {each.is_stranded: each.jobs for each in found(queue, never_with_steps)} == {False: 5}


def test_steps_in_branches_may_be_in_any_order(queue: Queue) -> None:
    stored = queue.enqueue(Job(type=TYPE, payload={}, fingerprint="0a"))
    finish(queue, stored.id, mail="null")
    assert not any(each.is_stranded for each in found(queue, in_branches))


def test_a_step_may_have_ended_together_with_another(queue: Queue) -> None:
    stored = queue.enqueue(Job(type=TYPE, payload={}, fingerprint="0a"))
    finish(queue, stored.id, mail=with_ended("null", ["charge"]))
    assert not any(each.is_stranded for each in found(queue))


def test_jobs_that_this_code_found_unreadable_are_counted_once(queue: Queue) -> None:
    reader = Handler.of_job_type(bill).reader
    stored = queue.enqueue(Job(type=TYPE, payload={}, fingerprint="0a"))
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("UPDATE jobs SET fingerprint = %s", [f"0a!{reader}"])
    finish(queue, stored.id, ship="null")
    (finding,) = found(queue)
    assert (finding.is_stranded, finding.jobs) == (True, 1)
