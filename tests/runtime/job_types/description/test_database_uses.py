"""Tests of which handlers need the application's database."""

from typing import Any

import pytest
from conduit_runtime.job_types.description.database_uses import uses_database


class Thing:
    pass


async def connects(context: Any, payload: Any) -> None:
    async with context.connection():
        pass


async def reads(job: Any, payload: Any) -> Any:
    return [await job.get(Thing, each) for each in payload]


async def reads_in_a_lambda(job: Any, payload: Any) -> Any:
    return lambda: job.find(Thing, 1)


async def hands_on(job: Any, payload: Any) -> Any:
    return await owner(job, payload)


async def owner(job: Any, key: Any) -> Any:
    await owner(job, key)
    return await job.update(Thing, key)


async def reads_its_payload(job: Any, payload: Any) -> Any:
    job.log.info("x")
    return payload.get("a"), payload["x"].first, job.services.find.get(1)


async def hands_on_its_payload(job: Any, payload: Any) -> Any:
    return of_payload(payload)


def of_payload(payload: Any) -> Any:
    return payload.get("x")


def plain(payload: Any = None) -> None:
    pass


@pytest.mark.parametrize("function", [connects, reads, reads_in_a_lambda, hands_on])
def test_finds_operations_on_the_context(function: Any) -> None:
    assert uses_database(function)


@pytest.mark.parametrize(
    "function", [reads_its_payload, hands_on_its_payload, plain, print, Thing(), lambda: None]
)
def test_finds_nothing_elsewhere(function: Any) -> None:
    assert not uses_database(function)
