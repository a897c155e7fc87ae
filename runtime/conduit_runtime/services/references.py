"""What `module:object` on the command line names."""

import importlib
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from ..model.errors import QueueError

_OURS = Path(__file__).parents[1]
_PYTHON = Path(importlib.__file__).parent


def load(option: str, reference: str) -> Any:
    """The object that a reference names; raises QueueError, naming the option, if there is none."""
    module_name, _, path = reference.partition(":")
    if not module_name or not path:
        raise QueueError(f"{option} takes module:object, not {reference!r}")
    target: Any = imported(f"{option} {reference}", module_name)
    for name in path.split("."):
        if not hasattr(target, name):
            raise QueueError(f"{option} {reference}: {module_name} has no {path!r}")
        target = getattr(target, name)
    return target


def imported(what: str, module_name: str) -> ModuleType:
    """A module of the application; raises QueueError when it is missing or cannot be imported."""
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise QueueError(f"{what} cannot be imported: {blamed(error)}") from error
        raise QueueError(
            f"{what}: there is no module {error.name!r} (the working folder is on the import path)"
        ) from None
    except Exception as error:
        raise QueueError(f"{what} cannot be imported: {blamed(error)}") from error


def blamed(error: BaseException) -> str:
    """An error of the application's code in one line, with its file and line if known."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}, line {error.lineno})"
    text = f"{type(error).__name__}: {error}"
    theirs = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<")
        and not {_OURS, _PYTHON} & {*Path(frame.filename).parents}
    ]
    return f"{text} ({theirs[-1].filename}, line {theirs[-1].lineno})" if theirs else text
