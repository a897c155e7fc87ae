"""Checks the history of a run against what the queue guarantees. Pure: returns violations."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from history import Event, History, Move

ENDED = ("completed", "failed", "cancelled")
UNPROMISED = ("history.child", "history.tick")
RESULT_LIMIT = 16 * 1024 * 1024
"""Bytes of the largest result that the queue keeps."""
TICK = timedelta(seconds=1)
"""The period of the schedules."""
TAKEN = ("kill", "freeze", "cut", "failover")
"""The disturbances after which others may take a worker's jobs."""
HANDLING = timedelta(seconds=10)
"""How long the effects of a disturbance may last: a dead worker's claim may still be running."""


def check(history: History) -> list[str]:
    """Every violation in the history; empty if all guarantees were kept."""
    histories = history.by_job()
    return [
        *check_promises(history, histories),
        *check_endings(histories),
        *check_events(history),
        *check_claims(history, histories),
        *check_attempts(history, histories),
        *check_children(history, histories),
        *check_results(history, histories),
        *check_ticks(histories),
    ]


def check_promises(history: History, histories: Mapping[UUID, Sequence[Move]]) -> Iterator[str]:
    """Check that a job exists if and only if the transaction that enqueued it committed."""
    for job in history.confirmed.keys() - history.promises.keys():
        yield f"{job}: its commit was confirmed, and nothing of it is there"
    for job in history.promises.keys() - histories.keys() - history.refused.keys():
        yield f"{job}: was promised, and there is no job"
    for job in history.withdrawn & histories.keys():
        yield f"{job}: was rolled back, and there is a job"
    for job, moves in histories.items():
        if moves[0].before is not None:
            yield f"{job}: was never inserted"
        elif job not in history.promises and moves[0].type not in UNPROMISED:
            yield f"{job}: there is a job that no producer promised"


def check_endings(histories: Mapping[UUID, Sequence[Move]]) -> Iterator[str]:
    """Check that every job ended."""
    for job, moves in histories.items():
        if moves[-1].after not in ENDED:
            yield f"{job}: never ended, it is {moves[-1].after}"


def check_events(history: History) -> Iterator[str]:
    """Check that each run belongs to a claim of its process, and that no attempt ran twice."""
    claims = {(move.job, move.token_after): move for move in history.moves if move.draws_token}
    for event in history.events:
        claim = claims.get((event.job, event.token))
        if claim is None:
            yield f"{event.job}: ran in {event.process} without a claim"
        elif event.process not in history.runners(claim):
            yield f"{event.job}: was claimed by {claim.process} and ran in {event.process}"
    counts = Counter((event.job, event.token, event.what) for event in history.events)
    for (job, token, what), count in counts.items():
        if count > 1:
            yield f"{job}: {what} {count} times under the one claim {token}"


def check_claims(history: History, histories: Mapping[UUID, Sequence[Move]]) -> Iterator[str]:
    """Check that the holder of each claim ended it, or that there is a reason, and explain repeats.

    Only an operator moves a job that has ended.
    """
    began, ended = _tokens(history.events, "began"), _tokens(history.events, "ended")
    for job, moves in histories.items():
        for move, following in zip(moves, [*moves[1:], None], strict=True):
            if not move.draws_token:
                if move.before in ENDED and move.process not in history.operators:
                    yield f"{job}: {move.process} made {move.after} of {move.before}"
                continue
            key = (job, move.token_after)
            if following is not None:
                yield from _check_end(history, move, following, key in began, key in ended)


def _check_end(history: History, claim: Move, end: Move, began: bool, ended: bool) -> Iterator[str]:
    """Check how a claim ended. `began` and `ended` say what the handler wrote under the claim."""
    job, process = claim.job, claim.process
    holders = history.holders(claim)
    since = claim.asked_at - HANDLING
    if end.before != "running" or (
        end.token_before != claim.token_after and end.process not in history.operators
    ):
        yield f"{job}: the claim of {process} was followed by {end.before} → {end.after}"
    if end.process in history.operators:
        return
    if end.rescued:
        # A broker delivers messages again that were on their way to a stopping worker.
        kinds = (*TAKEN, "stop") if process in history.gateways else TAKEN
        if not history.was_disturbed(holders, since, end.at, kinds):
            yield f"{job}: was taken from {process}, which lived"
        if end.after == "failed" and end.attempts < end.max_attempts and not is_refused(end):
            yield f"{job}: failed with its worker in attempt {end.attempts} of {end.max_attempts}"
        return
    if end.process != process and not {process, end.process} <= history.gateways:
        yield f"{job}: {process} held it, and {end.process} made it {end.after}"
    elif end.is_renewal:
        if began:
            yield f"{job}: {process} renewed its claim of what it had begun"
    elif end.after == "completed":
        if not ended:
            yield f"{job}: completed, and its handler did not end"
    elif end.failures > claim.failures:
        if is_refused(end) and end.after != "failed":
            yield f"{job}: Postgres refused what came of it, and it is {end.after}"
        if not _is_planned(end):
            if not history.was_disturbed(holders, since, end.at):
                yield f"{job}: failed in {process} for no reason: {end.error}"
        elif not began:
            yield f"{job}: failed without having begun"
    elif end.after != "pending":
        yield f"{job}: {process} made it {end.after}"
    elif began and not history.was_disturbed(holders, since, end.at):
        yield f"{job}: began in {process} and was released for no reason"


def _is_planned(end: Move) -> bool:
    """Whether an attempt failed for a reason that its producer gave."""
    error = end.error or ""
    return "as planned" in error or (end.type == "history.result" and "the result is" in error)


def is_refused(end: Move) -> bool:
    """Whether Postgres refused the job, its outcome or its rescue."""
    return "Postgres refuse" in (end.error or "") and "refused as planned" in (end.error or "")


def check_attempts(history: History, histories: Mapping[UUID, Sequence[Move]]) -> Iterator[str]:
    """Check that no job ran more often than its attempts allow.

    A job that completed must have counted its start.
    """
    began = _tokens(history.events, "began")
    for job, moves in histories.items():
        runs = 0
        for move in moves:
            if move.process in history.operators and move.after == "pending":
                runs = 0
            elif move.draws_token and (job, move.token_after) in began:
                runs += 1
                # The first worker may have died before it wrote the start.
                if runs > move.max_attempts + 1:
                    yield f"{job}: began {runs} times with {move.max_attempts} attempts"
            elif move.after == "completed" and not 1 <= move.attempts <= move.max_attempts:
                yield f"{job}: completed in attempt {move.attempts} of {move.max_attempts}"


def check_children(history: History, histories: Mapping[UUID, Sequence[Move]]) -> Iterator[str]:
    """Check that the transaction that completed a parent inserted all its child jobs, once."""
    children: Counter[tuple[str, UUID]] = Counter()
    expected: dict[tuple[str, UUID], int] = {}
    for job, moves in histories.items():
        payload = moves[0].payload or {}
        if moves[0].type == "history.child":
            children[moves[0].transaction, UUID(payload["parent"])] += 1
        for move in moves:
            if move.after == "completed" and payload.get("children"):
                expected[move.transaction, job] = payload["children"]
    for (transaction, parent), count in children.items():
        if (transaction, parent) not in expected:
            yield f"{parent}: {count} child jobs were inserted for it, and it did not complete then"
    for (transaction, parent), count in expected.items():
        if children[transaction, parent] != count:
            yield f"{parent}: completed with {children[transaction, parent]} of {count} children"


def check_results(history: History, histories: Mapping[UUID, Sequence[Move]]) -> Iterator[str]:
    """Check that results are kept, and that a result that is too large fails its job."""
    for job, moves in histories.items():
        if moves[0].type == "history.result" and moves[-1].after == "completed":
            size = (moves[0].payload or {})["bytes"]
            if size > RESULT_LIMIT:
                yield f"{job}: completed with a result of {size:,} bytes"
            elif history.results.get(job) != size:
                yield f"{job}: returned {size:,} bytes, and {history.results.get(job)} are kept"


def check_ticks(histories: Mapping[UUID, Sequence[Move]]) -> Iterator[str]:
    """Check that each tick of a schedule enqueued one job.

    With `missed="all"` no tick may be missing.
    """
    for missed, ticks in ticks_of(histories).items():
        for before, after in pairwise(sorted(ticks)):
            if after == before:
                yield f"the tick of {after} of the schedule with missed={missed} is doubled"
            elif after - before < TICK or (missed == "all" and after - before > TICK):
                yield f"a schedule with missed={missed} ticked at {before}, and then at {after}"


def ticks_of(histories: Mapping[UUID, Sequence[Move]]) -> dict[str, list[datetime]]:
    """The ticks of each schedule, by its policy for missed ticks."""
    ticks: dict[str, list[datetime]] = {}
    for moves in histories.values():
        if moves[0].type == "history.tick" and moves[0].payload:
            ticks.setdefault(moves[0].payload["missed"], []).append(moves[0].run_at)
    return ticks


def _tokens(events: Sequence[Event], what: str) -> set[tuple[UUID, UUID | None]]:
    return {(event.job, event.token) for event in events if event.what == what}
