"""What Sentry gets of failed attempts. Its own SDK makes the events; a transport collects them."""

import asyncio
import atexit
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import sentry_sdk
from conduit_runtime import (
    BatchContext,
    BatchJob,
    Discard,
    Job,
    JobContext,
    Queue,
    Sensitive,
    Snooze,
    job_type,
)
from conduit_runtime.contrib import sentry as sentry_module
from conduit_runtime.contrib.sentry import ConduitIntegration
from conduit_runtime.worker.run import around, outcomes
from pools import NewPool
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

SECRET = "hunter2 of 'theirs'"


class Collector(Transport):
    """Keeps the events that would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        for item in envelope.items:
            if item.headers["type"] == "event":
                self.texts.append(item.get_bytes().decode())

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.texts]

    @property
    def tags(self) -> list[dict[str, str]]:
        return [event["tags"] for event in self.events]

    @property
    def errors(self) -> list[str]:
        """The type of each event's exception."""
        return [event["exception"]["values"][-1]["type"] for event in self.events]


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setattr(around, "everywhere", [])
    monkeypatch.setattr(outcomes, "listeners", [])
    transport = Collector()
    sentry_sdk.init(
        "http://key@localhost/1",
        transport=transport,
        integrations=[ConduitIntegration()],
        auto_enabling_integrations=False,
    )
    if not outcomes.listeners:  # the SDK calls it once a process
        ConduitIntegration.setup_once()
    yield transport
    sentry_sdk.get_client().close()
    sentry_sdk.init(auto_enabling_integrations=False)  # they patch the process


def handlers(error: BaseException) -> list[Any]:
    """A plain and a coroutine function that fail."""

    def fail(ctx: JobContext, payload: object) -> None:
        raise error

    async def fail_later(ctx: JobContext, payload: object) -> None:
        await asyncio.sleep(0)
        raise error

    return [fail, fail_later]


@pytest.mark.parametrize("kind", [0, 1], ids=["plain", "coroutine"])
def test_each_failed_attempt_is_an_event(
    queue: Queue, new_pool: NewPool, sentry: Collector, kind: int
) -> None:
    pool = new_pool(["mail"])
    handler = handlers(ValueError("no paper"))[kind]
    pool.register("print", handler, backoff="constant", base=timedelta(microseconds=1))
    job = queue.enqueue(Job("mail", "print", {"to": "a payload"}, max_attempts=2))
    pool.run(drain=True)
    first, last = sentry.events
    common = {"job_id": str(job.id), "job_type": "print", "queue": "mail"}
    assert first["tags"] == {**common, "attempt": "1", "outcome": "retried"}
    assert last["tags"] == {**common, "attempt": "2", "outcome": "failed"}
    assert (first["level"], last["level"]) == ("warning", "error")
    assert first["transaction"] == "print"
    error = first["exception"]["values"][-1]
    assert (error["type"], error["value"]) == ("ValueError", "no paper")
    assert error["stacktrace"]["frames"][-1]["filename"].endswith("test_sentry.py")
    assert "a payload" not in "".join(sentry.texts)


def test_what_waits_is_sent_before_a_process_exits(
    queue: Queue, new_pool: NewPool, sentry: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: list[Any] = []
    monkeypatch.setattr(atexit, "register", registered.append)
    sentry_module._flush_at_exit.cache_clear()
    pool = new_pool()
    pool.register("print", handlers(ValueError("no paper"))[1])
    queue.enqueue_many([Job(type="print", max_attempts=1) for _ in range(2)])
    pool.run(drain=True)
    assert registered.count(sentry_sdk.flush) == 1


def test_types_are_issues_of_their_own(queue: Queue, new_pool: NewPool, sentry: Collector) -> None:
    pool = new_pool()
    for kind, name in enumerate("ab"):
        pool.register(name, handlers(ValueError("no"))[kind])  # the SDK sends each error once
        queue.enqueue(Job(type=name, max_attempts=1))
    pool.run(drain=True)
    assert sorted(event["fingerprint"] for event in sentry.events) == [
        ["{{ default }}", "a"],
        ["{{ default }}", "b"],
    ]


def test_timeouts(queue: Queue, new_pool: NewPool, sentry: Collector) -> None:
    ended = threading.Event()
    pool = new_pool()

    @pool.handler("plain", timeout=timedelta(milliseconds=50))
    def plain(ctx: JobContext, payload: object) -> None:
        ended.wait(10)

    @pool.handler("coroutine", timeout=timedelta(milliseconds=50))
    async def wait(ctx: JobContext, payload: object) -> None:
        await asyncio.Event().wait()

    queue.enqueue_many([Job(type=name, max_attempts=1) for name in ("plain", "coroutine")])
    pool.run(drain=True)
    ended.set()
    assert sorted(tags["job_type"] for tags in sentry.tags) == ["coroutine", "plain"]
    assert sentry.errors == ["TimeoutError"] * 2


def test_jobs_of_a_batch(queue: Queue, new_pool: NewPool, sentry: Collector) -> None:
    pool = new_pool()

    @pool.batch_handler("index", size=10, wait=0.01)
    async def index(ctx: BatchContext, jobs: list[BatchJob]) -> None:
        sentry_sdk.set_tag("shared", "yes")
        ctx.fail(jobs[1], Discard("it is gone"))

    jobs = queue.enqueue_many([Job(type="index") for _ in range(3)])
    pool.run(drain=True)
    [tags] = sentry.tags
    assert (tags["job_id"], tags["attempt"], tags["shared"]) == (str(jobs[1].id), "1", "yes")


def test_what_is_no_failure(queue: Queue, new_pool: NewPool, sentry: Collector) -> None:
    pool = new_pool()
    pool.register("good", lambda ctx, payload: None)
    for name, handler in zip("ab", handlers(Snooze(60)), strict=True):
        pool.register(name, handler)
    queue.enqueue_many([Job(type=name) for name in ("good", "a", "b")])
    pool.run(drain=True)
    assert not sentry.events


def test_a_job_has_a_scope_of_its_own(queue: Queue, new_pool: NewPool, sentry: Collector) -> None:
    pool = new_pool(workers=1)

    def handle(ctx: JobContext, payload: dict[str, Any]) -> None:
        sentry_sdk.set_tag(payload["name"], "set")
        logging.getLogger("app").warning("crumb of %s", payload["name"])
        if payload["name"] == "logged":
            logging.getLogger("app").error("an error")
        else:
            raise ValueError("no")

    pool.register("t", handle)
    for name in ("first", "second", "logged"):
        queue.enqueue(Job(type="t", payload={"name": name}, max_attempts=1))
    pool.run(drain=True)
    assert len(sentry.events) == 3
    for event in sentry.events:
        [name] = {"first", "second", "logged"} & event["tags"].keys()
        assert event["tags"]["job_type"] == "t"
        crumbs = [each["message"] for each in event["breadcrumbs"]["values"]]
        assert crumbs == [f"crumb of {name}"]


@dataclass(frozen=True, slots=True)
class Login:
    name: str
    password: Sensitive[str]


@job_type("log.in", "00000001")
async def log_in(ctx: JobContext, payload: Login) -> None:
    password = payload.password
    sentry_sdk.add_breadcrumb(message="logs in", data={"with": {"password": password}})
    sentry_sdk.set_extra("given", [password])
    sentry_sdk.capture_message(f"it is {password}")
    try:
        raise KeyError(password)
    except KeyError as error:
        raise ValueError(f"{password} is wrong") from error


def test_nothing_of_a_payload_is_sent(
    queue: Queue, new_pool: NewPool, sentry: Collector, dsn: str
) -> None:
    with psycopg.connect(dsn) as connection:
        log_in.enqueue(connection, Login("a name", SECRET), max_attempts=1)
    new_pool(jobs=[log_in]).run(drain=True)
    texts = "".join(sentry.texts)
    assert [event.get("message") for event in sentry.events] == ["it is [sensitive]", None]
    assert texts.count("[sensitive]") >= 6
    assert "hunter2" not in texts
    assert "a name" not in texts


def test_a_client_without_the_integration(
    queue: Queue, new_pool: NewPool, sentry: Collector
) -> None:
    sentry_sdk.init("http://key@localhost/1", transport=sentry, default_integrations=False)
    pool = new_pool()
    pool.register("t", handlers(ValueError("no"))[0])
    job = queue.enqueue(Job(type="t", max_attempts=1))
    pool.run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.error == "ValueError: no"
    assert not sentry.events
