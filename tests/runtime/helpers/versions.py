"""Two versions of a job type's code, for tests of jobs that only one of them can read."""

from dataclasses import dataclass
from typing import Any

import psycopg
from conduit_runtime import Job, JobContext, JobType, Queue, WorkerPool, job_type, upcast
from conduit_runtime.worker.run.handler import Handler
from pools import NewPool

TYPE = "post.email_send"


@dataclass(frozen=True, slots=True)
class V1:
    title: str


@dataclass(frozen=True, slots=True)
class V2:
    headline: str


class Version:
    """The code of one version: a job type, and the payloads that its handler got."""

    def __init__(self, fingerprint: str, payload: type[Any], **options: Any) -> None:
        self.seen: list[Any] = []

        async def handler(job: JobContext[Any], payload: Any) -> None:
            self.seen.append(payload)

        handler.__annotations__["payload"] = payload
        self.type: JobType[Any, Any] = job_type(TYPE, fingerprint, **options)(handler)

    @property
    def reader(self) -> str:
        """The name of this code that a worker adds to a job that the code cannot read."""
        return Handler.of_job_type(self.type).reader

    def pool(self, new_pool: NewPool, **options: Any) -> WorkerPool:
        return new_pool(jobs=[self.type], **options)

    def drain(self, new_pool: NewPool, **options: Any) -> WorkerPool:
        """Run the jobs that are due; return the pool, for its metrics."""
        pool = self.pool(new_pool, **options)
        pool.run(drain=True)
        return pool


def old() -> Version:
    return Version("old", V1)


def new(**options: Any) -> Version:
    return Version("new", V2, **options)


def with_upcaster() -> Version:
    version = new()

    @upcast(version.type, "old")
    def _(old: V1) -> V2:
        return V2(old.title)

    return version


def older(**options: Any) -> Job:
    return Job(**{"type": TYPE, "payload": {"title": "t"}, "fingerprint": "old"} | options)


def stored(queue: Queue, job: Job) -> Job:
    found = queue.get(job.id)
    assert found is not None
    return found


def lane_of(database: psycopg.Connection[Any], job: Job) -> str:
    (lane,) = database.execute(
        "SELECT fingerprint FROM jobs WHERE id = %s", [job.id]
    ).fetchone() or ("gone",)
    return str(lane)


UNFIT = "unreadable: payload"
MISSING = f"{UNFIT}.headline is missing"
