"""The worker's cycle, broken off at each step, with what has to come of it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from crash_points import SCHEMA, Aftermath, CrashPoint, Stage

LONG: dict[str, Any] = {"seconds": 2}
FAILING: dict[str, Any] = {"failures": 1}

DEATHS = [
    CrashPoint("claim, undone", "claim", committed=False, runs=1, attempts=1),
    # It was claimed, and its handler had not begun: that uses up no attempt.
    CrashPoint("claim, done", "claim", committed=True, runs=1, attempts=1),
    # The transaction of the handler that was killed wrote nothing; its start was on record.
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
    # It died before its start was on record: one run more than is counted.
    CrashPoint("completion, undone", "complete", committed=False, runs=2, attempts=1),
    CrashPoint("completion, done", "complete", committed=True, runs=1, attempts=1),
    CrashPoint("failure, undone", "fail", committed=False, runs=3, attempts=2, work=FAILING),
    CrashPoint("failure, done", "fail", committed=True, runs=2, attempts=2, work=FAILING),
    CrashPoint(
        "hand-back, undone",
        "hand back",
        committed=False,
        runs=2,
        attempts=2,
        work={"seconds": 4},
        stopped=True,
    ),
    CrashPoint(
        "hand-back, done",
        "hand back",
        committed=True,
        runs=2,
        attempts=1,
        work={"seconds": 4},
        stopped=True,
    ),
    CrashPoint("rescue", "complete", committed=False, runs=2, attempts=1, avenged=True),
]

CUTS = [
    CrashPoint("claim, cut", "claim", committed=False, runs=1, attempts=1, dies=False),
    CrashPoint("start, cut", "start", committed=False, runs=1, attempts=1, work=LONG, dies=False),
    CrashPoint("completion, cut", "complete", committed=False, runs=1, attempts=1, dies=False),
    CrashPoint(
        "failure, cut", "fail", committed=False, runs=2, attempts=2, work=FAILING, dies=False
    ),
]


@pytest.fixture(scope="module")
def stage(module_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with psycopg.connect(module_dsn) as connection:
        connection.execute(SCHEMA)
    stage = Stage(module_dsn, tmp_path_factory.mktemp("logs"))
    yield stage
    stage.close()


# All at once: what takes time is to see that a worker is dead.
@pytest.fixture(scope="module")
def deaths(stage: Stage) -> dict[str, Aftermath]:
    return stage.play(DEATHS)


@pytest.fixture(scope="module")
def cuts(stage: Stage) -> dict[str, Aftermath]:
    return stage.play(CUTS)


@pytest.mark.xdist_group("crash points")
@pytest.mark.parametrize("point", DEATHS, ids=lambda point: point.name)
def test_a_worker_killed_there_does_no_harm(
    deaths: dict[str, Aftermath], point: CrashPoint
) -> None:
    check(deaths[point.name], point)


@pytest.mark.xdist_group("crash points")
@pytest.mark.parametrize("point", CUTS, ids=lambda point: point.name)
def test_a_connection_cut_there_does_no_harm(cuts: dict[str, Aftermath], point: CrashPoint) -> None:
    check(cuts[point.name], point)


def check(aftermath: Aftermath, point: CrashPoint) -> None:
    job = aftermath.job
    assert (str(job.status), aftermath.began, job.attempts) == (
        point.status,
        point.runs,
        point.attempts,
    )
    # Nested jobs were born with the completion, once, however often the handler came to its end.
    assert aftermath.children == (2 if job.status == "completed" else 0)
    assert (job.token, job.locked_by) == (None, None)
