"""A worker that dies while it reports a failed job: `python … DSN QUEUE`."""

import os
import sys

from conduit_runtime import Queue, WorkerPool


def main(dsn: str, queue: str) -> None:
    WorkerPool(Queue(dsn), queue, on_failed=lambda job: os._exit(3)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
