"""Worker processes that start together, and their rate by the times in the database."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from .database import Database

_RATE = """
SELECT count(*) / extract(epoch FROM max(completed_at) - min(started_at))
FROM jobs WHERE status = 'completed' AND started_at IS NOT NULL
"""
_TENTHS = """
SELECT count(*) / extract(epoch FROM max(completed_at) - min(completed_at))
FROM (
  SELECT completed_at, ntile(10) OVER (ORDER BY completed_at) AS tenth
  FROM jobs WHERE status = 'completed' AND started_at IS NOT NULL
) AS done
GROUP BY tenth ORDER BY tenth
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a worker process used: seconds of processor time, and its largest memory in MiB.

    `delays` are the seconds from enqueue to start, or of each step, if the process noted them.
    """

    cpu: float
    mebibytes: float
    delays: Sequence[float] = ()

    @classmethod
    def read(cls, output: str) -> "Usage":
        """Read the line that a worker process prints at its end."""
        return cls(**json.loads(output.splitlines()[-1]))


@contextmanager
def ready(database: Database, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a worker process that imports everything and then waits for a line to begin."""
    command = [sys.executable, "-m", "benchmarks.worker", database.dsn, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            expect(process, "ready")
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def expect(process: "subprocess.Popen[str]", line: str) -> None:
    """Read the line that the process prints next. Raises RuntimeError when another one comes."""
    assert process.stdout is not None
    if (output := process.stdout.readline().strip()) != line:
        raise RuntimeError(f"the worker printed {output!r} instead of {line!r}")


def tell(process: "subprocess.Popen[str]") -> None:
    """Let the process take its next step."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def drain(
    database: Database, *arguments: str, processes: int = 1, seconds: float = 120.0
) -> Sequence[Usage]:
    """Drain the queues with some worker processes at once, and return what each used."""
    with ExitStack() as stack:
        workers = [stack.enter_context(ready(database, *arguments)) for _ in range(processes)]
        for worker in workers:
            tell(worker)
        outputs = [worker.communicate(timeout=seconds)[0] for worker in workers]
        for worker in workers:
            if worker.returncode:
                raise RuntimeError(f"a worker ended with {worker.returncode}")
    return [Usage.read(text) for text in outputs]


@contextmanager
def staying(database: Database, *arguments: str, copies: int = 1) -> Iterator[Callable[[], Usage]]:
    """Run a worker process until the block calls the function that it gets.

    The function returns what the process used. With more `copies` there are as many processes, and
    the function returns what the first one used.
    """
    with ready(database, "--stay", "--copies", str(copies), *arguments) as worker:
        tell(worker)
        for _ in range(copies):
            expect(worker, "working")
        yield lambda: Usage.read(worker.communicate("\n", timeout=60)[0])


def rate(database: Database) -> float:
    """Jobs a second, from the start of the first to the last outcome, by the server's clock."""
    return float(database.run(_RATE)[0][0])


def rates_by_tenth(database: Database) -> list[float]:
    """The rate in each tenth of the jobs, in the order of their outcomes."""
    return [float(tenth) for (tenth,) in database.run(_TENTHS)]
