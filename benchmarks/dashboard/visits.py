"""The dashboard of a database and its viewers, in processes of their own, and a visit."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from ..database import Database
from ..processes import expect


@contextmanager
def serving(database: Database) -> Iterator[str]:
    """The address of a dashboard that is served for the block."""
    with _process("server", database.dsn) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


@contextmanager
def watching(url: str, paths: Sequence[str]) -> Iterator[None]:
    """A viewer of each of these pages for the block. Raises RuntimeError when one fails."""
    with _process("viewers", url, *paths) as process:
        expect(process, "watching")
        yield
        if process.poll() is not None:
            raise RuntimeError("a viewer ended")


@contextmanager
def _process(module: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", f"benchmarks.dashboard.{module}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def milliseconds(client: httpx.Client, path: str) -> float:
    """How long the page takes. Raises RuntimeError when it is not answered as it should be."""
    started = time.perf_counter()
    answer = client.get(path)
    taken = (time.perf_counter() - started) * 1_000
    if answer.status_code != 200:
        raise RuntimeError(f"{path} is answered {answer.status_code}: {answer.text}")
    return taken
