"""The checker finds every kind of violation: each history here has one thing wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import pytest
from checker import check
from controls import check_limits, check_pauses, check_rates
from history import Disturbance, Event, Heartbeat, History, Move, Pause, Promise
from keys import check_keys, check_turns
from order import check_order
from rescues import LIMIT, rescues
from right_history import (
    AGAIN,
    CHILD,
    CLAIM,
    END,
    INSERTED,
    JOB,
    OTHER,
    START,
    TIMES,
    at_second,
    claim_at,
    event,
    history,
    move,
)


def second_run(**disturbance: object) -> History:
    """A worker loses the job after its handler began, and another worker completes it."""
    lost = move(4, "running", "pending", process="second", rescued=True)
    events = [event("began"), event("began", OTHER, "second"), event("ended", OTHER, "second")]
    found = history(INSERTED, CLAIM, lost, *AGAIN, events=events)
    if disturbance:
        plain = Disturbance("worker", "kill", CLAIM.at, CLAIM.at)
        found.disturbances.append(replace(plain, **disturbance))
    return found


def renewed(**changes: object) -> History:
    """The claim returns late: the worker draws another token before the handler begins."""
    renewal = move(3, "running", "running", token_after=OTHER)
    return history(INSERTED, CLAIM, renewal, replace(END, token_before=OTHER), **changes)


def altered(change: Callable[[History], object]) -> History:
    found = history(INSERTED, CLAIM, END)
    change(found)
    return found


def test_a_right_history_has_no_violation() -> None:
    assert check(history(INSERTED, CLAIM, END)) == []
    assert check(second_run(kind="kill")) == []
    assert check(renewed(events=[event("began", OTHER), event("ended", OTHER)])) == []


@pytest.mark.parametrize(
    ("wrong", "violation"),
    [
        (altered(lambda b: b.promises.clear()), "nothing of it is there"),
        (
            altered(lambda b: b.promises.update({OTHER: Promise()})),
            "was promised, and there is no job",
        ),
        (altered(lambda b: b.withdrawn.add(JOB)), "was rolled back, and there is a job"),
        (
            altered(lambda b: (b.promises.clear(), b.confirmed.clear())),
            "there is a job that no producer promised",
        ),
        (history(INSERTED, CLAIM), "never ended, it is running"),
        (history(INSERTED, CLAIM, END, events=[]), "its handler did not end"),
        (altered(lambda b: b.events.append(event("began"))), "began 2 times"),
        (altered(lambda b: b.events.append(event("began", OTHER))), "without a claim"),
        (
            history(
                INSERTED, CLAIM, END, events=[event("began", process="second"), event("ended")]
            ),
            "was claimed by worker and ran in second",
        ),
        (second_run(), "was taken from worker, which lived"),
        (second_run(process="second"), "was taken from worker, which lived"),
        (second_run(kind="crash", process=""), "was taken from worker, which lived"),
        (
            history(INSERTED, CLAIM, replace(END, process="second")),
            "worker held it, and second made",
        ),
        (history(INSERTED, CLAIM, replace(END, token_before=OTHER)), "was followed by"),
        (renewed(), "renewed its claim of what it had begun"),
        (
            history(INSERTED, CLAIM, END, move(5, "completed", "cancelled")),
            "worker made cancelled of completed",
        ),
        (
            history(INSERTED, CLAIM, move(4, "running", "failed", failures=1, error="oh")),
            "failed in worker for no reason: oh",
        ),
        (
            history(INSERTED, CLAIM, move(4, "running", "pending")),
            "was released for no reason",
        ),
        (history(INSERTED, CLAIM, replace(END, attempts=4)), "completed in attempt 4 of 3"),
        (history(INSERTED, CLAIM, replace(END, transaction="9")), "did not complete then"),
        (
            altered(lambda b: b.moves.__setitem__(0, replace(INSERTED, payload={"children": 2}))),
            "completed with 1 of 2 children",
        ),
    ],
)
def test_each_violation_is_found(wrong: History, violation: str) -> None:
    assert any(violation in found for found in check(wrong)), check(wrong)


def ticks(missed: str, *seconds: float) -> History:
    """Jobs of ticks at these seconds after the start, which ended as they should."""
    found = History()
    for n, second in enumerate(seconds):
        tick = {"run_at": START + timedelta(seconds=second), "type": "history.tick"}
        tick |= {"job": UUID(int=100 + n), "payload": {"missed": missed}}
        found.moves += [replace(each, **tick) for each in (INSERTED, CLAIM, END)]
        found.events += [event(what, job=tick["job"]) for what in ("began", "ended")]
    return found


def test_ticks_are_neither_doubled_nor_left_out() -> None:
    assert check(ticks("all", 1, 2, 3)) == []
    assert check(ticks("once", 1, 2, 9)) == []
    assert "is doubled" in check(ticks("skip", 1, 2, 2))[0]
    assert "ticked at" in check(ticks("once", 1, 2, 2.5))[0]
    assert "and then at" in check(ticks("all", 1, 2, 4))[0]


URGENT = [
    replace(INSERTED, job=OTHER, priority=100),
    claim_at(9, OTHER.int, priority=100, process="second"),
]


def test_a_job_that_is_passed_over_for_long_is_found() -> None:
    violations, judged = check_order(History(moves=[*URGENT, claim_at(2, 21), claim_at(5, 22)]))
    assert judged == 3
    assert len(violations) == 1
    assert "was more urgent" in violations[0]
    # A job that came just before, or was skipped just before, may still be unseen.
    assert check_order(History(moves=[*URGENT, claim_at(4, 21), claim_at(5, 22)]))[0] == []
    assert check_order(History(moves=[*URGENT, claim_at(1, 21), claim_at(2, 22)]))[0] == []
    # A worker that claims something more urgent scans there again, and may skip the job then.
    more = claim_at(4.5, 23, priority=100, seq=0)
    assert check_order(History(moves=[*URGENT, claim_at(2, 21), more, claim_at(5, 22)]))[0] == []
    more = claim_at(3, 23, priority=100, seq=0)
    again = [*URGENT, claim_at(2, 21), more, claim_at(5, 22)]
    assert len(check_order(History(moves=again))[0]) == 1
    # The first claim after a while also scans again, and may skip the job while others claim. The
    # next claims are behind its bound.
    beside = claim_at(4.99, 23, process="second")
    after = [*URGENT, claim_at(2, 21), claim_at(5, 22), beside, claim_at(6, 24)]
    assert check_order(History(moves=after)) == ([], 4)
    assert len(check_order(History(moves=[*after, claim_at(6.6, 25)]))[0]) == 1
    # Others may have had reasons of their own.
    other = claim_at(2, 21, process="second")
    assert check_order(History(moves=[*URGENT, other, claim_at(5, 22)]))[0] == []
    # A jump of the clock changes which jobs are due.
    jumped = History(moves=[*URGENT, claim_at(2, 21), claim_at(5, 22)], jumps=[at_second(4)])
    assert check_order(jumped)[0] == []


def test_batches_are_filled_in_an_order_of_their_own() -> None:
    claims = [claim_at(2, 21, type="batch"), claim_at(5, 22, type="batch")]
    assert len(check_order(History(moves=[*URGENT, *claims]))[0]) == 1
    assert check_order(History(moves=[*URGENT, *claims], batched=frozenset({"batch"})))[0] == []
    urgent = [replace(each, type="batch") for each in URGENT]
    found = History(moves=[*urgent, *claims], batched=frozenset({"batch"}))
    assert len(check_order(found)[0]) == 1


def test_only_the_first_claim_after_a_freeze_is_let_off() -> None:
    found = History(moves=[*URGENT, claim_at(2, 21), claim_at(5, 22)])
    found.disturbances.append(Disturbance("worker", "freeze", at_second(3), at_second(4)))
    assert check_order(found) == ([], 2)
    found.moves.append(claim_at(5.5, 23))
    assert len(check_order(found)[0]) == 1


def test_a_claim_from_a_paused_queue_is_found() -> None:
    held = History(moves=[INSERTED, CLAIM, END])
    held.pauses = [Pause("q", at_second(1), at_second(3))]
    assert len(list(check_pauses(held))) == 1
    held.disturbances = [Disturbance("worker", "freeze", START, at_second(9))]
    assert len(list(check_pauses(held))) == 1, "whatever was done to it"
    held.pauses = [
        Pause("other", at_second(1), at_second(3)),
        Pause("q", at_second(2.1), at_second(9)),
        Pause("q", START, at_second(1)),
    ]
    assert list(check_pauses(held)) == []


def test_more_running_jobs_than_the_limit_are_found() -> None:
    other = [replace(each, job=CHILD, id=each.id + 10) for each in (INSERTED, CLAIM, END)]
    held = History(moves=[INSERTED, CLAIM, END, *other])
    held.limits = {"q": 1}
    assert len(list(check_limits(held))) == 1
    held.limits = {"q": 2, "other": 1}
    assert list(check_limits(held)) == []
    later = END.committed_at
    held.moves = [INSERTED, CLAIM, END, *(replace(each, committed_at=later) for each in other[:2])]
    held.limits = {"q": 1}
    assert list(check_limits(held)) == [], "its place became free just then"


def test_more_claims_than_the_rate_are_found() -> None:
    held = History(moves=[claim_at(second, n) for n, second in enumerate((1, 1.5, 2.6))])
    held.rates = {"history.work": (2, 2.0)}
    assert len(list(check_rates(held))) == 1
    held.rates = {"history.work": (2, 1.5), "other": (1, 9.0)}
    assert list(check_rates(held)) == []
    # The clock went back by an hour before the second claim: the last two are an hour from the
    # first.
    back = [claim_at(second, n, clock=at_second(second - 3600)) for n, second in ((2, 1.5), (3, 3))]
    held.moves = [claim_at(1, 1), *back]
    held.rates = {"history.work": (1, 1.2)}
    assert list(check_rates(held)) == []
    held.rates = {"history.work": (1, 2.0)}
    assert len(list(check_rates(held))) == 1


def killed_at_three(rescued_at: float, *heartbeats: tuple[str, float]) -> History:
    """A worker was killed three seconds after the start; others have these heartbeats."""
    at = at_second(rescued_at)
    found = History(
        moves=[INSERTED, CLAIM, move(4, "running", "pending", rescued=True, process="b")]
    )
    found.moves[-1] = replace(found.moves[-1], at=at)
    found.disturbances = [Disturbance("worker", "kill", at_second(3), at_second(3))]
    found.heartbeats = [Heartbeat(process, at_second(second)) for process, second in heartbeats]
    return found


def test_a_rescue_says_which_workers_looked_on_and_for_how_long() -> None:
    b = [("b", second) for second in (2, 4, 5, 6)]
    [rescue] = rescues(killed_at_three(7, *b, ("c", 6.5), ("d", 2.5)))
    assert (rescue.killed, rescue.by) == ("worker", "b")
    assert rescue.after == timedelta(seconds=4)
    assert rescue.watched == {"b": timedelta(seconds=3), "c": timedelta(seconds=0.5)}
    assert rescue.looked_on == timedelta(seconds=3) < LIMIT
    assert "b rescued its jobs after 4.0 s" in str(rescue)
    [slow] = rescues(killed_at_three(13, *(("c", second) for second in range(4, 13))))
    assert slow.looked_on > LIMIT


def test_looking_on_starts_anew_after_a_disturbance() -> None:
    found = killed_at_three(12, *(("b", second) for second in range(4, 12)))
    found.disturbances.append(Disturbance("b", "cut", at_second(6.2), at_second(6.4)))
    found.disturbances.append(Disturbance("c", "cut", at_second(9), at_second(9)))
    assert rescues(found)[0].looked_on == timedelta(seconds=5)


def test_time_without_a_heartbeat_hardly_counts() -> None:
    [rescue] = rescues(killed_at_three(60, ("b", 4), ("b", 30)))
    assert rescue.looked_on == timedelta(seconds=2.2)


def behind_gateways(*moves: Move, events: list[Event], disturbed: str = "") -> History:
    """A history of two gateways and two workers without a database."""
    found = history(*moves, events=events)
    found.gateways = frozenset({"gateway", "other gateway"})
    found.remote_workers = frozenset({"remote", "other remote"})
    if disturbed:
        found.disturbances.append(Disturbance(disturbed, "kill", CLAIM.at, CLAIM.at))
    return found


REMOTE_CLAIM = replace(CLAIM, process="gateway")
REMOTE_RUN = [event("began", process="remote"), event("ended", process="remote")]
RESCUED = [
    REMOTE_CLAIM,
    move(4, "running", "pending", process="other gateway", rescued=True),
    *(replace(each, process="gateway") for each in AGAIN),
]


def run_again(*began: Event) -> list[Event]:
    """The events of a job that another gateway rescued and a worker then completed."""
    return [
        *began,
        event("began", OTHER, "other remote"),
        event("ended", OTHER, "other remote"),
    ]


def test_any_gateway_writes_what_a_remote_worker_did() -> None:
    end = replace(END, process="other gateway")
    assert check(behind_gateways(INSERTED, REMOTE_CLAIM, end, events=REMOTE_RUN)) == []


def test_a_job_of_a_gateway_runs_in_a_remote_worker() -> None:
    events = [event("began", process="gateway"), event("ended", process="gateway")]
    end = replace(END, process="gateway")
    found = check(behind_gateways(INSERTED, REMOTE_CLAIM, end, events=events))
    assert "was claimed by gateway and ran in gateway" in found[0]


@pytest.mark.parametrize("disturbed", ["gateway", "remote"])
def test_a_disturbed_holder_explains_a_rescue(disturbed: str) -> None:
    events = run_again(event("began", process="remote"))
    assert check(behind_gateways(INSERTED, *RESCUED, events=events, disturbed=disturbed)) == []


@pytest.mark.parametrize("disturbed", ["other remote", "other gateway"])
def test_no_rescue_from_a_worker_that_lives(disturbed: str) -> None:
    events = run_again(event("began", process="remote"))
    found = check(behind_gateways(INSERTED, *RESCUED, events=events, disturbed=disturbed))
    assert [each.split(": ")[1] for each in found] == ["was taken from gateway, which lived"]


def test_any_worker_may_have_held_what_did_not_begin() -> None:
    found = behind_gateways(INSERTED, *RESCUED, events=run_again(), disturbed="other remote")
    assert check(found) == []


def of_key(type: str, *moves: tuple[int, Move], key: str = "1") -> list[Move]:
    """Moves of jobs with a key, each with the number of its job."""
    return [
        replace(each, type=type, key=key, job=UUID(int=100 + n), seq=n, id=100 * n + each.id)
        for n, each in moves
    ]


BORN = move(0, None, "pending", process="producer")
AFTER = replace(CLAIM, **dict.fromkeys(TIMES, at_second(5)))


def keyed(*weights: int | None) -> list[Move]:
    """Jobs of these weights that all run at once."""
    claims = [replace(CLAIM, weight=weight) for weight in weights]
    return of_key("history.keyed", *enumerate(claims))


EXPIRED = move(4, "pending", "cancelled", error="expired: …", expires=3.0)
FLOOD = [
    each
    for n in range(5)
    for each in of_key("history.shared", (n, BORN), (n, claim_at(1 + n / 10, 1)), key="9")
]
AT_ONCE = [
    replace(each, began_at=at_second(0), committed_at=at_second(1.5), transaction="9")
    if each.is_claim
    else each
    for each in FLOOD
]
"""A flood that one claim took. It began before the flood was enqueued."""


@pytest.mark.parametrize(
    ("moves", "violation"),
    [
        (keyed(1, 1), ""),
        (keyed(5), ""),
        (keyed(1, None, 1), "as one of 3 of 1, 3"),
        (keyed(1, 2), "as one of 2 of 1, 3"),
        (of_key("history.ordered", (1, BORN), (1, CLAIM), (1, END), (2, BORN), (2, AFTER)), ""),
        (
            of_key("history.ordered", (1, BORN), (2, BORN), (2, CLAIM)),
            "enqueued before, was pending",
        ),
        (
            of_key("history.ordered", (1, BORN), (1, CLAIM), (2, BORN), (2, AFTER)),
            "enqueued before, was running",
        ),
        (
            of_key(
                "history.ordered", (1, BORN), (2, BORN), (2, replace(CLAIM, process="operator"))
            ),
            "",
        ),
        ([*FLOOD, *of_key("history.shared", (7, BORN), (7, claim_at(1.11, 1)))], ""),
        (
            [*FLOOD, *of_key("history.shared", (7, BORN), (7, claim_at(2, 1)))],
            "1 waited for 5 turns of 9",
        ),
        (
            [
                *(replace(each, began_at=at_second(0)) for each in FLOOD),
                *of_key("history.shared", (7, BORN), (7, claim_at(2, 1))),
            ],
            "1 waited for 4 turns of 9",
        ),
        ([*AT_ONCE, *of_key("history.shared", (7, BORN), (7, claim_at(2, 1)))], ""),
        (of_key("t", (1, BORN), (1, EXPIRED)), ""),
        (of_key("t", (1, BORN), (1, replace(EXPIRED, expires=9.0))), "and expires at"),
        (of_key("t", (1, replace(CLAIM, expires=0.5))), "and expired at"),
        (
            [replace(each, job=JOB) for each in of_key("t", (1, BORN), (1, EXPIRED))],
            "began, and expired",
        ),
    ],
)
def test_what_keys_promise(moves: list[Move], violation: str) -> None:
    found = check_keys(History(moves=moves, events=[event("began")]))
    assert all(violation and violation in each for each in found)
    assert bool(found) == bool(violation)


@pytest.mark.parametrize(("second", "waited"), [(0.0, 5), (1.15, 3), (1.9, 0)])
def test_a_job_waits_for_its_turn_from_when_all_could_see_it(second: float, waited: int) -> None:
    moves = [*FLOOD, *of_key("history.shared", (7, BORN), (7, claim_at(2, 1)))]
    found = check_turns(History(moves=moves, confirmed={UUID(int=107): at_second(second)}))
    assert [f"1 waited for {waited} turns of 9" in each for each in found] == [True] * (waited > 0)


@pytest.mark.parametrize(("due", "waited"), [(0.5, 0), (-0.5, 4)])
def test_a_claim_takes_what_was_due_when_its_transaction_began(due: float, waited: int) -> None:
    """It waited for the lock of the queue, and then saw the jobs that came in between."""
    flood = [replace(each, began_at=at_second(0)) for each in FLOOD]
    job = of_key("history.shared", (7, BORN), (7, claim_at(2, 1)))
    moves = [*flood, *(replace(each, run_at=at_second(due)) for each in job)]
    found = check_turns(History(moves=moves))
    assert [f"1 waited for {waited} turns of 9" in each for each in found] == [True] * (waited > 0)


class CountedTime(datetime):
    """A time that counts how often any of them is compared, or something is added to it."""

    used = 0

    def __add__(self, other: timedelta) -> Self:
        CountedTime.used += 1
        return super().__add__(other)

    def __lt__(self, other: datetime) -> bool:
        CountedTime.used += 1
        return super().__lt__(other)


def test_a_long_history_of_one_key_is_checked_in_linear_time() -> None:
    moves = []
    for n in range(2_000):
        at = CountedTime.fromisoformat(at_second(n).isoformat())
        for type_ in ("history.ordered", "history.shared"):
            job, times = UUID(int=2 * n + len(type_) % 2), dict.fromkeys(TIMES, at)
            given = {"job": job, "type": type_, "key": "1", "seq": n, **times}
            for id_, each in enumerate((BORN, CLAIM, END)):
                moves.append(replace(each, id=3 * n + id_, **given))
    CountedTime.used = 0
    assert check_keys(History(moves=moves)) == []
    assert 0 < CountedTime.used < 100 * len(moves)
