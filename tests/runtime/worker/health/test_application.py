"""`/live` and `/ready` of a pool, as WSGI and as ASGI applications."""

import asyncio
import json
import threading
from typing import Any
from wsgiref.util import setup_testing_defaults

import psycopg
import pytest
from conduit_runtime import Health, Job, JobContext, Queue, WorkerPool
from conduit_runtime.worker.health.pool_health import PoolHealth
from conduit_runtime.worker.pool import WorkerPool as Pool
from waiting import until


def ask(pool: WorkerPool, path: str, method: str = "GET") -> tuple[int, dict[str, str]]:
    environ: dict[str, Any] = {"PATH_INFO": path, "REQUEST_METHOD": method}
    setup_testing_defaults(environ)
    status: list[str] = []
    body = b"".join(Health(pool)(environ, lambda text, headers: status.append(text)))  # type: ignore[arg-type, return-value]
    return int(status[0].split()[0]), json.loads(body or b"{}")


def test_a_pool_is_ready_while_it_works(queue: Queue) -> None:
    pool = WorkerPool(queue)
    assert ask(pool, "/live") == (200, {"status": "live"})
    code, body = ask(pool, "/ready")
    assert (code, body["reason"]) == (503, "the worker is not registered yet")
    with pool:
        assert ask(pool, "/ready") == (200, {"status": "ready"})
        assert ask(pool, "/health/ready/")[0] == 200
        assert ask(pool, "/ready", "HEAD") == (200, {})
        assert ask(pool, "/other")[0] == 404
        assert ask(pool, "/ready", "POST")[0] == 405
    assert ask(pool, "/ready")[0] == 503
    with pool:
        assert ask(pool, "/ready")[0] == 200


def test_a_pool_that_stops_is_not_ready(queue: Queue) -> None:
    pool = WorkerPool(queue)
    seen: list[tuple[int, dict[str, str]]] = []
    began = threading.Event()

    @pool.handler("lasts")
    async def lasts(context: JobContext, payload: object) -> None:
        began.set()
        await asyncio.to_thread(until, lambda: ask(pool, "/ready")[0] == 503)
        seen.extend([ask(pool, "/ready"), ask(pool, "/live")])

    queue.enqueue(Job(type="lasts"))
    with pool:
        assert began.wait(10)
    [(code, body), live] = seen
    assert (code, body["reason"]) == (503, "the worker is stopping")
    assert live[0] == 200


@pytest.mark.slow
def test_without_the_database_it_lives_and_is_not_ready(empty_dsn: str, server_dsn: str) -> None:
    from conduit_runtime import migrate

    migrate(empty_dsn)
    with Queue(empty_dsn) as queue, WorkerPool(queue) as pool:
        name = psycopg.conninfo.conninfo_to_dict(empty_dsn)["dbname"]
        with psycopg.connect(server_dsn, autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            until(lambda: ask(pool, "/ready")[0] == 503)
            assert "has not been reached" in ask(pool, "/ready")[1]["reason"]
            assert ask(pool, "/live")[0] == 200
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        until(lambda: ask(pool, "/ready")[0] == 200)


def test_the_same_over_asgi(queue: Queue) -> None:
    async def call(pool: Pool, scope: dict[str, Any]) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        received = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> dict[str, Any]:
            return next(received)

        async def send(message: Any) -> None:
            sent.append(message)

        await Health(pool).asgi(scope, receive, send)  # type: ignore[arg-type]
        return sent

    pool = WorkerPool(queue)
    scope = {"type": "http", "method": "GET", "path": "/health/ready", "root_path": "/health"}
    start, body = asyncio.run(call(pool, scope))
    assert start["status"] == 503
    assert (b"content-type", b"application/json") in start["headers"]
    assert json.loads(body["body"])["status"] == "not ready"
    with pool:
        start, _ = asyncio.run(call(pool, scope))
        assert start["status"] == 200
    passed = asyncio.run(call(pool, {"type": "lifespan"}))
    assert [each["type"] for each in passed] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


@pytest.mark.parametrize(
    ("health", "live", "reason"),
    [
        (PoolHealth(True, heartbeat_age=1.0), True, ""),
        (PoolHealth(True), True, "not registered"),
        (PoolHealth(True, heartbeat_age=6.0), True, "not been reached for 6 s"),
        (PoolHealth(True, True, heartbeat_age=1.0), True, "stopping"),
        (PoolHealth(True, blocked=2.0, heartbeat_age=1.0), False, "blocked for 2.0 s"),
    ],
)
def test_what_counts(health: PoolHealth, live: bool, reason: str) -> None:
    assert health.is_live is live
    assert reason in health.reason
    assert health.is_ready is not bool(reason)
