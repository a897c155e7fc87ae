"""The memory that a job in a child may allocate."""

import errno
import mmap
import os
import sys
import threading

from ...job_types.isolation import size_text

_GROWN = 0.5
"""The share of its limit that a child may hold between jobs, before it is replaced."""

_NO_THREAD = "can't start new thread"
"""What Python says if there is no memory for the stack of a thread."""

_FIRST_FRAMES = 1 << 20
"""Bytes beside its stack without which a thread may be unable to call anything."""


class MemoryLimit:
    """Lets allocations fail that take the data of this process above a number of bytes.

    macOS does not obey: there, a child is replaced once it has grown.
    """

    def __init__(self) -> None:
        import resource  # Windows, where pools are only declared, has none

        self._before, _ = resource.getrlimit(resource.RLIMIT_DATA)
        self._is_set = False
        self._are_threads_checked = False

    def set(self, size: int | None) -> None:
        """Limit it to so many bytes; None: as it was in the beginning."""
        if size is None and not self._is_set:
            return
        import resource

        if not self._are_threads_checked:
            self._are_threads_checked = True
            _check_threads()
        self._is_set = size is not None
        limit = self._before if size is None else size
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        if most != resource.RLIM_INFINITY:
            limit = most if limit == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def _check_threads() -> None:
    """Let no thread start that has room for its stack, but not for its first call.

    Such a thread ends at once, and Python's `start` would wait for ever for its first sign.
    """
    start = threading.Thread.start

    def start_with_room(self: threading.Thread) -> None:
        size = (threading.stack_size() or _usual_stack()) + _FIRST_FRAMES
        try:
            mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
        except OSError as error:
            raise RuntimeError(_NO_THREAD) from error
        start(self)

    threading.Thread.start = start_with_room  # type: ignore[method-assign]


def _usual_stack() -> int:
    import resource

    size, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return 0 if size == resource.RLIM_INFINITY else size


def explained(error: BaseException, size: int | None) -> BaseException:
    """The error of an attempt; one that comes of the limit names it."""
    if size is None or not _lacks_memory(error):
        return error
    told = MemoryError(f"the job needs more than its memory of {size_text(size)}")
    return told.with_traceback(error.__traceback__)


def _lacks_memory(error: BaseException) -> bool:
    if type(error) is RuntimeError:
        return error.args == (_NO_THREAD,)
    is_of_system = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return is_of_system or isinstance(error, MemoryError)


def has_grown(size: int | None) -> bool:
    """Whether this process holds too much to run another job within this limit."""
    return size is not None and _held() > size * _GROWN


def _held() -> int:
    """The bytes that this process holds now; on macOS, the most that it held so far."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return usage * (1 if sys.platform == "darwin" else 1024)
