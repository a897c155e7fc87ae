"""The rows of a flow's jobs for an insert, without a database."""

import time

import pytest
from conduit_runtime import Job, chain, group
from conduit_runtime.statements.flows import flow_rows


def test_each_row_says_what_its_job_waits_for() -> None:
    first, left, right, last = (Job(type=name) for name in ("first", "left", "right", "last"))
    rows = flow_rows(chain(first, group([left, right]), last))
    assert [row.on_failure for row in rows] == [None, "cancel", "cancel", "cancel"]
    assert [{before for before, _ in row.dependencies} for row in rows] == [
        set(),
        {first.id},
        {first.id},
        {left.id, right.id},
    ]


@pytest.mark.slow
def test_a_large_group_takes_no_longer_a_job() -> None:
    flow = group([Job(type="t") for _ in range(20_000)], then=Job(type="last"))
    began = time.process_time()
    assert len(flow_rows(flow)) == 20_001
    assert time.process_time() - began < 8  # minutes if each job read all dependencies
