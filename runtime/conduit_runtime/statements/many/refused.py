"""Splits a change of many jobs until each job whose change Postgres refuses is alone."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from ...model.text.logs import get_logger
from ...postgres.statement import Statement
from ...postgres.steps import Steps

T = TypeVar("T")

_log = get_logger("conduit.queue")

_MOST = 1_000
"""The number of refused jobs that ends an operation: something must be wrong with all jobs."""
# No fault of one row: connection, feature, transaction, statement, rollback, privileges, resources,
# locks, operator, system, configuration, internal.
_OTHER = ("08", "0A", "25", "26", "40", "42", "53", "55", "57", "58", "F0", "XX")


class Refused:
    """The jobs whose change Postgres refused; each is logged and stays as it is."""

    def __init__(self, change: str) -> None:
        self._change = change
        self.count = 0

    def note(self, id: UUID, error: Exception) -> None:
        """Log a job; raises the error if there are too many refused jobs."""
        self.count += 1
        if self.count > _MOST:
            raise error
        self.log(id, error)

    def log(self, id: UUID, error: Exception) -> None:
        """Log why a job stays as it is."""
        message = getattr(getattr(error, "diag", None), "message_primary", None) or type(error)
        what = (self._change, id, message)
        _log.warning("Postgres refuses to %s job %s: %s", *what, extra={"job_id": str(id)})


def or_split(
    whole: Statement[T], finding: Statement[T], split: Callable[[T], Steps[T]]
) -> Steps[T]:
    """Run the statement `whole`, which changes a page of jobs; if Postgres refuses it, run `split`.

    `split` gets the result of `finding`: the page without the change. In a transaction of the
    caller, which the error has aborted, the error is raised.
    """
    try:
        given: T = yield whole
        return given
    except Exception as error:
        if not _is_refusal(error):
            raise
        refusal = error
    try:
        page = yield finding
    except Exception:
        raise refusal from None
    return (yield from split(page))


def each_part(
    ids: Sequence[UUID], change: Callable[[Sequence[UUID]], Steps[int]], refused: Refused
) -> Steps[int]:
    """Change these jobs, as many at once as Postgres accepts; returns how many were changed."""
    if not ids:
        return 0
    try:
        return (yield from change(ids))
    except Exception as error:
        if not _is_refusal(error):
            raise
        if len(ids) == 1:
            refused.note(ids[0], error)
            return 0
    half = len(ids) // 2
    done = yield from each_part(ids[:half], change, refused)
    return done + (yield from each_part(ids[half:], change, refused))


def _is_refusal(error: Exception) -> bool:
    state = getattr(error, "sqlstate", None)
    return state is not None and not state.startswith(_OTHER)
