"""Functions for `--on-failed` and `--around` in tests: they print lines for each job."""

import json
from collections.abc import AsyncIterator, Iterator

from conduit_runtime import FailedJob, JobContext

nothing = None


async def page(job: FailedJob) -> None:
    print(json.dumps({"id": str(job.id), "type": job.type, "error": job.error}), flush=True)


async def outer(ctx: JobContext) -> AsyncIterator[None]:
    print(f"outer {ctx.type}", flush=True)
    try:
        yield
    except Exception as error:
        print(f"outer saw {type(error).__name__}", flush=True)


def inner(ctx: JobContext) -> Iterator[None]:
    print(f"inner {ctx.type}", flush=True)
    try:
        yield
    except Exception as error:
        print(f"inner saw {type(error).__name__}", flush=True)
