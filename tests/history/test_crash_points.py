"""The worker's cycle is broken off at each step: how its job must end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from crash_points import SCHEMA, Aftermath, CrashPoint, Stage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]

LONG: dict[str, Any] = {"seconds": 6}
FAILING: dict[str, Any] = {"failures": 1}

DEATHS = [
    CrashPoint("claim, undone", "claim", committed=False, runs=1, attempts=1),
    # The job was claimed, and its handler had not begun: that uses up no attempt.
    CrashPoint("claim, done", "claim", committed=True, runs=1, attempts=1),
    # The killed handler's transaction wrote nothing, but its start was on record.
    CrashPoint("began", "began", committed=False, runs=1, attempts=2),
    CrashPoint("start, undone", "start", committed=False, runs=2, attempts=1, work=LONG),
    CrashPoint("start, done", "start", committed=True, runs=2, attempts=2, work=LONG),
    CrashPoint(
        "last attempt",
        "start",
        committed=True,
        runs=1,
        attempts=1,
        work=LONG,
        status="failed",
        max_attempts=1,
    ),
    CrashPoint("ended", "ended", committed=False, runs=2, attempts=2),
    # It died before its start was on record: the job runs once more than is counted.
    CrashPoint("completion, undone", "complete", committed=False, runs=2, attempts=1),
    CrashPoint("completion, done", "complete", committed=True, runs=1, attempts=1),
    CrashPoint("failure, undone", "fail", committed=False, runs=3, attempts=2, work=FAILING),
    CrashPoint("failure, done", "fail", committed=True, runs=2, attempts=2, work=FAILING),
    CrashPoint(
        "release, undone",
        "release",
        committed=False,
        runs=2,
        attempts=2,
        work={"seconds": 12},
        stopped=True,
    ),
    CrashPoint(
        "release, done",
        "release",
        committed=True,
        runs=2,
        attempts=1,
        work={"seconds": 12},
        stopped=True,
    ),
    CrashPoint("rescue", "complete", committed=False, runs=2, attempts=1, avenged=True),
]

CUTS = [
    CrashPoint("claim", "claim", committed=False, runs=1, attempts=1, dies=False),
    CrashPoint("start", "start", committed=False, runs=1, attempts=1, work=LONG, dies=False),
    CrashPoint("completion", "complete", committed=False, runs=1, attempts=1, dies=False),
    CrashPoint("failure", "fail", committed=False, runs=2, attempts=2, work=FAILING, dies=False),
]


@pytest.fixture
def stage(dsn: str, tmp_path: Path) -> Iterator[Stage]:
    with psycopg.connect(dsn) as connection:
        connection.execute(SCHEMA)
    stage = Stage(dsn, tmp_path)
    yield stage
    stage.close()


# All at once: it takes long to see that a worker is dead.
@pytest.mark.parametrize("points", [DEATHS, CUTS], ids=["death", "cut"])
def test_a_worker_broken_off_there_does_no_harm(stage: Stage, points: list[CrashPoint]) -> None:
    aftermaths = stage.play(points)
    assert aftermaths == {
        point.name: Aftermath(
            point.status,
            point.runs,
            point.attempts,
            # The completion inserts the child jobs once, however often the handler came to its end.
            children=2 if point.status == "completed" else 0,
            held=False,
        )
        for point in points
    }
