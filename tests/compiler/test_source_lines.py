"""An error in a job names the statement of the source that failed, wherever it is reported."""

import json
import logging
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from click.testing import CliRunner
from conduit_runtime import Queue, WorkerPool
from conduit_runtime.cli import commands
from generated import compiled, imported

SOURCE = """
resource Post {
  id: int! @primary
  title: string!

  @function checked(limit: int) -> int {
    // the third line of the function's body
    let found = self.title.length()
    return found / limit
  }

  @after create @async(max_attempts: 1) {
    Search.add(self.title)

    Search.score(
      checked(0),
    )
  }
}
"""


def test_a_failure_names_its_line(
    dsn: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    services = SimpleNamespace(search=SimpleNamespace(add=str, score=str))
    files = compiled({"resources/post.conduit": SOURCE})
    with imported(files, tmp_path) as package:
        with psycopg.connect(dsn) as conn:
            package.post.after_create(conn, {"id": 1, "title": "x"})
        with Queue(dsn) as queue, caplog.at_level(logging.INFO):
            WorkerPool(queue, jobs=package.JOBS, services=services).run(drain=True)
            [job] = queue.list(status="failed")
    place = "resources/post.conduit:9"
    assert job.error is not None
    assert job.error.endswith(f"({place})")
    assert any(place in record.getMessage() for record in caplog.records)
    shown = CliRunner().invoke(
        commands, ["jobs", "show", str(job.id), "--dsn", dsn, "--format", "json"]
    )
    details = json.loads(shown.output)
    assert place in details["error"]
    assert details["errors"][0]["source"] == place
    table = CliRunner().invoke(commands, ["jobs", "show", str(job.id), "--dsn", dsn])
    assert place in table.output
