"""Lets the generated packages of two versions read each other's payloads."""

import asyncio
import inspect
import json
import random
from pathlib import Path
from typing import Any

from changed import Sources, package
from conduit_runtime.job_types.job_type import JobType
from conduit_runtime.model.errors import PayloadMismatch
from generated import imported
from payload_samples import sample

from conduit_async.breaking.finding import Verdict, verdict_of
from conduit_async.lock.text import LOCK_FILE

TRIES = 60


class Job:
    """A JobContext that finds every row."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw

    async def get(self, record: type[Any], key: object) -> Any:
        return sample(record, self.draw)


async def is_read(reader: JobType[Any, Any], writer: JobType[Any, Any]) -> bool:
    """Whether a worker with one job type runs all jobs of the other type."""
    draw = random.Random(1)
    upcast = reader.upcasts.get(writer.fingerprint)
    for _ in range(TRIES):
        text = json.dumps(writer.job(sample(writer.payload, draw)).payload)
        try:
            payload = (upcast or reader).decode(text)
        except PayloadMismatch:
            return False
        if upcast is not None:
            made = upcast.function(*(payload, Job(draw))[: 1 + upcast.takes_job])
            payload = await made if inspect.isawaitable(made) else made
        assert isinstance(payload, reader.payload)
        reader.job(payload)
    return True


def executed(old: Sources, new: Sources, folder: Path) -> Verdict:
    """The verdict for two versions of one job type, from running jobs of each with the other."""
    first = package(old)
    then = package(new, lock=first[LOCK_FILE])
    with imported(first, folder / "old") as before, imported(then, folder / "new") as after:
        (was,), (now,) = before.JOBS, after.JOBS
        return verdict_of(
            old_jobs_run=asyncio.run(is_read(now, was)), new_jobs_run=asyncio.run(is_read(was, now))
        )
