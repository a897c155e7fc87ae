"""Isolated coroutines of which several run at once in a process."""

from datetime import timedelta
from pathlib import Path

import isolated_jobs
import psycopg
import pytest
import sharing_jobs
from conduit_runtime import Job, JobStatus, Queue
from conduit_runtime.model.calls import job_here
from pools import NewPool
from waiting import until

DAY = timedelta(days=1)


def status(queue: Queue, job: Job) -> JobStatus | None:
    """The status of a job."""
    found = queue.get(job.id)
    return None if found is None else found.status


def test_jobs_in_one_process_can_do_what_they_can_do_elsewhere(
    new_pool: NewPool,
    queue: Queue,
    dsn: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE counts AS SELECT 0 AS n")
    logged = []
    caplog.handler.addFilter(lambda record: logged.append((record, job_here())) or True)
    pool = new_pool(database=True, workers=10)
    pool.register(
        "all",
        sharing_jobs.does_all,
        isolated=True,
        process_concurrency=sharing_jobs.TOGETHER,
        keep_result=DAY,
    )
    pool.register("child", sharing_jobs.process)
    names = ["one", "two", "three"]
    jobs = queue.enqueue_many(
        [
            Job(type="all", payload=str(tmp_path / name), headers={"name": name}, weight=5)
            for name in names
        ]
    )
    for job, name in zip(jobs, names, strict=True):
        queue.signal(job.id, "answer", name)
    with pool:
        results = [queue.result(job.id, timeout=90) for job in jobs]

    pids = {result.pop("pid") for result in results}
    assert len(pids) == 1
    assert sorted(result.pop("n") for result in results) == [1, 2, 3]
    assert results == [
        {
            "first": 1,
            "answer": name,
            "row": name,
            "name": name,
            "is_current": True,
            "headers": {"name": name},
        }
        for name in names
    ]
    assert sorted(each.payload for each in queue.list(queue="children")) == sorted(names)
    by_job = {
        here and here.id: record.getMessage()
        for record, here in logged
        if record.name == sharing_jobs.log.name
    }
    assert by_job == {job.id: f"{name} goes on" for job, name in zip(jobs, names, strict=True)}


def test_no_more_jobs_share_a_process_than_its_type_says_and_no_other_types(
    new_direct_pool: NewPool, queue: Queue, tmp_path: Path
) -> None:
    pool = new_direct_pool(workers=10)
    pool.register("two", sharing_jobs.goes_on, isolated=True, process_concurrency=2)
    pool.register("other", sharing_jobs.process, isolated=True, keep_result=DAY)
    paths = [tmp_path / str(n) for n in range(5)]
    queue.enqueue_many([Job(type="two", payload=str(path)) for path in paths])
    with pool:
        until(lambda: all(path.exists() for path in paths))
        assert pool.metrics.children.alive == 3
        other = queue.enqueue(Job(type="other"))
        assert queue.result(other.id, timeout=90)
        assert pool.metrics.children.alive == 4
        pool.stop(grace=0)
    assert pool.metrics.children.ended["shutdown"] == 3


@pytest.mark.parametrize("bad", ["goes_on", "blocks", "crashes"])
def test_a_job_that_costs_its_process_costs_the_jobs_beside_it_an_attempt_unless_they_are_innocent(
    new_pool: NewPool, queue: Queue, tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    pool = new_pool(workers=10)
    pool.register(
        "shared",
        sharing_jobs.any_of,
        isolated=True,
        process_concurrency=10,
        max_attempts=1,
        kill_after=timedelta(seconds=5 if bad == "goes_on" else 0.1),
    )

    def enqueued(name: str) -> Job:
        payload = [name, str(tmp_path / name)]
        return queue.enqueue(Job(type="shared", payload=payload, max_attempts=1))

    with pool:
        beside = queue.enqueue(
            Job(type="shared", payload=["waits_once", str(tmp_path / "beside")], max_attempts=1)
        )
        stored = until(lambda: (found := queue.get(beside.id)) and found.progress and found)
        assert stored.progress == {"done": 1, "total": 2, "note": "beside"}
        culprit = enqueued(bad)
        if bad != "crashes":
            until((tmp_path / bad).exists)
            last = enqueued("process")
            if bad == "blocks":
                until(lambda: getattr(queue.get(last.id), "started_at", None))
            queue.cancel(culprit.id)
            until(lambda: status(queue, last) is JobStatus.COMPLETED)
        until(lambda: status(queue, beside) in {JobStatus.COMPLETED, JobStatus.FAILED})

    found = queue.get(beside.id)
    assert found is not None
    runs = len((tmp_path / "beside").read_text().splitlines())
    if bad == "goes_on":
        assert (found.status, found.attempts, runs) == (JobStatus.COMPLETED, 1, 2)
        assert str(beside.id) in caplog.text
    else:
        assert (found.status, found.attempts, runs) == (JobStatus.FAILED, 1, 1)
        did = f"was killed, since job {culprit.id} in it did not end"
        if bad == "crashes":
            did = "exited with code 3"
        assert (found.error or "").startswith(f"ProcessDied: the process of the job {did}")
    ended = pool.metrics.children.ended
    assert sum(ended.values()) == ended["died" if bad == "crashes" else "lost"] == 1


def test_plain_functions_cannot_share_a_process(new_direct_pool: NewPool) -> None:
    with pytest.raises(ValueError, match="'type' is a plain function, of which a process runs one"):
        new_direct_pool().register(
            "type", isolated_jobs.process, isolated=True, process_concurrency=2
        )
