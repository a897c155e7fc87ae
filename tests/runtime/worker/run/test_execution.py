"""A slot of a worker starts a coroutine and resumes it in the coroutine's context."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any

import pytest
from conduit_runtime.worker.run.execution import resumed

colour: ContextVar[str] = ContextVar("colour", default="none")


async def isolated(work: Coroutine[Any, Any, None], on_wait: Callable[[], object]) -> None:
    """Run a coroutine as a slot of a worker does."""
    context = copy_context()
    try:
        awaited = context.run(work.send, None)
    except StopIteration:
        return
    on_wait()
    await resumed(work, context, awaited)


def run(*works: Coroutine[Any, Any, None]) -> list[str]:
    """Run coroutines in one task, one after another; return what happened around them."""
    seen: list[str] = []

    async def main() -> None:
        for work in works:
            await isolated(work, lambda: seen.append("waits"))
            seen.append(colour.get())

    asyncio.run(main())
    return seen


async def paint(waiting: bool) -> None:
    assert colour.get() == "none"
    colour.set("red")
    if waiting:
        await asyncio.sleep(0)
    assert colour.get() == "red"


def test_context_variables_stay_inside() -> None:
    assert run(paint(False), paint(True), paint(False)) == ["none", "waits", "none", "none"]


def test_errors_come_out() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run(fail())


def test_answers_and_cancellation_go_in() -> None:
    seen: list[object] = []

    async def wait(future: "asyncio.Future[int]") -> None:
        seen.append(await future)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        started = asyncio.Event()
        task = loop.create_task(_inside(wait(future), started))
        await started.wait()
        future.set_result(7)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await task

    asyncio.run(main())
    assert seen == [7, "cancelled"]


async def _inside(work: Coroutine[Any, Any, None], started: asyncio.Event) -> None:
    await isolated(work, started.set)
