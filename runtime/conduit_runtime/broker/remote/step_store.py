"""Stores the records of steps by way of the gateway that published their job."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ...job_types.steps import Connection, StepStore, Writes
from ...model.claimed import Claimed
from ...model.errors import JobLost, StepNotStored
from ...statements.outcomes import Attempt
from ...statements.steps import Record, Records, Stored, Wait, Waited
from ...worker.acknowledge.step_writer import Written
from ..messages import LARGEST, VERSION, Claim, ReadSteps, StoreStep, WaitInStep, encode
from .requests import PAUSE, Question, Refused, Requests

T = TypeVar("T")

REST = 10_000
"""Bytes for what a message has beside a value."""


class RemoteSteps(StepStore):
    """Asks the gateway of a job until it has stored or read what the job needs.

    Other gateways are not asked: one that was cut off from the database could store a record late,
    behind later ones. `gateway_of` gives the routing key of the gateway of a held job, or raises
    JobLost; `on_lost` is called with the claim of a job that is no longer held.
    """

    def __init__(
        self,
        requests: Requests,
        gateway_of: Callable[[Claimed], str],
        on_lost: Callable[[Claim], object],
    ) -> None:
        self._requests = requests
        self._gateway_of = gateway_of
        self._on_lost = on_lost
        self._asking: dict[Written[Any], asyncio.Task[None]] = {}

    def read(self, job: Claimed, /) -> "asyncio.Future[Stored]":
        return self._begin(self._read(job))

    def store(self, record: Record, /) -> "asyncio.Future[bool]":
        return self._begin(self._store(record))

    async def store_within(self, record: Record, connection: Connection, /) -> bool:
        return True

    async def committed(self, record: Record, /) -> bool:
        return await self.store(record)

    async def complete(self, attempt: Attempt, writes: Writes, /) -> None:
        async with writes:
            return

    def wait(self, wait: Wait, /) -> "asyncio.Future[Waited]":
        return self._begin(self._wait(wait))

    def lose(self, job: Claimed, /) -> None:
        self._on_lost((job.id, job.token))

    def cancel(self) -> None:
        """Give up what is not answered yet; threads that wait for it would never end."""
        for answer in [*self._asking]:
            answer.give_up()

    async def _read(self, job: Claimed) -> Stored:
        claim = (job.id, job.token)
        answer = await self._ask(job, lambda worker, n: ReadSteps(VERSION, worker, n, claim))
        return answer and Records(*answer)

    async def _store(self, record: Record) -> bool:
        job, name, value, elapsed, is_loop = record
        if (size := len(encode(value))) > LARGEST - REST:
            raise StepNotStored(
                f"the result of the step {name!r} is {size:,} bytes in a message, more than a "
                "broker takes: store the data elsewhere and return a reference to it"
            )
        rest = ((job.id, job.token), job.attempts, name, value, elapsed, is_loop)
        try:
            stored: bool = await self._ask(
                job, lambda worker, n: StoreStep(VERSION, worker, n, *rest)
            )
        except Refused as refused:
            raise StepNotStored(f"the result of the step {name!r}: {refused}") from None
        return stored

    async def _wait(self, wait: Wait) -> Waited:
        job, name, seconds, is_signal = wait
        rest = ((job.id, job.token), job.attempts, name, seconds, is_signal)
        waited: Waited = await self._ask(
            job, lambda worker, n: WaitInStep(VERSION, worker, n, *rest)
        )
        return waited

    async def _ask(self, job: Claimed, question: Question) -> Any:
        """The answer of the gateway, once there is one; False for a job that is not held."""
        while True:
            try:
                gateway = self._gateway_of(job)
            except JobLost:
                return False
            if (answer := await self._requests.ask(gateway, question)) is not None:
                return answer
            await asyncio.sleep(PAUSE)

    def _begin(self, work: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
        answer: Written[T] = Written(loop=asyncio.get_running_loop())
        self._asking[answer] = asyncio.create_task(_answer(work, answer))
        answer.add_done_callback(lambda _: self._asking.pop(answer).cancel())
        return answer


async def _answer(work: Coroutine[Any, Any, T], answer: "asyncio.Future[T]") -> None:
    try:
        answer.set_result(await work)
    except Exception as error:
        answer.set_exception(error)
