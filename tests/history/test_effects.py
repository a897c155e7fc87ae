"""The check of finished effects finds each that was made again, and allows what may be."""

from collections.abc import Sequence
from dataclasses import replace

from effects import check_effects
from history import History
from right_history import AGAIN, CHILD_MOVES, CLAIM, INSERTED, JOB, OTHER, event, move

PAYLOAD = {"effects": 1, "turns": 1}
LOST = move(4, "running", "pending", process="second", rescued=True)
MOVES = [replace(each, type="history.durable") for each in (INSERTED, CLAIM, LOST, *AGAIN)]


def run_twice(first: Sequence[str], second: Sequence[str]) -> History:
    """A job whose first attempt was lost, and what each attempt noted."""
    inserted = replace(MOVES[0], payload=PAYLOAD)
    events = [event(what) for what in ("began", *first)]
    events += [event(what, OTHER, "second") for what in ("began", *second)]
    return History(moves=[inserted, *MOVES[1:], *CHILD_MOVES], events=events)


BOTH = ("made effect 0", "finished effect 0", "made turn 0", "finished turn 0")


def test_finished_effects_are_left_out() -> None:
    assert check_effects(run_twice([], BOTH)) == ([], 0)
    assert check_effects(run_twice(BOTH[:2], BOTH[1:])) == ([], 1)
    assert check_effects(run_twice(BOTH, [BOTH[1], BOTH[3]])) == ([], 1)


def test_the_effect_under_way_may_be_made_again() -> None:
    assert check_effects(run_twice(BOTH[:1], BOTH)) == ([], 0)
    assert check_effects(run_twice(BOTH[:3], BOTH[1:])) == ([], 1)


def test_a_finished_effect_that_is_made_again_is_found() -> None:
    [violation], _ = check_effects(run_twice(BOTH[:2], BOTH))
    assert violation == f"{JOB}: the claim 1 made effect 0 again, which the claim 0 had finished"
    [violation], _ = check_effects(run_twice(BOTH, BOTH[1:]))
    assert "made turn 0 again" in violation


def test_a_job_that_an_operator_repeats_makes_all_of_them_again() -> None:
    found = run_twice(BOTH, BOTH)
    ended = replace(LOST, after="completed", rescued=False)
    again = replace(LOST, id=5, before="completed", rescued=False, process="operator")
    found.moves[2:3] = [ended, again]
    found.moves = [replace(each, id=n) for n, each in enumerate(found.moves)]
    assert check_effects(found) == ([], 0)


def test_an_effect_that_was_never_made_is_found() -> None:
    [violation], _ = check_effects(run_twice([], BOTH[:2]))
    assert violation == f"{JOB}: completed without turn 0"
