"""How handlers, services and hooks get into a child: by the names under which modules have them."""

import contextlib
import importlib
import multiprocessing.spawn
import os
import pickle
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from ...job_types.job_type import JobType
from ...model.errors import QueueError
from ..run.handler import Handler, given


class Reference(NamedTuple):
    """A module, and the path of an object in it."""

    module: str
    path: str


_ELSEWHERE = ("__main__", "__mp_main__", "conduit_runtime.")
"""Modules whose members are not looked at for a reference."""
Crossing: TypeAlias = Reference | bytes
"""Where a child finds an object, or the object itself, pickled."""
_importing: list[bool] = []
"""Not empty while this process imports what isolated jobs need."""


def crossing(what: str, value: object) -> Crossing:
    """How a value crosses. Raises QueueError, which says `what` the value is, if it cannot."""
    try:
        found = _crossing(value)
        if _is_in_program(found) and not _is_file(sys.modules["__main__"]):
            raise ValueError("the program is not a file")
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise QueueError(
            f"{what} cannot run in a process of its own ({reason}): define it at the top of a "
            "module, or leave out isolated"
        ) from None
    return found


def _crossing(value: object) -> Crossing:
    if (found := _reference(value)) is not None:
        return found
    try:
        data = pickle.dumps(value)
        pickle.loads(data)  # noqa: S301
    except Exception:
        program = vars(sys.modules["__main__"])
        for name, each in [*program.items()]:
            if each is value:  # not earlier: what a guard encloses is no member for a child
                return Reference("__main__", name)
        raise
    return data


def arrived(found: Crossing) -> Any:
    """The value, in the child. Raises what its import raises."""
    if isinstance(found, bytes):
        return pickle.loads(found)  # noqa: S301
    return _at(importlib.import_module(found.module), found.path)


def origin_of(handler: Handler) -> Crossing:
    """The function or the job type of a handler. Raises QueueError."""
    return crossing(f"the handler of {handler.type}", handler.job_type or given(handler))


def handler_crossing(handler: Handler) -> bytes:
    """A handler, without its timeout: the worker stops its attempts. Raises QueueError."""
    found = origin_of(handler)
    rules = replace(handler.rules, timeout=None, limits=None, isolation=None)
    try:
        return pickle.dumps((handler.type, found, rules, handler.max_attempts))
    except Exception as error:
        raise QueueError(
            f"the handler of {handler.type} cannot run in a process of its own: an error of "
            f"retry_on or discard_on is not at the top of a module ({error})"
        ) from None


def handler_arrived(data: bytes) -> Handler:
    """The handler, in the child."""
    type_, found, rules, max_attempts = pickle.loads(data)  # noqa: S301
    value = arrived(found)
    if isinstance(value, JobType):
        handler = Handler.of_job_type(value)
    else:
        handler = Handler.of_function(type_, value)
    return replace(handler, type=type_, rules=rules, max_attempts=max_attempts)


def modules_of(crossings: Iterable[Crossing]) -> list[str]:
    """The modules that children import, without the program itself."""
    found = (each.module for each in crossings if isinstance(each, Reference))
    return [*dict.fromkeys(each for each in found if each != "__main__")]


def main_of(crossings: Iterable[Crossing | bytes]) -> dict[str, Any]:
    """How to import the program itself, as `multiprocessing` does it; empty if none needs it."""
    is_needed = any(map(_is_in_program, crossings))
    data = multiprocessing.spawn.get_preparation_data("conduit") if is_needed else {}
    return {name: value for name, value in data.items() if name.startswith("init_main")}


def import_program(main: dict[str, Any]) -> None:
    """Import the program, as `main_of` says, unless that is done. Raises what it raises."""
    if main and sys.modules["__main__"].__name__ != "__mp_main__":
        multiprocessing.spawn.prepare(main)


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Let `check_not_importing` raise while this process imports what isolated jobs need."""
    _importing.append(True)
    try:
        yield
    finally:
        _importing.pop()


def check_not_importing() -> None:
    """Raise QueueError if a pool is started by an import of a process of isolated jobs.

    Its processes would import the same, and start pools without end.
    """
    if _importing:
        raise QueueError(
            "a pool is started when a process of isolated jobs imports its module: start it in a "
            'function, or below `if __name__ == "__main__":`'
        )


def _is_in_program(found: Crossing) -> bool:
    return b"__main__" in found if isinstance(found, bytes) else found.module == "__main__"


def _is_file(program: object) -> bool:
    return getattr(program, "__spec__", None) is not None or os.path.exists(
        getattr(program, "__file__", None) or ""
    )


def _reference(value: object) -> Reference | None:
    module = getattr(value, "__module__", None)
    path = getattr(value, "__name__" if isinstance(value, JobType) else "__qualname__", None)
    if isinstance(module, str) and isinstance(path, str) and _is_at(module, path, value):
        return Reference(module, path)
    if value is None or isinstance(value, type | str | bytes | int | float):
        return None
    for name, each in [*sys.modules.items()]:
        members = getattr(each, "__dict__", None)
        if isinstance(members, dict):
            for key, member in [*members.items()]:
                if member is value and not name.startswith(_ELSEWHERE):
                    return Reference(name, key)
    return None


def _is_at(module: str, path: str, value: object) -> bool:
    with contextlib.suppress(AttributeError):
        return module in sys.modules and _at(sys.modules[module], path) is value
    return False


def _at(module: object, path: str) -> Any:
    for name in path.split("."):
        module = getattr(module, name)
    return module
