"""The jobs in a worker's queues that no live worker has code for."""

from collections.abc import Collection, Sequence

from ...model.lanes import Lane, is_unreadable, original
from ...model.text.logs import get_logger
from ...postgres.steps import Run
from ...statements.worker_registry import WaitingLane, unhandled_types
from ..interfaces import Registry

_log = get_logger("conduit.worker")


class UnhandledTypes:
    """Finds such jobs. The worker tries those whose type it has, and warns once of other types.

    `fallback_lanes` are the lanes that the worker tries. A worker that drains tries a lane as soon
    as it sees it. Other workers wait until they see it twice: a deployment may start its web
    processes first.
    """

    def __init__(self, registry: Registry, queues: Sequence[str], *, is_draining: bool) -> None:
        self._registry = registry
        self._queues = queues
        self._is_draining = is_draining
        self._unhandled: set[Lane] = set()
        self._warned: set[str] = set()
        self.fallback_lanes: Sequence[Lane] = ()

    def step(self, run: Run) -> None:
        """Look once."""
        waiting: list[WaitingLane] = run(unhandled_types(self._queues))
        before, self._unhandled = self._unhandled, unhandled_lanes(waiting)
        tried = self._unhandled if self._is_draining else self._unhandled & before
        self.fallback_lanes = fallback_lanes(self._registry, waiting, tried)
        has_code = bool(self._registry.lanes())
        for queue, lane, _ in waiting:
            type_, fingerprint = lane
            if type_ in self._registry or type_ in self._warned or is_unreadable(fingerprint):
                continue
            if has_code or lane in before:  # a gateway hears of its workers after a moment
                self._warned.add(type_)
                _log.warning("jobs of %s wait in %s, and no worker handles this type", type_, queue)


def unhandled_lanes(waiting: Sequence[WaitingLane]) -> set[Lane]:
    """The lanes that no live worker knows."""
    return {each.lane for each in waiting if not each.is_handled}


def fallback_lanes(
    registry: Registry, waiting: Sequence[WaitingLane], tried: Collection[Lane]
) -> list[Lane]:
    """The `tried` lanes, and lanes of unreadable jobs, that the code of a registry may read.

    The code may read unreadable jobs of its own lanes if only other readers found them so.
    """
    own = {*registry.lanes()}
    unread = {
        (type_, fingerprint)
        for _, (type_, fingerprint), _ in waiting
        if is_unreadable(fingerprint) and (type_, original(fingerprint)) in own
    }
    return sorted(lane for lane in unread.union(tried) if registry.may_read(lane))
