"""Rates of a peer: of repeated calls, and of jobs between the first and the last."""

import json
import sys
import time
from collections.abc import Awaitable, Callable

PAYLOAD = {
    "user_id": "0192d5a0-5a5c-7cc0-8b5e-2f6f7a0c9d11",
    "template": "welcome",
    "to": "user@example.com",
}
DSN, MANY, SINGLE = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


class Ticks:
    """Counts the jobs that ran, and notes when the first and the last ran."""

    def __init__(self) -> None:
        self.count = 0
        self.first = self.last = 0.0

    def tick(self) -> None:
        """Count a job."""
        self.last = time.perf_counter()
        self.count += 1
        if self.count == 1:
            self.first = self.last

    @property
    def rate(self) -> float:
        """Jobs a second."""
        return (self.count - 1) / (self.last - self.first)


async def timed(count: int, enqueue: Callable[[], Awaitable[object]]) -> float:
    """Jobs a second of a function that enqueues `count` jobs."""
    started = time.perf_counter()
    await enqueue()
    return count / (time.perf_counter() - started)


def report(single: float, many: float, drain: float) -> None:
    """Print the figures for the process that started this one."""
    names = ("enqueue one by one", "enqueue many", "drain, 1 process")
    print(json.dumps(dict(zip(names, (single, many, drain), strict=True))))
