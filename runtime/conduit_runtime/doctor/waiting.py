"""Jobs that wait for something that does not happen."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from shlex import quote

from ..model.lanes import is_unreadable, original
from ..model.text.durations import in_words
from ..statements import doctor
from ..statements.limits import type_limits
from . import backlogs
from .checked_database import Database
from .finding import Finding, error, warning

_NAMED = 5
"""The most types that a finding names."""


def check(database: Database) -> Iterator[Finding]:
    """Look at the jobs that wait in each queue."""
    late = database.limits.late
    lanes = database.read(doctor.waiting(late))
    found = [*judge(lanes, late)]
    yield from found
    rates = database.read(type_limits.rate_limits())
    yield from backlogs.judge_rates(lanes, rates, late)
    rooms = database.read(doctor.rooms(lanes))
    yield from backlogs.judge_limits(lanes, rooms, late)
    behind = [*backlogs.judge(backlogs.read(database), lanes, rooms, found, late)]
    yield from behind
    keys = database.read(backlogs.main_keys(behind))
    yield from backlogs.judge_keys(keys)
    yield from judge_held(database.read(doctor.held_keys(late)))


def judge_held(keys: list[doctor.HeldKey]) -> Iterator[Finding]:
    """Find the types of which some jobs hold the later ones of their keys."""
    for type_, grouped in groupby(keys, attrgetter("type")):
        first, *others = grouped
        more = f"; other keys that wait so: {len(others):,}" if others else ""
        if first.failed is not None:
            why, otherwise = f"failed {in_words(first.failed)} ago", "delete"
        else:
            why, otherwise = f"goes on in {in_words(first.due or 0.0)}", "cancel"
        yield warning(
            "held-key",
            f"jobs of {type_} with the key {first.key} wait behind the job {first.job}, which "
            f"{why}{more}",
            f"job {first.job}",
            f"conduit-jobs jobs retry {first.job}; or {otherwise} it, and the others go on",
            type=type_,
            key=first.key,
        )


def judge(waiting: list[doctor.WaitingType], late: float) -> Iterator[Finding]:
    """Find what is wrong with these lanes, which are sorted by queue."""
    for queue, grouped in groupby(waiting, attrgetter("queue")):
        lanes = [*grouped]
        yield from _unreadable(queue, lanes)
        due = [each for each in lanes if each.due > late and not is_unreadable(each.fingerprint)]
        if not due:
            continue
        oldest = in_words(max(each.due for each in due))
        types = sorted({each.type for each in due})
        if due[0].is_paused:
            yield warning(
                "paused-queue",
                f"the queue {queue} is paused, and jobs of {_named(types)} have been due for up to "
                f"{oldest}",
                f"queue {queue}",
                f"conduit-jobs queues resume {quote(queue)}",
                queue=queue,
            )
        elif not due[0].is_served:
            yield error(
                "queue-without-worker",
                f"no live worker serves the queue {queue}, and jobs of {_named(types)} have been "
                f"due for up to {oldest}",
                f"queue {queue}",
                f"conduit-jobs worker PACKAGE --queue {quote(queue)}",
                queue=queue,
            )
        else:
            for type_ in sorted({each.type for each in due if not each.is_known}):
                yield error(
                    "unhandled-type",
                    f"no live worker of the queue {queue} handles the type {type_}, which has been "
                    f"due for up to {in_words(max(e.due for e in due if e.type == type_))}",
                    f"queue {queue}",
                    "deploy code that has it (behind a gateway: see that workers reach the broker) "
                    f"or: conduit-jobs jobs cancel --queue {quote(queue)} --type {quote(type_)}",
                    queue=queue,
                    type=type_,
                )


def _unreadable(queue: str, lanes: Iterable[doctor.WaitingType]) -> Iterator[Finding]:
    shapes = {
        (each.type, original(each.fingerprint)) for each in lanes if is_unreadable(each.fingerprint)
    }
    for type_, shape in sorted(shapes):
        yield error(
            "unreadable-jobs",
            f"jobs of {type_} {f'with the shape {shape}' if shape else 'without a shape'} wait, "
            "since no worker could read their payloads",
            f"queue {queue}",
            "deploy code that reads them: conduit-jobs preflight PACKAGE says whether a package "
            f"does. List them: conduit-jobs jobs list --queue {quote(queue)} --type {quote(type_)}",
            queue=queue,
            type=type_,
        )


def _named(types: list[str]) -> str:
    further = len(types) - _NAMED
    return ", ".join(types[:_NAMED]) + (f" and {further} more" if further > 0 else "")
