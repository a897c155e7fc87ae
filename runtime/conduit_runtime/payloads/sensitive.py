"""The sensitive values that a job or a hook has read; its stored and logged errors mask them."""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated, Any, TypeAlias, TypeVar

from ..model.calls import entered_job
from ..model.text.masking import secrets_of

T = TypeVar("T")

_MARK = "sensitive"

Sensitive: TypeAlias = Annotated[T, _MARK]
"""The type of a field that the configuration marks as `sensitive`."""

_of_hook: ContextVar[set[str] | None] = ContextVar("conduit_secrets", default=None)


def is_sensitive(annotation: Any) -> bool:
    """Whether an annotation is `Sensitive[…]`."""
    return _MARK in getattr(annotation, "__metadata__", ())


def without_mark(annotation: Any) -> Any:
    """The `…` of `Sensitive[…]`, with its other annotations."""
    kind, others = annotation.__origin__, [m for m in annotation.__metadata__ if m != _MARK]
    return Annotated[(kind, *others)] if others else kind


@contextmanager
def noted_in(values: set[str]) -> Iterator[None]:
    """A block of a hook, outside of jobs: the values noted in it are added to `values`.

    Log lines within the block mask these values; log lines after it do not.
    """
    outer = _of_hook.get()
    _of_hook.set(values)
    try:
        yield
    finally:
        _of_hook.set(outer)


def noting(convert: Callable[..., T]) -> Callable[..., T]:
    """Wrap a function so that it notes the values that it returns."""

    def convert_and_note(*arguments: Any) -> T:
        value = convert(*arguments)
        _note(value)
        return value

    return convert_and_note


def secrets_here() -> Collection[str]:
    """The sensitive values, as texts, that the job or the hook that runs here has read."""
    job = entered_job.get(None)
    return secrets_of(job) if job is not None else _of_hook.get() or ()


def _note(value: object) -> None:
    job: Any = entered_job.get(None)
    noted = _of_hook.get() if job is None else getattr(job, "secrets", None)
    if noted is None:
        if job is None:
            return
        noted = job.secrets = set()
    noted.update(texts_in(value))


def texts_in(value: object) -> Iterator[str]:
    """The texts of the values within a value, as in errors; without `true`, `false` and nil."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, field.name) for field in dataclasses.fields(value)]
    elif isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)
    elif value is not None and not isinstance(value, bool) and (text := str(value)):
        yield text
