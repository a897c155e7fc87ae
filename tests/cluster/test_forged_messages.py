"""A worker that lies harms neither the gateway nor jobs that it was not given."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from conduit_runtime import Job, Queue
from conduit_runtime.broker import topology
from conduit_runtime.broker.messages import (
    VERSION,
    Holding,
    JobEntry,
    Jobs,
    Outcomes,
    Progress,
    Used,
    encode,
)
from conduit_runtime.model.attempts.outcome import Outcome
from conduit_runtime.model.job import JobStatus
from conduit_runtime.model.new_job import NewJob
from lying_worker import (
    WORKER,
    LyingWorker,
    outcome_key,
    outcome_of,
    running_gateway,
    until_true,
)
from msgspec import structs
from shared_broker import SharedBroker, Vhost

pytestmark = pytest.mark.xdist_group("forged messages")

MARK = "what no log may show"
MODULE = """
from conduit_runtime import job_type

@job_type("letter.send", "1", queue="letters")
async def send(job, payload: dict[str, int]) -> None: ...

JOBS = (send,)
"""


class Scene:
    """A database, the gateway of a package with one job type, and a worker that a test plays."""

    def __init__(self, dsn: str, broker: Vhost, log: Path) -> None:
        self.queue = Queue(dsn)
        self._broker = broker
        self._log = log
        self._is_read = 0

    def play(self, use: Callable[["Scene", LyingWorker], Awaitable[None]]) -> None:
        """Call the function with a worker that says it runs these types."""

        async def run() -> None:
            url = self._broker.url("worker")
            async with LyingWorker(url, "letters", "letter.send", "money.transfer") as worker:
                await use(self, worker)

        asyncio.run(run())
        log = self._log.read_text()
        lines, self._is_read = log[self._is_read :], len(log)
        assert MARK not in lines
        assert "Traceback (most recent" not in lines

    async def given(self, worker: LyingWorker) -> tuple[Jobs, JobEntry]:
        """Enqueue a job, and wait until the worker holds it."""
        job = self.queue.enqueue(Job("letters", "letter.send", {"n": 1}))
        return await worker.job(job.id)

    async def until_status(self, job: JobEntry, status: str) -> Any:
        """Wait until the job has a status, and return it."""

        def found() -> Any:
            stored = self.queue.get(job.id)
            assert stored is not None
            return stored if stored.status == status else None

        return await until_true(found)

    async def check_works(self, worker: LyingWorker) -> None:
        """Check that the gateway still publishes jobs, and writes their outcomes."""
        message, job = await self.given(worker)
        await worker.end(message, outcome_of(message, job))
        await self.until_status(job, "completed")


@pytest.fixture(scope="module")
def scene(
    new_database: Callable[[], AbstractContextManager[str]],
    shared_broker: SharedBroker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("gateway")
    (folder / "mail_jobs.py").write_text(MODULE)
    arguments = ("mail_jobs", "--queue", "letters", "--grace", "1")
    with (
        new_database() as dsn,
        shared_broker.lend() as broker,
        running_gateway(folder, broker.url("gateway"), dsn, *arguments) as log,
    ):
        scene = Scene(dsn, broker, log)
        yield scene
        scene.queue.close()


def test_an_outcome_with_another_token_changes_nothing(scene: Scene) -> None:
    async def use(scene: Scene, worker: LyingWorker) -> None:
        message, job = await scene.given(worker)
        failed = Outcome(JobStatus.FAILED, error=MARK, detail={"error": MARK})
        for outcome in (None, failed):
            forged = outcome_of(message, job, token=uuid4(), outcome=outcome)
            await worker.end(message, forged)
        await scene.check_works(worker)
        stored = scene.queue.get(job.id)
        assert stored is not None
        assert stored.status == "running"
        await worker.end(message, outcome_of(message, job))
        await scene.until_status(job, "completed")

    scene.play(use)


def _child(**changes: Any) -> NewJob:
    usual: dict[str, Any] = {"id": uuid4(), "queue": "letters", "type": "letter.send"}
    usual |= {"payload": "{}", "priority": 50, "max_attempts": 3, "fingerprint": "1"}
    return NewJob(**usual | changes)


def test_children_of_other_types_fail_the_job(scene: Scene) -> None:
    async def use(scene: Scene, worker: LyingWorker) -> None:
        message, job = await scene.given(worker)
        children = [_child(), _child(type="money.transfer")]
        await worker.end(message, outcome_of(message, job, children=children))
        failed = await scene.until_status(job, "failed")
        assert "enqueues a job of money.transfer" in failed.error
        assert all(scene.queue.get(child.id) is None for child in children)
        await scene.check_works(worker)

    scene.play(use)


def test_jobs_of_other_types_are_not_published(scene: Scene) -> None:
    async def use(scene: Scene, worker: LyingWorker) -> None:
        other = scene.queue.enqueue(Job("letters", "money.transfer", {}, 100))
        for _ in range(3):
            await scene.check_works(worker)
        stored = scene.queue.get(other.id)
        assert stored is not None
        assert stored.status == "pending"

    scene.play(use)


_DEEP = b"[" * 100_000
_MALFORMED = {
    "nothing": b"",
    "no JSON": b"\xff\xfe" + MARK.encode(),
    "another shape": b'{"version": 1, "note": "' + MARK.encode() + b'"}',
    "another version": encode(Outcomes(VERSION + 1, MARK, [])),
    "another type": b'{"type": "' + MARK.encode() + b'", "version": 1}',
    "deep": b'{"version": 1, "worker": "w", "outcomes": ' + _DEEP,
    "deep in a field that is not known": b'{"version": 1, "more": ' + _DEEP,
    "large": b'{"version": 1, "worker": "' + MARK.encode() * 500_000 + b'", "outcomes": 1}',
    "a surrogate": b'{"version": 1, "worker": "\\ud800", "outcomes": []}',
}


@pytest.mark.parametrize("kind", _MALFORMED)
def test_malformed_messages_are_dropped(scene: Scene, kind: str) -> None:
    async def use(scene: Scene, worker: LyingWorker) -> None:
        message, job = await scene.given(worker)
        for exchange, key in (
            (topology.OUTCOMES, outcome_key(message)),
            (topology.REQUESTS, message.database),
            (topology.REQUESTS, topology.to_all(message.database)),
            (topology.FLEET, ""),
        ):
            await worker.send(exchange, key, _MALFORMED[kind])
        await worker.end(message, outcome_of(message, job))
        await scene.until_status(job, "completed")
        await scene.check_works(worker)

    scene.play(use)


_FAR = 10**30
_ODD: dict[str, dict[str, Any]] = {
    "far times": {"elapsed": 1e300, "ago": 1e300},
    "negative times": {"elapsed": -1e300, "ago": -1e300},
    "large numbers": {"attempts": _FAR, "max_attempts": _FAR, "run_at": _FAR},
    "a zero character": {"type": "a\0b", "queue": "a\0b"},
    "a result that is no JSON": {"result": ("no JSON", 60.0)},
    "a result with a zero character": {"result": ('"\\u0000"', 60.0)},
    "a result for ever": {"result": ("1", 1e300)},
    "a child that is no JSON": {"children": [_child(payload="no JSON")]},
    "a child with a zero character": {"children": [_child(payload='"\\u0000"', queue="a\0")]},
    "a child of a far priority": {"children": [_child(priority=_FAR, max_attempts=_FAR)]},
    "a child in a far time": {"children": [_child(delay=1e300)]},
    "a child that lasts for ever": {"children": [_child(timeout=1e300)]},
    "the same child twice": {"children": [_child(id=uuid4())] * 2},
    "a far retry": {
        "outcome": Outcome(JobStatus.PENDING, delay=1e300, detail={"error": "a\0"}, error="a\0")
    },
    "a completed failure": {"outcome": Outcome(JobStatus.COMPLETED)},
    "a cancellation": {"outcome": Outcome(JobStatus.CANCELLED)},
}


@pytest.mark.parametrize("kind", _ODD)
def test_odd_outcomes_concern_their_job_alone(scene: Scene, kind: str) -> None:
    async def use(scene: Scene, worker: LyingWorker) -> None:
        message, job = await scene.given(worker)
        other_message, other = await scene.given(worker)
        odd = outcome_of(message, job, **_ODD[kind])
        forged = outcome_of(message, job, **_ODD[kind], token=uuid4())
        await worker.end(message, forged, odd)
        await worker.end(other_message, outcome_of(other_message, other))
        await scene.until_status(other, "completed")
        await scene.check_works(worker)
        await worker.end(message, outcome_of(message, job))

    scene.play(use)


@pytest.mark.parametrize(
    "request_of",
    [
        lambda job: Progress(VERSION, WORKER, 1, (job.id, job.token), {"note": "\0", "n": 1e308}),
        lambda job: Progress(VERSION, WORKER, 1, (uuid4(), uuid4()), {}),
        lambda job: Used(VERSION, WORKER, 1, (job.id, job.token), 2**31 - 1),
        lambda job: Holding(VERSION, WORKER, 1, [(job.id, job.token, 1e300)]),
        lambda job: Holding(VERSION, WORKER, 1, [(job.id, uuid4(), -1e300)]),
        lambda job: Holding(VERSION, "liar\0", 1, [(uuid4(), uuid4(), 1.0)] * 1_000),
    ],
)
def test_odd_requests_break_nothing(scene: Scene, request_of: Callable[[JobEntry], Any]) -> None:
    async def use(scene: Scene, worker: LyingWorker) -> None:
        message, job = await scene.given(worker)
        for key in (message.database, topology.to_all(message.database)):
            await worker.send(topology.REQUESTS, key, encode(request_of(job)))
        await worker.end(message, outcome_of(message, job))
        await scene.until_status(job, "completed")
        await scene.check_works(worker)

    scene.play(use)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"concurrency": -5},
        {"concurrency": _FAR},
        {"queues": {"letters": -1, "a\0b": None}},
        {"lanes": [("a\0b", "c\0d"), ("", "")]},
        {"batches": {"letter.send": (0, 0.0)}},
        {"batches": {"letter.send": (-_FAR, 0.0)}},
        {"batches": {"letter.send": (5, 1e300)}},
        {"worker": "liar\0", "host": "\0", "pid": _FAR},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_odd_announcements_break_nothing(scene: Scene, changes: dict[str, Any]) -> None:
    async def use(scene: Scene, worker: LyingWorker) -> None:
        await scene.check_works(worker)
        forged = structs.replace(worker.hello, **{"worker": "liar", **changes})
        await worker.send(topology.FLEET, "", encode(forged))
        for _ in range(3):
            await scene.check_works(worker)

    scene.play(use)
