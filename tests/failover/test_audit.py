"""The audit separates what a failover may lose from what it must not lose. Pure."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from checker import check
from history import History
from resumptions import Failover, resumptions, table
from right_history import (
    AGAIN,
    CLAIM,
    END,
    INSERTED,
    JOB,
    OTHER,
    TOKEN,
    at_second,
    claim_at,
    event,
    history,
    move,
)
from timelines import check_continuity, separate
from unique_producer import check_unique

RAN = [event("began"), event("ended")]
ELSEWHERE = [event("began", OTHER, "second"), event("ended", OTHER, "second")]


def test_nothing_is_lost_of_a_right_history() -> None:
    found = history(INSERTED, CLAIM, END)
    losses = separate(found, RAN)
    assert (losses.jobs, losses.rows, losses.attempts) == (set(), [], set())
    assert check(found) == []


def test_a_job_whose_promise_is_gone_as_well_is_lost() -> None:
    found = history(INSERTED, CLAIM, END)
    found.confirmed[OTHER] = INSERTED.committed_at
    assert check(found)
    assert separate(found, RAN).jobs == {OTHER}
    assert check(found) == []


def test_a_job_whose_promise_is_there_is_not() -> None:
    found = history(INSERTED, CLAIM, END)
    found.promises[OTHER] = found.promises[JOB]
    found.confirmed[OTHER] = INSERTED.committed_at
    assert separate(found, RAN).jobs == set()
    assert [text for text in check(found) if "there is no job" in text]


def test_a_job_that_completed_on_the_lost_part_has_to_run_again() -> None:
    again = [replace(AGAIN[0], id=3), AGAIN[1]]
    found = history(INSERTED, *again, events=[*ELSEWHERE])
    losses = separate(found, [*RAN, *ELSEWHERE])
    assert (losses.rows, losses.attempts) == (RAN, {(JOB, TOKEN)})
    assert check(found) == []
    never = history(INSERTED, events=[])
    assert separate(never, RAN).attempts == {(JOB, TOKEN)}
    assert [text for text in check(never) if "never ended" in text]


def test_an_outcome_of_the_lost_part_is_found_on_the_new_one() -> None:
    # The claim is lost, and its outcome is there.
    stale = history(INSERTED, END, events=[*RAN])
    separate(stale, RAN)
    assert len([*check_continuity(stale)]) == 1
    assert [*check_continuity(history(INSERTED, CLAIM, END))] == []
    # An event that an attempt of the lost part wrote afterwards is no outcome.
    late = history(INSERTED, *AGAIN, events=[event("ended"), *ELSEWHERE])
    assert check(late)
    assert separate(late, ELSEWHERE).attempts == {(JOB, TOKEN)}
    assert check(late) == []


def test_the_rows_of_a_handler_may_be_lost_though_its_claim_is_not() -> None:
    found = history(INSERTED, CLAIM, END, events=[event("began")])
    assert check(found)
    losses = separate(found, RAN)
    assert losses.rows == [event("ended")]
    assert losses.attempts == set()
    assert check(found) == []


def test_a_step_whose_end_is_lost_may_not_have_finished() -> None:
    found = history(INSERTED, CLAIM, END, events=[event("began")])
    separate(found, [*RAN, event("made effect 0"), event("finished effect 0")])
    assert {each.what for each in found.events} == {"began", "made effect 0", "ended"}


def unique_at(second: float, job: int, end: float | None) -> History:
    inserted = replace(
        INSERTED, id=int(second), job=UUID(int=job), payload={"unique": 7}, at=at_second(second)
    )
    ended = [] if end is None else [move(int(end), "running", "completed", job=UUID(int=job))]
    return History(moves=[inserted, *ended])


@pytest.mark.parametrize(
    ("first_end", "violations"), [(4, 0), (6, 1), (None, 1)], ids=["ended", "overlaps", "runs on"]
)
def test_jobs_of_one_key_follow_each_other(first_end: float | None, violations: int) -> None:
    found = History(moves=[*unique_at(1, 1, first_end).moves, *unique_at(5, 2, 9).moves])
    assert len([*check_unique(found)]) == violations


def test_a_worker_goes_on_with_its_first_claim_after_the_promotion() -> None:
    class Seen:
        at = at_second(20)

    seen: object = Seen()
    failover = Failover(
        "synchronous",
        "hosts",
        "killed",
        at_second(10),
        seen,  # type: ignore[arg-type]  # the node does not matter
        at_second(40),
    )
    claims = [claim_at(second, n) for n, second in enumerate((19, 23.5, 30))]
    found = History(moves=claims)
    first, second = resumptions(found, [failover], ["worker", "other"])
    assert (first.seconds, second.seconds) == (3.5, float("inf"))
    assert failover.outage == timedelta(seconds=10)
    assert "| synchronous | hosts | killed | 1 | 10.0 s | 3.50 s |" in table([first])
