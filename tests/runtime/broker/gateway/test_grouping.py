"""Which claimed jobs share a message."""

from typing import Any
from uuid import uuid4

from conduit_runtime.broker.gateway.grouping import BYTES, grouped
from conduit_runtime.model.claimed import Claimed


def job(type: str = "t", queue: str = "q", **fields: Any) -> Claimed:
    return Claimed(uuid4(), uuid4(), type, queue, **{"priority": 50} | fields)


def test_jobs_of_one_type_share_messages_in_their_order() -> None:
    jobs = [job() for _ in range(5)]
    assert [*grouped(jobs, lambda queue, type_: 2)] == [
        ("normal", jobs[:2]),
        ("normal", jobs[2:4]),
        ("normal", jobs[4:]),
    ]


def test_types_queues_and_bands_come_apart() -> None:
    jobs = [job(), job("u"), job(queue="other"), job(priority=90), job()]
    found = [*grouped(jobs, lambda queue, type_: 10)]
    assert found == [
        ("normal", [jobs[0], jobs[4]]),
        ("normal", [jobs[1]]),
        ("normal", [jobs[2]]),
        ("high", [jobs[3]]),
    ]


def test_rescued_and_large_jobs_are_alone() -> None:
    jobs = [job(), job(rescues=1), job(payload="x" * BYTES), job()]
    found = [*grouped(jobs, lambda queue, type_: 10)]
    assert found == [
        ("normal", [jobs[1]]),
        ("normal", [jobs[2]]),
        ("normal", [jobs[0], jobs[3]]),
    ]


def test_a_message_takes_only_so_many_bytes() -> None:
    jobs = [job(payload="x" * (BYTES // 2)) for _ in range(3)]
    found = [*grouped(jobs, lambda queue, type_: 10)]
    assert found == [("normal", jobs[:2]), ("normal", jobs[2:])]
