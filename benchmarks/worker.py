"""A worker process for measurements: `python -m benchmarks.worker DSN …`.

It prints "ready" when everything is imported, and starts at a line on standard input. It prints
what it used when it has drained the queues or, with `--stay`, when standard input ends.
"""

import argparse
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from conduit_runtime import Broker, JobContext, Queue, WorkerPool


async def noop(context: JobContext, payload: dict[str, Any]) -> None:
    """Do nothing."""


async def note_delay(context: JobContext, payload: dict[str, Any]) -> None:
    """Note the time since the job was enqueued, on the clock that all processes share."""
    if payload:
        _delays.append(time.monotonic() - payload["sent"])


async def steps(context: JobContext, payload: dict[str, Any]) -> None:
    """Run steps that do nothing, and note how long each took."""
    for name in _names:
        began = time.monotonic()
        await context.step(name, nothing)
        _delays.append(time.monotonic() - began)


async def nothing() -> None:
    """Do nothing."""


_names: list[str] = []
_delays: list[float] = []


class Mailer:
    """A service that does nothing, for generated jobs."""

    async def send(self, *args: Any, **kwargs: Any) -> None:
        """Send no mail."""


def main() -> None:
    """Work as the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("dsn")
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--types", type=int, default=1)
    parser.add_argument("--queues", type=int, default=1)
    parser.add_argument("--package", help="run the jobs of this generated package")
    parser.add_argument("--stay", action="store_true", help="do not end when nothing is due")
    parser.add_argument("--note-delays", action="store_true")
    parser.add_argument("--steps", type=int, default=0, help="each job runs so many steps")
    parser.add_argument("--broker", metavar="URL", help="get jobs from here, not from DSN")
    parser.add_argument("--rules", type=json.loads, default={}, help="options of handlers: JSON")
    parser.add_argument("--copies", type=int, default=1, help="so many processes like this one")
    given = parser.parse_args()
    queues = ["default"] if given.queues == 1 else [f"default{n}" for n in range(given.queues)]
    jobs = importlib.import_module(given.package).JOBS if given.package else ()
    source = _broker(given.broker) if given.broker else Queue(given.dsn)
    print("ready", flush=True)
    sys.stdin.readline()
    is_copy = any(not os.fork() for _ in range(given.copies - 1))
    pool = WorkerPool(
        source,
        None if jobs else queues,
        workers=given.concurrency,
        jobs=jobs,
        services=SimpleNamespace(mailer=Mailer()),
    )
    if not jobs:
        _names.extend(f"step {number}" for number in range(given.steps))
        handler = steps if given.steps else note_delay if given.note_delays else noop
        types = ["noop"] if given.types == 1 else [f"noop{n}" for n in range(given.types)]
        for type_ in types:
            pool.register(type_, handler, **given.rules)
    begun = time.process_time()
    if given.stay:
        with pool:
            begun = time.process_time()
            os.write(sys.stdout.fileno(), b"working\n")  # whole, beside the copies
            sys.stdin.readline()
            if is_copy:
                os._exit(0)  # a hundred gentle stops take long
    else:
        pool.run(drain=True)
    delays = _delays if given.steps else sorted(_delays)
    used = {"cpu": time.process_time() - begun, "mebibytes": _peak(), "delays": delays}
    print(json.dumps(used), flush=True)


def _broker(url: str) -> Broker:
    """The broker; imports everything that its worker needs."""
    importlib.import_module("conduit_runtime.broker.remote.remote_worker")
    return Broker(url)


def _peak() -> float:
    """The most memory that this process has held, in MiB.

    On Linux, `ru_maxrss` also counts the memory that the parent held when it started this process.
    """
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**10


if __name__ == "__main__":
    main()
