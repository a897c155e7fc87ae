"""What a pool is told: its arguments, checked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeGuard

from ..job_types.job_type import JobType
from ..model.arguments import check_callable, describe_argument, each, is_whole, listed
from ..model.payload import check_name
from ..model.queues.retention import Retention, check_age
from ..model.schedules.schedule import Schedule
from ..telemetry.attempt_counters import Recorder
from .metrics import Metrics
from .run.around import AroundHook, AroundHooks
from .run.failures import OnFailed
from .run.handlers import HandlerRegistry
from .run.isolated_runs import ChildProcesses
from .timing import Timing

if TYPE_CHECKING:
    from ..telemetry.tracing import TracerProvider


class PoolSettings:
    """The settings of a pool, and what its worker shares with the application."""

    timing: ClassVar[Timing] = Timing()  # tests of the runtime set other times

    def __init__(
        self,
        queues: str | Iterable[str] | Mapping[str, int | None] | None,
        *,
        workers: int,
        jobs: Iterable[JobType[Any, Any]],
        services: object,
        schedules: Iterable[Schedule],
        grace: float,
        connect_timeout: float,
        on_failed: OnFailed | None,
        around: Iterable[AroundHook],
        tracer_provider: "TracerProvider | None",
        keep_completed: timedelta | None,
        keep_failed: timedelta | None,
    ) -> None:
        check_count(workers, "workers")
        check_seconds(grace, "grace")
        check_seconds(connect_timeout, "connect_timeout")
        check_callable(on_failed, "on_failed")
        jobs = each(jobs, "jobs", JobType, "a JobType of a generated package")
        self.job_types: Sequence[JobType[Any, Any]] = jobs
        self.handlers: HandlerRegistry = HandlerRegistry()
        self.handlers.register_job_types(jobs)
        self.metrics: Metrics = Metrics()
        self._queues = queues_of(queues, jobs)
        self._serves_only = False
        self.workers = workers
        self.services = services
        self.schedules: Sequence[Schedule] = each(schedules, "schedules", Schedule, "a Schedule")
        self.grace = grace
        self.connect_timeout = connect_timeout
        self.recorder: Recorder = Recorder()
        self.failure_hook: OnFailed | None = on_failed
        self.hooks: AroundHooks = AroundHooks(listed(around, "around"))
        self.tracer_provider = tracer_provider
        check_age(keep_completed, "keep_completed")
        check_age(keep_failed, "keep_failed")
        self.retention: Retention = Retention(keep_completed, keep_failed)
        self.children: ChildProcesses | None = None

    @property
    def queues(self) -> dict[str, int | None]:
        """The queues that are served, those of handlers too, each with its most jobs at once."""
        if self._serves_only:
            return self._queues
        return self._queues | {
            queue: None for queue in self.handlers.queues() if queue not in self._queues
        }

    def serve_only(self, queues: Mapping[str, int | None]) -> None:
        """Serve these queues and no others; for the command line, before the pool starts."""
        self._queues, self._serves_only = queues_of(queues, ()), True


def check_count(count: object, what: str) -> None:
    """Raise ValueError unless `count` is a number of jobs."""
    if not _is_count(count):
        raise ValueError(describe_argument(what, count, "1 or more"))


def check_seconds(seconds: object, what: str) -> None:
    """Raise ValueError unless `seconds` is a time to wait."""
    if not isinstance(seconds, int | float) or not seconds >= 0:
        raise ValueError(describe_argument(what, seconds, "seconds, 0 or more"))


def queues_of(
    given: str | Iterable[str] | Mapping[str, int | None] | None,
    jobs: Iterable[JobType[Any, Any]],
) -> dict[str, int | None]:
    """The queues of a pool, each with its most jobs at once; by default the jobs' queues."""
    if given is None:
        given = sorted({job_type.queue for job_type in jobs} or {"default"})
    if isinstance(given, str):
        given = [given]
    caps = dict(given) if isinstance(given, Mapping) else dict.fromkeys(listed(given, "queues"))
    if not caps:
        raise ValueError("queues names no queue: leave it out for those of the jobs")
    for queue, cap in caps.items():
        check_name(queue, "queue")
        if cap is not None and not _is_count(cap):
            raise ValueError(f"queue {queue} may run {cap!r} jobs at once: use 1 or more, or None")
    return caps


def _is_count(number: object) -> TypeGuard[int]:
    return is_whole(number) and number >= 1
