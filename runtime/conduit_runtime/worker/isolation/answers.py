"""What a worker answers to the jobs of its children."""

import pickle
from typing import Any

from ...model.claimed import Claimed
from ...model.errors import JobLost, QueueError
from ...statements.steps import Record, Wait
from ..interfaces import RunnerHost
from .assigned_job import Assignment
from .messages import LENGTH, Answer, Ask, frame


async def answered(ask: Ask, given: Assignment | None) -> bytes:
    """The answer to a question of a job, or the error that it ended with, as it is sent."""
    try:
        if given is None:
            raise JobLost(f"job {ask.job[0]} is no longer held")
        answer = await _asked(ask.what, given.job, given.host, ask.arguments)
        return frame(Answer(ask.number, answer))
    except Exception as error:
        return _failed(ask.number, error)


async def _asked(what: str, job: Claimed, host: RunnerHost, arguments: tuple[Any, ...]) -> Any:
    match what:
        case "progress":
            return await host.progress(job, *arguments)
        case "used":
            return await host.used(job, *arguments)
        case "results":
            return await host.results_before(job)
        case "read":
            return await host.steps(job).read(job)
        case "store":
            return await host.steps(job).store(Record(job, *arguments))
        case "wait":
            return await host.steps(job).wait(Wait(job, *arguments))
        case "lose":
            return host.steps(job).lose(job)
    raise QueueError(f"a job cannot ask for {what!r}")


def _failed(number: int, error: Exception) -> bytes:
    try:
        data = frame(Answer(number, None, error))
        pickle.loads(data[LENGTH.size :])  # noqa: S301
    except Exception:
        return frame(Answer(number, None, QueueError(f"{type(error).__name__}: {error}")))
    return data
