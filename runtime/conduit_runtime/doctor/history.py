"""Ended jobs that nothing deletes."""

from collections.abc import Iterable, Iterator
from shlex import quote

from ..statements import doctor
from .checked_database import Database
from .finding import Finding, warning


def check(database: Database) -> Iterator[Finding]:
    """Look at a sample of the jobs."""
    kept = database.read(doctor.kept_for_ever())
    yield from judge(kept, database.limits.history)


def judge(kept: Iterable[doctor.Kept], most: float) -> Iterator[Finding]:
    """Find the queues whose ended jobs take more than `most` bytes."""
    for each in kept:
        if each.bytes > most:
            queue = quote(each.queue)
            yield warning(
                "endless-history",
                f"about {each.bytes / 1e6:,.0f} of the {each.all_bytes / 1e6:,.0f} MB of jobs are "
                f"ended jobs of the queue {each.queue}, and nothing deletes them",
                f"queue {each.queue}",
                f"conduit-jobs queues retention {queue} --keep-completed 7d --keep-failed 30d; "
                f"without a worker: conduit-jobs jobs purge --older-than 7d --queue {queue} "
                "--status completed --status cancelled --status failed; the space is used again",
                queue=each.queue,
            )
