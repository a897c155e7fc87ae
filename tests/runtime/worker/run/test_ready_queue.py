"""In which order claimed jobs and batches wait for a slot, and which of them are released."""

from uuid import uuid4

from conduit_runtime.model.claimed import Claimed, ClaimedBatch
from conduit_runtime.worker.run.ready_queue import ReadyQueue


def job(rescues: int = 0) -> Claimed:
    return Claimed(uuid4(), uuid4(), "t", "q", rescues=rescues)


def test_a_batch_comes_before_other_jobs_and_after_earlier_batches() -> None:
    queue, one, two = ReadyQueue(), job(), job()
    first, second = ClaimedBatch([job(), job()]), ClaimedBatch([job()])
    queue.waiting.extend([one, two])
    queue.add_batch(first)
    queue.add_batch(second)
    assert [*queue.waiting] == [first, second, one, two]
    assert [*queue.jobs()] == [*first.jobs, *second.jobs, one, two]


def test_batches_come_last_while_other_jobs_have_waited_in_vain() -> None:
    queue, alone, batch = ReadyQueue(), job(), ClaimedBatch([job()])
    queue.add_batch(batch)
    queue.waiting.append(alone)
    assert queue.take_all() == [*batch.jobs, alone]
    assert not queue.waiting
    again = job()
    queue.waiting.append(again)
    queue.add_batch(batch)
    assert [*queue.waiting] == [again, batch]
    queue.waiting.popleft()
    assert queue.take_all() == batch.jobs
    queue.waiting.append(again)
    queue.add_batch(batch)
    assert [*queue.waiting] == [batch, again]


def test_when_nothing_waits_the_order_stays() -> None:
    queue, alone, batch = ReadyQueue(), job(), ClaimedBatch([job()])
    queue.waiting.append(alone)
    queue.take_all()
    assert queue.take_all() == []
    queue.waiting.append(alone)
    queue.add_batch(batch)
    assert [*queue.waiting] == [alone, batch]


def test_rescued_jobs_that_would_have_to_wait_are_taken_out() -> None:
    queue = ReadyQueue()
    starts, alone, waits = job(rescues=1), job(), job(rescues=1)
    batch = ClaimedBatch([job(rescues=1)])
    queue.waiting.extend([starts, alone, waits, batch])
    assert queue.take_rescued(1) == [waits, *batch.jobs]
    assert [*queue.waiting] == [starts, alone]
