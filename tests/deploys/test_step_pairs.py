"""Jobs that were stopped behind each step of the old code end as `conduitc breaking` said."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import psycopg
import pytest
from clean_databases import CleanDatabases
from conduit_runtime import Retry
from conduit_runtime.model.calls import entered_job
from deployed_versions import METHOD, TABLES, Version, two_versions
from pairs.steps import STEPS, StepPair

pytestmark = pytest.mark.slow

HOUR = 3_600.0
RESULT = {"url": "https://example.com", "number": 7}


class Effects:
    """Every service: it keeps the calls of each job, and refuses them from one of `most` on."""

    def __init__(self, most: Mapping[UUID, int], name: str = "") -> None:
        self.calls: dict[UUID, list[tuple[Any, ...]]] = {}
        self._most = most
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        part = Effects(self._most, f"{self._name}.{name}")
        part.calls = self.calls
        return part

    def __call__(self, *given: Any, **named: Any) -> Any:
        here: Any = entered_job.get()
        [job] = [each.id for each in getattr(here, "jobs", [here])]
        calls = self.calls.setdefault(job, [])
        if len(calls) >= self._most.get(job, len(calls) + 1):
            raise Retry(HOUR)  # no `rescue` takes it
        shown = ["a time" if isinstance(each, date) else str(each) for each in given]
        calls.append((self._name, *shown))
        if self._name == ".broken.fail":
            raise ValueError("refused")
        return RESULT


@pytest.fixture
def versions(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[StepPair, Version, Version]]:
    """A pair and its two versions, generated one after the other."""
    pair: StepPair = request.param
    sources = (pair.old + METHOD, pair.new + METHOD)
    with two_versions(tmp_path, *sources, TABLES) as (old, new):
        yield pair, old, new


@pytest.mark.parametrize(
    "versions", STEPS, ids=[re.sub(r"\W+", "-", pair.name) for pair in STEPS], indirect=True
)
def test_a_stopped_job_goes_on_or_waits_as_was_said(
    versions: tuple[StepPair, Version, Version],
    clean_databases: CleanDatabases,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pair, old, new = versions
    assert waiting_by_breaking(pair, old, new, capsys) == {*pair.waits}
    steps = [*old.package.JOBS[0].steps]
    with clean_databases.lend() as dsn:
        before, after = undisturbed(old, dsn), undisturbed(new, dsn)
    with clean_databases.lend() as dsn:
        done = to_stop(old, dsn, len(before))
        made = work(old, dsn, done)
        assert made == {job: before[:most] for job, most in done.items() if most}
        held = jobs_in(dsn)
        assert held.keys() == done.keys()
        last = last_steps(dsn, steps)
        forget(dsn, done.keys() - last.keys())
        stranded = stranded_by(new, dsn, last)
        made = work(new, dsn)
        left = jobs_in(dsn)
        assert stranded == {*left}
        for job, step in last.items():
            if step not in pair.waits or (pair.branches and job not in left):
                assert job not in left, (step, left)
                assert made.get(job, []) == after[done[job] :]
        assert left.keys() <= {job for job, step in last.items() if step in pair.waits}
        assert not made.keys() & left.keys()
        assert stranded_by(new, dsn, left) == {*left}
        if not left:
            return
        assert not work(new, dsn)
        found = jobs_in(dsn)
        assert found.keys() == left.keys()  # they are not tried again
        for job, row in found.items():
            assert (row["status"], row["attempts"]) == ("pending", held[job]["attempts"])
            assert any(repr(each) in row["error"] for each in steps), row["error"]
        made = work(old, dsn)
        assert not jobs_in(dsn)
        assert made == {job: before[done[job] :] for job in left}


def waiting_by_breaking(
    pair: StepPair, old: Version, new: Version, capsys: pytest.CaptureFixture[str]
) -> set[str]:
    """The steps behind which jobs wait, as `conduitc breaking` says."""
    capsys.readouterr()
    new.conduitc("breaking", "--against", str(old.out), "--format", "json")
    report = json.loads(capsys.readouterr().out)
    found = [each for each in report["findings"] if each["code"] in ("BRK126", "BRK127")]
    assert tuple(each["code"] for each in found) == pair.codes, json.dumps(report, indent=1)
    if found:
        assert report["order"] in ("drain-first", "never")
    hints = [part for each in found for part in each["hint"].split(", those ")]
    how = r" may wait| wait until" if pair.branches else " wait until"
    return {
        name for hint in hints if re.search(how, hint) for name in re.findall(r"`([^`]+)`", hint)
    }


def undisturbed(version: Version, dsn: str) -> list[tuple[Any, ...]]:
    """The calls of a job that nothing stops."""
    version.enqueue(dsn, {})
    made = work(version, dsn)
    assert not jobs_in(dsn)
    (calls,) = made.values()
    return calls


def to_stop(version: Version, dsn: str, effects: int) -> dict[UUID, int]:
    """Enqueue a job for each effect of a block, and return after how many of them it stops."""
    for _ in range(effects):
        version.enqueue(dsn, {})
    return {job: done for done, job in enumerate(jobs_in(dsn))}


def work(
    version: Version, dsn: str, most: Mapping[UUID, int] = MappingProxyType({})
) -> dict[UUID, list[tuple[Any, ...]]]:
    """Run a worker with new services, which fail after so many calls; return the calls."""
    services: Any = Effects(most)
    version.services = services
    version.work(dsn)
    return {job: calls for job, calls in services.calls.items() if calls}


def last_steps(dsn: str, steps: Sequence[str]) -> dict[UUID, str]:
    """The last of these steps that is stored, of each job that has stored any."""
    with psycopg.connect(dsn) as conn:
        stored = conn.execute("SELECT job, name FROM conduit_steps").fetchall()
    found = sorted((steps.index(name), job) for job, name in stored if name in steps)
    return {job: steps[place] for place, job in found}


def forget(dsn: str, jobs: Iterable[UUID]) -> None:
    """Delete jobs."""
    with psycopg.connect(dsn) as conn:
        conn.execute("DELETE FROM jobs WHERE id = ANY (%s)", [[*jobs]])


def stranded_by(version: Version, dsn: str, jobs: Iterable[UUID]) -> set[UUID]:
    """The jobs that a version would strand, each asked as if the others had ended."""
    ids, found = [*jobs], set()
    hide = "UPDATE jobs SET status = 'completed' WHERE id = ANY (%s) AND id <> %s"
    show = "UPDATE jobs SET status = 'pending' WHERE id = ANY (%s)"
    with psycopg.connect(dsn, autocommit=True) as conn:
        for job in ids:
            conn.execute(hide, [ids, job])
            if version.stranded(dsn):
                found.add(job)
            conn.execute(show, [ids])
    return found


def jobs_in(dsn: str) -> dict[UUID, dict[str, Any]]:
    """The jobs of a database that have not completed, in the order of their enqueues."""
    query = "SELECT id, status, attempts, error FROM jobs WHERE status <> 'completed' ORDER BY seq"
    with psycopg.connect(dsn, row_factory=psycopg.rows.dict_row) as conn:
        return {row["id"]: row for row in conn.execute(query)}
