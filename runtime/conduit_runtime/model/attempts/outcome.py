"""The outcome of an attempt: this module decides it, others write it."""

import math
import traceback
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any

from ..arguments import LONGEST, describe_argument
from ..errors import NoHandler, OutcomeTooLarge, PayloadMismatch, StepNotStored
from ..job import JobStatus
from ..lanes import marked
from ..package import location
from ..text.masking import mask
from ..values import error_message
from .retry import RetryPolicy

OURS = {"conduit_runtime", "asyncio", "concurrent"}
"""Packages whose frames are left out of a traceback."""
MAX_ERROR = 4_000
MAX_TRACEBACK = 16_000
"""The most characters of an error's text, and of its traceback, that are stored."""


# Not Exception, so that an `except Exception` of the job lets them pass.
class Retry(BaseException):
    """Raise it in a handler to fail this attempt; the next one is made after `after`.

    `after` is seconds or a timedelta; None keeps the usual wait. The attempt counts: after the last
    one, the job is failed. Raises ValueError for an `after` that is not finite or longer than 1,000
    years.
    """

    def __init__(self, after: float | timedelta | None = None, reason: str = "") -> None:
        super().__init__(reason or "the handler asked for a retry")
        self.after: float | None = None if after is None else seconds_of(after, "after")


class Discard(BaseException):
    """Raise it in a handler to fail the job, without further attempts."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "the handler discarded the job")


class Snooze(BaseException):
    """Raise it in a handler to run the job again after `duration`; this attempt does not count.

    `duration` is seconds or a timedelta. Raises ValueError for a `duration` that is not finite or
    longer than 1,000 years.
    """

    def __init__(self, duration: float | timedelta) -> None:
        super().__init__(f"snoozed for {duration}")
        self.duration: float = seconds_of(duration, "duration")


class Waiting(Snooze):
    """Ends an attempt whose job sleeps or waits; when the job is due is stored already."""


def without_group(error: BaseException) -> BaseException:
    """The Waiting of a task group whose tasks raised nothing else; any other error as it is."""
    if isinstance(error, BaseExceptionGroup) and error.split(Waiting)[1] is None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
    return error


def seconds_of(duration: float | timedelta, name: str) -> float:
    """The seconds of a duration, not negative; `name` is that of the argument.

    Raises TypeError for another type, ValueError for more than 1,000 years.
    """
    if isinstance(duration, bool) or not isinstance(duration, int | float | timedelta):
        raise TypeError(describe_argument(name, duration, "seconds or a timedelta"))
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not -math.inf < seconds <= LONGEST.total_seconds():
        raise ValueError(describe_argument(name, duration, "a finite time of at most 1,000 years"))
    return float(max(0, seconds))


_FINAL = (Discard, PayloadMismatch, NoHandler, OutcomeTooLarge, StepNotStored)
"""Errors that another attempt would not mend."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state of a job after an attempt that did not complete.

    `delay` in seconds sets `run_at` anew; None keeps it. `counted` is whether the attempt uses up
    one of `max_attempts`. `error` is the text to store, with the statement of the source that
    failed, if there is one. `detail` is the entry for the job's list of errors. `discarded` is
    whether the handler raised Discard, or an error that its type does not retry. `fingerprint` is
    the new one of a job that becomes unreadable, `max_attempts` that of its handler, if it says so.
    """

    status: JobStatus
    delay: float | None = None
    counted: bool = True
    error: str | None = None
    detail: dict[str, Any] | None = None
    discarded: bool = False
    fingerprint: str | None = None
    max_attempts: int | None = None

    @property
    def is_snooze(self) -> bool:
        """Whether the handler put the job off, which uses up no attempt."""
        return not self.counted and self.delay is not None


released = Outcome(JobStatus.PENDING, counted=False)
"""The outcome of a claimed job that is released as if it had not been claimed."""


def unreadable(
    fingerprint: str, reader: str, mismatch: BaseException, secrets: Collection[str] = ()
) -> Outcome:
    """The outcome of a job whose payload this reader cannot read; `secrets` are masked."""
    error = clean(mask(f"unreadable: {mismatch}", secrets), MAX_ERROR)
    return Outcome(
        JobStatus.PENDING, counted=False, error=error, fingerprint=marked(fingerprint, reader)
    )


def decide(
    attempt: int,
    max_attempts: int,
    error: BaseException,
    policy: RetryPolicy,
    jitter: float,
    secrets: Collection[str] = (),
) -> Outcome:
    """The outcome of attempt number `attempt`, which ended with `error`; `secrets` are masked."""
    if isinstance(error, Snooze):
        return Outcome(JobStatus.PENDING, delay=error.duration, counted=False)
    text, trace = describe(error, secrets)
    detail = {"attempt": attempt, "error": text, "exception": _path(error), "traceback": trace}
    if (source := location(error)) is not None:
        detail["source"] = source
        text = f"{text} ({source})"
    discarded = isinstance(error, Discard) or policy.discards(error)
    if discarded or attempt >= max_attempts or isinstance(error, _FINAL):
        return Outcome(JobStatus.FAILED, error=text, detail=detail, discarded=discarded)
    delay = policy.delay(attempt, jitter)
    if isinstance(error, Retry) and error.after is not None:
        delay = error.after
    return Outcome(JobStatus.PENDING, delay=delay, error=text, detail=detail)


def _path(error: BaseException) -> str:
    """The path of an exception's class; for a Discard with a cause, that of the cause's class."""
    cause = error.__cause__ if isinstance(error, Discard) else None
    kind = type(cause or error)
    return clean(f"{kind.__module__}.{kind.__qualname__}", MAX_ERROR)


def describe(error: BaseException, secrets: Collection[str] = ()) -> tuple[str, str]:
    """An exception's text and traceback, shortened, in characters that Postgres stores.

    `secrets` are masked in both. Never raises, even if the exception's own methods do.
    """
    kind = type(error).__name__
    message = error_message(error, "(its text could not be read)")
    if isinstance(error, Discard | Retry):
        text = message
    else:
        text = f"{kind}: {message}" if message else kind
    try:
        theirs = _without_ours(error.__traceback__)
        trace = "".join(traceback.format_exception(type(error), error, theirs, limit=-30))
        trace = without_details(trace, error)
    except BaseException:
        trace = text
    return clean(mask(text, secrets), MAX_ERROR), clean(mask(trace, secrets), MAX_TRACEBACK)


def without_details(text: str, error: BaseException | None) -> str:
    """The text without the details that Postgres adds to this exception and to its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if (message := error_message(error)) != (whole := str(error)):
            text = text.replace(whole, message)
        error = error.__cause__ or error.__context__
    return text


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the handler's frame on."""
    start = trace
    while start is not None:
        module = str(start.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in OURS:
            return start
        start = start.tb_next
    return trace


def clean(text: str, limit: int) -> str:
    """The text, cut in the middle to `limit` characters, with what Postgres refuses replaced."""
    if len(text) > limit:
        half = limit // 2
        text = f"{text[:half]} … {len(text) - 2 * half:,} characters … {text[-half:]}"
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
