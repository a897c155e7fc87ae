"""The queue, and a worker pool, in an application of Starlette or FastAPI.

Pass `conduit_lifespan(dsn, pool=…)` as `lifespan=` of the application. `get_queue` is a dependency,
`probes` an ASGI application to mount.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.requests import HTTPConnection

from ..client.async_connections import Pool
from ..client.async_queue import AsyncQueue
from ..model.arguments import check_type
from ..model.text.logs import get_logger
from ..worker.health.application import Health
from ..worker.loops import unless
from ..worker.pool import WorkerPool

__all__ = ["conduit_lifespan", "get_queue", "probes"]

_log = get_logger("conduit.worker")
_QUEUE, _POOL = "conduit_queue", "conduit_pool"
_WANTED = (
    "pass lifespan=conduit_lifespan(…) to the application, and let the server run the lifespan"
)

Lifespan = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]


def conduit_lifespan(
    dsn: str | Pool,
    *,
    schema: str | None = None,
    pool: Callable[[AsyncQueue], WorkerPool] | None = None,
    lifespan: Callable[[Any], AbstractAsyncContextManager[Any]] | None = None,
) -> Lifespan:
    """Make a lifespan that opens an AsyncQueue and, with `pool`, runs a WorkerPool.

    `dsn` and `schema` are those of AsyncQueue. `pool` makes a pool of the queue. Each process of
    the server runs one pool, on the server's loop, so a coroutine handler must not block. Without
    `pool`, jobs wait for a worker elsewhere. `lifespan` is the one that the application already
    has: it starts first and ends last, and its state is kept.

    If the pool cannot start, the application does not start. If the pool ends by itself, the log
    says so and `probes` report it, but requests are still served. At the server's shutdown, after
    its last request, running jobs get the pool's `grace` seconds; the other jobs are released.
    """

    @asynccontextmanager
    async def run(app: Any) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as exits:
            given = None if lifespan is None else await exits.enter_async_context(lifespan(app))
            queue = await exits.enter_async_context(AsyncQueue(dsn, schema))
            state = {**(given or {}), _QUEUE: queue}
            if pool is not None:
                state[_POOL] = made = pool(queue)
                check_type(made, "the result of pool", WorkerPool, "a function that makes one")
                await exits.enter_async_context(_running(made))
            yield state

    return run


@asynccontextmanager
async def _running(pool: WorkerPool) -> AsyncIterator[None]:
    """Run a pool for the block, in a task of its own, as the pool may end by itself."""
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    stopping = asyncio.Event()
    task = asyncio.create_task(_run(pool, started, stopping), name="conduit pool")
    try:
        await started
        yield
    finally:
        stopping.set()
        if started.cancelled():  # the server gave up while the pool started
            task.cancel()
        await asyncio.wait([task])


async def _run(pool: WorkerPool, started: "asyncio.Future[None]", stopping: asyncio.Event) -> None:
    try:
        async with pool:
            started.set_result(None)
            await unless(stopping, pool.wait())
    except Exception as error:
        if not started.done():
            started.set_exception(error)
            return
        _log.exception("the worker pool of the application ended: no more jobs run in this process")


def get_queue(connection: HTTPConnection) -> AsyncQueue:
    """Return the queue of a request's application; also a dependency for FastAPI.

    Raises RuntimeError in an application without `conduit_lifespan`.
    """
    queue = getattr(connection.state, _QUEUE, None)
    if not isinstance(queue, AsyncQueue):
        raise RuntimeError(f"the application has no queue: {_WANTED}")
    return queue


async def probes(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """`/live` and `/ready` of the application's pool, as an ASGI application to mount.

    Raises RuntimeError in an application whose `conduit_lifespan` runs no pool.
    """
    pool = scope.get("state", {}).get(_POOL)
    if not isinstance(pool, WorkerPool):
        raise RuntimeError("the application runs no worker: give conduit_lifespan(…) a pool=…")
    await Health(pool).asgi(scope, receive, send)
