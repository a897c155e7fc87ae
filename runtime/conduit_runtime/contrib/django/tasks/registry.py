"""The tasks of the project, by the path of their functions, and those that a worker runs."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import get_resolver
from django.utils.module_loading import import_string

from .. import discovery

if TYPE_CHECKING:
    from ....worker.run.handlers import HandlerRegistry
    from .backend import ConduitBackend

_tasks: dict[str, Any] = {}


def note(task: Any) -> None:
    """Remember a decorated task, by its path, which is the type of its jobs."""
    _tasks.setdefault(task.module_path, task)


def find(path: str) -> Any | None:
    """The task of that path, imported if necessary; None if it no longer exists."""
    if path not in _tasks:
        try:
            found = import_string(path)
        except (ImportError, ValueError):
            return None
        if not hasattr(found, "module_path") or found.module_path != path:
            return None
        note(found)
    return _tasks[path]


def discovered() -> dict[str, Any]:
    """The tasks in the applications' modules `tasks`, and in what the URL configuration imports."""
    if backends():
        for _ in discovery.modules("tasks"):
            pass
        if getattr(settings, "ROOT_URLCONF", None):
            _ = get_resolver().url_patterns
    return dict(_tasks)


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


def register(handlers: "HandlerRegistry") -> None:
    """Register the tasks as handlers of a worker."""
    if not (tasks := discovered()):
        return  # this Django may have none
    from .running import handler_of

    for path, task in tasks.items():
        function, options = handler_of(task)
        handlers.register(path, function, **options)
