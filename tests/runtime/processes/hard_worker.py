"""A worker whose handlers block in every way: `python hard_worker.py DSN`."""

import ctypes
import logging
import sys
import time

from conduit_runtime import JobContext, Queue, WorkerPool


def hold_interpreter(seconds: int) -> None:
    """Sleep in C without letting any other thread of the process run."""
    ctypes.PyDLL(None).sleep(seconds)


def main(dsn: str) -> None:
    logging.basicConfig(level=logging.INFO)
    pool = WorkerPool(Queue(dsn), "hard", workers=4)

    @pool.handler("hold in a thread")
    def in_thread(context: JobContext, payload: int) -> None:
        hold_interpreter(payload)

    @pool.handler("hold in the loop")
    async def in_loop(context: JobContext, payload: int) -> None:
        hold_interpreter(payload)

    @pool.handler("block the loop")
    async def block(context: JobContext, payload: int) -> None:
        time.sleep(payload)  # noqa: ASYNC251 - as a careless handler does

    pool.run()


if __name__ == "__main__":
    main(sys.argv[1])
