"""Sentry: `sentry_sdk.init(…, integrations=[ConduitIntegration()])` reports failed attempts."""

import atexit
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.scope import add_global_event_processor, use_isolation_scope
from sentry_sdk.utils import capture_internal_exceptions, event_from_exception

from ..model.attempts.outcome import Outcome, without_details
from ..model.calls import entered_job
from ..model.claimed import Claimed, ClaimedBatch
from ..model.job import JobStatus
from ..model.text.job_fields import job_fields
from ..model.text.masking import mask, secrets_of
from ..worker.run import around, outcomes

if TYPE_CHECKING:
    from sentry_sdk._types import Event, Hint

__all__ = ["ConduitIntegration"]

_scopes: "WeakKeyDictionary[Claimed, sentry_sdk.Scope]" = WeakKeyDictionary()
"""The scopes in which the attempts of jobs run, or ran."""


class ConduitIntegration(Integration):
    """Sends Sentry one event for each failed attempt of this process, grouped by job type.

    An event has the tags `job_id`, `job_type`, `queue`, `attempt` and `outcome` (`retried` or
    `failed`), the job's headers as tags, and the exception; that of a timeout is a TimeoutError.
    Each job runs in an isolation scope of its own, so tags and breadcrumbs of a handler are those
    of its job. Events of a job hold no local variables, which may be payloads, and sensitive values
    are masked in them.
    """

    identifier = "conduit"

    @staticmethod
    def setup_once() -> None:
        """Listen to all attempts of this process."""
        ignore_logger(outcomes.ATTEMPTS)
        outcomes.listeners.append(_capture)
        around.everywhere.append(_scoped)
        add_global_event_processor(_grouped)


def _is_enabled() -> bool:
    return sentry_sdk.get_client().get_integration(ConduitIntegration) is not None


@asynccontextmanager
async def _scoped(context: object) -> AsyncIterator[None]:
    """Run a job, or a batch, in a scope of its own."""
    if not _is_enabled():
        yield
        return
    job = entered_job.get()
    with sentry_sdk.isolation_scope() as scope:
        scope.clear_breadcrumbs()
        scope.set_transaction_name(job.type, source="task")
        scope.set_tags(_tags(job))
        scope.add_event_processor(lambda event, hint: _cleaned(event, hint, job))
        for each in job.jobs if isinstance(job, ClaimedBatch) else [job]:
            _scopes[each] = scope
        yield


def _capture(job: Claimed, error: BaseException, outcome: Outcome) -> None:
    """Send the event of a failed attempt."""
    if not _is_enabled():
        return
    with capture_internal_exceptions(), _scope_of(job):
        options = {**sentry_sdk.get_client().options, "include_local_variables": False}
        event, hint = event_from_exception(
            error, options, mechanism={"type": "conduit", "handled": False}
        )
        is_retried = outcome.status is JobStatus.PENDING
        event["level"] = "warning" if is_retried else "error"
        event["fingerprint"] = ["{{ default }}", job.type]
        event["transaction"] = job.type
        with sentry_sdk.new_scope() as scope:
            scope.set_tags(_tags(job))
            scope.set_tag("outcome", "retried" if is_retried else "failed")
            scope.add_event_processor(lambda event, hint: _cleaned(event, hint, job))
            scope.capture_event(event, hint)
    _flush_at_exit(os.getpid())


@cache
def _flush_at_exit(pid: int) -> None:
    """Send what waits before this process exits: that of isolated jobs forgets its parent's SDK."""
    atexit.register(sentry_sdk.flush)


def _scope_of(job: Claimed) -> AbstractContextManager[sentry_sdk.Scope]:
    """The scope in which an attempt ran, or a new one if it did not come that far."""
    scope = _scopes.pop(job, None)
    return sentry_sdk.isolation_scope() if scope is None else use_isolation_scope(scope)


def _tags(job: Claimed | ClaimedBatch) -> dict[str, str]:
    fields = job_fields(job)
    headers = fields.pop("headers", {})
    return {name: str(value) for name, value in {**headers, **fields}.items()}


def _grouped(event: "Event", hint: "Hint") -> "Event":
    """Group a record that our loggers wrote about a job by its type."""
    record = hint.get("log_record")
    kind = getattr(record, "job_type", None)
    if record is not None and kind is not None and record.name.startswith("conduit."):
        event.setdefault("fingerprint", ["{{ default }}", kind])
    return event


def _cleaned(event: "Event", hint: "Hint", job: Claimed | ClaimedBatch) -> "Event":
    """The event without local variables, without details of Postgres, and with masks."""
    error = hint["exc_info"][1] if hint.get("exc_info") else None
    secrets = secrets_of(job)

    def cleaned(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: cleaned(each) for key, each in value.items() if key != "vars"}
        if isinstance(value, list | tuple):
            return [cleaned(each) for each in value]
        if value is None or isinstance(value, bool):
            return value
        text = value if isinstance(value, str) else str(value)
        shown = mask(without_details(text, error), secrets)
        return value if shown == text else shown

    found: Event = cleaned(event)
    return found
