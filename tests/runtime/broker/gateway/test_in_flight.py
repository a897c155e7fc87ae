"""Which published jobs have not come back, and how many of each queue."""

import asyncio
from uuid import uuid4

from conduit_runtime.broker.gateway.in_flight import InFlight
from conduit_runtime.model.claimed import Claimed


def job(type: str = "t", queue: str = "q") -> Claimed:
    return Claimed(uuid4(), uuid4(), type, queue)


def test_jobs_are_counted_by_queue_until_they_come_back() -> None:
    in_flight = InFlight(lambda: None)
    one, batched, other = job(), job("batched"), job(queue="other")
    in_flight.add([one, batched, other], {"batched"})
    assert [*in_flight.jobs.values()] == [one, batched, other]
    assert (in_flight.of_queue("q"), in_flight.alone_of("q"), in_flight.in_batches) == (2, 1, 1)
    assert in_flight.came_back(batched.id, batched.token) is batched
    assert (in_flight.of_queue("q"), in_flight.alone_of("q"), in_flight.in_batches) == (1, 1, 0)
    assert in_flight.came_back(one.id, one.token) is one
    assert (in_flight.of_queue("q"), in_flight.of_queue("other")) == (0, 1)


def test_a_job_comes_back_once_and_on_its_own_claim() -> None:
    in_flight = InFlight(lambda: None)
    one = job()
    in_flight.add([one], ())
    assert not in_flight.holds(one.id, uuid4())
    assert in_flight.came_back(one.id, uuid4()) is None
    assert in_flight.holds(one.id, one.token)
    assert in_flight.came_back(one.id, one.token) is one
    assert in_flight.came_back(one.id, one.token) is None
    assert not in_flight.holds(one.id, one.token)
    assert in_flight.of_queue("q") == 0


def test_jobs_that_no_live_worker_holds_take_no_room() -> None:
    in_flight = InFlight(lambda: None)
    one, batched, other = job(), job("batched"), job()
    in_flight.add([one, batched, other], {"batched"})
    in_flight.strand({one.id.int, batched.id.int})
    assert (in_flight.of_queue("q"), in_flight.alone_of("q"), in_flight.in_batches) == (3, 1, 0)
    for each in (one, batched):
        in_flight.came_back(each.id, each.token)
        assert (in_flight.alone_of("q"), in_flight.in_batches) == (1, 0)
    in_flight.strand({other.id.int})
    in_flight.strand(set())
    assert in_flight.alone_of("q") == 1


def test_whatever_frees_room_says_so() -> None:
    said: list[None] = []
    in_flight = InFlight(lambda: said.append(None))
    one, two = job(), job()
    in_flight.add([one, two], ())
    assert not said
    in_flight.strand({two.id.int})
    assert len(said) == 1
    in_flight.came_back(one.id, one.token)
    assert len(said) == 2


def test_it_waits_until_all_have_come_back() -> None:
    async def wait() -> tuple[bool, bool]:
        in_flight = InFlight(lambda: None)
        await in_flight.until_empty(60)
        one, two = job(), job()
        in_flight.add([one, two], ())
        waiting = asyncio.ensure_future(in_flight.until_empty(60))
        in_flight.came_back(one.id, one.token)
        await asyncio.sleep(0)
        was_done = waiting.done()
        in_flight.came_back(two.id, two.token)
        await waiting
        return was_done, bool(in_flight.jobs)

    assert asyncio.run(wait()) == (False, False)
