"""The queue and a pool in applications of Starlette and FastAPI, served by uvicorn."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from conduit_runtime import AsyncQueue, Job, Queue, WorkerPool, WorkerStuck
from conduit_runtime.contrib.starlette import conduit_lifespan, get_queue, probes
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from waiting import until
from web_server import served

APP = """
import asyncio, os
from typing import Annotated, Any
from conduit_runtime import AsyncQueue, Job, JobContext, WorkerPool
from conduit_runtime.contrib.starlette import conduit_lifespan, get_queue, probes
from fastapi import Depends, FastAPI

def pool(queue: AsyncQueue) -> WorkerPool:
    pool = WorkerPool(queue, grace=20)

    @pool.handler("note", keep_result=__import__("datetime").timedelta(hours=1))
    async def note(job: JobContext[Any], payload: Any) -> int:
        await asyncio.sleep(payload)
        return os.getpid()

    return pool

app = FastAPI(lifespan=conduit_lifespan(os.environ["CONDUIT_DATABASE_URL"], pool=pool))
app.mount("/health", probes)

@app.post("/notes")
async def create(queue: Annotated[AsyncQueue, Depends(get_queue)], seconds: float = 0) -> str:
    job = await queue.enqueue(Job(type="note", payload=seconds))
    return str(job.id)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


@pytest.mark.slow
def test_jobs_run_in_each_process_of_the_server(folder: Path, dsn: str) -> None:
    command = ["uvicorn", "app:app", "--port", "{port}", "--workers", "2"]
    output = folder / "out"
    with served(command, folder, output, CONDUIT_DATABASE_URL=dsn) as server, Queue(dsn) as queue:
        assert httpx.get(f"{server.url}/health/live").json() == {"status": "live"}
        until(lambda: httpx.get(f"{server.url}/health/ready").status_code == 200)

        def processes() -> bool:
            for _ in range(10):
                httpx.post(f"{server.url}/notes").raise_for_status()
            until(lambda: queue.stats().pending + queue.stats().running == 0)
            results = {(queue.get(job.id) or job).result for job in queue.list(limit=500)}
            return len(results) == 2

        until(processes)


@pytest.mark.slow
def test_a_stop_lets_running_jobs_end(folder: Path, dsn: str) -> None:
    command = ["uvicorn", "app:app", "--port", "{port}"]
    output = folder / "out"
    with served(command, folder, output, CONDUIT_DATABASE_URL=dsn) as server, Queue(dsn) as queue:
        httpx.post(f"{server.url}/notes", params={"seconds": 1.5}).raise_for_status()
        until(lambda: queue.stats().running == 1)
        assert server.stop() in (0, -15)
        assert queue.stats().completed == 1
        assert "Application shutdown complete" in server.output
        assert "Traceback" not in server.output


def test_an_application_whose_pool_cannot_start_does_not_start(dsn: str) -> None:
    def pool(queue: AsyncQueue) -> WorkerPool:
        return WorkerPool(AsyncQueue(f"{dsn} port=1"), connect_timeout=0)

    async def start() -> None:
        async with conduit_lifespan(dsn, pool=pool)(None):
            raise AssertionError

    with pytest.raises(Exception, match="connect"):
        asyncio.run(start())


def test_a_pool_leaves_nothing_behind_in_the_loop(dsn: str) -> None:
    async def act() -> None:
        async with conduit_lifespan(dsn, pool=WorkerPool)(None):
            pass
        await asyncio.sleep(0)  # the cancelled tasks end
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(act())


def test_a_lifespan_of_the_application_is_kept(dsn: str) -> None:
    seen = []

    @asynccontextmanager
    async def own(app: Any) -> AsyncIterator[dict[str, str]]:
        seen.append("own starts")
        yield {"own": "state"}
        seen.append("own ends")

    class Services:
        async def __aenter__(self) -> None:
            seen.append("services start")

        async def __aexit__(self, *error: object) -> None:
            seen.append("services end")

    def pool(queue: AsyncQueue) -> WorkerPool:
        return WorkerPool(queue, services=Services)

    async def respond(request: Request) -> JSONResponse:
        job = await get_queue(request).enqueue(Job(type="t"))
        return JSONResponse([request.state.own, str(job.id)])

    app = Starlette(
        routes=[Route("/", respond), Mount("/health", probes)],
        lifespan=conduit_lifespan(dsn, pool=pool, lifespan=own),
    )

    async def act() -> None:
        for _ in range(2):  # tests, for instance, start an application again
            async with running(app) as client:
                [own_state, id] = (await client.get("/")).json()
                assert own_state == "state"
                async with AsyncQueue(dsn) as queue:
                    assert await queue.get(id) is not None
                assert (await client.get("/health/ready")).status_code == 200

    asyncio.run(act())
    assert seen == ["own starts", "services start", "services end", "own ends"] * 2


def test_a_pool_that_ends_by_itself_is_seen(dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    made: list[WorkerPool] = []

    def pool(queue: AsyncQueue) -> WorkerPool:
        made.append(WorkerPool(queue))
        return made[0]

    app = FastAPI(lifespan=conduit_lifespan(dsn, pool=pool))
    app.mount("/health", probes)

    @app.get("/")
    async def enqueue(queue: Annotated[AsyncQueue, Depends(get_queue)]) -> str:
        return (await queue.enqueue(Job(type="t"))).status

    async def act() -> None:
        async with running(app) as client:
            assert (await client.get("/health/ready")).status_code == 200
            worker = made[0]._lifecycle.worker
            assert worker is not None
            worker.watcher.is_stuck.set()
            await asyncio.to_thread(until, lambda: not made[0].health().is_ready)
            assert (await client.get("/health/ready")).status_code == 503
            assert (await client.get("/")).json() == "pending"

    with caplog.at_level(logging.ERROR, "conduit.worker"):
        asyncio.run(asyncio.wait_for(act(), 60))
    [record] = [each for each in caplog.records if "worker pool of the application" in each.message]
    assert record.exc_info is not None
    assert record.exc_info[0] is WorkerStuck


def test_without_a_worker(dsn: str) -> None:
    async def act() -> None:
        app = FastAPI(lifespan=conduit_lifespan(dsn))
        app.mount("/health", probes)

        @app.get("/")
        async def enqueue(queue: Annotated[AsyncQueue, Depends(get_queue)]) -> str:
            return (await queue.enqueue(Job(type="t"))).status

        async with running(app) as client:
            assert (await client.get("/")).json() == "pending"
            with pytest.raises(RuntimeError, match="the application runs no worker"):
                await client.get("/health/ready")
        bare = FastAPI()
        bare.get("/")(enqueue)
        async with running(bare) as client:
            with pytest.raises(RuntimeError, match="the application has no queue: pass lifespan="):
                await client.get("/")

    asyncio.run(act())


def test_what_makes_no_pool_is_named(dsn: str) -> None:
    async def act() -> None:
        async with conduit_lifespan(dsn, pool=lambda queue: queue)(None):  # type: ignore[arg-type,return-value]
            raise AssertionError

    with pytest.raises(TypeError, match="the result of pool"):
        asyncio.run(act())


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Run the lifespan of an application as a server does, and yield a client of it."""
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ending = asyncio.Event()
    state: dict[str, Any] = {}

    async def receive() -> dict[str, str]:
        if started.done():
            await ending.wait()
            return {"type": "lifespan.shutdown"}
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        if message["type"] == "lifespan.startup.complete":
            started.set_result(None)

    task = asyncio.create_task(app({"type": "lifespan", "state": state}, receive, send))
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    transport = httpx.ASGITransport(with_state)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    ending.set()
    await task
