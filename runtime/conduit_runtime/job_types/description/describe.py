"""The descriptions of job types that a worker stores."""

import dataclasses
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ...model.job import JobPriority
from ...model.text.names import source_name
from ...model.type_description import DescribedType, HookUses, TypeDescription, TypeSource
from ..job_type import JobType
from .fields import field_shapes, step_shapes
from .source import SourceFiles
from .uses import hooks_of, uses_of

_LEFT_OUT = {"queue", "was", "steps"}


class Describer:
    """Describes job types of generated packages; reads each of their modules and sources once."""

    def __init__(self) -> None:
        self._hooks: dict[str, dict[str, list[HookUses]]] = {}
        self._files = SourceFiles()

    def describe(self, job_type: JobType[Any, Any], name: str) -> Iterator[DescribedType]:
        """Yield the present shape of a job type, and the older ones that its upcasters read.

        `name` is the present name of the type, or an earlier one.
        """
        module = job_type.__module__
        if module not in self._hooks:
            found = sys.modules.get(module)
            self._hooks[module] = {} if found is None else dict(hooks_of(found))
        uses = uses_of(job_type.function)
        present = TypeDescription(
            fields=field_shapes(job_type.payload),
            source=self._files.source_of(job_type),
            hooks=tuple(self._hooks[module].get(job_type.name, ())),
            enqueues=tuple(sorted(uses.enqueues)),
            calls=tuple(sorted(uses.calls)),
            options=_options(job_type),
            steps={name: step_shapes(name, kept) for name, kept in (job_type.steps or {}).items()},
        )
        yield DescribedType(name, job_type.fingerprint, job_type.queue, present)
        for fingerprint, upcast in job_type.upcasts.items():
            older = dataclasses.replace(present, fields=field_shapes(upcast.old), is_older=True)
            yield DescribedType(name, fingerprint, job_type.queue, older)


def describe_function(name: str, function: Any, max_attempts: int | None) -> DescribedType:
    """Describe a type whose handler is written by hand and takes any payload.

    `max_attempts` is that of the handler, if it says so.
    """
    code = getattr(function, "__code__", None)
    line = 0 if code is None else code.co_firstlineno
    path = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"
    options = {} if max_attempts is None else {"max_attempts": max_attempts}
    description = TypeDescription(source=TypeSource(path, line), options=options)
    return DescribedType(name, "", "", description)


def _options(job_type: JobType[Any, Any]) -> dict[str, Any]:
    """The options that differ from their defaults, as JSON."""
    given = {name: value for name, value in job_type.options.items() if name not in _LEFT_OUT}
    if "priority" in given:
        given["priority"] = job_type.priority
    usual = {"priority": JobPriority.NORMAL, "max_attempts": 3, "backoff": "exponential"}
    return {
        name: _plain(value)
        for name, value in given.items()
        if value is not None and value != () and value != usual.get(name)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return source_name(value) if isinstance(value, type) else value
