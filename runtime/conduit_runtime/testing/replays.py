"""A test's check that the code of a job fits what an earlier version of it has stored."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from ..job_types.job_type import JobType
from ..model.claimed import Claimed
from ..model.payload import encode
from ..replay.rolled_back import rolled_back
from ..replay.run import Replayed, replay
from ..replay.steps import Difference, Stored
from ..services.protocols import provided
from ..worker.pool import WorkerPool
from ..worker.run.handlers import HandlerRegistry

StoredStep = tuple[str, Any, float, float]
"""The name of a step, its stored value, and when it began and ended, in seconds."""


def assert_replays(
    source: WorkerPool | HandlerRegistry | Iterable[JobType[Any, Any]],
    *,
    type: str,
    payload: object,
    steps: Sequence[StoredStep],
    fingerprint: str = "",
    key: str | None = None,
    attempt: int = 1,
    services: object = None,
    dsn: str | None = None,
) -> None:
    """Run the handler of a job against stored steps, and assert that its code fits them.

    `conduit-jobs replay ID PACKAGE --pytest FILE` writes such a test. The handler runs to its first
    effect that is not stored: no step runs, and no service is called. Statements run in the
    database `dsn`, in a transaction that is rolled back; without one they end the replay.

    Raises AssertionError, which names each difference, and what the handler raises.
    """
    handlers = _handlers(source)
    handler = handlers.get(type)
    job = Claimed(uuid4(), uuid4(), type, "default", encode(payload), key, attempt)
    job.fingerprint, job.began = fingerprint, True
    stored = [Stored(name, encode(value), began, ended) for name, value, began, ended in steps]

    async def run() -> Replayed:
        given = provided(services)
        if dsn is None:
            return await replay(handler, job, stored, given)
        async with rolled_back(dsn) as connection:
            return await replay(handler, job, stored, given, connection)

    replayed = asyncio.run(run())
    problems = [f"{each.name} {each.problem}" for each in replayed.differences]
    if replayed.left and not problems and replayed.error is None:
        problems = [f"the replay ends at {replayed.end}, before {replayed.left} stored steps"]
    if problems:
        raise AssertionError(
            "\n".join([f"the code of {type} differs from what is stored:", *problems])
        )
    if replayed.error is not None and not isinstance(replayed.error, Difference):
        raise replayed.error


def _handlers(
    source: WorkerPool | HandlerRegistry | Iterable[JobType[Any, Any]],
) -> HandlerRegistry:
    if isinstance(source, WorkerPool):
        return source.handlers
    if isinstance(source, HandlerRegistry):
        return source
    handlers = HandlerRegistry()
    handlers.register_job_types(source)
    return handlers
