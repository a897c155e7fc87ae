"""The kit runs generated blocks that sleep and wait, moves their time, and sends their signals."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Queue
from conduit_runtime.testing import Jobs, fakes
from generated import compiled, imported

SOURCE = """
resource Order {
  id: uuid! @primary
  tags: array<string>!

  @after create @async(name: "approve") {
    let asked = Time.now()
    Mail.ask(self.id)
    let answer = Job.wait("approved", timeout: 7.days)
    Mail.answer(answer?.by, asked)
    for tag in self.tags {
      Job.sleep(3.days)
      Mail.remind(tag)
    }
    Mail.thank()
  }
}
"""


@pytest.fixture
def package(tmp_path: Path) -> Iterator[ModuleType]:
    with imported(compiled(SOURCE), tmp_path) as found:
        yield found


@pytest.fixture
def jobs(dsn: str, package: ModuleType) -> Jobs:
    """The kit, and a job that waits to begin."""
    with psycopg.connect(dsn) as conn:
        package.order.after_create(conn, {"id": UUID(int=1), "tags": ["a", "b"]})
    return Jobs(dsn)


@pytest.fixture
def given(package: ModuleType) -> dict[str, Any]:
    """What the kit runs jobs with."""
    return {"services": fakes(package.services.Services), "job_types": package.JOBS}


def test_time_moves_and_signals_come(jobs: Jobs, dsn: str, given: dict[str, Any]) -> None:
    mail = given["services"].mail
    assert [run.outcome for run in jobs.run(**given)] == ["snoozed"]
    assert len(mail.ask.calls) == 1
    jobs.advance(days=6)
    assert not jobs.run(**given)
    with Queue(dsn) as queue:
        [job] = queue.list()
    assert jobs.signal(job.id, "approved", {"by": "ada"})
    assert [run.outcome for run in jobs.run(**given)] == ["snoozed"]
    assert [each.args[0] for each in mail.answer.calls] == ["ada"]
    jobs.advance(days=3)
    assert [run.outcome for run in jobs.run(**given)] == ["snoozed"]
    assert [each.args for each in mail.remind.calls] == [("a",)]
    ran = jobs.run(**given, until="order.after_create.approve")
    assert [run.outcome for run in ran] == ["completed"]
    assert [each.args for each in mail.remind.calls] == [("a",), ("b",)]
    assert [len(each.calls) for each in (mail.ask, mail.answer, mail.thank)] == [1, 1, 1]


def test_nil_after_the_timeout(jobs: Jobs, given: dict[str, Any]) -> None:
    ran = jobs.run(**given, until=timedelta(days=20), crash_after="mail.answer")
    assert [run.outcome for run in ran] == ["snoozed", "snoozed", "snoozed", "completed"]
    assert [each.args[0] for each in given["services"].mail.answer.calls] == [None]


def test_no_crash_repeats_an_effect(jobs: Jobs, given: dict[str, Any]) -> None:
    jobs.assert_durable(**given, until=timedelta(days=20))
