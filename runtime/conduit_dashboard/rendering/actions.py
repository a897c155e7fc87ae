"""The actions of users in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from conduit_runtime.model.dashboard.audit import AuditEntry
from conduit_runtime.model.text.printable import one_line

from .texts import counted_jobs

_WORDS = {
    "retry": "Retried",
    "cancel": "Cancelled",
    "delete": "Deleted",
    "run_now": "Made due now",
    "signal": "Sent a signal to",
    "move": "Moved",
    "priority": "Changed the priority of",
    "enqueue": "Enqueued",
    "pause": "Paused",
    "resume": "Resumed",
    "limit": "Changed the limits of",
    "share": "Changed the turns of",
    "limit_type": "Changed the limits of",
    "rate_limit": "Changed the limits of",
    "run_schedule": "Ran",
    "enable_schedule": "Enabled",
    "disable_schedule": "Disabled",
    "stop": "Stopped",
}
ACTIONS = sorted(_WORDS)
"""All actions of users; `stop` ends another action that runs in the background."""
_OF_JOBS = frozenset(
    {"retry", "cancel", "delete", "run_now", "signal", "move", "priority", "enqueue"}
)
_FEW = 3
_LONGEST = 200


def done(entry: AuditEntry) -> str:
    """An action as a sentence: `Retried 3 jobs.`, `Paused queue mail.`."""
    if entry.state in ("running", "stopping"):
        return f"It is going on in the background: {target(entry.target) or 'all jobs'}."
    words = _WORDS.get(entry.action, entry.action)
    is_of_jobs = entry.action in _OF_JOBS
    return f"{words} {counted_jobs(entry.count) if is_of_jobs else target(entry.target)}."


def made(entry: AuditEntry) -> str | None:
    """The id of the job that an action has enqueued."""
    name = {"enqueue": "enqueued", "run_schedule": "job"}.get(entry.action, "")
    job = entry.target.get(name)
    return job if isinstance(job, str) else None


def target(given: Mapping[str, Any]) -> str:
    """The target of an action in words: `queue mail`, `status failed, type email.send`."""
    text = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in _flat(given))
    return one_line(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _flat(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in given.items():
        match value:
            case _ if value is None or value in ([], {}):
                continue
            case dict():
                yield from _flat(value)
            case list() if len(value) > _FEW:
                some = " ".join(map(str, value[:_FEW]))
                yield name, f"{some} and {len(value) - _FEW:,} more"
            case list():
                yield name, " ".join(map(str, value))
            case _:
                yield name, str(value)
