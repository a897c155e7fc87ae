"""The message of a failed assertion: the criteria, and the jobs that come nearest."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from ..model.job import Job
from .matching import Criteria, Difference, status_of

NEAREST = 3
"""Jobs that are shown with their differences."""
_LONGEST = 200


def missing(wanted: Criteria, jobs: Sequence[Job], count: int | None, found: int) -> str:
    """Why `assert_enqueued` fails."""
    if count is None:
        headline = f"no job is enqueued that matches {wanted}"
    else:
        headline = f"{found} jobs are enqueued that match {wanted}, not {count}"
        if found > count:
            matching = [job for job in jobs if wanted.matches(job)]
            return "\n".join([headline, *map(_line, matching)])
    return "\n".join([headline, *_nearest(wanted, jobs)])


def unwanted(wanted: Criteria, found: Sequence[Job]) -> str:
    """Why `refute_enqueued` fails."""
    count = "a job is" if len(found) == 1 else f"{len(found)} jobs are"
    return "\n".join([f"{count} enqueued that should not be: {wanted}", *map(_line, found)])


def _nearest(wanted: Criteria, jobs: Sequence[Job]) -> list[str]:
    others = [(wanted.differences(job), job) for job in jobs]
    others = [(differences, job) for differences, job in others if differences]
    if not others:
        return ["no other job is stored" if jobs else "no job is stored at all"]
    of_type = [each for each in others if wanted.type in (None, each[1].type)]
    nearest = sorted(of_type, key=lambda each: len(each[0]))[:NEAREST]
    lines = ["the nearest:"] if nearest else []
    for differences, job in nearest:
        lines += [_line(job), *map(_difference, differences)]
    shown = {job.id for _, job in nearest}
    rest = Counter(f"{job.type} ({status_of(job)})" for _, job in others if job.id not in shown)
    if rest:
        lines.append("others:" if nearest else "enqueued instead:")
        lines += [f"  {count} × {kind}" for kind, count in rest.items()]
    return lines


def _line(job: Job) -> str:
    due = ""
    if job.run_at is not None and job.run_at > datetime.now(UTC) and job.status == "pending":
        due = f", due {job.run_at:%Y-%m-%d %H:%M:%S %Z}"
    text = f"  {job.type} ({status_of(job)}, queue {job.queue}, priority {job.priority}{due})"
    return f"{text} {shortened(str(job.payload))}"


def _difference(difference: Difference) -> str:
    place, wanted, found = difference
    return f"    {place}: wanted {shortened(wanted)}, found {shortened(found)}"


def shortened(text: str) -> str:
    """The beginning of a long text."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
