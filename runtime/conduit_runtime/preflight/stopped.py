"""Whether packages can go on with jobs that were stopped behind a step."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..job_types.kept import check_resumable, ended_with
from ..model.errors import StepsMismatch
from ..statements import preflight
from ..statements.preflight import LaneJobs
from ..worker.run.handler import Handler
from ..worker.run.handlers import HandlerRegistry
from .reading import Snapshot


class Stopped(NamedTuple):
    """Jobs that were stopped behind the same steps, and why the package cannot go on with them."""

    jobs: LaneJobs
    problem: str


def stopped(database: Snapshot, handlers: HandlerRegistry) -> Iterator[Stopped]:
    """Find the jobs that would wait for other code, as far as they are not known to be unreadable.

    Whether a job reaches its steps may depend on the branches that it takes; such jobs are not
    among them.
    """
    types = [each.type for each in handlers if each.steps is not None]
    lanes = database.read(preflight.stopped(types)) if types else []
    ids = [id_ for lane in lanes for id_ in lane.ids]
    records = database.read(preflight.finished_steps(ids)) if ids else {}
    for lane in lanes:
        if not handlers.may_read((lane.type, lane.fingerprint)):
            continue
        found = (_problem(handlers.by_type[lane.type], records.get(id_, {})) for id_ in lane.ids)
        if problem := next(filter(None, found), ""):
            yield Stopped(lane, problem)


def _problem(handler: Handler, records: Mapping[str, str]) -> str:
    steps = handler.steps or {}
    try:
        check_resumable(records, steps)
    except StepsMismatch as mismatch:
        return str(mismatch)
    has_branches = "passed_all_steps" in handler.function.__code__.co_names
    # In its first turn, a loop has no record, but its steps may have some.
    done = [*records, *(each for text in records.values() for each in ended_with(text))]
    ended = {each.partition("/")[0] for each in done}
    first = [each for each in steps if "/" not in each][: len(ended)]
    if not has_branches and ended != {*first}:
        missed = next(each for each in first if each not in ended)
        last = next(each for each in ended if each not in first)
        return f"an earlier attempt has finished the step {last!r}, but not {missed!r} before it"
    return ""
