"""Turns child jobs that a worker sent into rows of the statement that completes their parent."""

from collections.abc import Callable, Iterable
from typing import Any

from ..messages import Child


def child_rows(children: Iterable[Child]) -> list[dict[str, Any]]:
    """The rows of these jobs, as `statements.jobs.insert_parameters` makes them."""
    return [_row(child) for child in children]


def _row(child: Child) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": child.id,
        "queue": child.queue,
        "type": child.type,
        "fingerprint": child.fingerprint or "",
        "payload": child.payload,
        "priority": child.priority,
        "max_attempts": child.max_attempts,
        "timeout": child.timeout,
        "run_at": child.run_at,
        "delay": child.delay or 0.0,
    }
    if child.key is not None:
        row |= {"key": child.key, "unique_for": child.unique_for}
    if child.headers is not None:
        row["headers"] = child.headers
    if child.flow is not None:
        row["flow"] = child.flow
        row["on_failure"] = child.on_failure
        row["dependencies"] = child.dependencies
    return row


def refused_type(children: Iterable[Child], accepts: Callable[[str], bool]) -> str | None:
    """The first type among the children that is not accepted; None if all are."""
    return next((child.type for child in children if not accepts(child.type)), None)
