"""The memory of a command and the processes that it starts, as Linux counts it."""

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

EVERY = 1.0
"""Seconds between two looks: more looks would slow the processes down."""
_PSS = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)


@contextmanager
def peak_memory(process: "subprocess.Popen[bytes]") -> Iterator[Callable[[], float]]:
    """Watch a process for the length of the block; the value gives its peak in MB so far.

    Memory that several of its processes share counts once. The peak is 0 for a process that ends
    before the first look, and without Linux's `/proc`.
    """
    peak = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(EVERY):
            peak = max(peak, sum(map(_memory, _family(process.pid))))

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield lambda: peak / 1e6
    finally:
        ended.set()
        watching.join()


def _family(pid: int) -> Iterator[int]:
    """The process and its descendants."""
    yield pid
    with suppress(OSError):
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in path.read_text().split():
                yield from _family(int(child))


def _memory(pid: int) -> int:
    """The bytes of a process; 0 if it is gone."""
    with suppress(OSError):
        if found := _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text()):
            return int(found[1]) * 1024
    return 0
