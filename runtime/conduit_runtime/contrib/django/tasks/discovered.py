"""The tasks that a worker runs: those of the project's modules, for our backends."""

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
    """The tasks of the modules `tasks` of applications, and of what the addresses import."""
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
    """The queues of our backends; of a backend that takes any, those of its tasks."""
    tasks = discovered()
    named = {queue for backend in backends() for queue in backend.queues}
    return named | {task.queue_name for task in tasks.values()}


def register(handlers: HandlerRegistry) -> None:
    """Have a worker run the tasks."""
    if not (tasks := discovered()):
        return  # this Django may have none
    from .running import handler_of

    for path, task in tasks.items():
        function, options = handler_of(task)
        handlers.register(path, function, **options)
