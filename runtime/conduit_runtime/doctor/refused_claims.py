"""Jobs that Postgres does not let workers claim."""

from collections.abc import Iterable, Iterator
from shlex import quote

from ..statements import doctor
from .checked_database import Database
from .finding import Finding, warning


def check(database: Database) -> Iterator[Finding]:
    """Look at the jobs whose last claim was refused."""
    refused = database.read(doctor.refused())
    yield from judge(refused)


def judge(refused: Iterable[doctor.Refused]) -> Iterator[Finding]:
    """A finding for each type with refused jobs."""
    for each in refused:
        jobs = "1 job" if each.jobs == 1 else f"{each.jobs:,} jobs"
        yield warning(
            "refused-claims",
            f"{jobs} of {each.type} cannot start: {each.reason}",
            f"queue {each.queue}",
            "change the constraint or trigger of yours on jobs, or what the jobs hold; workers try "
            "each again within a minute and a half. List them: conduit-jobs jobs list --queue "
            f"{quote(each.queue)} --type {quote(each.type)} --status pending",
            each.reason,
            queue=each.queue,
            type=each.type,
        )
