"""The page of the workers: the types they can run, and the jobs they run."""

import threading

import pytest
from conduit_runtime import Job, JobContext, WorkerPool
from dashboard_site import Site
from waiting import until


def test_no_worker(site: Site) -> None:
    assert "Start one: conduit-jobs worker PACKAGE" in site.html("/workers")
    assert site.json("/workers")["workers"] == []


def test_what_a_worker_runs_and_since_when(site: Site) -> None:
    pool, closing = WorkerPool(site.queue, "mail"), threading.Event()
    pool.register("other", lambda context, payload: None)

    @pool.handler("<send>")
    def send(context: JobContext, payload: object) -> None:
        closing.wait(300)

    job = site.queue.enqueue(Job("mail", "<send>"))
    with pool:
        row = until(
            lambda: (
                (rows := site.json("/workers")["workers"])
                and rows[0]["worker"]["running"]
                and rows[0]
            )
        )
        html = site.html("/workers")
        alone = site.json("/workers", name=row["worker"]["name"])
        assert "&lt;send&gt;" in site.html("/workers", name=row["worker"]["name"])
        closing.set()
    worker = row["worker"]
    assert (worker["queues"], row["is_silent"]) == (["mail"], False)
    assert (row["types"], len(alone["workers"])) == (2, 1)
    assert alone["lanes"] == [{"type": "<send>", "shapes": 1}, {"type": "other", "shapes": 1}]
    [running] = worker["running"]
    assert (running["id"], running["type"], running["attempt"]) == (str(job.id), "<send>", 1)
    assert f"/jobs/{job.id}" in html
    assert "&lt;send&gt;" in html
    assert "<send>" not in html


def test_child_processes_are_shown_and_many_running_jobs_are_cut(site: Site) -> None:
    site.sql(
        "INSERT INTO conduit_workers (name, host, pid, queues, lanes, children) "
        """VALUES ('w', 'h', 1, '{}', '[]', '{"alive": 2, "ended": {"timeout": 3, "died": 1}}')"""
    )
    site.sql(
        "INSERT INTO jobs (type, status, locked_by, start_written, started_at, attempts) "
        "SELECT 't', 'running', 'w', true, now(), 1 FROM generate_series(1, 50)"
    )
    [row] = site.json("/workers")["workers"]
    assert (len(row["worker"]["running"]), row["more_running"]) == (20, 30)
    assert row["worker"]["children"] == {"alive": 2, "ended": {"timeout": 3, "died": 1}}
    html = site.html("/workers")
    assert "30 more" in html
    assert "2 alive; ended: 3 timeout, 1 died" in html


def test_long_lists_of_a_worker_are_folded(site: Site) -> None:
    queues = [f"q{number}" for number in range(20)]
    site.sql(
        "INSERT INTO conduit_workers (name, host, pid, queues, lanes)"
        " VALUES ('w', 'h', 1, %s, '[]')",
        queues,
    )
    html = site.html("/workers")
    assert "<summary>17 more</summary>" in html
    assert all(f"/jobs?queue={queue}" in html for queue in queues)


def test_a_silent_worker_comes_first(site: Site) -> None:
    site.sql(
        "INSERT INTO conduit_workers (name, host, pid, queues, lanes, seen_at) VALUES "
        "('a', 'h', 1, '{}', '[]', now()), ('b', 'h', 2, '{}', '[]', now() - interval '1 hour')"
    )
    rows = site.json("/workers")["workers"]
    assert [(row["worker"]["name"], row["is_silent"]) for row in rows] == [
        ("b", True),
        ("a", False),
    ]
    assert "silent" in site.html("/workers")


def test_a_worker_that_there_is_not(site: Site) -> None:
    response = site.client.get("/workers", params={"name": "<gone>"})
    assert response.status_code == 404
    assert "<gone>" not in response.text


@pytest.mark.parametrize("started", ["'-infinity'", "'infinity'", "'4000-01-01 BC'", "NULL"])
def test_times_that_were_typed_by_hand(site: Site, started: str) -> None:
    site.sql(
        "INSERT INTO conduit_workers (name, host, pid, queues, lanes) "
        "VALUES ('w', 'h', 1, '{default}', '[]')"
    )
    site.sql(
        "INSERT INTO jobs (type, status, locked_by, start_written, started_at, timeout) VALUES "
        f"('t', 'running', 'w', true, {started}, 1e300), "
        f"('t', 'running', 'w', true, {started}, -1e300)"
    )
    assert len(site.json("/workers")["workers"][0]["worker"]["running"]) == 2
    for path in ("/workers", "/"):
        site.html(path)
