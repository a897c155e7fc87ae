"""Ids of jobs."""

import time
import uuid

import pytest
from conduit_runtime.model.job import new_id


def test_the_order_of_ids_is_that_of_the_calls() -> None:
    ids = [new_id() for _ in range(5_000)]
    assert ids == sorted(ids)
    assert {(each.version, each.variant) for each in ids} == {(7, uuid.RFC_4122)}


@pytest.mark.parametrize("nanoseconds", [0, 1, 500_000, 999_999])
def test_an_id_begins_with_its_time(monkeypatch: pytest.MonkeyPatch, nanoseconds: int) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_795_000_000_123_000_000 + nanoseconds)
    first, second = new_id(), new_id()
    assert first != second
    for each in (first, second):
        assert each.int >> 80 == 1_795_000_000_123
        assert each.int >> 64 & 0xFFF == nanoseconds * 4096 // 1_000_000
