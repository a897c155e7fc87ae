import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from conduit_runtime.model.claimed import Claimed
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.statements.claims import BATCH, most_of_a_claim
from conduit_runtime.worker.claim.claim_memory import ClaimMemory


def claimed(queue: str, priority: int, run_at: int, seq: int) -> Claimed:
    id = UUID(int=seq)
    return Claimed(uuid4(), id, "t", queue, priority=priority, run_at=run_at, seq=seq)


def elements(statement: Statement[Any], name: str) -> list[Any]:
    """Return the elements of a parameter that is an array literal."""
    literal: str = statement.parameters[name]
    return list(json.loads(f"[{literal[1:-1]}]"))


def test_the_first_claim_scans_everything_and_the_next_what_is_behind_the_last() -> None:
    claims = ClaimMemory()
    first = claims.next("w", {"q": 2}, [("t", "")], 2, 0.0)
    assert claims.was_full
    assert first.parameters["bound_queues"] == "{}"
    claims.learn([claimed("q", 75, 7, 1), claimed("q", 50, 8, 2)], 2, 0.0, 0.001)
    second = claims.next("w", {"q": 2}, [("t", "")], 2, 0.01)
    assert not claims.was_full
    bounds = zip(
        *(elements(second, f"bound_{name}") for name in ("priorities", "run_ats", "seqs")),
        strict=True,
    )
    assert sorted(bounds) == [(50, 8, 2), (75, 7, 1)]
    claims.next("w", {"q": 2}, [("t", "")], 2, 0.06)
    assert claims.was_full


def test_a_full_scan_forgets_the_bounds_that_it_did_not_come_to() -> None:
    claims = ClaimMemory()
    for now, jobs in (
        (0.0, [claimed("q", 75, 7, 1), claimed("q", 50, 8, 2)]),
        (0.06, [claimed("q", 75, 9, 3), claimed("q", 75, 9, 4)]),
    ):
        claims.next("w", {"q": 2}, [("t", "")], 2, now)
        assert claims.was_full
        claims.learn(jobs, 2, now, now)
    following = claims.next("w", {"q": 2}, [("t", "")], 2, 0.07)
    assert not claims.was_full
    assert elements(following, "bound_priorities") == [75]


def test_of_many_lanes_few_exhausted_priorities_are_looked_at_again() -> None:
    claims = ClaimMemory()
    lanes = [(f"t{n}", "") for n in range(100)]
    given = [*range(99, 90, -1)]
    for now, priority in enumerate(given, 1):
        following = claims.next("w", {"q": 2}, lanes, 2, now / 1_000)
        claims.learn([claimed("q", priority, 7, n) for n in (1, 2)], 2, now / 1_000, now / 1_000)
    assert not claims.was_full
    assert elements(following, "bound_priorities") == [99, 98, 97, 92]


def test_of_few_lanes_every_exhausted_priority_is_looked_at_again() -> None:
    claims = ClaimMemory()
    for now, priority in enumerate([75, 50, 25, 10], 1):
        claims.next("w", {"q": 2}, [("t", "")], 2, now / 1_000)
        claims.learn([claimed("q", priority, 7, n) for n in (1, 2)], 2, now / 1_000, now / 1_000)
    following = claims.next("w", {"q": 2}, [("t", "")], 2, 0.01)
    assert sorted(elements(following, "bound_priorities")) == [10, 25, 50, 75]


def test_a_full_scan_that_costs_more_is_rarer_but_comes_within_a_second() -> None:
    claims = ClaimMemory()
    for cost, wait in ((0.01, 0.25), (10.0, 1.0)):
        now = 100.0 * cost
        claims.scan_policy.forget()
        claims.next("w", {"q": 1}, [("t", "")], 1, now)
        claims.learn([claimed("q", 50, 7, 1)], 1, now, now + cost)
        claims.next("w", {"q": 1}, [("t", "")], 1, now + cost + wait - 0.01)
        assert not claims.was_full
        claims.next("w", {"q": 1}, [("t", "")], 1, now + cost + wait + 0.01)
        assert claims.was_full


def test_a_short_claim_is_repeated_in_full_and_scans_deeper() -> None:
    claims = ClaimMemory()
    lanes = [(f"t{n}", "") for n in range(200)]
    depths = []
    for round_ in range(8):
        statement = claims.next("w", {"q": BATCH}, lanes, BATCH, float(round_))
        depths.append(statement.parameters["depth"])
        claims.learn([claimed("q", 50, 7, 1)], BATCH, float(round_), float(round_))
        assert claims.next("w", {"q": 1}, lanes, 1, float(round_))
        assert claims.was_full
    assert depths[0] == 13
    assert depths[-1] == BATCH


def test_a_full_scan_that_costs_is_not_repeated_for_each_short_claim() -> None:
    """A claim of one new job does not read all dead entries that vacuum cannot remove."""
    claims = ClaimMemory()
    claims.next("w", {"q": 10}, [("t", "")], 10, 0.0)
    claims.learn([claimed("q", 50, 7, 1)], 10, 0.0, 0.02)
    assert claims.scan_policy.due_in(0.02) == pytest.approx(0.5)
    for now in (0.1, 0.3, 0.5):
        for is_narrow in (False, True):
            statement = claims.next("w", {"q": 10}, [("t", "")], 10, now)
            assert not claims.was_full
            assert ("ages" in statement.parameters) == is_narrow
            assert elements(statement, "bound_priorities") == ([] if is_narrow else [50])
            claims.learn([], 10, now, now)
    claims.next("w", {"q": 10}, [("t", "")], 10, 0.53)
    assert claims.was_full
    # The scan was full, so the bound stays at its furthest value.
    claims.learn([claimed("q", 50, 6, 2)], 10, 0.53, 0.63)  # was behind the bound
    assert claims.scan_policy.due_in(0.63) == pytest.approx(1.0)
    statement = claims.next("w", {"q": 10}, [("t", "")], 10, 1.0)
    assert elements(statement, "bound_run_ats") == [7]


@pytest.mark.parametrize(("size", "found"), [(1, 1), (10, 1), (10, 0)])
def test_a_claim_that_may_leave_jobs_is_not_followed_by_a_narrow_scan(
    size: int, found: int
) -> None:
    """A narrow scan would take younger jobs before them."""
    claims = ClaimMemory()
    claims.next("w", {"q": size}, [("t", "")], 10, 0.0)
    claims.learn([claimed("q", 50, 7, 1)], 10, 0.0, 0.02)
    claims.next("w", {"q": size}, [("t", "")], 10, 0.1)
    claims.learn([claimed("q", 50, 7, n) for n in range(found)], 10, 0.1, 0.1)
    following = claims.next("w", {"q": size}, [("t", "")], 10, 0.15)
    assert ("ages" in following.parameters) == (found < size)


def test_one_lane_is_read_as_deep_as_the_claim() -> None:
    statement = ClaimMemory().next("w", {"q": 300}, [("t", "")], 300, 0.0)
    assert statement.parameters["depth"] == 300


def test_as_many_heads_are_read_as_the_types_at_hand_need() -> None:
    claims = ClaimMemory()
    lanes = [(f"t{n}", shape) for n in range(100) for shape in ("", "f")]
    depths = []
    for kinds in (1, 1, 100, 100, 1, 1):
        statement = claims.next("w", {"q": BATCH}, lanes, BATCH, 0.0)
        depths.append(statement.parameters["depth"])
        jobs = [claimed("q", 50, 7, n) for n in range(BATCH)]
        for number, job in enumerate(jobs):
            job.type = f"t{number % kinds}"
        claims.learn(jobs, BATCH, 0.0, 0.001)
    assert depths == [21, BATCH, BATCH, 21, 21, BATCH]


def test_of_many_queues_the_empty_ones_are_passed_over_until_the_next_full_scan() -> None:
    claims = ClaimMemory()
    queues = {f"q{n}": 2 for n in range(20)}
    asked = []
    for now in (0.0, 0.01, 0.02, 0.2):
        statement = claims.next("w", queues, [("t", "")], 2, now)
        asked.append(elements(statement, "queues"))
        # The claim read q0 and q1, which had no jobs, and was full after q2 and q3.
        claims.learn([claimed("q2", 50, 7, 1), claimed("q3", 50, 7, 2)], 2, now, now)
    everything = [*queues]
    assert asked == [everything, everything[2:], everything[2:], everything]


def test_every_claim_draws_a_token_of_its_own() -> None:
    claims = ClaimMemory()
    tokens = {claims.next("w", {"q": 1}, [], 1, 0.0).parameters["token"] for _ in range(100)}
    assert len(tokens) == 100


def test_a_claim_with_many_lanes_takes_more() -> None:
    most = [most_of_a_claim(lanes, 1) for lanes in (1, 20, 200, 1_000)]
    assert most == [1_000, 1_095, 1_995, 2_000]
    assert most_of_a_claim(1, 200) == most_of_a_claim(20, 10) == most_of_a_claim(200, 1)
