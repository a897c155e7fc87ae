"""The waiting jobs by lane, for `preflight` before a deployment of other code."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from ..postgres.arrays import array, uuids
from ..postgres.statement import Rows, Statement

_SAMPLE = 5


class LaneJobs(NamedTuple):
    """Jobs of a queue that share type, fingerprint and status.

    `status` is one of jobs, `scheduled` for pending ones that are not due, or `blocked`. `is_more`
    is whether there are more `jobs` than were counted. `age` is that of the oldest job, in seconds;
    for pending jobs, of the first that is due. `ids` are those of a few jobs.
    """

    queue: str
    type: str
    fingerprint: str
    status: str
    jobs: int
    is_more: bool
    age: float
    ids: list[UUID]


class DescribedUses(NamedTuple):
    """What jobs of a type and fingerprint call and enqueue, as in its TypeDescription."""

    type: str
    fingerprint: str
    is_older: bool
    calls: list[str]
    enqueues: list[str]


def pending(most: int | None = None) -> Statement[list[LaneJobs]]:
    """The pending jobs; a lane has a row for each of its priorities.

    About `most` jobs are counted, an equal share in each lane, and at least 100.
    """
    parameters = {"most": most, "sample": _SAMPLE}
    return Statement("preflight/pending", parameters, _lane_jobs, {"queue": "queues.queue"})


def columns(tables: Sequence[str]) -> Statement[dict[str, set[str]]]:
    """The columns of tables, given as in SQL; without the tables that are not in this database."""
    return Statement(
        "preflight/columns",
        {"tables": array(tables)},
        lambda rows, count: {name: {*found} for name, found in rows},
    )


def blocked_and_running() -> Statement[list[LaneJobs]]:
    """The jobs that wait for others, and the running jobs; all of them are counted."""
    return Statement("preflight/blocked_and_running", {}, _lane_jobs)


def described_uses() -> Statement[list[DescribedUses]]:
    """What jobs call and enqueue, as workers described it; the latest descriptions last."""
    return Statement(
        "preflight/uses", {}, lambda rows, count: [DescribedUses(*row) for row in rows]
    )


def stopped(types: Sequence[str]) -> Statement[list[LaneJobs]]:
    """The pending and running jobs of these types that have finished steps.

    Jobs that have finished other steps are in another row of the same lane.
    """
    return Statement("preflight/stopped", {"types": array(types)}, _lane_jobs)


def finished_steps(ids: Sequence[UUID]) -> Statement[dict[UUID, dict[str, str]]]:
    """What these jobs have stored of their finished steps, as JSON by the step's name."""

    def read(rows: Rows, count: int) -> dict[UUID, dict[str, str]]:
        found: dict[UUID, dict[str, str]] = {}
        for job, name, value in rows:
            found.setdefault(job, {})[name] = value
        return found

    return Statement("preflight/finished", {"ids": uuids(ids)}, read)


def payloads(ids: Sequence[UUID]) -> Statement[dict[UUID, str]]:
    """The payloads of these jobs, blocked ones too, as JSON."""
    return Statement("preflight/payloads", {"ids": uuids(ids)}, lambda rows, count: dict(rows))


def _lane_jobs(rows: Rows, count: int) -> list[LaneJobs]:
    return [LaneJobs(*row) for row in rows]
