"""Tasks, if this version of Django has them."""

import asyncio
import math
import os
import threading
from typing import Any

from django.conf import settings

if settings.HAS_TASKS:
    try:
        from django.tasks import task
    except ImportError:
        from django_tasks import task

    from depot.models import Item

    @task
    def add(a: int, b: int) -> int:
        return a + b

    @task(priority=21, queue_name="mail")
    async def describe(item: int) -> dict[str, Any]:
        found = await Item.objects.aget(id=item)
        return {"name": found.name, "tags": ("a", "b")}

    @task(takes_context=True)
    def fail(context: Any, times: int) -> list[Any]:
        if context.attempt <= times:
            raise LookupError(f"attempt {context.attempt}")
        return [context.task_result.id, context.attempt, len(context.task_result.errors)]

    @task(priority=3, takes_context=True)
    def report(context: Any, times: int) -> dict[str, Any]:
        """Return what the context says of the result, on the attempt after `times` failures."""
        if context.attempt <= times:
            raise LookupError(f"attempt {context.attempt}")
        result = context.task_result
        return {
            "priority": result.task.priority,
            "enqueued_at": result.enqueued_at.isoformat(),
            "started_at": result.started_at.isoformat(),
            "last_attempted_at": result.last_attempted_at.isoformat(),
            "errors": [error.traceback.splitlines()[-1] for error in result.errors],
            "worker_ids": result.worker_ids,
        }

    @task(backend="ordered", takes_context=True)
    def ship(context: Any, number: int) -> list[Any]:
        task = context.task_result.task
        return [number, task.key, task.weight]

    @task
    def leave() -> None:
        raise SystemExit("leaving")

    @task
    async def leave_later() -> None:
        await asyncio.sleep(0)
        raise SystemExit("leaving")

    @task
    def linger() -> None:
        threading.Event().wait(2)

    @task
    async def linger_async() -> None:
        await asyncio.Event().wait()

    @task
    def where() -> dict[str, Any]:
        is_main = threading.current_thread() is threading.main_thread()
        return {"pid": os.getpid(), "is_main": is_main}

    @task
    def give_object() -> object:
        return object()

    @task
    def give_nan() -> float:
        return math.nan
