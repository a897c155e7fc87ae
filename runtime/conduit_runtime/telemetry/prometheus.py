"""What Prometheus scrapes from a worker."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from prometheus_client import make_wsgi_app
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import REGISTRY, Collector

from ..model.metrics.attempt_counts import AttemptCounters, Key
from ..model.metrics.histogram import BOUNDS
from ..model.queues.stats import QueueDepth
from ..model.workers.child_counts import ChildCounts
from .queue_gauges import QueueReader

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from ..worker.pool import WorkerPool

EVERY = 4
"""One in so many bounds of a histogram is exported: each is four times the one before."""
PATH = "/metrics"
"""The path of the metrics."""
_LABELS = ("queue", "type")


class PoolCollector(Collector):
    """A pool's counts and histograms, and the state of its queues if it knows their database.

    For a registry of your own: `registry.register(PoolCollector(pool))`.
    """

    def __init__(self, pool: "WorkerPool") -> None:
        self._pool = pool
        dsn = pool.dsn
        queues = list(pool.queues)
        self._queues = None if dsn is None else QueueReader(dsn, lambda: pool.schema, queues)

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The present values."""
        every = [(key, counters.copy()) for key, counters in self._pool.recorder.all_counters()]
        yield _attempts(every)
        yield _histogram(
            "conduit_job_duration_seconds",
            "How long attempts took.",
            ((key, counters.durations, counters.duration) for key, counters in every),
        )
        yield _histogram(
            "conduit_job_wait_seconds",
            "Time from when jobs were due to their start.",
            ((key, counters.waits, counters.wait) for key, counters in every),
        )
        yield from _child_processes(self._pool.metrics.children)
        if self._queues is not None:
            yield from _queue_gauges(self._queues.read())


def _attempts(every: Iterable[tuple[Key, AttemptCounters]]) -> Metric:
    family = CounterMetricFamily(
        "conduit_job_attempts", "Attempts by outcome.", labels=(*_LABELS, "outcome")
    )
    for key, counters in every:
        for outcome, count in (
            ("succeeded", counters.succeeded),
            ("retried", counters.retried),
            ("failed", counters.failed - counters.retried - counters.discarded),
            ("discarded", counters.discarded),
            ("snoozed", counters.snoozed),
            ("cancelled", counters.cancelled),
            ("expired", counters.expired),
        ):
            family.add_metric((*key, outcome), count)
    return family


def _histogram(
    name: str, documentation: str, rows: Iterable[tuple[Key, Sequence[int], float]]
) -> Metric:
    family = HistogramMetricFamily(name, documentation, labels=_LABELS)
    for key, counts, total in rows:
        buckets, below = [], 0
        for bucket, bound in enumerate(BOUNDS):
            below += counts[bucket]
            if bucket % EVERY == 0:
                buckets.append((f"{bound:.10g}", float(below)))
        buckets.append(("+Inf", float(sum(counts))))
        family.add_metric(key, buckets, total)
    return family


def _child_processes(counts: ChildCounts) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "conduit_child_processes", "Processes of isolated jobs.", value=float(counts.alive)
    )
    ended = CounterMetricFamily(
        "conduit_child_processes_ended",
        "Processes that ended during their job, by reason.",
        labels=("reason",),
    )
    for reason, count in counts.ended.items():
        ended.add_metric((reason,), count)
    yield ended


def _queue_gauges(queues: Sequence[QueueDepth] | None) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "conduit_database_up",
        "Whether the state of the queues could be read.",
        value=float(queues is not None),
    )
    for name, documentation, value in _GAUGES:
        family = GaugeMetricFamily(name, documentation, labels=("queue",))
        for queue in queues or ():
            family.add_metric((queue.queue,), value(queue))
        yield family


_GAUGES: Sequence[tuple[str, str, Callable[[QueueDepth], float]]] = (
    ("conduit_queue_due_jobs", "Due jobs that no worker has claimed.", lambda q: q.due),
    ("conduit_queue_running_jobs", "Jobs that workers hold.", lambda q: q.running),
    (
        "conduit_queue_oldest_due_seconds",
        "How long the oldest due job has been due.",
        lambda q: q.oldest,
    ),
    (
        "conduit_queue_unreadable_jobs",
        "Pending jobs whose payload no worker could read.",
        lambda q: q.unreadable,
    ),
    (
        "conduit_queue_refused_jobs",
        "Pending jobs whose last claim Postgres refused.",
        lambda q: q.refused,
    ),
)


def metrics_application(pool: "WorkerPool") -> "WSGIApplication":
    """The metrics of a pool, and what the application itself counts with prometheus_client."""
    REGISTRY.register(PoolCollector(pool))
    application: WSGIApplication = make_wsgi_app()
    return application
