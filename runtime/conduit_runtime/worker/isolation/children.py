"""The children of a worker: those that run a job, and those that wait for one."""

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from ...job_types.isolation import Isolation
from ...model.claimed import Claimed
from ...services.django_connections import uses_django
from ..interfaces import RunnerHost
from ..pool_settings import PoolSettings
from ..run.handler import Handler
from ..run.isolated_runs import Child, ChildProcesses, Ended
from .assigned_job import Assignment
from .child_process import ChildProcess
from .crossing import (
    check_not_importing,
    crossing,
    handler_crossing,
    main_of,
    modules_of,
    origin_of,
)
from .log_records import present_levels
from .messages import Preparation, Setup
from .nursery_process import NurseryProcess

WARM = 60.0
"""Seconds for which a child without a job is kept beside others."""


class Children(ChildProcesses):
    """Starts children as jobs need them, and keeps those warm that have no job.

    `dsn` and `schema` are those of the connections of jobs; `stores_within` is whether they lead to
    the queue. All methods belong to the worker's loop.
    """

    def __init__(
        self, pool: PoolSettings, dsn: str | None, schema: str | None, *, stores_within: bool
    ) -> None:
        self._pool = pool
        self._place = dsn, schema, stores_within
        self._counts = pool.metrics.children
        self._nursery: NurseryProcess | None = None
        self._starting = asyncio.Lock()
        self._setup: Setup | None = None
        self._handlers: dict[str, tuple[Handler, bytes]] = {}
        self._idle: list[ChildProcess] = []
        self._all: set[ChildProcess] = set()
        self._shared: dict[str, list[ChildProcess]] = defaultdict(list)
        self._sharing: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self) -> None:
        """Start a first child if a handler is isolated.

        Raises QueueError, which names it, for what cannot cross, and ServiceError.
        """
        if self._pool.handlers.isolated:
            check_not_importing()
            self._idle.append(await self._begun())

    async def close(self) -> None:
        """End the children; none of them runs a job any more."""
        for child in self._all:
            child.end()
        if self._all:
            await asyncio.wait([child.gone for child in self._all])
        if self._nursery is not None:
            await self._nursery.close()

    @asynccontextmanager
    async def lent(self, handler: Handler) -> AsyncIterator[Child]:
        isolation = self._pool.handlers.isolated.get(handler.type, Isolation())
        data = self._data_of(handler)
        if isolation.concurrency == 1:
            child = await self._unused()
        else:
            child = await self._shared_by(handler.type, isolation)
        child.jobs += 1
        child.holders += 1
        try:
            yield _Lent(child, data, isolation)
        finally:
            child.holders -= 1
            if not child.holders:
                self._put_back(child, isolation)

    async def _unused(self) -> ChildProcess:
        while self._idle:
            child = self._idle.pop()
            if not child.is_spent:
                return child
        return await self._begun()

    async def _shared_by(self, type: str, isolation: Isolation) -> ChildProcess:
        """A child that has room for one more job of this type."""
        async with self._sharing[type]:
            shared = self._shared[type]
            for child in shared:
                if child.holders < isolation.concurrency and not _is_used_up(child, isolation):
                    return child
            child = await self._unused()
            shared.append(child)
            return child

    def _put_back(self, child: ChildProcess, isolation: Isolation) -> None:
        for shared in self._shared.values():
            if child in shared:
                shared.remove(child)
        if _is_used_up(child, isolation):
            child.end()
        else:
            child.idle_since = monotonic()
            self._idle.append(child)
        self._end_some()

    def _end_some(self) -> None:
        """End children that had no job for long, except one: the last used are used next."""
        while len(self._idle) > 1 and monotonic() - self._idle[0].idle_since > WARM:
            self._idle.pop(0).end()

    def _data_of(self, handler: Handler) -> bytes:
        known = self._handlers.get(handler.type)
        if known is None or known[0] is not handler:
            known = self._handlers[handler.type] = handler, handler_crossing(handler)
        return known[1]

    async def _begun(self) -> ChildProcess:
        if self._setup is None:
            self._setup = self._new_setup()
        async with self._starting:
            if self._nursery is None or not self._nursery.is_alive:
                self._nursery = await NurseryProcess.started(self._setup.preparation)
        child = await ChildProcess.started(self._nursery, self._setup, self._counts)
        self._all.add(child)
        child.gone.add_done_callback(lambda _: self._all.discard(child))
        return child

    def _new_setup(self) -> Setup:
        pool = self._pool
        isolated = [each for each in pool.handlers if each.type in pool.handlers.isolated]
        handlers = [self._data_of(each) for each in isolated]
        job_types = [origin_of(each) for each in isolated if each.job_type is not None]
        services = crossing("the services", pool.services)
        hooks = [
            crossing(f"the hook {getattr(each, '__name__', each)!r} around jobs", each)
            for each in pool.hooks.functions
        ]
        crossings = [services, *map(origin_of, isolated), *hooks]
        preparation = Preparation(
            sys.path,
            sys.argv,
            main_of([*crossings, *handlers]),
            _has_settings(),
            modules_of(crossings),
        )
        dsn, schema, stores_within = self._place
        return Setup(
            preparation,
            services,
            job_types,
            hooks,
            dsn,
            schema,
            stores_within,
            pool.timing,
            present_levels(),
            max((each.concurrency for each in pool.handlers.isolated.values()), default=1),
        )


class _Lent(Child):
    """A child for jobs of one handler."""

    def __init__(self, child: ChildProcess, handler: bytes, isolation: Isolation) -> None:
        self._child = child
        self._handler = handler
        self._isolation = isolation

    async def attempt(
        self, job: Claimed, host: RunnerHost, why_stopped: Callable[[], BaseException | None]
    ) -> Ended:
        given = Assignment(job, self._handler, self._isolation, host, why_stopped)
        return await self._child.attempt(given)


def _is_used_up(child: ChildProcess, isolation: Isolation) -> bool:
    """Whether a child can or should run no further job of a type."""
    return child.is_spent or (isolation.jobs is not None and child.jobs >= isolation.jobs)


def _has_settings() -> bool:
    """Whether Django is set up here, by a module of settings that a child finds, too."""
    return uses_django() and "DJANGO_SETTINGS_MODULE" in os.environ
