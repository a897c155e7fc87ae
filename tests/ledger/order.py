"""Checks that jobs were claimed in order, from the books of a run. Pure."""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from books import Books, Move

WINDOW = timedelta(seconds=1.5)
"""How long a job may stay unseen behind the bound of a claim: a second, and what a commit takes."""

RELEASE = timedelta(milliseconds=20)
"""How long a transaction may keep its locks after the time of its commit."""


def check_order(books: Books) -> tuple[list[str], int]:
    """The claims that passed over a more urgent job, and how many claims could be judged.

    A claim skips rows that another one looks at just then, and the books do not show all that one
    looks at: so only those are judged that were alone and not near one that was broken off. A
    worker that was frozen just then may have sent what it had in mind long before.
    """
    faults: list[str] = []
    histories = books.histories()
    lonely = _lonely_claims(books)
    for queue in {move.queue for move in lonely}:
        faults += _passed_over(queue, histories, [each for each in lonely if each.queue == queue])
    return faults, len(lonely)


def _lonely_claims(books: Books) -> list[Move]:
    claims = [move for move in books.moves if move.is_claim]
    breaks = [each for each in books.disturbances if each.kind in ("cut", "crash")]
    starts = sorted({(move.asked_at, move.transaction) for move in claims})
    ends = sorted({(move.committed_at + RELEASE, move.transaction) for move in claims})

    def is_alone(move: Move) -> bool:
        # Whoever began before this one was committed and was committed after it began, overlaps.
        began = bisect_right(starts, (move.committed_at, "~"))
        over = bisect_left(ends, (move.asked_at, ""))
        return began - over == 1

    return [
        move
        for move in claims
        if is_alone(move)
        and not any(each.began - WINDOW <= move.at <= each.ended + WINDOW for each in breaks)
        and not books.was_disturbed(move.process, move.asked_at - WINDOW, move.at, ("freeze",))
    ]


def _passed_over(
    queue: str, histories: Mapping[UUID, Sequence[Move]], claims: Sequence[Move]
) -> Iterator[str]:
    """Sweep through time with a heap of the jobs that have been waiting for longer than allowed."""
    add, check = 0, 1
    events: list[tuple[datetime, int, Move, datetime]] = [
        (move.at, check, move, move.at) for move in claims
    ]
    for moves in histories.values():
        for move, following in pairwise(moves):
            if move.queue == queue and move.after == "pending":
                since = max(move.committed_at, move.run_at) + WINDOW
                if since < following.asked_at:
                    events.append((since, add, move, following.asked_at))
    events.sort(key=lambda event: event[:2])
    waiting: list[tuple[tuple[int, datetime, int], datetime, Move]] = []
    for now, kind, move, until in events:
        if kind == add:
            heapq.heappush(waiting, (move.urgency, until, move))
            continue
        while waiting and waiting[0][1] <= now:
            heapq.heappop(waiting)
        if waiting and waiting[0][0] < move.urgency:
            _, until, passed = waiting[0]
            yield (
                f"{move.job}: was claimed by {move.process} at {move.at} before {passed.job}, "
                f"which was more urgent and waited from {passed.committed_at} to {until}"
            )
