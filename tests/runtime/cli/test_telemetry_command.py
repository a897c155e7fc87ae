"""What `conduit-jobs` lets operators see: failures, metrics, scrapes."""

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from command_line import ECHO, EXAMPLE, Run
from conduit_runtime import Job, PoolCollector, Queue, WorkerPool
from conduit_runtime.telemetry import queue_gauges
from example_jobs import JOBS
from example_jobs.order import EmailSend, email_send
from prometheus_client import CollectorRegistry
from prometheus_client import parser as plain
from prometheus_client.openmetrics import parser as openmetrics
from waiting import until

TYPE, QUEUE = JOBS[1].name, JOBS[1].queue
PLAIN, OPENMETRICS = "text/plain", "application/openmetrics-text"
PARSERS = {
    PLAIN: plain.text_string_to_metric_families,
    OPENMETRICS: openmetrics.text_string_to_metric_families,
}


def failing() -> Job:
    """Return a job that fails at once, since the database has no table of users."""
    none = UUID(int=0)
    order = EmailSend(none, "7", Decimal(1), "paid", None, "DE", none, "open")
    return email_send.job(order, max_attempts=1)


@pytest.mark.slow
def test_a_worker_reports_failed_jobs_to_a_function(run: Run, queue: Queue) -> None:
    job = queue.enqueue(failing())
    done = run(*ECHO, "--on-failed", "pager:page", "--drain")
    shown = json.loads(done.stdout)
    assert (shown["id"], shown["type"]) == (str(job.id), TYPE)
    assert shown["error"] in (queue.get(job.id) or job).error


@pytest.mark.slow
def test_functions_run_around_generated_jobs(run: Run, queue: Queue) -> None:
    queue.enqueue(failing())
    done = run(*ECHO, "--around", "pager:outer", "--around", "pager:inner", "--drain")
    assert done.stdout.splitlines() == (
        [f"outer {TYPE}", f"inner {TYPE}", "inner saw UndefinedTable", "outer saw UndefinedTable"]
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--on-failed", "pager:page_them"], 1, "pager has no 'page_them'"),
        (["--on-failed", "pager"], 1, "--on-failed takes module:object"),
        (["--on-failed", "pager:nothing"], 1, "None cannot be called"),
        (["--around", "pager:page"], 1, "is not a hook around jobs: use a function that takes"),
        (["--around", "pager:no_one"], 1, "pager has no 'no_one'"),
        (["--metrics-port", "65535", "--processes", "2"], 2, "give a lower one"),
        (["--metrics-port", "65536"], 2, "65536 is not in the range"),
        (["--metrics-port", "0", "--metrics-host", "no.such.host"], 2, "cannot be used"),
    ],
)
def test_mistakes_get_one_clear_message(
    run: Run, arguments: list[str], code: int, message: str
) -> None:
    assert message in run(*ECHO, *arguments, code=code).stderr


@pytest.mark.slow
def test_stats_show_how_attempts_ended(run: Run, queue: Queue) -> None:
    assert "No attempts in the last 1h" in run("jobs", "stats").stdout
    queue.enqueue_many([failing() for _ in range(3)])
    run(*ECHO, "--drain")
    shown: dict[str, Any] = json.loads(run("jobs", "stats", "--format", "json").stdout)
    assert (shown["failed"], shown["pending"], shown["last"]) == (3, 0, "1h")
    [row] = shown["attempts"]
    assert (row["queue"], row["type"]) == (QUEUE, TYPE)
    assert (row["processed"], row["succeeded"], row["failed"], row["retried"]) == (3, 0, 3, 0)
    assert 0 < row["p50"] <= row["p95"] <= row["p99"] < 10
    assert 0 < row["wait_p50"] <= row["wait_p99"] < 100
    assert row["per_second"] == pytest.approx(3 / row["period"], rel=0.01)
    table = run("jobs", "stats", "--last", "1d", "--queue", QUEUE).stdout
    assert TYPE in table
    assert "wait p95" in table
    assert (
        json.loads(
            run("jobs", "stats", "--format", "json", "--type", "other", "--last", "15m").stdout
        )["attempts"]
        == []
    )
    run("jobs", "stats", "--last", "0s", code=2)
    run("jobs", "stats", "--last", "soon", code=2)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_port_in_use_is_a_clear_error(run: Run, processes: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        options = ("--metrics-host", "127.0.0.1", "--processes", processes)
        output = run(*ECHO, "--metrics-port", port, *options, code=2).stderr
    assert f"127.0.0.1 port {port} cannot be used (Address already in use)" in output
    assert "or 0 for a free port" in output


@pytest.mark.slow
def test_prometheus_scrapes_a_worker(environment: dict[str, str], queue: Queue) -> None:
    queue.enqueue_many([failing() for _ in range(3)])
    queue.enqueue(Job(QUEUE, "unknown.type"))
    with started(environment, "--metrics-port", "0", "--metrics-host", "127.0.0.1") as worker:
        url = metrics_url(worker)
        until(lambda: queue.stats().failed == 3)  # a scrape may show an older state of the queues
        labels = {"queue": QUEUE, "type": TYPE}
        until(lambda: value(url, "conduit_job_attempts_total", labels | {"outcome": "failed"}))
        found = scrape(url)
        failed = ("conduit_job_attempts_total", frozen(labels | {"outcome": "failed"}))
        assert found[failed] == 3
        for name in ("conduit_job_duration_seconds", "conduit_job_wait_seconds"):
            assert found[f"{name}_count", frozen(labels)] == 3
            assert found[f"{name}_sum", frozen(labels)] > 0
            buckets = [
                (float(dict(key)["le"]), count)
                for (sample, key), count in found.items()
                if sample == f"{name}_bucket"
            ]
            assert sorted(buckets)[-1] == (float("inf"), 3)
            assert [count for _, count in sorted(buckets)] == sorted(c for _, c in buckets)
        assert found["conduit_database_up", frozen({})] == 1
        assert found["conduit_queue_due_jobs", frozen({"queue": QUEUE})] == 1
        assert found["conduit_queue_running_jobs", frozen({"queue": QUEUE})] == 0
        assert found["conduit_queue_oldest_due_seconds", frozen({"queue": QUEUE})] > 0
        assert ("process_cpu_seconds_total", frozen({})) in found
        assert scrape(url, OPENMETRICS)[failed] == 3


@pytest.mark.slow
def test_metrics_are_at_their_path_alone(environment: dict[str, str]) -> None:
    with started(environment, "--metrics-port", "0", "--metrics-host", "127.0.0.1") as worker:
        url = metrics_url(worker)
        for elsewhere in (url.removesuffix("/metrics"), f"{url}/x", f"{url}x"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(elsewhere)
        assert scrape(f"{url}?x=1")


@pytest.mark.slow
def test_each_process_has_a_port(environment: dict[str, str], queue: Queue) -> None:
    options = ("--metrics-port", "0", "--metrics-host", "127.0.0.1", "--processes", "2")
    with started(environment, *options) as worker:
        urls = {metrics_url(worker), metrics_url(worker)}
        assert len(urls) == 2
        for url in urls:
            until(lambda url=url: value(url, "conduit_database_up", {}))


def test_a_scrape_does_not_need_the_database(dsn: str) -> None:
    with Queue("postgresql://127.0.0.1:1/none") as unreachable:
        registry = CollectorRegistry()
        registry.register(PoolCollector(WorkerPool(unreachable)))
        assert registry.get_sample_value("conduit_database_up") == 0


def test_gauges_count_what_is_due_and_stop_at_a_limit(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_gauges, "DEEPEST", 50)
    later = timedelta(hours=1)
    queue.enqueue_many(
        [
            *[Job(type=f"many{n % 3}") for n in range(60)],
            *[Job(type="few", priority=priority) for priority in (1, 2, 2)],
            *[Job(type="few", delay=later) for _ in range(9)],
        ]
    )
    queue.enqueue(Job("mail", "few", delay=-later))
    reader = queue_gauges.QueueReader(queue.dsn, lambda: None, ["default", "mail", "none"])
    default, mail, none = reader.read() or []
    assert (default.queue, default.due, default.running) == ("default", 50, 0)
    assert 0 < default.oldest < 60
    assert (mail.due, round(mail.oldest / 3600)) == (1, 1)
    assert none == ("none", 0, 0, 0.0, 0, 0)
    queue.dequeue("w", "mail")
    assert reader.read() == [default, mail, none]  # the reader repeats its result for a while
    monkeypatch.undo()
    fresh = queue_gauges.QueueReader(queue.dsn, lambda: None, ["default", "mail"]).read() or []
    assert [(gauges.due, gauges.running) for gauges in fresh] == [(63, 0), (0, 1)]


@contextmanager
def started(environment: dict[str, str], *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a worker until the end of the block."""
    command = [sys.executable, "-m", "conduit_runtime.cli", *ECHO, *options]
    worker = subprocess.Popen(
        command, cwd=EXAMPLE, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield worker
        worker.terminate()
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        worker.communicate()


def metrics_url(worker: "subprocess.Popen[str]") -> str:
    assert worker.stderr is not None
    for line in worker.stderr:
        if "metrics are at" in line:
            return line.split()[-1]
    raise AssertionError("the worker did not say where its metrics are")


def frozen(labels: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def scrape(url: str, accept: str = PLAIN) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.headers["Content-Type"].startswith(accept)
        text = response.read().decode()
    families = list(PARSERS[accept](text))
    assert len({family.name for family in families}) == len(families)
    return {
        (sample.name, frozen(sample.labels)): sample.value
        for family in families
        for sample in family.samples
    }


def value(url: str, name: str, labels: dict[str, str]) -> float | None:
    return scrape(url).get((name, frozen(labels)))
