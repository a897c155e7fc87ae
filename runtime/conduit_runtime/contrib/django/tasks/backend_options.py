"""OPTIONS of the backend in TASKS."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from ....model.arguments import check_duration
from ....model.attempts.retry import BackoffKind, check_backoff

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Options:
    """How the tasks of a backend run.

    `max_attempts` says how often a task is tried, `backoff` and `base` when it is tried again,
    `timeout` how long one attempt may take, and `keep_result` how long a result is kept after the
    end of the task.
    """

    max_attempts: int = 3
    backoff: BackoffKind = "exponential"
    base: timedelta | None = None
    timeout: timedelta | None = None
    keep_result: timedelta = KEPT

    @classmethod
    def of(cls, alias: str, given: Mapping[str, Any]) -> "Options":
        """The options as TASKS gives them. Raises ImproperlyConfigured, naming the wrong one."""
        where = f"TASKS[{alias!r}]['OPTIONS']"
        known = [field.name for field in fields(cls)]
        if unknown := [key for key in given if key not in known]:
            raise ImproperlyConfigured(
                f"{where} has no {unknown[0]!r}: the options are {', '.join(known)}"
            )
        try:
            options = cls(**given)
            check_backoff(options.backoff)
            for name in ("base", "timeout", "keep_result"):
                if (duration := getattr(options, name)) is not None:
                    check_duration(duration, name)
            if isinstance(options.max_attempts, bool) or not isinstance(options.max_attempts, int):
                raise TypeError(f"max_attempts is {options.max_attempts!r}: give a number")
            if options.max_attempts < 1:
                raise ValueError(f"max_attempts is {options.max_attempts}: give 1 or more")
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"{where}: {error}") from error
        return options
