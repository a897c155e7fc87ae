"""What `conduitc breaking` says of a change is what happens when it is deployed."""

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
from fleet import Version, importable
from pairs import DRAIN, EITHER, NEVER, PAIRS, WEB, WORKERS, Pair

pytestmark = pytest.mark.property


@pytest.fixture
def database(
    clean_databases: CleanDatabases, new_database: Callable[[], Any]
) -> Callable[[Pair], Any]:
    """Makes the database of a pair: one of its own when it adds tables."""

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
    """A pair with its two versions, generated one after the other."""
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
    """Make the tables that a pair needs, with the row of its jobs."""
    if "schema" in pair.new_settings:
        migrate(dsn, "other")
    if pair.table:
        with psycopg.connect(dsn) as conn:
            conn.execute(pair.table)  # type: ignore[arg-type]
            conn.execute("INSERT INTO tickets VALUES (%s, 'Broken', 'Long', 3)", [UUID(int=1)])


named = pytest.mark.parametrize(
    "versions", PAIRS, ids=[re.sub(r"\W+", "-", pair.name) for pair in PAIRS], indirect=True
)


@named
def test_breaking_says_the_verdict(
    versions: tuple[Pair, Version, Version], capsys: pytest.CaptureFixture[str]
) -> None:
    pair, old, new = versions
    capsys.readouterr()
    code = new.conduitc("breaking", "--against", str(old.out), "--format", "json")
    report = json.loads(capsys.readouterr().out)
    assert report["order"] == pair.verdict, json.dumps(report, indent=1)
    assert code == (0 if pair.verdict == EITHER else 1)


@named
def test_workers_first(
    versions: tuple[Pair, Version, Version], database: Callable[[Pair], Any]
) -> None:
    pair, old, new = versions
    with database(pair) as dsn:
        prepare(dsn, pair)
        old.enqueue(dsn, pair.old_row)
        if "schema" not in pair.new_settings:  # tables in another schema are another queue
            assert bool(new.stranded(dsn)) == (pair.verdict not in (EITHER, WORKERS))
        left = new.work(dsn)
        if pair.verdict in (EITHER, WORKERS):
            assert not left
            if pair.seen is not None:
                assert pair.seen in new.services.calls
            old.enqueue(dsn, pair.old_row)
            assert not new.work(dsn)
            new.enqueue(dsn, pair.new_row)
            assert not new.work(dsn)
        else:
            assert left
            assert {job["status"] for job in left} == {"pending"}


@named
def test_web_first(
    versions: tuple[Pair, Version, Version], database: Callable[[Pair], Any]
) -> None:
    pair, old, new = versions
    with database(pair) as dsn:
        prepare(dsn, pair)
        old.enqueue(dsn, pair.old_row)
        new.enqueue(dsn, pair.new_row)
        left = old.work(dsn)
        if pair.verdict in (EITHER, WEB):
            assert not left
        else:
            assert left
            assert {job["status"] for job in left} == {"pending"}
        new.enqueue(dsn, pair.new_row)
        if pair.verdict not in (DRAIN, NEVER):
            assert not new.work(dsn)


@named
def test_drain_first(
    versions: tuple[Pair, Version, Version], database: Callable[[Pair], Any]
) -> None:
    pair, old, new = versions
    with database(pair) as dsn:
        prepare(dsn, pair)
        old.enqueue(dsn, pair.old_row)
        assert not old.work(dsn)
        new.enqueue(dsn, pair.new_row)
        assert not new.work(dsn)
