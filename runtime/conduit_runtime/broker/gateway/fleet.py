"""The workers behind a gateway, and what they run by their own account."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ...model.lanes import Lane, readers
from ...model.queues.controls import SourceLimits
from ...model.type_description import DescribedType
from ...worker.interfaces import Registry
from ...worker.run.handler import Batching
from ...worker.timing import Timing
from ..messages import Hello


@dataclass(frozen=True)
class _Seen:
    """What all live workers together run. It is replaced as a whole: other threads read it."""

    lanes: list[Lane] = field(default_factory=list)
    types: frozenset[str] = frozenset()
    readers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    batched: Mapping[str, Batching] = field(default_factory=dict)
    limits: Mapping[str, SourceLimits] = field(default_factory=dict)
    slots: Mapping[str, int] = field(default_factory=dict)
    workers: Mapping[str, int] = field(default_factory=dict)
    all_slots: int = 0
    pairs: frozenset[tuple[str, str]] = frozenset()


class Fleet(Registry):
    """The registry of a gateway: the job types that live workers have code for.

    Only workers of `served` queues count and, if `allowed` types are given, only these types.
    A worker is gone after `forgotten` seconds without a message.
    """

    def __init__(
        self,
        served: Collection[str],
        allowed: Collection[str] | None = None,
        forgotten: float = Timing().forgotten,
    ) -> None:
        self._forgotten = forgotten
        self._served = served
        self._allowed = None if allowed is None else frozenset(allowed)
        self._workers: dict[str, tuple[Hello, float]] = {}
        self._described: dict[str, list[DescribedType]] = {}
        self._seen = _Seen()

    def hear(self, hello: Hello, now: float) -> bool:
        """Note what a worker says that it runs, at a monotonic time; returns whether it changed."""
        known = self._workers.get(hello.worker)
        if hello.is_stopping:
            self._workers.pop(hello.worker, None)
            self._described.pop(hello.worker, None)
            if known is None:
                return False
        else:
            described, hello.descriptions = hello.descriptions, None
            self._workers[hello.worker] = (hello, now)
            is_same = known is not None and known[0] == hello
            if described is not None and described != self._described.get(hello.worker):
                self._described[hello.worker] = described
                is_same = False
            if is_same:
                return False
        self._see()
        return True

    def forget_silent(self, now: float) -> bool:
        """Forget the workers that are gone; returns whether there were any."""
        gone = [name for name, (_, at) in self._workers.items() if now - at >= self._forgotten]
        for name in gone:
            del self._workers[name]
            self._described.pop(name, None)
        if gone:
            self._see()
        return bool(gone)

    def _see(self) -> None:
        slots: Counter[str] = Counter()
        workers: Counter[str] = Counter()
        lanes: dict[Lane, None] = {}
        found: dict[str, set[str]] = {}
        batched: dict[str, Batching] = {}
        limits: dict[str, SourceLimits] = {}
        pairs: set[tuple[str, str]] = set()
        all_slots = 0
        for _, (hello, _) in sorted(self._workers.items()):
            queues = {q: cap for q, cap in hello.queues.items() if q in self._served}
            if not queues:
                continue
            all_slots += hello.concurrency
            workers.update(queues.keys())
            pairs |= {(queue, type_) for queue in queues for type_, _ in hello.lanes}
            for queue, cap in queues.items():
                slots[queue] += hello.concurrency if cap is None else min(cap, hello.concurrency)
            lanes |= dict.fromkeys(lane for lane in hello.lanes if self._is_allowed(lane[0]))
            for type_, reader in hello.readers.items():
                found.setdefault(type_, set()).add(reader)
            for type_, (size, wait) in hello.batches.items():
                longest = max(wait, batched[type_].wait) if type_ in batched else wait
                batched[type_] = Batching(size, longest)
            limits |= hello.limits
        types = frozenset(type_ for type_, _ in lanes)
        self._seen = _Seen(
            lanes=sorted(lanes),
            types=types,
            readers={type_: frozenset(names) for type_, names in found.items()},
            batched={type_: batching for type_, batching in batched.items() if type_ in types},
            limits={type_: each for type_, each in limits.items() if type_ in types},
            slots=slots,
            workers=workers,
            all_slots=all_slots,
            pairs=frozenset(pairs),
        )

    def _is_allowed(self, type: str) -> bool:
        return self._allowed is None or type in self._allowed

    @property
    def slots(self) -> int:
        """How many jobs the workers run at once."""
        return self._seen.all_slots

    def slots_of(self, queue: str) -> int:
        """How many jobs of a queue the workers run at once; 0 if the queue has no worker."""
        return self._seen.slots.get(queue, 0)

    def workers_of(self, queue: str) -> int:
        """How many workers a queue has."""
        return self._seen.workers.get(queue, 0)

    def runs(self, queue: str, type: str) -> bool:
        """Whether a worker of the queue has code for the type."""
        return (queue, type) in self._seen.pairs

    def accepts(self, type: str) -> bool:
        """Whether jobs of the workers may enqueue jobs of a type."""
        return type in (self._seen.types if self._allowed is None else self._allowed)

    def reporter(self, preferred: str | None) -> str | None:
        """A worker that reports failed jobs, the preferred one if it does; None if none does."""
        if preferred in self._workers and self._workers[preferred][0].reports_failures:
            return preferred
        return next((n for n, (h, _) in self._workers.items() if h.reports_failures), None)

    @property
    def batched(self) -> Mapping[str, Batching]:
        """The types whose handlers run several jobs in one call, with their longest waits."""
        return self._seen.batched

    def types(self) -> list[str]:
        return sorted(self._seen.types)

    def lanes(self) -> list[Lane]:
        return self._seen.lanes

    def descriptions(self) -> list[DescribedType]:
        """The types' descriptions for the dashboard: one for each shape, from any worker."""
        described = [each for found in [*self._described.values()] for each in found]
        known = {(each.type, each.fingerprint): each for each in described}
        return [each for each in known.values() if each.type in self._seen.types]

    def limits(self) -> dict[str, SourceLimits]:
        return dict(self._seen.limits)

    def retired(self) -> Collection[str]:
        """None: a gateway does not see the packages of its workers."""
        return ()

    def may_read(self, lane: Lane) -> bool:
        """Whether some worker's code for the type has not found jobs of the lane unreadable."""
        type_, fingerprint = lane
        if type_ not in self._seen.types:
            return False
        names = self._seen.readers.get(type_, frozenset())
        return not names or bool(names.difference(readers(fingerprint)))

    def __contains__(self, type: object) -> bool:
        return type in self._seen.types
