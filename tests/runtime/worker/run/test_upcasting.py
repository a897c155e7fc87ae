"""The present handler runs jobs of older names and shapes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from conduit_runtime import (
    Job,
    JobContext,
    JobStatus,
    JobType,
    Queue,
    QueueError,
    WorkerPool,
    job_type,
    upcast,
)
from pools import NewPool


@dataclass(frozen=True, slots=True)
class EmailSend:
    headline: str
    author: int = 0


@dataclass(frozen=True, slots=True)
class Older:
    title: str


@pytest.fixture
def seen() -> list[Any]:
    return []


@pytest.fixture
def email_send(seen: list[Any]) -> JobType[Any, EmailSend]:
    @job_type("post.email_send", "new", was=("post.mail",), keep_result=timedelta(hours=1))
    async def email_send(job: JobContext[Any], post: EmailSend) -> str:
        seen.append((job.type, post))
        return post.headline

    return email_send


def stored(queue: Queue, job: Job) -> Job:
    found = queue.get(job.id)
    assert found is not None
    return found


def run(
    queue: Queue,
    new_pool: NewPool,
    email_send: JobType[Any, EmailSend],
    job: Job,
    **options: Any,
) -> Job:
    """Run the jobs that are due; return the stored job."""
    new_pool(jobs=[email_send], **options).run(drain=True)
    return stored(queue, job)


def older(**options: Any) -> Job:
    return Job(type="post.email_send", payload={"title": "t"}, fingerprint="old", **options)


def test_an_older_payload_is_upcast(
    queue: Queue, new_pool: NewPool, email_send: JobType[Any, EmailSend], seen: list[Any]
) -> None:
    upcast(email_send, "old")(rename)
    present = queue.enqueue(email_send.job(EmailSend("h", 1)))
    job = run(queue, new_pool, email_send, queue.enqueue(older()))
    assert (job.status, job.attempts, job.result) == (JobStatus.COMPLETED, 1, "t")
    assert stored(queue, present).status is JobStatus.COMPLETED
    assert sorted(each.headline for _, each in seen) == ["h", "t"]


def rename(old: Older) -> EmailSend:
    return EmailSend(old.title)


def test_an_upcaster_may_ask_the_job_and_the_database(
    queue: Queue, new_pool: NewPool, email_send: JobType[Any, EmailSend], seen: list[Any]
) -> None:
    @upcast(email_send, "old")
    async def _(old: Older, job: JobContext[Any]) -> EmailSend:
        async with job.connection() as connection:
            (author,) = await (await connection.execute("SELECT 7")).fetchone() or (0,)
        return EmailSend(f"{old.title} {job.attempt}", author)

    job = run(queue, new_pool, email_send, queue.enqueue(older()), database=True)
    assert job.status is JobStatus.COMPLETED
    assert seen == [("post.email_send", EmailSend("t 1", 7))]


def test_an_older_name_runs_under_the_present_handler(
    queue: Queue, new_pool: NewPool, email_send: JobType[Any, EmailSend], seen: list[Any]
) -> None:
    """The queue counts and shows the job under its stored name."""
    upcast(email_send, "old")(rename)
    jobs = [
        Job(type="post.mail", payload={"title": "a"}, fingerprint="old"),
        Job(type="post.mail", payload={"headline": "b", "author": 1}, fingerprint="new"),
        Job(type="post.mail", payload={"headline": "c", "author": 1}),
    ]
    queue.enqueue_many(jobs)
    pool = new_pool(jobs=[email_send])
    pool.run(drain=True)
    assert sorted((name, post.headline) for name, post in seen) == [
        ("post.mail", "a"),
        ("post.mail", "b"),
        ("post.mail", "c"),
    ]
    assert {name: stats.succeeded for name, stats in pool.metrics.all_stats().items()} == {
        "post.mail": 3
    }


def test_a_name_belongs_to_one_job_type(
    queue: Queue, new_pool: NewPool, email_send: JobType[Any, EmailSend]
) -> None:
    @job_type("post.mail", "x")
    async def other(job: JobContext[Any], post: EmailSend) -> None: ...

    with pytest.raises(QueueError, match=r"two job types are called post\.mail"):
        WorkerPool(queue, jobs=[other, email_send])


def test_what_an_upcaster_raises_is_a_failed_attempt(
    queue: Queue, new_pool: NewPool, email_send: JobType[Any, EmailSend], seen: list[Any]
) -> None:
    @upcast(email_send, "old")
    def _(old: Older) -> EmailSend:
        raise LookupError(f"no headline for {old.title}")

    job = run(queue, new_pool, email_send, queue.enqueue(older(max_attempts=2)))
    assert (job.status, job.attempts) == (JobStatus.PENDING, 1)
    assert job.error == "LookupError: no headline for t"
    assert 'raise LookupError(f"no headline' in job.errors[0]["traceback"]
    assert "conduit_runtime" not in job.errors[0]["traceback"]
    assert not seen


def test_what_an_upcaster_returns_is_checked(
    queue: Queue, new_pool: NewPool, email_send: JobType[Any, EmailSend], seen: list[Any]
) -> None:
    @upcast(email_send, "old")
    def _(old: Older) -> EmailSend:
        return None  # type: ignore[return-value]

    job = run(queue, new_pool, email_send, queue.enqueue(older(max_attempts=1)))
    assert job.status is JobStatus.FAILED
    assert job.error == "TypeError: the upcaster of Older returned NoneType: return EmailSend"
    assert not seen
