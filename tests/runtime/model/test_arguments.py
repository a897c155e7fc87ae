"""Arguments of the wrong kind: one line that names each, before any SQL."""

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import (
    AsyncCronScheduler,
    AsyncExecutor,
    AsyncQueue,
    CronScheduler,
    Flow,
    Job,
    JobType,
    Queue,
    Retry,
    Schedule,
    Snooze,
    WorkerPool,
    chain,
    group,
    job_type,
    migrate,
)
from conduit_runtime.job_types.context import JobContext
from conduit_runtime.model.claimed import Claimed
from example_jobs.order import Release, release

ERRORS = (TypeError, ValueError)
NOWHERE = "host=/nowhere"
"""A call that reached the database would raise another error."""
QUEUE = Queue(NOWHERE)
HUGE = 10**400
Unreadable = type("Unreadable", (), {"__repr__": lambda self: 1 / 0})


def refuses(name: str, call: Callable[[], object]) -> None:
    with pytest.raises(ERRORS) as caught:
        call()
    text = str(caught.value)
    assert name in text
    assert "\n" not in text
    assert len(text) < 250


def cases(*wanted: tuple[str, str, list[Any]]) -> Any:
    """Return a parametrization with each value of each (callable, argument)."""
    return pytest.mark.parametrize(
        ("function", "name", "value"),
        [
            pytest.param(function, name, value, id=f"{function} {name}={type(value).__name__}-{n}")
            for function, name, values in wanted
            for n, value in enumerate(values)
        ],
    )


NO_TEXT: list[Any] = [5, b"a", ["a"], object()]
NO_SPAN: list[Any] = [5, 1.5, "5", math.nan]
NO_JOB: list[Any] = [None, "job", {"type": "t"}, Unreadable()]


@cases(
    ("enqueue", "job", NO_JOB),
    ("enqueue_many", "jobs", [None, "abc", {"type": "t"}, 5]),
    ("enqueue_flow", "flow", [None, Job(type="t"), [Job(type="t")], "f"]),
    ("cancel", "id", [None, 5, "abc", b"a"]),
    ("retry", "id", [None, 5, "abc"]),
    ("get", "id", [None, 5, "x" * 10_000]),
    ("list", "queue", NO_TEXT),
    ("list", "type", NO_TEXT),
    ("list", "limit", [None, -1, 1.5, "9", math.nan, HUGE, True]),
    ("list", "older_than", [*NO_SPAN, timedelta(-1)]),
    ("stats", "queue", NO_TEXT),
    ("metrics", "queue", NO_TEXT),
    ("metrics", "type", NO_TEXT),
    ("metrics", "last", [*NO_SPAN, None, timedelta(0)]),
    ("purge", "older_than", [*NO_SPAN, None, timedelta(-1)]),
    ("complete", "job", NO_JOB),
    ("touch", "job", NO_JOB),
    ("pause", "queue", [None, "", 5, "a\0", "x" * 201]),
    ("resume", "queue", [None, "", 5]),
)
def test_methods_of_a_queue(function: str, name: str, value: Any) -> None:
    refuses(name, lambda: getattr(QUEUE, function)(**{name: value}))


@cases(
    ("dequeue", "worker_id", [None, 5]),
    ("dequeue", "queue", [None, 5, ""]),
    ("dequeue", "limit", [None, -1, "1", math.inf]),
    ("dequeue", "types", ["abc", 5, [5], {"a": 1}]),
)
def test_claims_for_loops_of_ones_own(dsn: str, function: str, name: str, value: Any) -> None:
    with Queue(dsn) as queue:
        refuses(name, lambda: queue.dequeue(**{"worker_id": "w", name: value}))


def test_other_methods_of_a_queue(dsn: str) -> None:
    job = Job(type="t")
    refuses("error", lambda: QUEUE.fail(job, 5))  # type: ignore[arg-type]
    refuses("concurrency", lambda: QUEUE.limit("q", 0))
    for per in [*NO_SPAN, timedelta(0), timedelta(-1), timedelta.max]:
        refuses("per", lambda per=per: QUEUE.rate_limit("t", 5, per))
    refuses("starts", lambda: QUEUE.rate_limit("t", 1.5))  # type: ignore[arg-type]
    refuses("concurrency", lambda: QUEUE.limit_type("t", 0))
    refuses("on_progress", lambda: QUEUE.cancel_many("q", on_progress=5))  # type: ignore[arg-type]
    for at in [None, 5, "now", date(2026, 1, 1), datetime(2026, 1, 1), timedelta.max]:
        refuses("delay" if at == timedelta.max else "run_at", lambda at=at: QUEUE.schedule(job, at))
    for conn in (5, "dsn", object()):
        refuses("conn", lambda conn=conn: QUEUE.enqueue(Job(type="t"), conn=conn))
    for given in (None, 5, psycopg):
        refuses("dsn", lambda given=given: Queue(given))
        refuses("dsn", lambda given=given: AsyncQueue(given))
        refuses("dsn", lambda given=given: migrate(given))
        refuses("queue", lambda given=given: CronScheduler(given))
        refuses("queue", lambda given=given: AsyncCronScheduler(given))
        refuses("queue", lambda given=given: AsyncExecutor(given))
        refuses("queue", lambda given=given: WorkerPool(given))
    refuses("schema", lambda: Queue(dsn, 5))  # type: ignore[arg-type]


@cases(
    ("job", "timeout", [5, 0, -1, "5", math.nan, timedelta(0), timedelta(-1), timedelta.max]),
    ("job", "delay", [*NO_SPAN, timedelta.max]),
    ("job", "run_at", ["now", 5, datetime(2026, 1, 1)]),
    ("job", "priority", [None, -1, 101, 1.5, "most", math.nan, HUGE]),
    ("job", "max_attempts", [None, 0, -1, 1.5, "3", True, HUGE]),
    ("job", "queue", [None, "", 5]),
    ("job", "dealy", [timedelta(1)]),
    ("make", "name", [None, "", 5, "x" * 201]),
    ("make", "fingerprint", [None, 5]),
    ("make", "queue", [None, "", 5]),
    ("make", "priority", [None, -1, 101, 1.5, "most"]),
    ("make", "max_attempts", [None, 0, "3"]),
    ("make", "timeout", [5, timedelta(0), "5"]),
    ("make", "base", [5, timedelta(0), math.nan]),
    ("make", "keep_result", [5, timedelta(-1), timedelta.max]),
    ("make", "backoff", [None, 5, "never"]),
)
def test_job_types(function: str, name: str, value: Any) -> None:
    async def run(job: Any, payload: Any) -> None: ...

    if function == "job":
        refuses(name, lambda: release.job(Release("a", 1), **{name: value}))
    else:
        options: dict[str, Any] = {"name": "t", "fingerprint": "f", name: value}
        refuses(name, lambda: job_type(**options)(run))


def test_durations_of_a_job_type_are_timedeltas() -> None:
    job = release.job(Release("a", 1), timeout=timedelta(seconds=5), delay=timedelta(minutes=1))
    assert (job.timeout, job.delay) == (5.0, timedelta(minutes=1))
    refuses("a connection of psycopg", lambda: release.enqueue(None, Release("a", 1)))  # type: ignore[call-overload]


@cases(
    ("every", "seconds", ["5", None, math.nan, math.inf, HUGE, 0, -1, 0.5]),
    ("every", "hours", ["5", True, 1e18]),
    ("cron", "expression", [None, 5, "", "* * *", "61 * * * *"]),
    ("cron", "timezone", [None, 5, "Mars/Phobos"]),
    ("daily", "at", [None, 5, "25:00", timedelta(hours=3)]),
    ("weekly", "day", [None, 0, 8, 1.5, "t", True, "noday"]),
    ("every", "enabeld", [True]),
)
def test_schedules(function: str, name: str, value: Any) -> None:
    usual: dict[str, Any] = {"every": {"seconds": 5}, "weekly": {"day": 1, "at": "3:00"}}
    options = {**usual.get(function, {}), "type": "t", name: value}
    if function == "cron":
        options = {"expression": "* * * * *", **options}
    found = "interval" if name in ("seconds", "hours") else name
    with pytest.raises(ERRORS) as caught:
        getattr(Schedule, function)(**options)
    text = str(caught.value)
    assert found in text or name in text or name.replace("zone", " zone") in text
    assert "\n" not in text


@cases(
    ("add", "schedule", [None, "s", Job(type="t")]),
    ("add", "enabled", [None, "no", 1]),
    ("add", "timeout", [timedelta(1), -1, math.nan]),
    ("add", "missed", [None, "never"]),
    ("enable", "id", [5, b"s"]),
    ("disable", "id", [None, 5]),
    ("remove", "id", [None, 5]),
    ("run", "id", [None, 5]),
    ("get", "id", [5]),
)
def test_schedulers(dsn: str, function: str, name: str, value: Any) -> None:
    with Queue(dsn) as queue:
        scheduler = CronScheduler(queue)
        given = value
        if function == "add" and name != "schedule":
            given = Schedule.every(seconds=5, type="t")
            setattr(given, name, value)
        refuses(name, lambda: getattr(scheduler, function)(given))
        assert scheduler.list() == []


@cases(
    ("pool", "jobs", ["abc", 5, ["t"], [Job(type="t")], release]),
    ("pool", "schedules", ["s", ["s"], Schedule.every(hours=1, type="t")]),
    ("pool", "workers", [None, 0, -1, 1.5, "2", True, math.nan]),
    ("pool", "grace", [None, -1, "5", math.nan, timedelta(1)]),
    ("pool", "connect_timeout", [None, -1, "5", math.nan, timedelta(1)]),
    ("pool", "on_failed", [5, "f"]),
    ("pool", "queue", [5, [5], {"a": 0}, {"a": "1"}]),
    ("stop", "grace", [-1, "5", math.nan]),
    ("on_failed", "function", [None, 5]),
)
def test_pools(function: str, name: str, value: Any) -> None:
    if function == "pool":
        key = "queues" if name == "queue" else name
        refuses(name, lambda: WorkerPool(QUEUE, **{key: value}))
    else:
        refuses(name, lambda: getattr(WorkerPool(QUEUE), function)(value))


def test_flows() -> None:
    job = Job(type="t")
    steps: list[Any] = [[job], "ab", 5, None, release]
    for step in steps:
        refuses("step", lambda step=step: chain(step))
        refuses("member", lambda step=step: group([step]))
    for members in (5, None, job):
        refuses("members", lambda members=members: group(members))
    for jobs in ("ab", [5], 5):
        refuses("jobs", lambda jobs=jobs: Flow(jobs))


def test_what_handlers_raise() -> None:
    for wrong in ("5", True, math.nan, math.inf, -math.inf, HUGE, timedelta.max, object()):
        refuses("after", lambda wrong=wrong: Retry(wrong))
        refuses("duration", lambda wrong=wrong: Snooze(wrong))
    refuses("duration", lambda: Snooze(None))  # type: ignore[arg-type]
    assert (Retry(-5).after, Snooze(timedelta(minutes=1)).duration) == (0.0, 60.0)


def test_what_a_job_enqueues() -> None:
    claimed = Claimed(uuid4(), uuid4(), "t", "default")
    context: JobContext[Any] = JobContext(claimed, None, None)  # type: ignore[arg-type]
    for wrong in (None, "t", Job(type="t"), JobType):
        refuses("job_type", lambda wrong=wrong: context.enqueue(wrong, {}))
    for wrong in (None, Job(type="t")):
        refuses("flow", lambda wrong=wrong: context.enqueue_flow(wrong))
