"""Workers with the database, and workers behind a gateway."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from conduit_runtime import Job, Queue

from ..database import Database
from ..latency import until_done
from ..processes import Usage, staying
from .used import of_process

_HAS_GATEWAY = "SELECT EXISTS (SELECT FROM conduit_workers)"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Workers on a database's jobs. `stop` ends them, and returns what the first one used."""

    stop: Callable[[], Usage]
    gateway: int | None

    def gateway_cpu(self) -> float:
        """Seconds of processor time that the gateway has used; 0 without one."""
        return 0.0 if self.gateway is None else of_process(self.gateway)


@contextmanager
def working(
    database: Database,
    url: str | None,
    *arguments: str,
    copies: int = 1,
    one_each: bool = False,
) -> Iterator[Fleet]:
    """Start workers on the database, or, with a `url`, behind a gateway and the broker there.

    With `one_each`, each message carries one job.
    """
    if url is None:
        with staying(database, *arguments, copies=copies) as stop:
            yield Fleet(stop, None)
    else:
        arguments += ("--broker", url)
        module = ["benchmarks.broker.gateway"] if one_each else ["conduit_runtime.cli", "gateway"]
        with (
            _gateway(database, url, module) as gateway,
            staying(database, *arguments, copies=copies) as stop,
        ):
            yield Fleet(stop, gateway)


def warm_up(database: Database, jobs: int = 1) -> None:
    """Run some jobs, and leave none in the table."""
    with Queue(database.dsn) as queue:
        queue.enqueue_many([Job(type="noop", payload={}) for _ in range(jobs)])
    until_done(database)
    database.run("DELETE FROM jobs")


@contextmanager
def _gateway(database: Database, url: str, module: Sequence[str]) -> Iterator[int]:
    """Run a gateway for the block; yields its process id. Raises RuntimeError when it fails."""
    command = [sys.executable, "-m", *module, "--queue", "default"]
    command += ["--dsn", database.dsn, "--broker", url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            while database.run(_HAS_GATEWAY) != [(True,)]:
                if process.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                yield process.pid
            process.terminate()
            errors = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    if process.returncode:
        raise RuntimeError(f"the gateway ended with {process.returncode}: {errors.decode()}")
