"""How the jobs of a type run in batches."""

from datetime import timedelta
from typing import NamedTuple

from ...model.arguments import describe_argument, is_whole

MAX_SIZE = 10_000
"""The most jobs of a batch."""
MAX_WAIT = 300.0
"""The most seconds that the jobs of a batch wait for others; a worker holds them until then."""
WAIT = 1.0
"""Seconds that jobs wait by default."""


class Batching(NamedTuple):
    """How many jobs of a type one call runs, and how many seconds they wait for others."""

    size: int
    wait: float

    @classmethod
    def checked(cls, size: int, wait: float | timedelta = WAIT) -> "Batching":
        """Check the arguments. Raises TypeError or ValueError for a wrong size or wait."""
        if not is_whole(size) or not 1 <= size <= MAX_SIZE:
            raise ValueError(describe_argument("size", size, f"1 to {MAX_SIZE:,} jobs"))
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise TypeError(describe_argument("wait", wait, "seconds or a timedelta"))
        if not 0 <= seconds <= MAX_WAIT:
            raise ValueError(describe_argument("wait", wait, f"0 to {MAX_WAIT:g} seconds"))
        return cls(size, float(seconds))
