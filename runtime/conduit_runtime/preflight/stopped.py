"""Whether packages can go on with jobs that were stopped behind a step."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..job_types.kept import check_resumable
from ..model.errors import PayloadMismatch, StepsMismatch
from ..model.lanes import original
from ..statements import preflight
from ..statements.preflight import LaneJobs
from ..worker.run.handler import Handler
from ..worker.run.handlers import HandlerRegistry
from .paths import GOES_ON, Paths
from .reading import Snapshot


class Stopped(NamedTuple):
    """Jobs that were stopped behind the same steps, and why they wait for other code.

    With `is_unsure`, some may wait for that reason.
    """

    jobs: LaneJobs
    problem: str
    is_unsure: bool


def stopped(database: Snapshot, handlers: HandlerRegistry) -> Iterator[Stopped]:
    """Find the jobs that would wait for other code, as far as they are not known to be unreadable.

    A few of the jobs behind the same steps are looked at.
    """
    types = [each.type for each in handlers if each.steps is not None]
    lanes = database.read(preflight.stopped(types)) if types else []
    ids = [id_ for lane in lanes for id_ in lane.ids]
    records = database.read(preflight.finished_steps(ids)) if ids else {}
    payloads = database.read(preflight.payloads(ids)) if ids else {}
    for lane in lanes:
        if not handlers.may_read((lane.type, lane.fingerprint)):
            continue
        handler = handlers.by_type[lane.type]
        is_older = original(lane.fingerprint) in handler.upcasts
        outcomes: set[str] = set()
        for id_ in lane.ids:
            payload = "" if is_older else payloads.get(id_, "")
            outcomes |= _outcomes(handler, records.get(id_, {}), payload)
        if problems := sorted(outcomes - {GOES_ON}):
            yield Stopped(lane, problems[0], GOES_ON in outcomes)


def _outcomes(handler: Handler, records: Mapping[str, str], payload: str) -> set[str]:
    steps = handler.steps or {}
    try:
        check_resumable(records, steps)
        decoded = handler.decode(payload) if payload else None
    except (StepsMismatch, PayloadMismatch) as mismatch:
        return {str(mismatch)}
    return Paths(handler.function, records, steps, decoded).outcomes
