"""Checks of what concerns keys, from the history of a run: limits, order, turns, expiry. Pure."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from checker import ENDED
from history import History, Move
from order import RELEASE

LIMIT = 2
"""How much weight of each key of `history.keyed` may run at once."""
TURNS = 2
"""How many turns another key may have while a job waits for its own: one, and one in between."""
LATE = timedelta(seconds=1)
"""How long a claim may take to reach the server."""


def check_keys(history: History) -> list[str]:
    """Every violation of what keys promise."""
    of_key: defaultdict[tuple[str, str], list[Move]] = defaultdict(list)
    for move in sorted(history.moves, key=lambda move: move.id):
        if move.key is not None:
            of_key[move.type, move.key].append(move)
    return [
        *check_key_limits(of_key),
        *check_key_order(history, of_key),
        *check_turns(history),
        *check_expiry(history),
    ]


def check_key_limits(of_key: Mapping[tuple[str, str], Sequence[Move]]) -> Iterator[str]:
    """Check that no start exceeds the limit of its key, unless the job runs alone."""
    for (type_, key), moves in of_key.items():
        if type_ != "history.keyed":
            continue
        steps = sorted(
            (move.committed_at, -1 if move.before == "running" else 1, move.weight or 1, move.job)
            for move in moves
            if (move.before == "running") != (move.after == "running")
        )
        running: Counter[object] = Counter()
        for at, step, weight, job in steps:
            running[job] += step * weight
            running += Counter()  # without those that have ended
            if step > 0 and running.total() > LIMIT and len(running) > 1:
                yield f"{job}: started at {at} as one of {len(running)} of {key}, {running.total()}"


def check_key_order(
    history: History, of_key: Mapping[tuple[str, str], Sequence[Move]]
) -> Iterator[str]:
    """Check that ordered jobs of a key start one after another, in the order of their enqueues.

    Keys whose jobs an operator changed are left out, and jobs that wait while the clock jumps.
    """
    for (type_, key), moves in of_key.items():
        if type_ != "history.ordered" or any(each.process in history.operators for each in moves):
            continue
        left: dict[object, Move] = {}
        for move in sorted(moves, key=lambda move: (move.committed_at, move.id)):
            if move.is_claim:
                yield from _overtaken(history, key, move, left)
            if move.after in ENDED:
                left.pop(move.job, None)
            else:
                left[move.job] = move


def _overtaken(
    history: History, key: str, claim: Move, left: Mapping[object, Move]
) -> Iterator[str]:
    """What a claim overtook of the jobs of its key that had not ended, given their last moves."""
    for other, last in left.items():
        is_known = last.committed_at + RELEASE < claim.asked_at
        jumped = any(last.asked_at <= jump <= claim.committed_at for jump in history.jumps)
        is_before = last.seq < claim.seq or last.after == "running"
        if other != claim.job and is_known and is_before and not jumped:
            yield f"{claim.job}: started while {other} of {key}, enqueued before, was {last.after}"


def check_turns(history: History) -> Iterator[str]:
    """Check that no key has several turns while a job of another key waits for one.

    Only jobs without any limit are judged: from when all could see them, or from the last turn of
    their key. A commit has its time before others see it, and its confirmation comes after that. A
    claim takes what was due when its transaction began.
    """
    claims = sorted(_by_decision(history), key=lambda move: move.began_at)
    began = {move.transaction: move.began_at for move in history.moves if move.is_claim}
    of_key: defaultdict[str | None, list[Move]] = defaultdict(list)
    for move in claims:
        of_key[move.key].append(move)
    last = {
        key: [*accumulate((each.committed_at for each in turns), max)]
        for key, turns in of_key.items()
    }
    for of_job in history.by_job().values():
        for enqueue, claim in pairwise(of_job[:2]):
            if enqueue.type == "history.shared" and claim.is_claim:
                own = bisect_left(of_key[claim.key], claim.began_at, key=lambda move: move.began_at)
                seen = history.confirmed.get(enqueue.job, enqueue.committed_at)
                since = max([enqueue.committed_at, seen, *last[claim.key][max(0, own - 1) : own]])
                if not any(enqueue.at <= jump <= claim.committed_at for jump in history.jumps):
                    for key, moves in _turns_since(since, claim, claims).items():
                        count = sum(began[each.transaction] >= enqueue.due_at for each in moves)
                        if count > TURNS:
                            yield f"{claim.job}: {claim.key} waited for {count} turns of {key}"


def _by_decision(history: History) -> Iterator[Move]:
    """The claims, each beginning when it could look for the jobs whose turn it is.

    It looks before the statement that takes jobs: once its transaction has begun, and the claim
    before it has ended, since they lock the queue.
    """
    claims = [move for move in history.moves if move.is_claim and move.key is not None]
    asked: dict[str, datetime] = {}
    for move in claims:  # a transaction may claim in several statements
        asked[move.transaction] = min(move.asked_at, asked.get(move.transaction, move.asked_at))
    ends = sorted(move.committed_at for move in claims)
    for move in claims:
        before = bisect_left(ends, asked[move.transaction])
        yield replace(move, began_at=max([move.began_at, *ends[max(0, before - 1) : before]]))


def _turns_since(
    since: datetime, claim: Move, claims: Sequence[Move]
) -> Mapping[str | None, Sequence[Move]]:
    """The turns of other keys, of claims that looked after a job could be seen, and before its."""
    begin = bisect_right(claims, since + RELEASE, key=lambda move: move.began_at)
    end = bisect_left(claims, claim.began_at, key=lambda move: move.began_at)
    turns: defaultdict[str | None, list[Move]] = defaultdict(list)
    for each in claims[begin:end]:
        if (
            each.type == "history.shared"
            and each.committed_at + RELEASE < claim.began_at
            and each.key != claim.key
        ):
            turns[each.key].append(each)
    return turns


def check_expiry(history: History) -> Iterator[str]:
    """Check that nothing that has expired begins, and that nothing expires early."""
    began = {event.job for event in history.events}
    for job, moves in history.by_job().items():
        for move in moves:
            if move.expires is None:
                continue
            end = move.run_at + timedelta(seconds=move.expires)
            if move.is_claim and move.clock > end + LATE and not history.jumps:
                yield f"{job}: was claimed at {move.clock}, and expired at {end}"
            elif is_expired(move) and move.clock + LATE < end:
                yield f"{job}: was cancelled at {move.clock}, and expires at {end}"
        if is_expired(moves[-1]) and job in began and not _is_begun_anew(history, moves):
            yield f"{job}: began, and expired"


def _is_begun_anew(history: History, moves: Sequence[Move]) -> bool:
    return any(move.process in history.operators or move.rescued for move in moves)


def is_expired(move: Move) -> bool:
    """Whether a job was cancelled since it had expired."""
    return move.after == "cancelled" and (move.error or "").startswith("expired")
