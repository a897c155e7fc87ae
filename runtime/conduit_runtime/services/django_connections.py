"""Django's connections in a worker: each job finds them as a request of Django's would.

Before and after a job, this closes connections that are old or that the server has ended, and rolls
back a transaction that the job left open. Otherwise every later job of its thread would fail.
Django is never imported here: an application that does not use it has nothing to close.
"""

import asyncio
import select
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ..model.text.logs import get_logger

T = TypeVar("T")

_log = get_logger("conduit.worker")

_free: list[Any] = []
"""Contexts of asgiref that no coroutine uses, each with a thread and its connections."""
_finishing: set[asyncio.Task[None]] = set()
_lent: list[Any] = []
"""Connections of Django's with a transaction that a test lends to its jobs."""


def uses_django() -> bool:
    """Whether Django is loaded and configured."""
    return "django.db" in sys.modules and sys.modules["django.conf"].settings.configured


def call_plainly(function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function, and renew the connections of this thread before and after."""
    has_connections = uses_django()
    if has_connections:
        _renew()
    try:
        return function(*arguments)
    except StopIteration as stop:  # a future cannot carry it
        name = getattr(function, "__name__", "the function")
        raise RuntimeError(f"{name} raised StopIteration") from stop
    finally:
        if has_connections:
            _renew()


@contextmanager
def lent() -> Iterator[None]:
    """Lend the open transactions of this thread to the jobs that run in it within the block."""
    connections = sys.modules["django.db"].connections.all(initialized_only=True)
    before, _lent[:] = [*_lent], [each for each in connections if each.in_atomic_block]
    try:
        yield
    finally:
        _lent[:] = before


async def renewed_in_loop(work: Coroutine[Any, Any, T], check: Callable[[], None]) -> T:
    """Await a coroutine, and renew its connections before and after.

    Django runs the queries of a coroutine in a thread. No other coroutine uses this thread until
    the work ends, so a query that hangs, or a transaction, is the job's own. `check` is called
    after the renewal, and raises if the work must not start any more.
    """
    from asgiref.sync import ThreadSensitiveContext, sync_to_async

    threads = _free.pop() if _free else ThreadSensitiveContext()
    await threads.__aenter__()  # stays entered: leaving would end its thread
    renew = sync_to_async(_renew)

    async def finish() -> None:
        await renew()
        _free.append(threads)

    is_done = False
    try:
        await renew()
        check()
        result = await work
        is_done = True
    finally:
        work.close()
        if not is_done:
            # The thread may be busy for long with a cancelled query, so nothing waits for it.
            task = asyncio.get_running_loop().create_task(finish())
            _finishing.add(task)
            task.add_done_callback(_finishing.discard)
    await finish()
    return result


def release_threads() -> None:
    """End the threads of coroutines that have ended, since the process would wait for them."""
    while _free:
        from asgiref.sync import SyncToAsync

        executor = SyncToAsync.context_to_thread_executor.pop(_free.pop(), None)
        if executor is not None:
            executor.shutdown(wait=False)


def _renew() -> None:
    for connection in sys.modules["django.db"].connections.all(initialized_only=True):
        try:
            _renew_one(connection)
        except Exception as error:
            _log.warning("Django's connection %r could not be closed: %s", connection.alias, error)


def _renew_one(connection: Any) -> None:
    if connection.connection is None or any(connection is each for each in _lent):
        return
    if any(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        return  # the transaction of Django's TestCase, around this job
    if _is_in_transaction(connection):
        _log.warning(
            "a job left a transaction open on Django's connection %r: it was rolled back",
            connection.alias,
        )
        _drop(connection)
        return
    connection.close_if_unusable_or_obsolete()
    raw = connection.connection
    if raw is not None and _may_have_ended(raw) and not connection.is_usable():
        connection.close()


def _is_in_transaction(connection: Any) -> bool:
    """Whether a transaction is open, by Django's account or by that of psycopg."""
    if connection.in_atomic_block:
        return True
    if not connection.settings_dict["AUTOCOMMIT"]:
        return False  # the application wants an open transaction
    info = getattr(connection.connection, "info", None)
    return getattr(info, "transaction_status", None) in _IN_TRANSACTION


_IN_TRANSACTION = (1, 2, 3)
"""ACTIVE, INTRANS and INERROR of libpq."""


def _drop(connection: Any) -> None:
    """Close the connection, and make Django forget the blocks that were entered."""
    connection.in_atomic_block = False
    connection.atomic_blocks, connection.savepoint_ids = [], []
    connection.needs_rollback = connection.closed_in_transaction = False
    connection.close()


def _may_have_ended(raw: Any) -> bool:
    """Whether the server sent something unasked, as it does when it ends the connection.

    The check costs no round trip, unlike a health check of Django's.
    """
    if getattr(raw, "closed", False):
        return True
    try:
        descriptor = raw.fileno()
    except AttributeError:  # the driver of another database
        return False
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
