"""Moving time in a test: delays, retries, schedules, and runs with `until`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conduit_runtime import CronScheduler, Job, JobContext, Schedule, Snooze, WorkerPool
from conduit_runtime.testing import Run
from kit import Kit

HOUR = timedelta(hours=1)


@pytest.fixture
def pool(kit: Kit) -> WorkerPool:
    pool = WorkerPool(kit.queue, ["default"])
    pool.register("t", lambda context, payload: None)
    return pool


def enqueue(kit: Kit, type_: str = "t", **options: Any) -> Job:
    job = kit.queue.enqueue(Job(type=type_, **options), conn=kit.conn)
    kit.done()
    return job


def add(kit: Kit, schedule: Schedule) -> None:
    CronScheduler(kit.queue).add(schedule, conn=kit.conn)
    kit.done()


class TestAdvance:
    def test_what_was_due_later_is_due(self, kit: Kit, pool: WorkerPool) -> None:
        enqueue(kit, delay=HOUR)
        kit.jobs.advance(minutes=59)
        assert len(kit.jobs.run(pool=pool)) == 0
        kit.jobs.advance(timedelta(minutes=1))
        assert len(kit.jobs.run(pool=pool)) == 1

    def test_times_are_found_as_they_were_given(self, kit: Kit) -> None:
        moment = datetime.now(UTC) + 2 * HOUR
        enqueue(kit, run_at=moment)
        enqueue(kit, delay=3 * HOUR)
        kit.jobs.advance(hours=1)
        kit.jobs.assert_enqueued(run_at=moment)
        kit.jobs.assert_enqueued(delay=3 * HOUR)

    def test_a_key_lapses(self, kit: Kit) -> None:
        first = enqueue(kit, unique="k", unique_for=HOUR)
        assert enqueue(kit, unique="k", unique_for=HOUR).id == first.id
        kit.jobs.advance(hours=2)
        assert enqueue(kit, unique="k", unique_for=HOUR).id != first.id

    @pytest.mark.parametrize("per_key", [False, True])
    def test_a_rate_has_room_again(self, kit: Kit, pool: WorkerPool, per_key: bool) -> None:
        kit.queue.rate_limit("t", 1, HOUR, per_key=per_key, conn=kit.conn)
        for _ in range(2):
            enqueue(kit, key="k")
        assert len(kit.jobs.run(pool=pool)) == 1
        kit.jobs.advance(hours=2)
        assert len(kit.jobs.run(pool=pool)) == 1

    def test_a_job_that_has_not_started_in_time_is_cancelled(
        self, kit: Kit, pool: WorkerPool
    ) -> None:
        enqueue(kit, expires=HOUR)
        enqueue(kit, delay=HOUR, expires=2 * HOUR)
        kit.jobs.advance(hours=2)
        assert len(kit.jobs.run(pool=pool)) == 1
        [late] = kit.jobs.enqueued("t", status="cancelled")
        assert late.error == "expired: it had not started 3600 s after it was due"
        assert late.expires == HOUR

    def test_only_forward(self, kit: Kit) -> None:
        with pytest.raises(ValueError, match="forward in time, not by -1 day"):
            kit.jobs.advance(hours=-1)
        with pytest.raises(ValueError, match="not by 0:00:00"):
            kit.jobs.advance()
        with pytest.raises(TypeError, match=r"advance\(hours=1, minutes=30\)"):
            kit.jobs.advance(3600)  # type: ignore[arg-type]


class TestUntil:
    def test_a_job_type_ended_after_its_retries(self, kit: Kit, pool: WorkerPool) -> None:
        @pool.handler("flaky")
        async def flaky(context: JobContext, payload: Any) -> str:
            if context.attempt < 3:
                raise ConnectionError("down")
            return "up"

        enqueue(kit, delay=24 * HOUR)
        enqueue(kit, "flaky")
        ran = kit.jobs.run(pool=pool, until="flaky", raises=False)
        assert [run.outcome for run in ran] == ["retried", "retried", "completed"]
        assert ran[-1].result == "up"
        kit.jobs.assert_enqueued("t")

    def test_a_predicate(self, kit: Kit, pool: WorkerPool) -> None:
        @pool.handler("snoozes")
        async def snooze(context: JobContext, payload: Any) -> None:
            raise Snooze(HOUR)

        enqueue(kit, "snoozes")
        seen: list[Run] = []

        def third(run: Run) -> bool:
            seen.append(run)
            return len(seen) == 3

        assert len(kit.jobs.run(pool=pool, until=third)) == 3

    def test_a_moment(self, kit: Kit, pool: WorkerPool) -> None:
        pool.register("hourly", lambda context, payload: None)
        add(kit, Schedule.every(hours=1, queue="default", type="hourly"))
        enqueue(kit, delay=timedelta(minutes=150))
        ran = kit.jobs.run(pool=pool, until=timedelta(hours=3))
        assert [run.type for run in ran] == ["hourly", "hourly", "t", "hourly"]
        assert len(kit.jobs.run(pool=pool, until=datetime.now(UTC) + 4 * HOUR)) == 1
        assert len(kit.jobs.run(pool=pool, until=datetime.now(UTC))) == 0

    def test_one_that_cannot_come(self, kit: Kit, pool: WorkerPool) -> None:
        enqueue(kit)
        enqueue(kit, "unknown", delay=HOUR)
        with pytest.raises(AssertionError) as failed:
            kit.jobs.run(pool=pool, until="never")
        assert str(failed.value) == (
            "run(until=…) ended before a job of never ended, since nothing is left to wait for\n"
            "ran:\n  t completed\nwaits:\n  1 × unknown"
        )

    def test_one_that_never_comes_while_a_schedule_ticks(
        self, kit: Kit, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("conduit_runtime.testing.run.drain.MOST_WAITS", 3)
        add(kit, Schedule.every(hours=1, queue="default", type="t"))
        with pytest.raises(AssertionError, match=r"ended before a job of never ended"):
            kit.jobs.run(pool=pool, until="never")

    def test_what_it_takes(self, kit: Kit) -> None:
        with pytest.raises(TypeError, match="until is 7: use a job type, a moment"):
            kit.jobs.run(until=7)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="without a time zone"):
            kit.jobs.run(until=datetime(2026, 1, 1))


class TestSchedules:
    def test_of_a_pool(self, kit: Kit) -> None:
        schedule = Schedule.every(hours=1, queue="default", type="t")
        pool = WorkerPool(kit.queue, schedules=[schedule])
        pool.register("t", lambda context, payload: None)
        assert len(kit.jobs.run(pool=pool, until=timedelta(hours=2))) == 2

    def test_of_the_calendar_keep_to_it(self, kit: Kit, pool: WorkerPool) -> None:
        """A nightly job runs once a day, however far a test moves time."""
        add(kit, Schedule.cron("0 3 * * *", queue="default", type="t"))
        for _ in range(5):
            kit.jobs.run(pool=pool, until=timedelta(hours=17))
        assert len(kit.jobs.enqueued("t", status="completed")) in (3, 4)
        hours = {
            job.run_at.hour for job in kit.jobs.enqueued("t", status="completed") if job.run_at
        }
        assert hours <= {2, 3}  # the kit rounds the wait by which it moves time
