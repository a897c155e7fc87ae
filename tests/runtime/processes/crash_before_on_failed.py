"""A worker that dies between the commit of a failure and the call: `python … DSN`."""

import os
import sys

from conduit_runtime import JobContext, Queue, WorkerPool
from conduit_runtime.worker.run.failures import FailureReporter


def main(dsn: str) -> None:
    pool = WorkerPool(Queue(dsn), on_failed=print)

    @pool.handler("break")
    async def break_(context: JobContext, payload: object) -> None:
        raise LookupError

    FailureReporter.report = lambda self, jobs: os._exit(3)  # type: ignore[method-assign]
    pool.run()


if __name__ == "__main__":
    main(sys.argv[1])
