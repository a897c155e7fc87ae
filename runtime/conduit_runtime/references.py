"""What `module:object` on the command line names."""

import importlib
from typing import Any

from .errors import QueueError

__all__ = ["load"]


def load(option: str, reference: str) -> Any:
    """The object that a reference names; raises QueueError, naming the option, if there is none."""
    module_name, _, path = reference.partition(":")
    if not module_name or not path:
        raise QueueError(f"{option} takes module:object, not {reference!r}")
    try:
        target: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise QueueError(
            f"{option} {reference}: there is no module {error.name!r} "
            "(the working folder is on the import path)"
        ) from None
    for name in path.split("."):
        if not hasattr(target, name):
            raise QueueError(f"{option} {reference}: {module_name} has no {path!r}")
        target = getattr(target, name)
    return target
