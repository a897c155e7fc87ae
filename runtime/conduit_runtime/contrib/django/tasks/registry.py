"""The tasks of the project, by the path of their functions."""

from typing import Any

from django.utils.module_loading import import_string

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


def noted() -> dict[str, Any]:
    """The tasks that were decorated so far."""
    return dict(_tasks)
