"""What a worker does for its database and its queues now and then."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence

from ...model.lanes import Lane, is_unreadable, original
from ...model.text.logs import get_logger
from ...postgres.steps import Run, run_steps
from ...statements import worker_registry
from ...statements.job_types import describe_types
from ...statements.limits.keys import ParkedKeys
from ...statements.many.expiry import Expired, KeptJobs, expire
from ...statements.worker_registry import WaitingLane
from ..interfaces import Registry
from .registration import HeartbeatConnection
from .rescue import Rescuer

_log = get_logger("conduit.worker")

_STEP = 0.25
"""Seconds after which a step goes on with no further page."""
_NAMED = 3
"""Types that a warning names at most."""


class Maintainer:
    """Rescues the jobs of unknown workers, and does its parts one after another."""

    def __init__(self, rescuer: Rescuer, parts: Sequence[Callable[[Run], object]]) -> None:
        self._rescuer = rescuer
        self._parts = parts

    def step(self, connection: HeartbeatConnection) -> None:
        """Do everything once; log what Postgres refuses."""
        with connection.refusable():
            # A rescue is a transaction of several statements.
            if connection.run(worker_registry.has_orphans()):
                self._rescuer.rescue(
                    connection, worker_registry.rescue_orphans(), "an unknown worker"
                )
        for part in self._parts:
            with connection.refusable():
                part(connection.run)


class TypeDescriptions:
    """Writes the descriptions once, and again when the worker handles other types.

    Any thread sets `changed` when the descriptions of the same types have changed.
    Descriptions that Postgres refused are written `again` after so many seconds.
    """

    changed = False

    def __init__(self, registry: Registry, again: float) -> None:
        self._again = again
        self._registry = registry
        self._written: list[Lane] | None = None
        self._next = 0.0

    def step(self, run: Run) -> None:
        """Write the descriptions if that is due; raises what Postgres raises."""
        lanes = self._registry.lanes()
        if (lanes == self._written and not self.changed) or time.monotonic() < self._next:
            return
        self.changed = False
        self._next = time.monotonic() + self._again
        self._written = None
        run(describe_types(self._registry.descriptions()))
        self._written, self._next = lanes, 0.0


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
        waiting: list[WaitingLane] = run(worker_registry.unhandled_types(self._queues))
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


class ExpiredJobs:
    """Cancels the jobs of all queues that have not started in time, and counts them."""

    def __init__(self, on_expired: Callable[[Expired], object]) -> None:
        self._on_expired = on_expired
        self._kept = KeptJobs()

    def step(self, run: Run) -> None:
        """Cancel such jobs for a while."""
        expired: Expired = Counter()
        end = time.monotonic() + _STEP
        try:
            while run_steps(expire(expired, self._kept), run) and time.monotonic() < end:
                pass
        finally:
            self._on_expired(expired)


class ParkedJobs:
    """Releases parked jobs whose key has room although no claim heard that a job of it ended.

    A worker died, a job was cancelled, a limit was lifted, the period of a rate is over.
    """

    def __init__(self) -> None:
        self._keys = ParkedKeys()

    def step(self, run: Run) -> None:
        """Look at the keys behind those of the last step, for a while."""
        end = time.monotonic() + _STEP
        while run_steps(self._keys.release(), run) and time.monotonic() < end:
            pass


class UnservedQueues:
    """Finds such queues, and warns once of each: a deployment may have moved the jobs of a type."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._warned: set[str] = set()

    def step(self, run: Run) -> None:
        """Look once."""
        retired = self._registry.retired()
        types = [*self._registry.types(), *retired]
        for queue, waiting in run(worker_registry.unserved_queues(types)):
            if queue in self._warned:
                continue
            self._warned.add(queue)
            further = len(waiting) - _NAMED
            named = ", ".join(waiting[:_NAMED]) + (f" and {further} more" if further > 0 else "")
            if {*waiting} <= {*retired}:
                _log.warning(
                    "queue %s holds jobs of %s, which this code no longer has, and no worker "
                    "serves it: run a worker of the code that had them, or cancel the jobs",
                    *(queue, named),
                )
                continue
            _log.warning(
                "queue %s holds jobs of %s, and no worker serves it: add --queue %s",
                *(queue, named, queue),
            )
