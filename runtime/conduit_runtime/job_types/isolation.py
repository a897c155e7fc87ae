"""What a job type says of the process that runs each of its jobs."""

import re
from dataclasses import dataclass
from datetime import timedelta

from ..model.arguments import check_duration, check_type, describe_argument, is_whole

KILL_AFTER = 1.0
"""Seconds from the stop of an attempt until its process is killed."""
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?) ?(kB|KB|MB|GB|KiB|MiB|GiB)")
_UNITS = {
    "kB": 1_000,
    "KB": 1_000,
    "MB": 1_000_000,
    "GB": 1_000_000_000,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}


@dataclass(frozen=True, slots=True)
class Isolation:
    """How the jobs of a type run in processes of their own.

    `memory` is the most bytes that a process may allocate, `jobs` the number of jobs after which it
    is replaced; None: no limit. A process is killed `kill_after` seconds after an attempt in it was
    stopped. It runs `concurrency` jobs at once.
    """

    memory: int | None = None
    jobs: int | None = None
    kill_after: float = KILL_AFTER
    concurrency: int = 1

    @classmethod
    def of(
        cls,
        isolated: bool,
        memory: str | int | None,
        jobs_per_process: int | None,
        kill_after: timedelta | None,
        process_concurrency: int | None,
    ) -> "Isolation | None":
        """Check the options of a type; None if it is not isolated.

        Raises TypeError or ValueError for one that does not fit.
        """
        check_type(isolated, "isolated", bool, "True or False")
        counts = {
            "jobs_per_process": jobs_per_process,
            "process_concurrency": process_concurrency,
        }
        given = {"memory": memory, "kill_after": kill_after, **counts}
        if not isolated:
            for name, value in given.items():
                if value is not None:
                    raise ValueError(f"{name} is for isolated jobs: add isolated=True")
            return None
        for name, count in counts.items():
            if count is not None and (not is_whole(count) or count < 1):
                raise ValueError(describe_argument(name, count, "1 or more"))
        seconds = KILL_AFTER
        if kill_after is not None:
            check_duration(kill_after, "kill_after")
            seconds = kill_after.total_seconds()
        most = None if memory is None else bytes_of(memory)
        return cls(most, jobs_per_process, seconds, process_concurrency or 1)


def bytes_of(memory: str | int) -> int:
    """The bytes of a size such as "512MB". Raises TypeError or ValueError for anything else."""
    check_type(memory, "memory", (str, int), _WANTED)
    if isinstance(memory, str):
        found = _SIZE.fullmatch(memory.strip())
        size = int(float(found[1]) * _UNITS[found[2]]) if found else 0
    else:
        size = 0 if isinstance(memory, bool) else memory
    if size < 1:
        raise ValueError(describe_argument("memory", memory, _WANTED))
    return size


def size_text(size: int) -> str:
    """A number of bytes for people, such as "512 MB"."""
    return f"{size / 1_000_000:,.0f} MB"


_WANTED = 'bytes, or a text such as "512MB"'
