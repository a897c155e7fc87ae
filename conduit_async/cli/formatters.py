"""Processes that format modules like black, half the work of a cold run.

`python -m conduit_async.cli.formatters` is such a process. It reads one text a line, as JSON, and
writes the formatted text as a line. It ends when its input ends, and so with its parent.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import chain, islice

from msgspec import DecodeError, json

from ..emit.layout import Formatted, format_marked

_MIN_TEXTS = 40
"""With fewer texts, this process has formatted all before other processes have started."""

_MAX_PROCESSES = 4
"""The parent cannot keep more processes busy."""


class Formatters(AbstractContextManager["Formatters"]):
    """Starts the processes when there are enough texts, and ends them."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._alone = threading.Lock()
        self.processes: list[subprocess.Popen[bytes]] = []

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def format_all(self, marked: Iterable[str]) -> Iterator[Formatted]:
        """Format texts with marks, in their order."""
        rest = iter(marked)
        first = [*islice(rest, _MIN_TEXTS)]
        count = min(os.cpu_count() or 1, _MAX_PROCESSES)
        if len(first) < _MIN_TEXTS or count == 1:
            yield from map(format_marked, chain(first, rest))
            return
        pool = ThreadPoolExecutor(count)
        try:
            yield from pool.map(self._formatted, chain(first, rest))
        finally:
            pool.shutdown(cancel_futures=True)

    def _formatted(self, marked: str) -> Formatted:
        """Format a text in the process of this thread, or in this process if that fails."""
        try:
            if not hasattr(self._own, "process"):
                self._own.process = self._start()
            process = self._own.process
            process.stdin.write(json.encode(marked) + b"\n")
            process.stdin.flush()
            return json.decode(process.stdout.readline(), type=Formatted)
        except (OSError, DecodeError):
            with self._alone:  # concurrent imports of black see a partial module
                return format_marked(marked)

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __spec__.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self.processes.append(process)
        return process


def main() -> None:
    """Format texts until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends the input
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.encode(format_marked(json.decode(line))) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
