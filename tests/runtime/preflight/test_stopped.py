"""Preflight counts jobs that were stopped behind steps which a package cannot go on behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobType, Queue, job_type, upcast
from conduit_runtime.job_types.kept import with_ended
from conduit_runtime.preflight.findings import Finding, find
from conduit_runtime.preflight.reading import snapshot
from conduit_runtime.worker.run.handler import Handler
from conduit_runtime.worker.run.handlers import HandlerRegistry

TYPE = "order.after_create.bill"


@dataclass(frozen=True, slots=True)
class Bill:
    paid: bool
    items: list[int]


@dataclass(frozen=True, slots=True)
class ChargeKept:
    number: int | None


@job_type(TYPE, "0a", steps={"charge": ChargeKept, "mail": None})
async def bill(job: JobContext[Any], payload: Bill) -> None:
    if await job.begins("charge", until="mail"):
        await job.ends(ChargeKept(1))
    if await job.begins("mail"):
        await job.ends()


@job_type(TYPE, "0a", steps={"charge": None, "mail": None})
async def in_branches(job: JobContext[Any], payload: Bill) -> None:
    if payload.paid:
        if await job.begins("mail"):
            await job.ends()
    elif await job.begins("charge"):
        await job.ends()
    await job.passed_all_steps()
    await job.services.done()


@dataclass(frozen=True, slots=True)
class OlderBill:
    paid: bool


@upcast(in_branches, "0b")
def _(old: OlderBill) -> Bill:
    raise AssertionError("a preflight runs no upcaster")


@job_type(TYPE, "0a", steps={"charge": None, "mail": None})
async def in_an_unknown_branch(job: JobContext[Any], payload: Bill) -> None:
    if len(payload.items) > 1 and await job.begins("mail"):
        await job.ends()
    await job.passed_all_steps()
    await job.services.done()


@job_type(TYPE, "0a", steps={"for item": None, "for item/charge": None, "mail": None})
async def in_turns(job: JobContext[Any], payload: Bill) -> None:
    async for _ in job.turns("for item", payload.items):
        if await job.begins("for item/charge"):
            await job.ends()
    if await job.begins("mail"):
        await job.ends()
    await job.services.done()


@job_type(TYPE, "0a", steps={"charge": ChargeKept, "mail": None, "ship": None})
async def in_a_match(job: JobContext[Any], payload: Bill) -> None:
    if await job.begins("charge"):
        charge = None
        await job.ends(ChargeKept(charge))
    else:
        charge = job.kept(ChargeKept).number
    match charge:
        case 1 | 2:
            if await job.begins("mail"):
                await job.ends()
        case _:
            if await job.begins("ship"):
                await job.ends()
    await job.passed_all_steps()
    await job.services.done()


@job_type(TYPE, "0a", steps={})
async def without_steps(job: JobContext[Any], payload: Bill) -> None:
    pass


@job_type(TYPE, "0a")
async def never_with_steps(job: JobContext[Any], payload: Bill) -> None:
    pass


def enqueued(
    queue: Queue, count: int = 1, paid: bool = False, items: Sequence[int] = ()
) -> list[UUID]:
    payload = {"paid": paid, "items": [*items]}
    jobs = (Job(type=TYPE, payload=payload, fingerprint="0a") for _ in range(count))
    return [each.id for each in queue.enqueue_many(jobs)]


def found(queue: Queue, job_type: JobType[Any, Any] = bill) -> list[Finding]:
    registry = HandlerRegistry()
    registry.register_job_types([job_type])
    with snapshot(queue.dsn, None) as database:
        return find(database, registry, ["default"])


def finish(queue: Queue, job: UUID, **steps: str | None) -> None:
    """Store finished steps of a job, as an attempt does."""
    with psycopg.connect(queue.dsn) as connection:
        for name, value in steps.items():
            connection.execute(
                "INSERT INTO conduit_steps (job, name, value, attempt, started_at) "
                "VALUES (%s, %s, %s, 1, now())",
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
    (job,) = enqueued(queue)
    finish(queue, job, **steps)
    (finding,) = found(queue)
    assert problem in finding.message
    assert (finding.is_stranded, finding.jobs) == (problem != "", 1)


def test_only_jobs_that_were_stopped_are_stranded(queue: Queue) -> None:
    for each in enqueued(queue, 5)[:2]:
        finish(queue, each, ship="null")
    by_verdict = {each.is_stranded: each.jobs for each in found(queue)}
    assert by_verdict == {True: 2, False: 3}
    assert {each.is_stranded: each.jobs for each in found(queue, without_steps)} == by_verdict
    assert {each.is_stranded: each.jobs for each in found(queue, never_with_steps)} == {False: 5}


@pytest.mark.parametrize(
    ("code", "paid", "items", "steps", "goes_on"),
    [
        (in_branches, True, [], {"mail": "null"}, True),
        (in_branches, False, [], {"charge": "null"}, True),
        (in_branches, True, [], {"charge": "null"}, False),
        (in_branches, False, [], {"mail": "null"}, False),
        (in_turns, False, [], {"mail": "null"}, True),
        (in_turns, False, [1], {"mail": "null"}, False),
        (in_turns, False, [1], {"for item": '{"turns": 1}', "mail": "null"}, True),
        (in_turns, False, [1, 2], {"for item": '{"turns": 1}', "for item/charge": "null"}, True),
        (in_turns, False, [1, 2], {"mail": "null", "for item/charge": "null"}, False),
        (in_a_match, False, [], {"charge": '{"number": 2}', "mail": "null"}, True),
        (in_a_match, False, [], {"charge": '{"number": 3}', "mail": "null"}, False),
        (in_a_match, False, [], {"charge": '{"number": null}', "ship": "null"}, True),
    ],
)
def test_jobs_go_on_if_the_code_comes_to_their_steps(
    queue: Queue,
    code: JobType[Any, Any],
    paid: bool,
    items: list[int],
    steps: dict[str, str],
    goes_on: bool,
) -> None:
    (job,) = enqueued(queue, 1, paid, items)
    finish(queue, job, **steps)
    (finding,) = found(queue, code)
    assert finding.is_stranded != goes_on, finding.message


def test_what_depends_on_an_unknown_condition_is_said(queue: Queue) -> None:
    finish(queue, enqueued(queue, 3)[0], mail="null")
    findings = found(queue, in_an_unknown_branch)
    assert not any(each.is_stranded for each in findings)
    said = (
        "some may wait: an earlier attempt has finished the step 'mail', "
        "which this code does not come to"
    )
    assert {each.message: each.jobs for each in findings} == {"": 2, said: 1}


def test_a_payload_that_needs_an_upcaster_is_not_known(queue: Queue) -> None:
    stored = queue.enqueue(Job(type=TYPE, payload={"paid": True}, fingerprint="0b"))
    finish(queue, stored.id, charge="null")
    (finding,) = found(queue, in_branches)
    assert not finding.is_stranded
    by, said = finding.message.split("; some may wait: ")
    assert by.startswith("by the upcaster in ")
    assert said.startswith("an earlier attempt has finished the step 'charge'")


def test_a_signal_for_which_a_job_waits_is_not_finished(queue: Queue) -> None:
    (job,) = enqueued(queue)
    finish(queue, job, ship=None)
    (finding,) = found(queue)
    assert not finding.is_stranded


def test_a_step_may_have_ended_together_with_another(queue: Queue) -> None:
    (job,) = enqueued(queue)
    finish(queue, job, mail=with_ended("null", ["charge"]))
    assert not any(each.is_stranded for each in found(queue))


def test_jobs_that_this_code_found_unreadable_are_counted_once(queue: Queue) -> None:
    reader = Handler.of_job_type(bill).reader
    (job,) = enqueued(queue)
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("UPDATE jobs SET fingerprint = %s", [f"0a!{reader}"])
    finish(queue, job, ship="null")
    (finding,) = found(queue)
    assert (finding.is_stranded, finding.jobs) == (True, 1)
