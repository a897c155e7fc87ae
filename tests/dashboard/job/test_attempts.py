"""The attempts of a job."""

from datetime import UTC, datetime, timedelta

from conduit_dashboard.job.attempts import Attempt, attempts_of
from conduit_runtime.model.job import Job, JobStatus

AT = datetime(2026, 11, 27, 3, tzinfo=UTC)


def plain(text: str) -> str:
    return text


def test_failed_attempts_from_the_newest_on() -> None:
    entries = [
        {"at": "2026-11-27T04:00:02.5+01:00", "attempt": 1, "error": "no"},
        {
            "at": "2026-11-27T03:02:00+00:00",
            "started_at": "2026-11-27T03:01:58.5+00:00",
            "attempt": 2,
            "worker": "w",
            "error": "ValueError: no",
            "exception": "builtins.ValueError",
            "source": "a.conduit:3",
            "traceback": "Traceback",
        },
    ]
    second, first = attempts_of(Job(status=JobStatus.FAILED, errors=entries), str.upper)
    assert second == Attempt(
        2,
        "failed",
        "W",
        AT + timedelta(seconds=118.5),
        AT + timedelta(seconds=120),
        1.5,
        "VALUEERROR: NO",
        "A.CONDUIT:3",
        "TRACEBACK",
    )
    assert first == Attempt(1, "failed", ended_at=AT + timedelta(seconds=2.5), error="NO")


def test_entries_that_were_typed_by_hand() -> None:
    entries = ["broken", None, {"at": 7, "attempt": "x", "error": ["no"], "started_at": "infinity"}]
    entries.append({"at": "2026-11-27", "attempt": 1})
    found = [*attempts_of(Job(errors=entries), plain)]  # type: ignore[arg-type]
    assert [each.error for each in found] == [None, None, "None", "broken"]
    assert all(each.ended_at is None for each in found)


def test_an_attempt_that_runs_or_has_completed() -> None:
    done = Job(
        status=JobStatus.COMPLETED,
        attempts=1,
        started_at=AT,
        completed_at=AT + timedelta(seconds=2),
    )
    (only,) = attempts_of(done, plain)
    assert only == Attempt(1, "completed", None, AT, AT + timedelta(seconds=2), 2.0)
    held = {"status": JobStatus.RUNNING, "attempts": 1, "locked_by": "w"}
    started = Job(**held, locked_at=AT, started_at=AT)  # type: ignore[arg-type]
    assert [*attempts_of(started, plain)] == [Attempt(1, "running", "w", AT)]
    claimed = Job(**held, locked_at=AT + timedelta(hours=1), started_at=AT)  # type: ignore[arg-type]
    assert [*attempts_of(claimed, plain)] == [Attempt(2, "running", "w")]
    assert [*attempts_of(Job(), plain)] == []
