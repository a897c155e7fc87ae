"""Jobs of old code that sleep, wait, or are behind that, end as `conduitc breaking` said."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from clean_databases import CleanDatabases
from conduit_runtime import Queue, WorkerPool
from conduit_runtime.testing import Jobs
from deployed_versions import Version, two_versions
from pairs.pauses import PAUSES
from pairs.steps import StepPair
from test_step_pairs import Effects, jobs_in, waiting_by_breaking

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)


@pytest.fixture
def versions(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[StepPair, Version, Version]]:
    """A pair and its two versions, generated one after the other."""
    pair: StepPair = request.param
    with two_versions(tmp_path, pair.old, pair.new) as (old, new):
        yield pair, old, new


@pytest.mark.parametrize(
    "versions", PAUSES, ids=[re.sub(r"\W+", "-", pair.name) for pair in PAUSES], indirect=True
)
def test_a_job_goes_on_or_waits_as_was_said(
    versions: tuple[StepPair, Version, Version],
    clean_databases: CleanDatabases,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pair, old, new = versions
    assert waiting_by_breaking(pair, old, new, capsys) == {*pair.waits}
    before, after = (undisturbed(version, clean_databases) for version in (old, new))
    # Each pause ends an attempt of the undisturbed run, and each effect may fail.
    pauses = len(re.findall(r"Job\.(?:sleep|wait)", pair.old))
    stops: list[tuple[int, int | None]] = [(number, None) for number in range(1, pauses + 1)]
    stops += [(9, most) for most in range(1, len(before))]
    for attempts, most in stops:
        with clean_databases.lend() as dsn:
            old.enqueue(dsn, {})
            made = work(old, dsn, attempts, most)
            done = finished(dsn)
            held = job_in(dsn)
            stranded = new.stranded(dsn)
            rest = work(new, dsn)
            stopped = job_in(dsn)
            about = (attempts, most, done, stopped["error"])
            assert stranded == (stopped["status"] != "completed"), about
            if not {*done[-1:]} & {*pair.waits} or (pair.branches and rest):
                assert stopped["status"] == "completed", about
                assert made + rest == [*made, *after[len(made) :]], about
                continue
            assert rest == [], about
            assert stopped["attempts"] == held["attempts"], about
            assert any(repr(each) in stopped["error"] for each in done), about
            assert made + work(old, dsn) == before, about
            assert job_in(dsn)["status"] == "completed", about


def undisturbed(version: Version, databases: CleanDatabases) -> list[tuple[Any, ...]]:
    """The calls of a job that nothing stops."""
    with databases.lend() as dsn:
        version.enqueue(dsn, {})
        return work(version, dsn)


def work(
    version: Version, dsn: str, attempts: int = 9, most: int | None = None
) -> list[tuple[Any, ...]]:
    """Make at most so many attempts, until one fails; time goes on before each, and signals come.

    Services fail after `most` calls. Returns the calls.
    """
    services: Any = Effects({} if most is None else dict.fromkeys(jobs_in(dsn), most))
    jobs = Jobs(dsn)
    with Queue(dsn) as queue:
        pool = WorkerPool(queue, jobs=version.package.JOBS, services=services)
        for _ in range(attempts):
            jobs.advance(HOUR)
            for step in [each for job in queue.list() for each in queue.steps(job.id)]:
                if step.waits == "signal":
                    jobs.signal(queue.list()[0].id, step.name, {"by": "ada"})
            ran = jobs.run(pool=pool, raises=False)
            if not ran or ran[-1].outcome != "snoozed":
                break
    return [call for calls in services.calls.values() for call in calls]


def finished(dsn: str) -> list[str]:
    """The finished steps of the only job, in the order of their beginnings."""
    query = "SELECT name FROM conduit_steps WHERE value IS NOT NULL ORDER BY started_at, name"
    with psycopg.connect(dsn) as conn:
        return [name for (name,) in conn.execute(query).fetchall()]


def job_in(dsn: str) -> dict[str, Any]:
    """The only job of a database."""
    with psycopg.connect(dsn, row_factory=psycopg.rows.dict_row) as conn:
        found = conn.execute("SELECT status, attempts, error FROM jobs").fetchall()
    (job,) = found
    return job
