"""`conduit-jobs queues`, and `conduit-jobs jobs` with filters."""

import io
import json
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from conduit_runtime import Job, Queue, WorkerPool
from conduit_runtime.cli import commands, filters
from conduit_runtime.statements.many import bulk as many


def call(dsn: str, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(commands, [*arguments, "--dsn", dsn])
    assert done.exit_code == code, done.output
    return done.output


def call_json(dsn: str, *arguments: str) -> Any:
    return json.loads(call(dsn, *arguments, "--format", "json"))


def test_queues_are_paused_and_resumed(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job("mail", "t"))
    [row] = call_json(dsn, "queues", "pause", "mail")
    assert (row["queue"], row["paused"], row["pending"]) == ("mail", True, 1)
    assert row["paused_at"].endswith("Z")
    assert row["oldest_due"].endswith("Z")
    assert queue.dequeue("w", "mail") == []
    assert call(dsn, "queues", "list").count("paused") == 2, "its column, and the queue"
    first = call_json(dsn, "queues", "pause", "mail")[0]["paused_at"]
    assert first == row["paused_at"], "it was paused already"
    assert [each["paused"] for each in call_json(dsn, "queues", "resume", "mail", "x")] == [
        False
    ] * 2
    assert len(queue.dequeue("w", "mail")) == 1
    call(dsn, "queues", "pause", "", code=2)
    call(dsn, "queues", "pause", code=2)


def test_a_queue_without_jobs_is_listed_while_it_is_paused(dsn: str) -> None:
    call(dsn, "queues", "pause", "empty")
    assert [row["queue"] for row in call_json(dsn, "queues", "list")] == ["empty"]
    call(dsn, "queues", "resume", "empty")
    assert call_json(dsn, "queues", "list") == []


def test_queues_are_limited(queue: Queue, dsn: str) -> None:
    [row] = call_json(dsn, "queues", "limit", "mail", "--concurrency", "2")
    assert row["concurrency"] == 2
    queue.enqueue_many([Job("mail", "t") for _ in range(5)])
    assert len(queue.dequeue("w", "mail", limit=5)) == 2
    [row] = call_json(dsn, "queues", "limit", "mail", "--none")
    assert row["concurrency"] is None
    assert len(queue.dequeue("w", "mail", limit=5)) == 3
    assert "--none" in call(dsn, "queues", "limit", "mail", code=2)
    call(dsn, "queues", "limit", "mail", "--none", "--concurrency", "2", code=2)
    call(dsn, "queues", "limit", "mail", "--concurrency", "0", code=2)


def test_queues_become_fair(queue: Queue, dsn: str) -> None:
    [row] = call_json(dsn, "queues", "limit", "mail", "--fair")
    assert (row["fair"], row["fair_from"]) == (True, "command")
    assert call(dsn, "queues", "list").count("fair") == 3, "its columns, and the queue"
    queue.enqueue_many([Job("mail", "t", key="ab"[n // 5]) for n in range(6)])
    assert {job.key for job in queue.dequeue("w", "mail", limit=2)} == {"a", "b"}
    [row] = call_json(dsn, "queues", "limit", "mail", "--no-fair")
    assert (row["fair"], row["fair_from"]) == (False, None)
    [row] = call_json(dsn, "queues", "limit", "mail", "--fair", "--source")
    assert (row["fair"], row["fair_from"]) == (False, None)
    for further in (["--type"], ["--none"], ["--per-key", "2"], ["--concurrency", "2"]):
        assert "--fair" in call(dsn, "queues", "limit", "mail", "--fair", *further, code=2)


def test_types_get_rates(queue: Queue, dsn: str) -> None:
    [row] = call_json(dsn, "queues", "rate-limit", "email.send", "--starts", "2", "--per", "1h")
    assert row == {
        "type": "email.send",
        "concurrency": None,
        "concurrency_from": None,
        "starts": 2,
        "rate_from": "command",
        "per_seconds": 3600.0,
        "key_concurrency": None,
        "key_concurrency_from": None,
        "key_starts": None,
        "key_per_seconds": None,
        "key_rate_from": None,
        "key_order": None,
    }
    assert "email.send" in call(dsn, "queues", "rate-limits")
    queue.enqueue_many([Job(type="email.send") for _ in range(5)])
    assert len(queue.dequeue("w", limit=5)) == 2
    assert call_json(dsn, "queues", "rate-limit", "email.send", "--none") == []
    assert len(queue.dequeue("w", limit=5)) == 3
    call(dsn, "queues", "rate-limit", "email.send", code=2)
    call(dsn, "queues", "rate-limit", "email.send", "--starts", "1", "--per", "soon", code=2)
    call(dsn, "queues", "rate-limit", "x" * 201, "--starts", "1", code=2)


def test_types_get_limits(queue: Queue, dsn: str) -> None:
    limit = ("queues", "limit", "--type")
    rows = call_json(dsn, *limit, "email.send", "b", "--concurrency", "2")
    assert [(row["type"], row["concurrency"], row["concurrency_from"]) for row in rows] == [
        ("email.send", 2, "command"),
        ("b", 2, "command"),
    ]
    queue.enqueue_many([Job(type="email.send") for _ in range(5)])
    assert len(queue.dequeue("w", limit=5)) == 2
    [row] = call_json(dsn, *limit, "email.send", "--none")
    assert row["concurrency"] is row["concurrency_from"] is None
    assert len(queue.dequeue("w", limit=5)) == 3
    assert "give --type too" in call(dsn, "queues", "limit", "mail", "--source", code=2)
    call(dsn, *limit, "b", code=2)
    call(dsn, *limit, "b", "--none", "--source", code=2)
    call(dsn, *limit, "x" * 201, "--concurrency", "1", code=2)


def test_queues_and_types_get_limits_by_key(queue: Queue, dsn: str) -> None:
    [row] = call_json(dsn, "queues", "limit", "mail", "--per-key", "2")
    assert (row["concurrency"], row["key_concurrency"]) == (None, 2)
    [row] = call_json(dsn, "queues", "limit", "--type", "t", "--per-key", "1")
    assert (row["key_concurrency"], row["key_concurrency_from"]) == (1, "command")
    queue.enqueue_many([Job("mail", f"{n}", key="a") for n in range(3)])
    assert len(queue.dequeue("w", "mail", limit=5)) == 2
    queue.enqueue_many([Job(type="t", key="a") for _ in range(3)])
    assert len(queue.dequeue("w", limit=5)) == 1
    assert "key concurrency" in call(dsn, "queues", "list")
    [row] = call_json(dsn, "queues", "limit", "mail", "--per-key", "--none")
    assert row["key_concurrency"] is None
    [row] = call_json(dsn, "queues", "limit", "--type", "t", "--none", "--per-key")
    assert row["key_concurrency"] is row["key_concurrency_from"] is None
    [row] = call_json(dsn, "queues", "rate-limit", "u", "--starts", "1", "--per", "1h", "--per-key")
    assert (row["starts"], row["key_starts"], row["key_rate_from"]) == (None, 1, "command")
    queue.enqueue_many([Job(type="u", key="ab"[n % 2]) for n in range(4)])
    assert len(queue.dequeue("w", limit=5)) == 4
    assert call_json(dsn, "queues", "rate-limit", "u", "--none", "--per-key") == []
    call(dsn, "queues", "limit", "mail", "--per-key", code=2)
    call(dsn, "queues", "limit", "mail", "--per-key", "2", "--none", code=2)
    call(dsn, "queues", "limit", "mail", "--per-key", "2", "--concurrency", "2", code=2)


def test_the_list_of_queues_shows_where_the_limits_of_types_come_from(
    queue: Queue, dsn: str
) -> None:
    assert "source" not in call(dsn, "queues", "list")
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: None, concurrency=3, rate_limit=5)
    with pool:
        shown = call(dsn, "queues", "list").strip().splitlines()[-1].split()
        assert shown == ["t", "3", "source", "5", "1.0", "source"]
        call(dsn, "queues", "limit", "--type", "t", "--concurrency", "1")
        shown = call(dsn, "queues", "rate-limits").strip().splitlines()[-1].split()
        assert shown == ["t", "1", "command", "5", "1.0", "source"]
        [row] = call_json(dsn, "queues", "limit", "--type", "t", "--source")
        assert (row["concurrency"], row["concurrency_from"]) == (3, "source")
        shown = call(dsn, "queues", "rate-limit", "t", "--none").strip().splitlines()[-1].split()
        assert shown == ["t", "3", "source", "command"]
        call(dsn, "queues", "rate-limit", "t", "--source")


def test_jobs_are_cancelled_and_retried_by_filter(queue: Queue, dsn: str) -> None:
    queue.enqueue_many([Job(name, "t") for name in ("mail", "mail", "other")])
    assert call(dsn, "jobs", "cancel", "--queue", "mail") == "2 jobs cancelled\n"
    assert call_json(dsn, "jobs", "cancel", "--type", "t") == {"changed": 1}
    assert call(dsn, "jobs", "retry", "--queue", "mail") == "0 jobs pending again\n"
    retried = call(dsn, "jobs", "retry", "--queue", "mail", "--status", "cancelled")
    assert retried == "2 jobs pending again\n"
    assert call(dsn, "jobs", "cancel", "--all") == "2 jobs cancelled\n"
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE jobs SET status = 'failed'")
    assert call(dsn, "jobs", "retry", "--all") == "3 jobs pending again\n"


def test_ids_still_do(queue: Queue, dsn: str) -> None:
    job = queue.enqueue(Job(type="t"))
    assert "cancelled" in call(dsn, "jobs", "cancel", str(job.id))
    assert call_json(dsn, "jobs", "retry", str(job.id)) == [{"id": str(job.id), "done": True}]
    assert "unknown" in call(dsn, "jobs", "cancel", "0192d5a0-5a5c-7cc0-8b5e-2f6f00000000", code=1)


def test_an_id_given_twice_has_both_results(queue: Queue, dsn: str) -> None:
    job = queue.enqueue(Job(type="t"))
    first, second = call(dsn, "jobs", "cancel", str(job.id), str(job.id), code=1).splitlines()
    assert first == f"{job.id}  cancelled"
    assert second.endswith("unknown")


@pytest.mark.parametrize("command", ["cancel", "retry"])
def test_what_is_meant_has_to_be_said(dsn: str, command: str) -> None:
    id_ = "0192d5a0-5a5c-7cc0-8b5e-2f6f00000000"
    assert "--all" in call(dsn, "jobs", command, code=2)
    assert "not both" in call(dsn, "jobs", command, id_, "--queue", "mail", code=2)
    assert "not both" in call(dsn, "jobs", command, id_, "--all", code=2)
    assert "leave" in call(dsn, "jobs", command, "--all", "--queue", "mail", code=2)


def test_a_list_takes_the_same_filters(queue: Queue, dsn: str) -> None:
    queue.enqueue_many([Job("mail", "t"), Job("mail", "u"), Job("other", "t")])
    queue.cancel_many("other")
    listed = call_json(dsn, "jobs", "list", "--status", "pending", "--status", "cancelled")
    assert len(listed) == 3
    assert len(call_json(dsn, "jobs", "list", "--queue", "mail", "--type", "t")) == 1
    assert call_json(dsn, "jobs", "list", "--older-than", "1h") == []
    call(dsn, "jobs", "list", "--older-than", "soon", code=2)


class Terminal(io.StringIO):
    """A terminal that keeps the output of a command."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_a_long_command_is(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(many, "BATCH", 2)
    monkeypatch.setattr(filters, "_PATIENCE", 0.0)
    monkeypatch.setattr("sys.stderr", terminal)
    queue.enqueue_many([Job(type="t") for _ in range(5)])
    commands(["jobs", "cancel", "--type", "t", "--dsn", dsn], standalone_mode=False)
    shown = terminal.getvalue()
    assert "\r2 jobs cancelled so far\r4 jobs cancelled so far" in shown
    assert shown.endswith("\x1b[K"), "and the line is cleared"
