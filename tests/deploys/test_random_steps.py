"""Jobs that were stopped in random blocks never go on in a wrong place after random edits.

`STEP_SEEDS=1000:1500` takes these seeds in place of the 200 of each run; two of five sleep and
wait.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from clean_databases import CleanDatabases
from conduit_runtime import Queue, Retry, WorkerPool
from conduit_runtime.testing import Jobs
from deployed_versions import TABLES, Version, two_versions
from random_steps import Statements, edited, effects, random_block, source

pytestmark = pytest.mark.slow

SEEDS = range(*map(int, os.environ.get("STEP_SEEDS", "0:200").split(":")))
WITH_PAUSES = SEEDS[len(SEEDS) * 3 // 5 :]
"""The seeds of blocks that sleep and wait."""
STOPS = 3
HOUR = timedelta(hours=1)


class Calls:
    """Every service: it keeps the first arguments of its calls, and fails after some."""

    def __init__(self, most: int | None = None) -> None:
        self.made: list[int] = []
        self._most = most

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        methods = ("send", "charge", "take", "put")
        return SimpleNamespace(**dict.fromkeys(methods, self._call), fail=self._fail)

    def _fail(self, number: int, value: object) -> None:
        self._call(number, value)
        raise ValueError("the service refuses")

    def _call(self, number: int, value: object) -> dict[str, object]:
        if len(self.made) == self._most:
            raise Retry(HOUR)  # no `rescue` takes it
        assert value is not None
        self.made.append(number)
        return {"url": f"https://example.com/{number}", "number": number}


@pytest.fixture
def versions(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Random, Statements, Statements, Version, Version]]:
    """A random block, the block after edits, and their packages."""
    random = Random(request.param)
    before = random_block(random, pauses=request.param in WITH_PAUSES)
    after = edited(before, random)
    with two_versions(tmp_path, source(before), source(after), TABLES) as (old, new):
        yield random, before, after, old, new


@pytest.mark.parametrize("versions", SEEDS, indirect=True)
def test_no_effect_is_made_in_a_wrong_place(
    versions: tuple[Random, Statements, Statements, Version, Version],
    clean_databases: CleanDatabases,
    capsys: pytest.CaptureFixture[str],
) -> None:
    random, before, after, old, new = versions
    said = outcomes_by_breaking(old, new, capsys)
    with clean_databases.lend() as dsn, Queue(dsn) as queue:
        undisturbed, wanted = (run_all(version, queue) for version in (old, new))
        stops = range(1, len(undisturbed))
        for done in sorted(random.sample(stops, min(STOPS, len(stops)))):
            stopped = Calls(done)
            old.enqueue(dsn, {})
            attempt(old, queue, stopped)
            step = last_step(dsn)
            stranded = new.stranded(dsn)
            rest = Calls()
            outcome = attempt(new, queue, rest)
            about = f"behind {step}, {done} effects:\n{source(before)}\n{source(after)}"
            assert stranded == (outcome == "wait"), about
            assert said.get(step, "go on") in (outcome, "may wait"), about
            if outcome == "wait":
                assert not rest.made, about
                assert attempt(old, queue, rest) == "go on", about
                assert stopped.made + rest.made == undisturbed, about
                continue
            made = Counter(stopped.made + rest.made)
            # The turns that have ended were those of the old code.
            for each in numbers(before, in_loops=True) & numbers(after, in_loops=True):
                assert made[each] <= max(wanted.count(each), undisturbed.count(each)), about
            for each in numbers(after, in_loops=False) - numbers(before, in_loops=True):
                assert made[each] == wanted.count(each), about


def numbers(block: Statements, *, in_loops: bool) -> set[int]:
    """The numbers of the effects that are in loops, or of the others."""
    return {each.number for each in effects(block, in_loops=in_loops)}


def outcomes_by_breaking(
    old: Version, new: Version, capsys: pytest.CaptureFixture[str]
) -> dict[str, str]:
    """What `conduitc breaking` says of jobs that were stopped behind each step."""
    capsys.readouterr()
    new.conduitc("breaking", "--against", str(old.out), "--format", "json")
    report = json.loads(capsys.readouterr().out)
    found: dict[str, str] = {}
    for finding in report["findings"]:
        if finding["code"] in ("BRK126", "BRK127"):
            for part in finding["hint"].split(", those "):
                how = next(each for each in ("may wait", "wait", "go on") if each in part)
                for name in re.findall(r"`([^`]+)`", part):
                    if how != "go on" and found.get(name) != "wait":
                        found[name] = how
    return found


def run_all(version: Version, queue: Queue) -> list[int]:
    """The calls of a job that nothing stops."""
    version.enqueue(queue.dsn, {})
    calls = Calls()
    assert attempt(version, queue, calls) == "go on"
    return calls.made


def attempt(version: Version, queue: Queue, calls: Calls) -> str:
    """Run the due job to its end or a failure; returns whether it goes on or waits for code."""
    pool = WorkerPool(queue, jobs=version.package.JOBS, services=calls)
    jobs = Jobs(queue.dsn)
    outcomes = ["snoozed"]
    while outcomes == ["snoozed"]:
        outcomes = [each.outcome for each in jobs.run(pool=pool, raises=False)]
        jobs.advance(HOUR)
    assert outcomes in (["completed"], ["retried"], ["unreadable"])
    return "wait" if outcomes == ["unreadable"] else "go on"


def last_step(dsn: str) -> str:
    """The name of the step whose record was stored last."""
    with psycopg.connect(dsn) as conn:
        query = "SELECT name FROM conduit_steps ORDER BY ended_at DESC LIMIT 1"
        found = conn.execute(query).fetchone()
    return "" if found is None else str(found[0])
