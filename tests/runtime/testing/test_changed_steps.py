"""Jobs that were stopped behind a step, in the run of a test with other code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from conduit_runtime import JobContext, JobType, WorkerPool, job_type
from kit import Kit, enqueue

TYPE = "order.after_create.bill"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Bill:
    fails: list[int]


@dataclass(frozen=True, slots=True)
class ChargeKept:
    number: int | None


@dataclass(frozen=True, slots=True)
class OtherKept:
    number: int | None
    url: str | None


@pytest.fixture
def made() -> list[str]:
    """The effects of the jobs."""
    return []


@pytest.fixture
def handlers(made: list[str]) -> Mapping[str, JobType[Any, Bill]]:
    """Versions of a block; each stops behind a step in the attempts that fail."""

    def version(*steps: str, **kept: type) -> JobType[Any, Bill]:
        @job_type(TYPE, "0a", steps={name: kept.get(name) for name in steps[:-1]})
        async def run(job: JobContext[Any], payload: Bill) -> None:
            for name in steps[:-1]:
                if await job.begins(name):
                    made.append(name)
                    values = dict.fromkeys(getattr(kept.get(name), "__slots__", ()))
                    await job.ends(kept[name](**values) if values else None)
                    if job.attempt in payload.fails:
                        raise ValueError
                elif name in kept:
                    job.kept(kept[name])
            made.append(steps[-1])

        return run

    return {
        "old": version("charge", "mail", "sms", charge=ChargeKept),
        "appended": version("charge", "mail", "sms", "call", charge=ChargeKept),
        "in front": version("log", "charge", "mail", "sms", charge=ChargeKept),
        "removed": version("mail", "sms"),
        "only the last": version("sms"),
        "only the first": version("charge"),
        "more kept": version("charge", "mail", "sms", charge=OtherKept),
        "less kept": version("charge", "mail", "sms"),
    }


@pytest.fixture
def run(
    kit: Kit, handlers: Mapping[str, JobType[Any, Bill]]
) -> Callable[[str], list[tuple[str, int]]]:
    """Runs the jobs by a version; returns the outcomes of the attempts, and their numbers."""

    def run_by(version: str) -> list[tuple[str, int]]:
        pool = WorkerPool(kit.queue, jobs=[handlers[version]])
        ran = kit.jobs.run(pool=pool, raises=False)
        kit.jobs.advance(HOUR)
        return [(each.outcome, each.attempt) for each in ran]

    return run_by


@pytest.mark.parametrize("version", ["in front", "removed", "only the first", "more kept"])
def test_code_that_cannot_go_on_leaves_the_job_to_other_code(
    kit: Kit, run: Callable[[str], Any], made: list[str], version: str
) -> None:
    enqueue(kit, TYPE, payload={"fails": [1]}, fingerprint="0a")
    assert run("old") == [("retried", 1)]
    made.clear()
    assert run(version) == [("unreadable", 2)]
    assert run(version) == []
    assert made == []
    assert "charge" in kit.one("SELECT error FROM jobs")
    assert kit.one("SELECT attempts FROM jobs") == 1
    assert run("old") == [("completed", 2)]
    assert made == ["mail", "sms"]
    assert kit.one("SELECT count(*) FROM conduit_steps") == 0


@pytest.mark.parametrize("version", ["old", "appended", "less kept"])
def test_code_that_has_the_steps_goes_on(
    kit: Kit, run: Callable[[str], Any], made: list[str], version: str
) -> None:
    enqueue(kit, TYPE, payload={"fails": [1]}, fingerprint="0a")
    run("old")
    made.clear()
    assert run(version) == [("completed", 2)]
    assert made == ["mail", "sms", "call"][: 3 if version == "appended" else 2]
