"""Blocks as the compiler writes them, replayed against what their steps have stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobType, Queue, WorkerPool, job_type
from conduit_runtime.replay.run import Replayed

Replay = Callable[..., Replayed]


@dataclass(frozen=True, slots=True)
class Bill:
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Kept:
    number: int | None


@dataclass(frozen=True, slots=True)
class MoreKept:
    number: int | None
    url: str | None


def block(*steps: str, kept: type = Kept) -> JobType[Any, Bill]:
    """A block with these steps, the first of which keeps something, and a last call."""

    @job_type("bill", "0a", steps={name: kept if name == "charge" else None for name in steps})
    async def run(job: JobContext[Any], payload: Bill) -> None:
        for name in steps:
            if await job.begins(name):
                await job.services.billing.charge()
                await job.ends(kept(7) if name == "charge" else None)
            elif name == "charge":
                job.kept(kept)
        await job.services.email.send()

    return run


@job_type("bill", "0a", steps={"for line": None, "for line/email.send": None})
async def in_turns(job: JobContext[Any], payload: Bill) -> None:
    async for _line in job.turns("for line", payload.lines):
        if await job.begins("for line/email.send"):
            await job.services.email.send()
            await job.ends()
        await job.services.email.log()
    await job.services.email.end()


def store(queue: Queue, **steps: str) -> Job:
    """A job with these finished steps."""
    job = queue.enqueue(block("charge").job(Bill(["a", "b", "c"])))
    finish(queue, job.id, steps)
    return job


def finish(queue: Queue, job: UUID, steps: Mapping[str, str]) -> None:
    with psycopg.connect(queue.dsn, autocommit=True) as connection:
        for name, value in steps.items():
            connection.execute(
                "INSERT INTO conduit_steps VALUES (%s, %s, %s, 1, now(), now())", [job, name, value]
            )


@pytest.fixture
def replayed(queue: Queue, replay_by: Replay) -> Callable[[JobType[Any, Bill], Job], Replayed]:
    def run(job_type: JobType[Any, Bill], job: Job) -> Replayed:
        return replay_by(WorkerPool(queue, jobs=[job_type]), job)

    return run


ByType = Callable[[JobType[Any, Bill], Job], Replayed]
CHARGED = {"charge": '{"number": 7}'}


def test_the_same_block_fits(queue: Queue, replayed: ByType) -> None:
    job = store(queue, **CHARGED, mail="null")
    found = replayed(block("charge", "mail"), job)
    assert [(each.name, each.problem) for each in found.compared] == [("charge", ""), ("mail", "")]
    assert found.end == "a call of email.send"
    found = replayed(block("charge", "mail", "sms"), job)
    assert (found.end, found.differences) == ("'sms', which has not finished", [])


@pytest.mark.parametrize(
    ("steps", "name", "problem"),
    [
        (("charge",), "mail", "is stored, and this code does not come to it"),
        (("charge", "post", "mail"), "post", "is not stored; 'mail' is, and is not reached"),
        (("mail", "charge"), "mail", "comes before 'charge', which is stored before it"),
    ],
)
def test_another_block_differs(
    queue: Queue, replayed: ByType, steps: tuple[str, ...], name: str, problem: str
) -> None:
    job = store(queue, **CHARGED, mail="null")
    found = replayed(block(*steps), job).differences
    assert [(each.name, each.problem) for each in found] == [(name, problem)]


def test_what_is_kept_does_not_fit(queue: Queue, replayed: ByType) -> None:
    job = store(queue, **CHARGED)
    [found] = replayed(block("charge", kept=MoreKept), job).differences
    assert (found.name, found.problem) == ("charge", "a finished step has not kept url")


def test_a_loop_goes_on_at_its_turn(queue: Queue, replayed: ByType) -> None:
    job = store(queue, **{"for line": '{"turns": 1}', "for line/email.send": "null"})
    found = replayed(in_turns, job)
    assert [each.name for each in found.compared] == ["for line", "for line/email.send"]
    assert (found.end, found.differences) == ("a call of email.log", [])
    ended = store(queue, **{"for line": '{"turns": 3}'})
    assert replayed(in_turns, ended).end == "a call of email.end"
    first = store(queue, **{"for line/email.send": "null"})
    assert replayed(in_turns, first).end == "a call of email.log"
    wrong = store(queue, **{"for line": '"x"'})
    [difference] = replayed(in_turns, wrong).differences
    assert "it was not a loop in an earlier attempt" in difference.problem


def test_a_replay_of_a_block_without_records_ends_at_its_first_effect(
    queue: Queue, replayed: ByType
) -> None:
    found = replayed(block("charge"), store(queue))
    assert (found.compared, found.end) == ([], "'charge', which has not finished")
