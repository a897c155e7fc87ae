"""The list of jobs returns the jobs of its filter, page by page."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
import pytest
from conduit_runtime import Job, Queue
from conduit_runtime.model.dashboard.job_filter import CHOICES, JobFilter
from conduit_runtime.model.dashboard.job_line import JobLines
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.host_settings import SETTINGS
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.statements.dashboard import job_list
from conduit_runtime.statements.dashboard.reach import Reach

T = TypeVar("T")
HOUR = timedelta(hours=1)

JOBS = """
INSERT INTO jobs
  (type, queue, status, fingerprint, payload, error, errors, locked_by, run_at, created_at,
   refusals)
VALUES
  ('due', 'a', 'pending', '', '{"n": 1}', NULL, NULL, NULL, now(), now(), NULL),
  ('later', 'a', 'pending', 'f', '{"n": 2}', NULL, NULL, NULL, now() + interval '1 h', now(), NULL),
  ('unreadable', 'b', 'pending', 'f!x', '{"n": 1, "m": [1]}', 'unreadable: n', NULL, NULL,
   now(), now(), NULL),
  ('runs', 'a', 'running', '', '{}', NULL, NULL, 'w', now(), now(), NULL),
  ('done', 'b', 'completed', '', '{}', NULL, NULL, NULL, now(), now() - interval '3 h', NULL),
  ('failed', 'b', 'failed', '', '{"n": 1}', 'Order 17 is NOT paid', '[{"worker": "w"}]', NULL,
   now(), now() - interval '2 h', NULL),
  ('cancelled', 'a', 'cancelled', '', '{}', NULL, '[{"worker": "v"}]', NULL, now(), now(), 1),
  ('refused', 'c', 'pending', '', '{}', 'Postgres refused the claim: no', NULL, NULL,
   now() + interval '1 h', now(), 1)
"""


@pytest.fixture
def connection(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SETTINGS)
        yield connection


EVERY = {"due", "later", "unreadable", "refused", "runs", "done", "failed", "cancelled"}
FOUND = [
    (JobFilter(), EVERY),
    (JobFilter(status="pending"), {"due", "later", "unreadable", "refused"}),
    (JobFilter(status="due"), {"due"}),
    (JobFilter(status="scheduled"), {"later", "refused"}),
    (JobFilter(status="refused"), {"refused"}),
    (JobFilter(status="refused", queue="c", error="THE CLAIM"), {"refused"}),
    (JobFilter(status="refused", queue="a"), set()),
    (JobFilter(status="unreadable"), {"unreadable"}),
    (JobFilter(status="unreadable", queue="b"), {"unreadable"}),
    (JobFilter(status="unreadable", queue="a"), set()),
    (JobFilter(status="unreadable", payload={"n": 2}), set()),
    (JobFilter(status="running"), {"runs"}),
    (JobFilter(status="completed"), {"done"}),
    (JobFilter(status="failed"), {"failed"}),
    (JobFilter(status="cancelled"), {"cancelled"}),
    (JobFilter(queue="b"), {"unreadable", "done", "failed"}),
    (JobFilter(status="pending", queue="b"), {"unreadable"}),
    (JobFilter(status="running", queue="b"), set()),
    (JobFilter(type="due"), {"due"}),
    (JobFilter(older=HOUR), {"done", "failed"}),
    (JobFilter(older=HOUR, newer=2.5 * HOUR), {"failed"}),
    (JobFilter(newer=HOUR, status="completed"), set()),
    (JobFilter(newer=timedelta(0)), set()),
    (JobFilter(older=timedelta.max), set()),
    (JobFilter(error="order 17 is not"), {"failed"}),
    (JobFilter(error="%"), set()),
    (JobFilter(worker="w"), {"runs", "failed"}),
    (JobFilter(worker="v", status="cancelled"), {"cancelled"}),
    (JobFilter(payload={"n": 1}), {"due", "unreadable", "failed"}),
    (JobFilter(payload={"n": 1, "m": [1]}), {"unreadable"}),
    (JobFilter(payload={"n": "1"}), set()),
    (JobFilter(payload={"n": 2}, only_plain=True), set()),
    (JobFilter(payload={"n": 1}, only_plain=True), {"due", "failed"}),
]


@pytest.mark.parametrize(("wanted", "types"), FOUND)
def test_each_part_of_a_filter_chooses(
    connection: psycopg.Connection[Any], wanted: JobFilter, types: set[str]
) -> None:
    connection.execute(JOBS)
    lines = run(connection, job_list.scan(wanted, 10))
    assert {job.type for job in lines.jobs} == types
    assert (lines.next, lines.ended_at) == (None, None)
    count = run(connection, job_list.count(wanted))
    assert (count.found, count.is_complete) == (len(types), True)
    if statement := job_list.few(wanted, 10):
        few = run(connection, statement)
        assert few.lines == lines
        assert few.count == count or few.count.found == len(types)


def test_only_what_an_index_holds_is_searched_by_it() -> None:
    held = {choice for choice in CHOICES if job_list.few(JobFilter(status=choice), 1)}
    assert held == {"pending", "due", "scheduled", "unreadable", "refused", "running"}


def test_the_group_of_an_error_is_that_of_the_page_of_errors(
    connection: psycopg.Connection[Any],
) -> None:
    from conduit_runtime.statements.dashboard.errors import error_groups

    connection.execute(JOBS)
    [group] = run(connection, error_groups()).groups
    found = run(connection, job_list.scan(JobFilter(error_group=group.key), 10))
    assert [job.type for job in found.jobs] == ["failed"]
    assert not run(connection, job_list.scan(JobFilter(error_group="0" * 16), 10)).jobs


def test_pages_go_back_in_time(dsn: str, connection: psycopg.Connection[Any]) -> None:
    with Queue(dsn) as queue:
        jobs = queue.enqueue_many([Job(type="t", priority=n) for n in range(25)])
    ids = sorted((job.id for job in jobs), reverse=True)
    for statement in (scan, few):
        found, before = [], None
        for size in (10, 10, 5):
            lines = run(connection, statement(JobFilter(status="pending"), 10, before))
            assert len(lines.jobs) == size
            found += [job.id for job in lines.jobs]
            before = lines.next
        assert (found, before) == (ids, None)


def scan(wanted: JobFilter, limit: int, before: Any) -> Statement[JobLines]:
    return job_list.scan(wanted, limit, before)


def few(wanted: JobFilter, limit: int, before: Any) -> Statement[JobLines]:
    statement = job_list.few(wanted, limit, before)
    assert statement

    def decode(rows: Any, count: int) -> JobLines:
        lines = statement.decode(rows, count).lines
        assert lines
        return lines

    return Statement(statement.query, statement.parameters, decode, statement.fragments)


def test_a_search_that_finds_too_little_says_how_far_it_came(
    dsn: str, connection: psycopg.Connection[Any]
) -> None:
    reach = Reach(scanned=10)
    jobs = sorted((Job(type="a") for _ in range(25)), key=lambda job: job.id)
    jobs[3].type = "b"
    with Queue(dsn) as queue:
        queue.enqueue_many(jobs)
    first = run(connection, job_list.scan(JobFilter(type="b"), 5, reach=reach))
    assert (first.jobs, first.next) == ([], jobs[15].id)
    assert first.ended_at is not None
    second = run(connection, job_list.scan(JobFilter(type="b"), 5, first.next, reach=reach))
    assert (second.jobs, second.next) == ([], jobs[5].id)
    third = run(connection, job_list.scan(JobFilter(type="b"), 5, second.next, reach=reach))
    assert ([job.id for job in third.jobs], third.next) == ([jobs[3].id], None)
    count = run(connection, job_list.count(JobFilter(type="a"), reach))
    assert (count.found, count.looked_at, count.is_complete) == (10, 10, False)


def test_counts_are_capped(dsn: str, connection: psycopg.Connection[Any]) -> None:
    reach = Reach(counted=10, few=10)
    with Queue(dsn) as queue:
        queue.enqueue_many([Job(type="t") for n in range(10)])
        wanted = JobFilter(status="pending", queue="default")
        count = run(connection, job_list.count(wanted, reach))
        assert (count.found, count.is_complete) == (10, True)
        queue.enqueue(Job(type="t"))
    for each in (JobFilter(), wanted, JobFilter(status="due")):
        count = run(connection, job_list.count(each, reach))
        assert (count.found, count.is_complete) == (10, False)
    statement = job_list.few(wanted, 5, reach=reach)
    assert statement
    assert run(connection, statement).lines is None


def test_unreadable_jobs_are_found_among_any_number_of_others(
    dsn: str, connection: psycopg.Connection[Any]
) -> None:
    with Queue(dsn) as queue:
        queue.enqueue_many([Job(f"q{n % 2}", "t") for n in range(50)])
        queue.enqueue_many([Job("q1", type_) for type_ in ("a", "z")])
    wanted = JobFilter(status="unreadable")
    assert found_by_index(connection, wanted) == set()
    connection.execute("UPDATE jobs SET fingerprint = 'f!x' WHERE type IN ('a', 'z')")
    assert found_by_index(connection, wanted) == {"a", "z"}
    connection.execute("UPDATE jobs SET fingerprint = 'f!x' WHERE queue = 'q0'")
    assert found_by_index(connection, wanted) is None


def found_by_index(connection: psycopg.Connection[Any], wanted: JobFilter) -> set[str] | None:
    statement = job_list.few(wanted, 50, reach=Reach(few=10))
    assert statement
    lines = run(connection, statement).lines
    return lines and {job.type for job in lines.jobs}


def test_a_large_payload_is_left_out(dsn: str, connection: psycopg.Connection[Any]) -> None:
    with Queue(dsn) as queue:
        queue.enqueue(Job(type="large", payload=[str(n) for n in range(5_000)]))
        queue.enqueue(Job(type="small", payload={"a": None}))
    found = run(connection, job_list.scan(JobFilter(), 5)).jobs
    assert {job.type: job.payload for job in found} == {"small": {"a": None}, "large": None}
