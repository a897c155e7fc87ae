"""The handlers of jobs with keys: each does what its payload says."""

import asyncio
import time
from datetime import timedelta
from typing import Any

from conduit_runtime import JobContext, PlainContext, Retry, chain, group, job_type

NAP = 0.05
"""Seconds that a job sleeps, or waits for a signal."""
LATER = timedelta(hours=1)


def _fails(context: Any, payload: Any) -> None:
    if payload["does"] == "retries" and context.attempt == 1:
        raise Retry(after=NAP)
    if payload["does"] == "fails" and payload["n"] == 1 and context.attempt <= 1:
        raise ValueError("as planned")


async def act(context: JobContext[Any], payload: Any) -> None:
    if payload["does"] == "sleeps":
        await context.sleep(NAP)
    if payload["does"] == "waits":
        await context.wait("go", timeout=NAP)
    if payload["does"] == "uses":
        await context.used(1)
    await asyncio.sleep(0.005)
    _fails(context, payload)


def act_in_thread(context: PlainContext[Any], payload: Any) -> None:
    if payload["does"] == "sleeps":
        context.sleep(NAP)
    if payload["does"] == "waits":
        context.wait("go", timeout=NAP)
    if payload["does"] == "uses":
        context.used(1)
    time.sleep(0.005)
    _fails(context, payload)


KEYED = job_type("keyed", "")(act)


async def enqueue(context: JobContext[Any], payload: Any) -> None:
    """Enqueue these jobs as children, by themselves or behind another in a flow."""
    made = [
        KEYED.job(each, **{k: timedelta(seconds=v) if k in _TIMES else v for k, v in given.items()})
        for each, given in payload["jobs"]
    ]
    if payload["in_flow"]:
        context.enqueue_flow(chain(KEYED.job({"n": 0, "does": "completes"}), group(made)))
        return
    for each, given in payload["jobs"]:
        options = {k: timedelta(seconds=v) if k in _TIMES else v for k, v in given.items()}
        context.enqueue(KEYED, each, **options)


_TIMES = ("expires", "delay")
