"""A block with `batch` makes one call of a service for the jobs of many records."""

import asyncio
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from changed import package
from conduit_runtime import Queue, WorkerPool
from conduit_runtime.services.loading import Echo
from conduit_runtime.services.protocols import protocols_for
from generated import compiled, imported
from psycopg.rows import dict_row

from conduit_async.lock.text import LOCK_FILE

SOURCE = """resource Ticket {
  id: uuid! @primary @auto
  title: string!
  votes: int?
  @after create {
    let words = self.title.split(" ")
    @async(batch: 100, wait: 1.second) {
      SearchIndex.update(self.id, words, votes: self.votes, kind: "ticket")
    }
  }
}
"""
TABLE = """CREATE TABLE tickets (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), title text NOT NULL, votes int)"""


class SearchIndex:
    def __init__(self, *, fails: bool = False) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.fails = fails

    async def update(self, ids: Any, words: Any, *, votes: Any, kind: Any) -> None:
        await asyncio.sleep(0)
        self.calls.append((ids, words, votes, kind))
        if self.fails:
            raise OSError("no index")


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    with psycopg.connect(dsn) as conn:
        conn.execute(TABLE)
    with Queue(dsn) as queue:
        yield queue


def created(dsn: str, package: ModuleType, titles: list[str]) -> list[UUID]:
    """Create tickets, run their hooks, and return their ids."""
    module = importlib.import_module(f"{package.__name__}.ticket")
    with psycopg.connect(dsn, row_factory=dict_row) as conn:
        rows = []
        for votes, title in enumerate(titles):
            sql = "INSERT INTO tickets (title, votes) VALUES (%s, %s) RETURNING *"
            row = conn.execute(sql, [title, votes or None]).fetchone()
            assert row is not None
            rows.append(row["id"])
            module.after_create(conn, row)
    return rows


def test_one_call_gets_lists(queue: Queue, tmp_path: Path) -> None:
    index = SearchIndex()
    with imported(compiled(SOURCE), tmp_path) as package:
        ids = created(queue.dsn, package, ["a b", "c"])
        services = SimpleNamespace(search_index=index)
        WorkerPool(queue, jobs=package.JOBS, services=services).run(drain=True)
    assert index.calls == [(ids, [["a", "b"], ["c"]], [None, 1], "ticket")]
    assert {job.status for job in queue.list()} == {"completed"}


def test_a_failed_call_is_a_failed_attempt_of_each_job(queue: Queue, tmp_path: Path) -> None:
    index = SearchIndex(fails=True)
    with imported(compiled(SOURCE), tmp_path) as package:
        created(queue.dsn, package, ["a", "b", "c"])
        services = SimpleNamespace(search_index=index)
        WorkerPool(queue, jobs=package.JOBS, services=services).run(drain=True)
    assert len(index.calls) == 1
    found = [(job.status, job.attempts, job.error) for job in queue.list()]
    assert found == [("pending", 1, "OSError: no index (source.conduit:8)")] * 3


def test_echo_prints_one_line_a_call(queue: Queue, tmp_path: Path) -> None:
    lines: list[str] = []
    with imported(compiled(SOURCE), tmp_path) as package:
        ids = created(queue.dsn, package, ["a b", "c"])
        jobs = [job.id for job in queue.list()][::-1]
        services = Echo(protocols_for(package.JOBS), lines.append)
        WorkerPool(queue, jobs=package.JOBS, services=services).run(drain=True)
    assert [json.loads(line) for line in lines] == [
        {
            "job_ids": [*map(str, jobs)],
            "type": "ticket.after_create.search_index_update",
            "service": "SearchIndex",
            "method": "update",
            "args": [[*map(str, ids)], [["a", "b"], ["c"]]],
            "kwargs": {"votes": [None, 1], "kind": "ticket"},
        }
    ]


def test_older_payloads_are_in_the_same_batch(queue: Queue, tmp_path: Path) -> None:
    """Each job is read by its own upcaster."""
    old = SOURCE.replace(", votes: self.votes", "")
    first = package(old)
    then = package(SOURCE.replace("votes: int?", "votes: int? @default(7)"), lock=first[LOCK_FILE])
    index = SearchIndex()
    with imported(first, tmp_path / "old") as before:
        ids = created(queue.dsn, before, ["old"])
    with imported(then, tmp_path / "new") as after:
        ids += created(queue.dsn, after, ["new"])
        services = SimpleNamespace(search_index=index)
        WorkerPool(queue, jobs=after.JOBS, services=services).run(drain=True)
    assert index.calls == [(ids, [["old"], ["new"]], [None, None], "ticket")]
