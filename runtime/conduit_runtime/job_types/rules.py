"""The rules by which a worker runs the jobs of a type."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypedDict, Unpack, cast

from ..model.arguments import check_duration, describe_argument
from ..model.attempts.retry import (
    DEFAULT_POLICY,
    LONGEST,
    BackoffKind,
    ErrorType,
    RetryPolicy,
    check_backoff,
    check_error_types,
)
from ..model.queues.controls import OnFailure, SourceLimits
from .isolation import Isolation


class RuleOptions(TypedDict, total=False):
    """The options that say how a worker runs the jobs of a type.

    `timeout` bounds one attempt of a job without a timeout of its own. A failed attempt is made
    again after `base` (a minute unless given) × 1, 2, 4 … ("exponential", unless `backoff` is
    given), × 1, 2, 3 … ("linear"), or `base` each time ("constant"), and at most after
    `max_backoff` (a year unless given). With `keep_result`, the handler's return value is kept for
    that long after a job's end, as JSON, for `queue.get(id).result`. Over all workers, at most
    `concurrency` jobs of the type run at once, and at most `rate_limit` start within any `per` (a
    second unless given); `key_concurrency`, `key_rate_limit` and `key_per` say the same of each
    key. With `ordered`, the jobs of a key run one after another, in the order of their enqueues;
    `on_failure` is whether a failed one holds the others ("hold") or not ("skip", unless given).
    With `fair`, the keys of its queue ("default" unless given) take turns. Errors of `discard_on`
    end a job at once; with `retry_on`, all other errors do, too. Both take classes or their names;
    subclasses count.

    With `isolated`, each job runs in a process of its own. That is killed if the attempt has not
    ended `kill_after` (a second unless given) after its timeout, a cancel or a stop of the worker.
    It may allocate at most `memory`, such as "512MB", and is replaced after `jobs_per_process`
    jobs. It runs one job at a time, or `process_concurrency` coroutines of the type.
    """

    timeout: timedelta | None
    backoff: BackoffKind
    base: timedelta | None
    max_backoff: timedelta | None
    keep_result: timedelta | None
    concurrency: int | None
    rate_limit: int | None
    per: timedelta | None
    key_concurrency: int | None
    key_rate_limit: int | None
    key_per: timedelta | None
    ordered: bool
    on_failure: OnFailure | None
    fair: bool
    retry_on: Iterable[ErrorType]
    discard_on: Iterable[ErrorType]
    isolated: bool
    memory: str | int | None
    jobs_per_process: int | None
    kill_after: timedelta | None
    process_concurrency: int | None


@dataclass(frozen=True, slots=True)
class JobRules:
    """The checked `RuleOptions` of a job type or a handler; durations are in seconds."""

    policy: RetryPolicy = DEFAULT_POLICY
    timeout: float | None = None
    keep_result: float | None = None
    limits: SourceLimits | None = None
    isolation: Isolation | None = None

    @classmethod
    def of(cls, queue: str = "default", **options: Unpack[RuleOptions]) -> "JobRules":
        """Check the options of a type whose jobs are in this queue.

        Raises TypeError or ValueError for one that does not fit.
        """
        fair = options.get("fair", False)
        if fair not in (True, False):
            raise ValueError(describe_argument("fair", fair, "True or False"))
        retry_on, discard_on = check_error_types(
            options.get("retry_on", ()), options.get("discard_on", ())
        )
        backoff = options.get("backoff", DEFAULT_POLICY.backoff)
        check_backoff(backoff)
        base, longest = _seconds(options, "base"), _seconds(options, "max_backoff")
        return cls(
            RetryPolicy(
                backoff,
                DEFAULT_POLICY.base if base is None else base,
                retry_on,
                discard_on,
                LONGEST if longest is None else min(longest, LONGEST),
            ),
            _seconds(options, "timeout"),
            _seconds(options, "keep_result"),
            SourceLimits.of(
                options.get("concurrency"),
                options.get("rate_limit"),
                options.get("per"),
                options.get("key_concurrency"),
                options.get("key_rate_limit"),
                options.get("key_per"),
                options.get("ordered", False),
                options.get("on_failure"),
                queue if fair else None,
            ),
            Isolation.of(
                options.get("isolated", False),
                options.get("memory"),
                options.get("jobs_per_process"),
                options.get("kill_after"),
                options.get("process_concurrency"),
            ),
        )


DEFAULT_RULES = JobRules()


def rules_of(options: Mapping[str, Any]) -> JobRules:
    """The rules among the options of a job type or a handler, as `JobRules.of` checks them."""
    known = RuleOptions.__optional_keys__
    queue = options.get("queue") or "default"
    given = cast("RuleOptions", {n: v for n, v in options.items() if n in known})
    return JobRules.of(queue, **given)


def check_known(options: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    """Raise TypeError for an option that is not known; `what` has the options."""
    if unknown := options.keys() - known:
        raise TypeError(f"{what} has no option {', '.join(sorted(unknown))}")


def _seconds(
    options: RuleOptions, what: Literal["timeout", "base", "max_backoff", "keep_result"]
) -> float | None:
    duration = options.get(what)
    if duration is None:
        return None
    check_duration(duration, what)
    return duration.total_seconds()
