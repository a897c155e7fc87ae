"""Workers are killed at every statement of blocks that end with a write: it is made once."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Queue, WorkerPool
from generated import compiled, imported, write
from killed_process import services
from waiting import until

_TABLE = """
CREATE TABLE counters (
  id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL, note text, size int NOT NULL DEFAULT 0, turns int NOT NULL DEFAULT 0
)
"""
_SOURCE = """
resource Counter {
  id: int! @primary @auto
  name: string!
  note: string?
  size: int! @default(0)
  turns: int! @default(0)

  @after create @async {
    One.send(1)
    self.note = "behind the call"
    if self.name != "" {
      Counter.increment!(self.id, :size)
      @async(name: "child", queue: "children") { One.send(2) }
    }
  }

  @after update @async {
    for n in 1..1 {
      One.send(n)
      Counter.increment!(self.id, :turns)
    }
    Counter.increment!(self.id, :size)
  }
}
"""


@pytest.mark.slow
def test_the_last_write_is_made_once(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = compiled(_SOURCE)
    write(files, tmp_path / "killed_jobs")
    with psycopg.connect(dsn) as connection:
        connection.execute(_TABLE)
    script = Path(__file__).parent / "killed_process.py"
    result = subprocess.run(
        [sys.executable, script, dsn, tmp_path], check=True, timeout=300, stdout=subprocess.PIPE
    )
    died = dict(line.rsplit(" ", 1) for line in result.stdout.decode().splitlines())
    assert min(map(int, died.values())) > 8, died
    timing = replace(WorkerPool.timing, silence=2.1, fresh=1.0)
    monkeypatch.setattr(WorkerPool, "timing", timing)
    with Queue(dsn) as queue, imported(files, tmp_path / "here") as package:
        queues = ["children", *(job.queue for job in queue.list(limit=1000))]
        with WorkerPool(queue, queues, workers=20, jobs=package.JOBS, services=services()):
            until(lambda: {job.status for job in queue.list(limit=1000)} == {"completed"})
        jobs = queue.list(limit=1000)
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT name, note, size, turns FROM counters").fetchall()
        left = connection.execute("SELECT count(*) FROM conduit_steps").fetchone()
    for name, *values in found:
        wanted = ["behind the call", 1, 0] if "create" in name else [None, 1, 1]
        assert values == wanted, name
    children = [job for job in jobs if job.type == "counter.after_create.child"]
    assert len(children) == sum("create" in name for name, *_ in found)
    assert left == (0,)
