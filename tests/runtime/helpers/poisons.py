"""Handlers of jobs in processes of their own; most of them do what no handler should."""

import asyncio
import contextlib
import ctypes
import logging
import mmap
import multiprocessing
import os
import posix
import re
import resource
import signal
import threading
import time
from typing import Any

from conduit_runtime import JobContext, PlainContext
from conduit_runtime.worker.isolation import messages

Job = JobContext[Any]
Plain = PlainContext[Any]

log = logging.getLogger("poisons")


def ordinary(job: Plain, payload: Any) -> int:
    """Return the process in which the job runs."""
    return os.getpid()


async def ordinary_on_loop(job: Job, payload: Any) -> int:
    """The same, by a coroutine."""
    await asyncio.sleep(0)
    return os.getpid()


def endless_in_c(job: Plain, payload: Any) -> None:
    """A call that never gives up Python's lock."""
    re.match(r"(a+)+$", "a" * 64 + "b")


def endless_in_python(job: Plain, payload: Any) -> None:
    while True:
        pass


async def endless_on_loop(job: Job, payload: Any) -> None:
    while True:
        pass


async def awaits_for_long(job: Job, payload: Any) -> None:
    await asyncio.sleep(600)


def checks_for_long(job: Plain, payload: Any) -> None:
    while True:
        job.raise_if_cancelled()
        time.sleep(0.01)


def crashes(job: Plain, payload: Any) -> None:
    log.warning("about to read address %d", 0)
    ctypes.string_at(0)


async def crashes_on_loop(job: Job, payload: Any) -> None:
    ctypes.string_at(0)


def leaves(job: Plain, payload: Any) -> None:
    os._exit(3)


def is_killed(job: Plain, payload: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def overflows(job: Plain, payload: Any) -> None:
    """Use up the stack in C, unnoticed by Python: glibc calls itself for each bracket."""
    ctypes.CDLL(None).regcomp(ctypes.create_string_buffer(4096), b"(" * 10_000_000, 1)


def allocates(job: Plain, payload: Any) -> None:
    held = []
    while True:
        held.append(bytearray(10_000_000))


def starves_reader(job: Plain, payload: Any) -> None:
    """Let the memory end while the process reads what its worker says."""

    def loads(data: bytes) -> None:
        raise MemoryError

    messages.pickle.loads = loads  # type: ignore[attr-defined]
    job.step("first", abs, 1)


def starts_threads(job: Plain, payload: Any) -> None:
    """Start threads until there is no memory for their stacks; they end with this call."""
    end = threading.Event()
    try:
        while True:
            threading.Thread(target=end.wait).start()
    finally:
        end.set()


def starts_thread_in_little(job: Plain, payload: Any) -> None:
    """Start a thread when there is memory for its stack, but not for its first call."""
    stack, _ = resource.getrlimit(resource.RLIMIT_STACK)
    room = _mapped(stack + mmap.PAGESIZE)
    held, size = [], 1 << 24
    while size >= mmap.PAGESIZE:
        try:
            held.append(_mapped(size))
        except OSError:
            size //= 2
    room.close()
    threading.Thread(target=held.clear).start()


def _mapped(size: int) -> mmap.mmap:
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def closes_all(job: Plain, payload: Any) -> None:
    os._exit = posix._exit  # coverage saves its data there, over descriptors that are closed now
    os.closerange(3, 256)


def closes_streams(job: Plain, payload: Any) -> None:
    os.closerange(0, 3)


def writes_everywhere(job: Plain, payload: Any) -> None:
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            os.write(descriptor, b"not for this one")


async def leaves_timer(job: Job, payload: Any) -> None:
    """Leave a timer behind, and signals that are handled in another way."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0.1)


def ignores_signals(job: Plain, payload: Any) -> None:
    ctypes.CDLL(None).signal(signal.SIGTERM, 1)
    time.sleep(600)


def forks(job: Plain, payload: Any) -> None:
    """Leave a process behind that returns from this call, too."""
    os.fork()


def leaves_group(job: Plain, payload: Any) -> None:
    """Move this process to the group of its parent, and go on for ever."""
    os.setpgid(0, os.getppid())
    time.sleep(600)


def uses_pool(job: Plain, payload: Any) -> None:
    """Fork processes, and end them by SIGTERM."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.map(abs, [-1]) == [1]


def prints_much(job: Plain, payload: Any) -> None:
    """Print as many megabytes as the payload says, to where nobody looks."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    for _ in range(payload):
        print("x" * 1_000_000)


def returns_much(job: Plain, payload: Any) -> str:
    return "x" * (payload * 1_000_000)


def returns_and_keeps_much(job: Plain, payload: Any) -> str:
    return returns_much(job, payload)


class Unpicklable(Exception):
    def __init__(self) -> None:
        super().__init__("holds a lock")
        self.lock = threading.Lock()


def raises_unpicklable(job: Plain, payload: Any) -> None:
    raise Unpicklable
