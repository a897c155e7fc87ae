"""Running jobs from a test without a loop: plain functions run in the test's own thread.

So they can use objects of that thread, such as Django's connection or a session.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from ...services.django_connections import lent, uses_django

T = TypeVar("T")
Main = Callable[[ThreadPoolExecutor], Coroutine[Any, Any, T]]
"""What to run in a loop; it is given the executor for plain functions."""

PATIENCE = 5.0
"""Seconds that the jobs of an interrupted test get to end."""


class _NoThreads(ThreadPoolExecutor):
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Do nothing: there are no threads to end."""


class _Caller(_NoThreads):
    """Runs functions in the thread that calls `serve`."""

    def __init__(self) -> None:
        super().__init__(1)
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._calls.put((future, partial(fn, *args, **kwargs)))
        return future

    def serve(self) -> None:
        """Run what is submitted until `end`."""
        while (call := self._calls.get()) is not None:
            _call(*call)

    def end(self) -> None:
        """Let `serve` return."""
        self._calls.put(None)


def _call(future: Future[Any], function: Callable[[], Any]) -> None:
    """Call a function for a future. Raises KeyboardInterrupt, if the function does."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
        if isinstance(error, KeyboardInterrupt):
            raise


class _ThroughDjango(_NoThreads):
    """Runs functions where Django runs synchronous code: in the thread of the test."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        from asgiref.sync import sync_to_async

        # The exception is for the future alone: a task that raises SystemExit ends its loop.
        future: Future[Any] = Future()
        call = sync_to_async(_call)(future, partial(fn, *args, **kwargs))
        asyncio.run_coroutine_threadsafe(call, asyncio.get_running_loop())
        return future


def run_in_loop(main: Main[T]) -> T:
    """Run `main` in a loop in a thread of its own, and its plain functions in this thread.

    Raises RuntimeError inside a running loop.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise RuntimeError(
            "a loop is running here: use the fixture `async_jobs` (AsyncJobs) and await its run()"
        )
    return _run_in_django(main) if uses_django() else _run_beside(main)


def _run_in_django(main: Main[T]) -> T:
    from asgiref.sync import async_to_sync

    async def run() -> T:
        executor = _ThroughDjango(1)
        asyncio.get_running_loop().set_default_executor(executor)
        return await main(executor)

    with lent():
        result: T = async_to_sync(run)()
    return result


def _run_beside(main: Main[T]) -> T:
    caller = _Caller()
    done: Future[T] = Future()
    runner = asyncio.Runner()
    runner.get_loop()  # made here, so that this thread can reach it

    def run() -> None:
        try:
            with runner:
                runner.get_loop().set_default_executor(caller)
                done.set_result(runner.run(main(caller)))
        except BaseException as error:
            done.set_exception(error)
        finally:
            caller.end()

    thread = Thread(target=copy_context().run, args=(run,), name="conduit test", daemon=True)
    thread.start()
    try:
        caller.serve()
    except BaseException:  # an interrupt: no job may use the test's connection any more
        runner.get_loop().call_soon_threadsafe(_cancel_all)
        thread.join(PATIENCE)
        raise
    thread.join()
    return done.result()


def _cancel_all() -> None:
    for task in asyncio.all_tasks():
        task.cancel()
