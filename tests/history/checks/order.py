"""Checks that jobs were claimed in order, from the history of a run. Pure."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise, takewhile
from uuid import UUID

from history import History, Move

WINDOW = timedelta(seconds=1.5)
"""How long a claim may miss a job behind its bound: a second, and the time of a commit."""

RELEASE = timedelta(milliseconds=20)
"""How long a transaction may keep its locks after the time of its commit."""


def check_order(history: History) -> tuple[list[str], int]:
    """Find claims that passed over a more urgent job, and count the claims that could be judged.

    A claim skips rows that another claim reads, and the history does not show all rows that a claim
    reads. So only claims are judged that ran alone, and not near a cut connection, crash or held
    server process. A skipped job may stay behind the worker's bound for a while. So a job counts as
    passed over only when the same worker has passed over it for longer than that. The first claim
    of a worker after a freeze is not judged: the worker may have decided on it before the freeze.
    """
    violations: list[str] = []
    histories = history.by_job()
    claims = [move for move in history.moves if move.is_claim]
    alone = _alone(claims)
    judged = _judged(history, claims, alone)
    for queue, is_batched in {(move.queue, move.type in history.batched) for move in judged}:
        violations += _passed_over(queue, is_batched, histories, judged, alone, history)
    return violations, len(judged)


def _alone(claims: Sequence[Move]) -> set[str]:
    """The transactions of claims that ran while no other claim did."""
    began_at: dict[str, datetime] = {}
    ended_at: dict[str, datetime] = {}
    for move in claims:  # a transaction may claim in several statements
        began_at[move.transaction] = min(
            move.asked_at, began_at.get(move.transaction, move.asked_at)
        )
        ended_at[move.transaction] = move.committed_at + RELEASE
    starts = sorted((at, transaction) for transaction, at in began_at.items())
    ends = sorted((at, transaction) for transaction, at in ended_at.items())

    def is_alone(move: Move) -> bool:
        # A claim overlaps if it began before this one was committed, and was committed after this
        # one began.
        began = bisect_right(starts, (move.committed_at, "~"))
        over = bisect_left(ends, (move.asked_at, ""))
        return began - over == 1

    return {move.transaction for move in claims if is_alone(move)}


def _judged(history: History, claims: Sequence[Move], alone: Container[str]) -> list[Move]:
    breaks = [each for each in history.disturbances if each.kind in ("cut", "crash", "hold")]
    late = _first_after_a_freeze(history, claims)
    return [
        move
        for move in claims
        if move.transaction in alone
        and not any(each.began - WINDOW <= move.at <= each.ended + WINDOW for each in breaks)
        and move.transaction not in late
    ]


def _first_after_a_freeze(history: History, claims: Sequence[Move]) -> set[str]:
    """The transactions of claims that a worker may have decided on before a freeze."""
    late = set()
    for freeze in history.disturbances:
        if freeze.kind == "freeze":
            after = [
                (move.asked_at, move.transaction)
                for move in claims
                if move.process == freeze.process and move.asked_at >= freeze.began
            ]
            late |= {transaction for _, transaction in sorted(after)[:1]}
    return late


def _passed_over(
    queue: str,
    is_batched: bool,
    histories: Mapping[UUID, Sequence[Move]],
    judged: Sequence[Move],
    alone: Container[str],
    history: History,
) -> Iterator[str]:
    """Sweep through time; left out: jobs with a rate, a key, or that wait during a clock jump."""

    def is_concerned(move: Move) -> bool:
        return (
            move.key is None
            and move.queue == queue
            and (move.type in history.batched) == is_batched
        )

    claims: defaultdict[str, list[Move]] = defaultdict(list)
    add, check = 0, 1
    events: list[tuple[datetime, int, Move, datetime]] = [
        (move.at, check, move, move.at) for move in judged if is_concerned(move)
    ]
    for moves in histories.values():
        for move, following in pairwise(moves):
            is_waiting = move.after == "pending" and move.type not in history.rates
            if is_waiting and is_concerned(move):
                since = max(move.committed_at, move.due_at)
                jumped = any(move.asked_at <= at <= following.asked_at for at in history.jumps)
                if since + WINDOW < following.asked_at and not jumped:
                    events.append((since, add, move, following.asked_at))
        for move in moves:
            if is_concerned(move) and move.is_claim:
                claims[move.process].append(move)
    for own in claims.values():
        own.sort(key=lambda move: move.asked_at)
    events.sort(key=lambda event: event[:2])
    waiting: list[tuple[datetime, datetime, Move]] = []
    for now, kind, move, until in events:
        if kind == add:
            waiting.append((now, until, move))
            continue
        waiting = [each for each in waiting if each[1] > now]
        for since, until, passed in waiting:
            if passed.urgency < move.urgency and _passes_for_long(
                claims[move.process], alone, passed, since, now
            ):
                yield (
                    f"{move.job}: was claimed by {move.process} at {move.at} before {passed.job}, "
                    f"which was more urgent and waited from {since} to {until}"
                )
                break


def _passes_for_long(
    claims: Sequence[Move], alone: Container[str], passed: Move, since: datetime, now: datetime
) -> bool:
    """Whether a worker passed over a job for too long, given its claims in order.

    If the worker claimed a more urgent job in between, it scanned there too, and skipped this job
    only then. The first claim after a while scans again as well, and skips the job if others claim
    at the same time.
    """
    old, recent = (
        bisect_left(claims, time, key=lambda move: move.asked_at) for time in (since, now - WINDOW)
    )
    for n in range(old + 1, bisect_left(claims, now, key=lambda move: move.asked_at)):
        is_first = claims[n].asked_at - claims[n - 1].asked_at > WINDOW
        if is_first and claims[n].transaction not in alone:
            old = n
    return any(passed.urgency < other.urgency for other in claims[old:recent]) and not any(
        other.urgency < passed.urgency
        for other in takewhile(lambda move: move.asked_at <= now, claims[recent:])
    )
