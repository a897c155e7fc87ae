"""Jobs that were stopped behind each step of the old code end as `conduitc breaking` said."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from clean_databases import CleanDatabases
from conduit_runtime import Retry
from deployed_versions import METHOD, TABLES, Version, two_versions
from pairs.steps import STEPS, StepPair

pytestmark = pytest.mark.slow

HOUR = 3_600.0
RESULT = {"url": "https://example.com", "number": 7}


class Effects:
    """Every service: it keeps the calls, and refuses them from one on."""

    def __init__(self, name: str = "", calls: list[tuple[Any, ...]] | None = None) -> None:
        self.calls: list[tuple[Any, ...]] = [] if calls is None else calls
        self.most: int | None = None
        self._name = name
        self._parts: dict[str, Effects] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        part = self._parts.setdefault(name, Effects(f"{self._name}.{name}", self.calls))
        part.most = self.most
        return part

    def __call__(self, *given: Any, **named: Any) -> Any:
        if self.most is not None and len(self.calls) >= self.most:
            raise Retry(HOUR)  # no `rescue` takes it
        shown = ["a time" if isinstance(each, date) else str(each) for each in given]
        self.calls.append((self._name, *shown))
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
    for done in range(len(before)):
        with clean_databases.lend() as dsn:
            stop_behind(old, dsn, done)
            stored = [each for each in steps if each in records_in(dsn)]
            if not stored:
                continue
            step = stored[-1]
            assert old.services.calls == before[:done]
            held = job_in(dsn)
            stranded = new.stranded(dsn)
            assert stranded == (step in pair.waits) or (pair.branches and not stranded)
            left = work(new, dsn)
            if step not in pair.waits or (pair.branches and not left):
                assert not left, (step, left)
                assert new.services.calls == after[done:]
                continue
            assert new.services.calls == []
            assert new.stranded(dsn)
            assert work(new, dsn)  # it is not tried again
            found = job_in(dsn)
            assert (found["status"], found["attempts"]) == ("pending", held["attempts"])
            assert any(repr(each) in found["error"] for each in steps), found["error"]
            assert not work(old, dsn)
            assert old.services.calls == before[done:]


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
    assert not work(version, dsn)
    calls: list[tuple[Any, ...]] = version.services.calls
    return calls


def stop_behind(version: Version, dsn: str, done: int) -> None:
    """Stop a job after so many of its effects."""
    version.enqueue(dsn, {})
    assert work(version, dsn, done)


def work(version: Version, dsn: str, most: int | None = None) -> list[dict[str, Any]]:
    """Run a worker with new services, which fail after so many calls; return the jobs left."""
    services: Any = Effects()
    services.most = most
    version.services = services
    return version.work(dsn)


def records_in(dsn: str) -> set[str]:
    """The names of the steps that are stored."""
    with psycopg.connect(dsn) as conn:
        return {name for (name,) in conn.execute("SELECT name FROM conduit_steps")}


def job_in(dsn: str) -> dict[str, Any]:
    """The only job of a database."""
    with psycopg.connect(dsn, row_factory=psycopg.rows.dict_row) as conn:
        found = conn.execute("SELECT status, attempts, error FROM jobs").fetchall()
    (job,) = found
    return job
