"""Sensitive values that a job or a hook has read: its stored and logged errors mask them."""

import dataclasses
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Annotated, Any, TypeAlias, TypeVar

from .calls import entered_job

__all__ = [
    "MASK",
    "Sensitive",
    "is_sensitive",
    "mask",
    "noting",
    "secrets_here",
    "secrets_of",
    "start_noting",
    "without_mark",
]

T = TypeVar("T")

MASK = "[sensitive]"
_MARK = "sensitive"

Sensitive: TypeAlias = Annotated[T, _MARK]
"""The type of a field that the configuration marks as `sensitive`."""

_SHORT = 4
"""Shorter values are masked as whole words only: a text would not be readable otherwise."""

_of_hook: ContextVar[set[str] | None] = ContextVar("conduit_secrets", default=None)


def is_sensitive(annotation: Any) -> bool:
    """Whether an annotation is `Sensitive[…]`."""
    return _MARK in getattr(annotation, "__metadata__", ())


def without_mark(annotation: Any) -> Any:
    """The `…` of `Sensitive[…]`, with what else is noted of it."""
    kind, others = annotation.__origin__, [m for m in annotation.__metadata__ if m != _MARK]
    return Annotated[(kind, *others)] if others else kind


def start_noting() -> None:
    """Begin a hook: what is noted from here on, outside of jobs, is the hook's."""
    _of_hook.set(set())


def noting(convert: Callable[..., T]) -> Callable[..., T]:
    """The function, which notes the values that it returns."""

    def convert_and_note(*arguments: Any) -> T:
        value = convert(*arguments)
        _note(value)
        return value

    return convert_and_note


def secrets_of(job: object) -> Collection[str]:
    """The sensitive values that a job has read, as texts."""
    return getattr(job, "secrets", ())


def secrets_here() -> Collection[str]:
    """The sensitive values that the job or the hook that runs here has read, as texts."""
    job = entered_job.get(None)
    return secrets_of(job) if job is not None else _of_hook.get() or ()


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with `[sensitive]` in the place of each of the values."""
    forms = {form for secret in secrets for form in _forms(secret)}
    if not forms:
        return text
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return re.sub("|".join(map(_pattern, longest_first)), MASK, text)


def _note(value: object) -> None:
    job: Any = entered_job.get(None)
    noted = _of_hook.get() if job is None else getattr(job, "secrets", None)
    if noted is None:
        if job is None:
            return
        noted = job.secrets = set()
    noted.update(_texts(value))


def _texts(value: object) -> Iterator[str]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, field.name) for field in dataclasses.fields(value)]
    elif isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool) and (text := str(value)):
        yield text


def _forms(secret: str) -> Iterator[str]:
    """A value as texts of errors hold it: as it is, in quotes of Python, and in JSON."""
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]


def _pattern(form: str) -> str:
    escaped = re.escape(form)
    return rf"(?<!\w){escaped}(?!\w)" if len(form) < _SHORT else escaped
