"""The verdict of `conduitc breaking` on a change matches the outcome of deploying it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from clean_databases import CleanDatabases
from conduit_runtime import migrate
from deployed_versions import Version, importable
from pairs import DRAIN, EITHER, LOADED, NEVER, PAIRS, WEB, WORKERS, Pair

pytestmark = pytest.mark.slow


@pytest.fixture
def database(
    clean_databases: CleanDatabases, new_database: Callable[[], Any]
) -> Callable[[Pair], Any]:
    """Makes the database of a pair; a pair that adds tables gets one of its own."""

    def lend(pair: Pair) -> Any:
        return (
            new_database()
            if pair.table or "schema" in pair.new_settings
            else clean_databases.lend()
        )

    return lend


@pytest.fixture
def versions(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Pair, Version, Version]]:
    """A pair and its two versions, generated one after the other."""
    pair: Pair = request.param
    with importable(tmp_path, "old_jobs", "new_jobs", "upcasters"):
        old = Version(tmp_path, "old_jobs", pair.old, pair.old_settings)
        old.generate()
        settings = pair.new_settings
        if pair.upcasters:
            settings += '\nupcasters = "upcasters"'
            shape = current_shape(old)
            for folder in (tmp_path, tmp_path / "new_jobs_resources"):
                folder.mkdir(exist_ok=True)
                text = pair.upcasters.replace("OLD", shape)
                (folder / "upcasters.py").write_text(text)
        new = Version(tmp_path, "new_jobs", pair.new, settings)
        new.follow(old)
        new.generate()
        yield pair, old, new


def current_shape(version: Version) -> str:
    """The fingerprint of the only job type of a version."""
    lock = json.loads((version.out / "jobs.lock").read_text())
    (job,) = lock["jobs"].values()
    shape: str = job["shape"]
    return shape


def prepare(dsn: str, pair: Pair) -> None:
    """Create the tables that a pair needs, with the row of its jobs."""
    if "schema" in pair.new_settings:
        migrate(dsn, "other")
    if pair.table:
        with psycopg.connect(dsn) as conn:
            conn.execute(pair.table)  # type: ignore[arg-type]
            if pair.table == LOADED:
                conn.execute("INSERT INTO tickets VALUES (%s, 'Broken', 'Long', 3)", [UUID(int=1)])


@pytest.mark.parametrize(
    "versions", PAIRS, ids=[re.sub(r"\W+", "-", pair.name) for pair in PAIRS], indirect=True
)
def test_what_is_said_is_what_happens(
    versions: tuple[Pair, Version, Version],
    database: Callable[[Pair], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    pair, old, new = versions
    capsys.readouterr()
    code = new.conduitc("breaking", "--against", str(old.out), "--format", "json")
    report = json.loads(capsys.readouterr().out)
    order = DRAIN if pair.stops else pair.verdict
    assert report["order"] == order, json.dumps(report, indent=1)
    assert code == (0 if order == EITHER else 1)
    for deploy in (workers_first, web_first, drain_first):
        with database(pair) as dsn:
            prepare(dsn, pair)
            deploy(pair, old, new, dsn)


def workers_first(pair: Pair, old: Version, new: Version, dsn: str) -> None:
    """Replace the workers while old web processes run."""
    old.enqueue(dsn, pair.old_row)
    is_safe = pair.verdict in (EITHER, WORKERS)
    if "schema" not in pair.new_settings:  # tables in another schema are another queue
        assert bool(new.stranded(dsn)) == (not is_safe and not pair.lossy and not pair.drops)
        assert ("lossy" in new.reads(dsn)) == pair.lossy
    left = new.work(dsn)
    if not is_safe and not pair.lossy and not pair.drops:
        assert {job["status"] for job in left} == {"pending"}
        return
    assert not left
    if pair.seen is not None:
        assert pair.seen in new.services.calls
    if pair.drops:  # what is wrong with this order
        assert new.services.calls == [pair.seen]
    if pair.lossy or pair.drops:
        return
    old.enqueue(dsn, pair.old_row)
    assert not new.work(dsn)
    new.enqueue(dsn, pair.new_row)
    assert not new.work(dsn)


def web_first(pair: Pair, old: Version, new: Version, dsn: str) -> None:
    """Replace the web processes while old workers run."""
    old.enqueue(dsn, pair.old_row)
    new.enqueue(dsn, pair.new_row)
    left = old.work(dsn)
    if pair.lossy:  # old workers run new jobs without the value, or cannot read them
        assert {job["status"] for job in left} <= {"pending"}
        return
    expected = set() if pair.verdict in (EITHER, WEB) or pair.misread else {"pending"}
    assert {job["status"] for job in left} == expected
    new.enqueue(dsn, pair.new_row)
    if pair.verdict not in (DRAIN, NEVER):
        assert not new.work(dsn)


def drain_first(pair: Pair, old: Version, new: Version, dsn: str) -> None:
    """Let the old workers finish before anything is replaced."""
    old.enqueue(dsn, pair.old_row)
    assert not old.work(dsn)
    new.enqueue(dsn, pair.new_row)
    assert not new.work(dsn)
