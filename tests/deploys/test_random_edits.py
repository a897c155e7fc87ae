"""The verdict of `conduitc breaking` on random edits matches the outcome of deploying them."""

import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from clean_databases import CleanDatabases
from deployed_versions import Version, importable
from edits import edited
from payloads import payload
from psycopg.rows import dict_row

from conduit_async.breaking.finding import LOSING, order_of

pytestmark = pytest.mark.slow

Sources = dict[str, str]
EXAMPLES = Path(__file__).parents[2] / "examples"
SEEDS = 200
IGNORED = {*LOSING, "BRK126", "BRK127"}
"""Findings about lost calls, and about jobs in the middle of a block: no job has begun here."""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Sources, Path]]:
    """The sources of an example and its package, which is generated once."""

    @cache
    def generated(name: str) -> tuple[Sources, Path]:
        folder = EXAMPLES / name / "resources"
        sources = {path.name: path.read_text() for path in folder.glob("*.conduit")}
        version = Version(tmp_path_factory.mktemp(name), "old_jobs", sources)
        version.generate()
        return sources, version.out

    return generated


@pytest.fixture
def versions(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    example: Callable[[str], tuple[Sources, Path]],
) -> Iterator[tuple[Version, Version]]:
    """An example, and its versions after random edits that compile."""
    random = Random(request.param)
    sources, package = example(random.choice(["blog", "shop"]))
    with importable(tmp_path, "old_jobs", "new_jobs"):
        old = Version(tmp_path, "old_jobs", sources)
        shutil.copytree(package, old.out)
        new = Version(tmp_path, "new_jobs", sources)
        new.follow(old)
        generate_changed(new, sources, random)
        yield old, new


def generate_changed(new: Version, sources: Sources, random: Random) -> None:
    """Generate from the sources after random edits that give no error."""
    while True:
        name = random.choice([each for each in sorted(sources) if "@async" in sources[each]])
        changed = {**sources, name: edited(sources[name], random)}
        if changed != sources:
            new.write(changed)
            if new.conduitc("gen") == 0:
                return


@pytest.mark.parametrize("versions", range(SEEDS), indirect=True)
def test_the_verdict_is_what_happens(
    versions: tuple[Version, Version],
    clean_databases: CleanDatabases,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, new = versions
    capsys.readouterr()
    new.conduitc("breaking", "--against", str(old.out), "--format", "json")
    report = json.loads(capsys.readouterr().out)
    with clean_databases.lend() as dsn:
        enqueue_all(old, dsn)
        stranded = new.stranded(dsn)
        workers_first = unread(new, dsn)
    with clean_databases.lend() as dsn:
        enqueue_all(old, dsn)
        enqueue_all(new, dsn, but=enqueued_by_jobs(new))
        web_first = unread(old, dsn)
    allowed = {"either": (False, False), "workers-first": (False, True), "web-first": (True, False)}
    findings = [each for each in report["findings"] if each["code"] not in IGNORED]
    order = order_of([each["verdict"] for each in findings])
    expected = allowed.get(order, (True, True))
    happened = bool(workers_first), bool(web_first)
    assert bool(stranded) == bool(workers_first)
    assert happened == expected, f"{json.dumps(report, indent=1)}\n{workers_first}\n{web_first}"


def enqueued_by_jobs(version: Version) -> set[tuple[str, str]]:
    """The handlers, by module and name, of jobs that only other jobs enqueue."""
    return {
        (f"{version.name}.{path.stem}", name)
        for path in version.out.glob("*.py")
        for name in re.findall(r"job\.enqueue\(\s*(\w+)", path.read_text())
    }


def enqueue_all(version: Version, dsn: str, but: Collection[tuple[str, str]] = ()) -> None:
    """Enqueue jobs of every type of a version, except for some handlers."""
    with psycopg.connect(dsn) as conn:
        for job_type in version.package.JOBS:
            if (job_type.__module__, job_type.__name__) in but:
                continue
            for nil in (True, False):
                job_type.enqueue(conn, payload(job_type.payload, nil=nil))


def unread(version: Version, dsn: str) -> list[dict[str, Any]]:
    """The jobs without any attempt, once the worker of a version has nothing left to do."""
    version.work(dsn)
    with psycopg.connect(dsn, row_factory=dict_row) as conn:
        query = "SELECT type, queue, fingerprint, error FROM jobs WHERE status = 'pending'"
        return conn.execute(f"{query} AND attempts = 0").fetchall()  # type: ignore[arg-type]
