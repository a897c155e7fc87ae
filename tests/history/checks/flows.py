"""Checks that flows ran in order and ended as they should, from the history of a run. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from checker import ENDED
from history import History, Move, Promise


def check_flows(history: History) -> Iterator[str]:
    """Check that each job of a flow was inserted in its turn, or ended as its dependencies say."""
    histories = history.by_job()
    for job, promise in history.promises.items():
        if job in histories:
            yield from _check_birth(history, histories, promise, histories[job][0])
    for job, reason in history.refused.items():
        if "refused as planned" not in reason:
            yield f"{job}: never became a job: {reason}"
    yield from history.left_behind


def _check_birth(
    history: History,
    histories: Mapping[UUID, Sequence[Move]],
    promise: Promise,
    inserted: Move,
) -> Iterator[str]:
    ends = {
        job: {"failed"} if job in history.refused else _ends(histories.get(job, ()), inserted)
        for job in promise.waits_for
    }
    if inserted.after == "cancelled":
        has_failed = any(statuses - {"completed"} for statuses in ends.values())
        if inserted.job not in history.cancelled and not (
            has_failed and promise.on_failure == "cancel"
        ):
            yield f"{inserted.job}: was cancelled before it was a job, for no reason"
        return
    for job, statuses in ends.items():
        if not statuses:
            yield f"{inserted.job}: became a job before {job} had ended"
        elif promise.on_failure == "cancel" and "completed" not in statuses:
            yield f"{inserted.job}: became a job though {job} had {', '.join(statuses)}"
    if inserted.after == "failed" and "refused as planned" not in (inserted.error or ""):
        yield f"{inserted.job}: failed before it was a job: {inserted.error}"


def _ends(moves: Sequence[Move], inserted: Move) -> set[str]:
    """The ends of a job until `inserted`; the job may have run again after an end."""
    return {
        move.after
        for move in moves
        if move.after in ENDED
        and (move.transaction == inserted.transaction or move.committed_at <= inserted.committed_at)
    }
