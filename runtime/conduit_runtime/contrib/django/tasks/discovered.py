"""The tasks that a worker runs: those of our backends in the project's modules."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import get_resolver

from ....worker.run.handlers import HandlerRegistry
from .. import discovery
from . import registry

if TYPE_CHECKING:
    from .backend import ConduitBackend


def discovered() -> dict[str, Any]:
    """The tasks in the applications' modules `tasks`, and in what the URL configuration imports."""
    if backends():
        for _ in discovery.modules("tasks"):
            pass
        if getattr(settings, "ROOT_URLCONF", None):
            _ = get_resolver().url_patterns
    return registry.noted()


def backends() -> "list[ConduitBackend]":
    """The backends of TASKS that are ours."""
    if not getattr(settings, "TASKS", None):
        return []
    try:
        from .api import task_backends
        from .backend import ConduitBackend
    except ImproperlyConfigured:  # this Django has no tasks
        return []
    return [each for each in task_backends.all() if isinstance(each, ConduitBackend)]


def queues() -> set[str]:
    """The queues of our backends; for a backend that takes any queue, the queues of its tasks."""
    tasks = discovered()
    named = {queue for backend in backends() for queue in backend.queues}
    return named | {task.queue_name for task in tasks.values()}


def register(handlers: HandlerRegistry) -> None:
    """Register the tasks as handlers of a worker."""
    if not (tasks := discovered()):
        return  # this Django may have none
    from .running import handler_of

    for path, task in tasks.items():
        function, options = handler_of(task)
        handlers.register(path, function, **options)
