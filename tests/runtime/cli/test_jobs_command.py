"""`conduit-jobs jobs`."""

import json
import re
from datetime import timedelta
from typing import Any

import psycopg
from command_line import Run
from conduit_runtime import Discard, Job, JobContext, Queue, WorkerPool

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def test_one_job_is_one_job(run: Run, queue: Queue) -> None:
    for _ in range(2):
        queue.enqueue(Job(type="t"))
        assert run("jobs", "cancel", "--type", "t").stdout == "1 job cancelled\n"
    purge = ("jobs", "purge", "--older-than", "0s", "--status", "cancelled")
    assert run(*purge).stdout == "2 jobs deleted\n"
    assert run(*purge).stdout == "0 jobs deleted\n"


def test_jobs_are_listed_shown_retried_cancelled_counted_and_purged(
    run: Run, queue: Queue, dsn: str
) -> None:
    job = Job("mail", "email.send", {"to": "zoë"}, 75, expires=timedelta(hours=2))
    queue.enqueue(job)
    queue.enqueue(Job("other", "t"))
    listed = json.loads(run("jobs", "list", "--queue", "mail", "--format", "json").stdout)
    assert [entry["id"] for entry in listed] == [str(job.id)]
    assert listed[0]["payload"] == {"to": "zoë"}
    assert str(job.id) in run("jobs", "list").stdout
    shown = run("jobs", "show", str(job.id)).stdout
    assert "zoë" in shown
    assert "2h after it is due" in shown
    as_json = json.loads(run("jobs", "show", str(job.id), "--format", "json").stdout)
    assert (as_json["priority"], as_json["expires"]) == (75, 7_200.0)
    run("jobs", "cancel", str(job.id))
    run("jobs", "cancel", str(job.id), code=1)
    counts = json.loads(run("jobs", "stats", "--format", "json").stdout)
    assert (counts["pending"], counts["cancelled"]) == (1, 1)
    run("jobs", "retry", str(job.id))
    assert queue.stats().pending == 2
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET status = 'completed', completed_at = '2020-01-01'")
    assert "2 jobs deleted" in run("jobs", "purge", "--older-than", "30d").stdout
    queues = json.loads(run("queues", "list", "--format", "json").stdout)
    assert queues == []


def test_a_table_of_jobs_has_the_columns_that_its_jobs_need(run: Run, queue: Queue) -> None:
    def columns() -> list[str]:
        return re.split(r"\s{2,}", run("jobs", "list").stdout.split("\n")[1].strip())

    queue.enqueue(Job(type="t"))
    assert columns() == ["id", "queue", "type", "status", "attempts", "run at", "error"]
    queue.enqueue(Job(type="t", key=("acme", 7)))
    assert columns()[2:5] == ["type", "key", "status"]
    assert '["acme",7]' in run("jobs", "list").stdout
    queue.dequeue("worker 1")
    assert columns()[-3:] == ["started at", "locked by", "error"]


def test_what_changes_jobs_answers_programs_too(run: Run, queue: Queue) -> None:
    job = queue.enqueue(Job("mail", "email.send"))

    def changed(*arguments: str, code: int = 0) -> object:
        return json.loads(run("jobs", *arguments, "--format", "json", code=code).stdout)

    assert changed("cancel", str(job.id)) == [{"id": str(job.id), "done": True}]
    assert changed("cancel", str(job.id), code=1) == [{"id": str(job.id), "done": False}]
    assert changed("retry", str(job.id)) == [{"id": str(job.id), "done": True}]
    assert changed("purge", "--older-than", "0s") == {"deleted": 0}


def test_show_has_the_finished_steps_of_a_job(run: Run, queue: Queue) -> None:
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("charge", dict, receipt="zoë")
        await job.step("print", list, "ab")
        raise Discard("no")

    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    first, second = json.loads(run("jobs", "show", str(job.id), "--format", "json").stdout)["steps"]
    assert (first["name"], first["attempt"], first["result"]) == ("charge", 1, {"receipt": "zoë"})
    assert second["name"] == "print"
    assert 0 <= first["duration"] < 60
    shown = run("jobs", "show", str(job.id)).stdout
    assert re.search(
        rf'\nsteps +charge  attempt 1  {TIME}  \d+\.\d{{3}} s  \{{"receipt": "zoë"\}}\n'
        rf' +print  attempt 1  {TIME}  \d+\.\d{{3}} s  \["a", "b"\]\n',
        shown,
    )


def test_a_job_runs_again_from_a_step_and_another_goes_on_there(run: Run, queue: Queue) -> None:
    pool = WorkerPool(queue)
    done: list[str] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        for name in ("one", "two\n"):
            await job.step(name, done.append, name)
        raise Discard("no")

    job = str(queue.enqueue(Job(type="t")).id)
    pool.run(drain=True)
    assert run("jobs", "retry", job, "--from", "two\n").stdout == (
        f"{job}  pending again from two\\n\n"
    )
    pool.run(drain=True)
    assert done == ["one", "two\n", "two\n"]
    shown = run("jobs", "retry", job, "--from", "one", "--format", "json").stdout
    assert json.loads(shown) == [{"id": job, "done": True}]
    pool.run(drain=True)
    assert done[3:] == ["one", "two\n"]
    fork = json.loads(run("jobs", "fork", job, "--from", "two\n", "--format", "json").stdout)
    assert fork["id"] == job
    text = run("jobs", "fork", job, "--from", "two\n").stdout
    assert re.fullmatch(r"[0-9a-f-]{36}  enqueued, goes on from two\\n\n", text)
    assert queue.get(fork["fork"]) is not None
    pool.run(drain=True)
    assert done[5:] == ["two\n"] * 2
    for command in ("retry", "fork"):
        bad = run("jobs", command, job, "--from", "x", code=1)
        assert "has no finished step 'x'; it has 'one', 'two\\n'" in bad.stderr
    assert "id of one job" in run("jobs", "retry", job, job, "--from", "one", code=2).stderr
    assert "no filter" in run("jobs", "retry", "--all", "--from", "one", code=2).stderr
    assert "--from" in run("jobs", "fork", job, code=2).stderr


def test_signal_lets_a_waiting_job_go_on(run: Run, queue: Queue) -> None:
    pool = WorkerPool(queue)
    got: list[object] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("charge", dict)
        got.append(await job.wait("approved", timeout=timedelta(days=7)))

    @pool.handler("sleeper")
    async def sleep(job: JobContext, payload: object) -> None:
        await job.sleep(timedelta(days=7), "pause")

    job, sleeper = queue.enqueue_many([Job(type="t"), Job(type="sleeper")])
    pool.run(drain=True)

    def shown(job: Job) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            run("jobs", "show", str(job.id), "--format", "json").stdout
        )
        return found

    [waiting] = shown(job)["waiting"]
    assert (waiting["name"], waiting["kind"]) == ("approved", "signal")
    assert waiting["since"] < waiting["until"]
    assert [step["name"] for step in shown(job)["steps"]] == ["charge"]
    assert [each["kind"] for each in shown(sleeper)["waiting"]] == ["sleep"]
    text = run("jobs", "show", str(job.id)).stdout
    assert re.search(rf"\nwaiting +for the signal approved  until {TIME}\n", text)
    text = run("jobs", "show", str(sleeper.id)).stdout
    assert re.search(rf"\nwaiting +pause  until {TIME}\n", text)

    def signal(*arguments: str, code: int = 0) -> str:
        return run("jobs", "signal", str(job.id), *arguments, code=code).stdout

    assert "is not JSON" in run("jobs", "signal", str(job.id), "approved", "{", code=2).stderr
    assert signal("approved", '{"by": "ada"}') == f"{job.id}  sent\n"
    assert "not sent: the job has ended, is unknown" in signal("approved", code=1)
    assert "No such option '--to'" in run("jobs", "signal", str(job.id), "a", "--to", code=2).stderr
    assert signal("below", "-1.5e3") == f"{job.id}  sent\n"
    assert json.loads(signal("other", "--format", "json")) == {"id": str(job.id), "done": True}
    pool.run(drain=True)
    assert got == [{"by": "ada"}]
    assert shown(job)["waiting"] == []
    queue.cancel(sleeper.id)
    assert shown(sleeper)["waiting"] == []
