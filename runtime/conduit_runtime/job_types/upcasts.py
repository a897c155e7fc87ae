"""Upcasters: functions from an older shape of a job type's payload to the present one."""

import dataclasses
import inspect
import typing
from collections.abc import Callable, Collection, Coroutine, Mapping
from types import ModuleType
from typing import Any, Protocol, TypeVar, overload

from ..model.arguments import check_type
from ..model.lanes import MARK
from ..model.package import GeneratedCodeError
from .context import JobContext
from .job_type import JobType
from .upcast import Upcast

S = TypeVar("S")
P = TypeVar("P")
O = TypeVar("O")  # noqa: E741 - the old payload


class Upcaster(Protocol[S, P]):
    """What `upcast` returns: decorates a function `(old)` or `(old, job)` to the payload."""

    @overload
    def __call__(self, function: Callable[[O], P], /) -> Callable[[O], P]: ...
    @overload
    def __call__(
        self, function: Callable[[O, JobContext[S]], P], /
    ) -> Callable[[O, JobContext[S]], P]: ...
    @overload
    def __call__(
        self, function: Callable[[O], Coroutine[Any, Any, P]], /
    ) -> Callable[[O], Coroutine[Any, Any, P]]: ...
    @overload
    def __call__(
        self, function: Callable[[O, JobContext[S]], Coroutine[Any, Any, P]], /
    ) -> Callable[[O, JobContext[S]], Coroutine[Any, Any, P]]: ...


def upcast(
    job_type: JobType[S, P],
    fingerprint: str,
    *,
    lossy: Mapping[str, str] | None = None,
    refuses: str = "",
) -> Upcaster[S, P]:
    """Decorate a function that upcasts payloads of an older shape of a job type.

    The function takes an instance of the older class and, if it has a second parameter, the
    JobContext. It returns the present payload. It may be a coroutine function. A plain function
    runs in the event loop of the worker and must not block, since all jobs would wait. If it
    raises, the attempt of the job fails.

    `lossy` names the fields of the present payload that do not get the captured value, each with
    the older field that may have it; `preflight` says so. With `refuses`, a reason, no payload of
    the shape is read, and such jobs wait. Raises TypeError, while the module is imported, for a
    function whose annotations do not fit, for the present fingerprint, and for a fingerprint that
    already has an upcaster.
    """
    check_type(job_type, "job_type", JobType, "a JobType of a generated package")
    check_type(fingerprint, "fingerprint", str, "the text that names the older shape in jobs.lock")
    name = job_type.name
    if not fingerprint or MARK in fingerprint:
        raise TypeError(f"{fingerprint!r} is no fingerprint: jobs.lock has those of {name}")
    if fingerprint == job_type.fingerprint:
        raise TypeError(
            f"{fingerprint} is the present shape of {name}, which needs no upcaster: give the "
            "fingerprint of an older shape in jobs.lock"
        )

    def decorate(function: Any) -> Any:
        if (known := job_type.upcasts.get(fingerprint)) is not None:
            where = known.function.__module__
            raise TypeError(
                f"{name} has an upcaster of {fingerprint} already, in {where}: keep one"
            )
        job_type.upcasts[fingerprint] = _checked(
            function, job_type, fingerprint, lossy or {}, refuses
        )
        return function

    return decorate


def _checked(
    function: Any,
    job_type: JobType[S, P],
    fingerprint: str,
    lossy: Mapping[str, str],
    refuses: str,
) -> Upcast[S, P]:
    payload = job_type.payload
    wanted = f"`def _(old: {payload.__name__}_{fingerprint}) -> {payload.__name__}`"
    whose = f"the upcaster of {fingerprint} for {job_type.name}"
    if not inspect.isfunction(function):
        raise TypeError(f"{whose} is no function: write {wanted}")
    signature = inspect.signature(function)
    takes_job = _takes(signature, 2)
    if not takes_job and not _takes(signature, 1):
        raise TypeError(
            f"{whose} takes {signature}: write {wanted}, with a second parameter "
            "`job: JobContext[Services]` if it needs the job"
        )
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise TypeError(
            f"{whose} has an annotation that cannot be read ({error}): import that name outside of "
            "`if TYPE_CHECKING`"
        ) from None
    old = hints.get(next(iter(signature.parameters)))
    if not (isinstance(old, type) and dataclasses.is_dataclass(old)):
        raise TypeError(
            f"the type of the first parameter of {whose} is not a dataclass: write {wanted}"
        )
    if hints.get("return") is not payload:
        raise TypeError(f"{whose} does not say that it returns {payload.__name__}: write {wanted}")
    return Upcast(function, old, payload, takes_job, lossy, refuses)


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def require_upcasts(
    older: Mapping[JobType[Any, Any], Collection[str]], upcasters: ModuleType | None = None
) -> None:
    """Check the upcasters of a generated package; its last call while it is imported.

    `older` holds all older shapes of the job types, by fingerprint. Raises GeneratedCodeError for
    an older shape without an upcaster, and for an upcaster of a shape that is not among them. If
    the application imports the module `upcasters` first, that module imports the package while it
    is incomplete itself; then nothing is checked.
    """
    if getattr(getattr(upcasters, "__spec__", None), "_initializing", False):
        return
    for job_type, shapes in older.items():
        payload = job_type.payload.__name__
        if unknown := sorted(job_type.upcasts.keys() - shapes):
            raise GeneratedCodeError(
                f"there is an upcaster for the payload {unknown[0]} of {job_type.name}, but "
                f"jobs.lock has no such older payload, only {', '.join(sorted(shapes)) or 'none'}"
            )
        if missing := sorted(shapes - job_type.upcasts.keys()):
            raise GeneratedCodeError(
                f"nothing reads the older payload {missing[0]} of {job_type.name}: write "
                f'`@upcast({job_type.__name__}, "{missing[0]}")` above `def _(old: '
                f"{payload}_{missing[0]}) -> {payload}` in the module that `upcasters` names, or "
                "remove the shape by `conduitc lock prune` once no such job is left"
            )
