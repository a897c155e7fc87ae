"""Which of the jobs that run are not held any more."""

import time
from collections.abc import Sequence
from typing import TypeVar

from ...statements.outcomes import Attempt
from ..interfaces import OutcomeSink
from .execution import HeldJob

H = TypeVar("H", bound=HeldJob)


async def lost_among(jobs: Sequence[H], sink: OutcomeSink) -> list[H]:
    """Write that these jobs run; returns the jobs that are not held any more.

    The sink returns ids of jobs, so two attempts of one job are written one after the other.
    """
    lost = []
    while jobs:
        now = time.monotonic()
        asked = {each.job.id.int: each for each in jobs}
        held = await sink.mark_started([Attempt(e.job, e.age(now)) for e in asked.values()])
        lost += [each for each in asked.values() if each.job.id not in held]
        jobs = [each for each in jobs if asked[each.job.id.int] is not each]
    return lost
