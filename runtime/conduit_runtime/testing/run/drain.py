"""Runs the jobs of a test: the due ones, and those that become due until a goal."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from ...schedules import scheduling
from ...statements.claims import next_due
from ...statements.many.expiry import KeptJobs, expire
from ..stored import Pending, pending
from .clock import Clock, wait_of
from .database_interface import Database
from .one_by_one import OneByOne
from .ran import Run
from .until import MOST_WAITS, Goal


class Drain:
    """One run. It serves the `queues`; if they are None, all queues in which jobs wait.

    `is_transaction` says whether the whole run is part of one transaction.

    `unhandled` are the due jobs that the run left, because they have no handler. `unmet` says why
    the run ended before its goal; it is None otherwise.
    """

    unmet: str | None = None

    def __init__(
        self,
        worker: OneByOne,
        database: Database,
        clock: Clock,
        queues: Sequence[str] | None,
        *,
        is_transaction: bool,
    ) -> None:
        self.unhandled: list[Pending] = []
        self._worker = worker
        self._database = database
        self._clock = clock
        self._queues = queues
        self._is_transaction = is_transaction
        self._schedule_due: float | None = None
        self._kept = KeptJobs()

    async def run(self, goal: Goal, *, stops_at_failure: bool) -> list[Run]:
        """Run until nothing is due, or until the goal; return the attempts."""
        try:
            return await self._run(goal, stops_at_failure)
        finally:
            await self._worker.close()

    async def _run(self, goal: Goal, stops_at_failure: bool) -> list[Run]:
        ran: list[Run] = []
        left = await self._clock.time_to(goal.moment, self._database)
        waits = 0
        while True:
            await self._look()
            while runs := await self._worker.run_next():
                ran += runs
                is_met = goal.is_met is not None and any(map(goal.is_met, runs))
                if is_met or (stops_at_failure and any(run.is_failure for run in runs)):
                    return ran
            if await self._worker.advance_flows() or await self._has_new_queues():
                continue
            if not goal.moves_time or left == timedelta(0):
                return ran
            wait = await self._wait()
            if left is not None:
                wait = left if wait is None else min(wait, left)
                left -= wait
            elif wait is None or waits == MOST_WAITS:
                self.unmet = await self._why_unmet(goal, ran)
                return ran
            waits += 1
            await self._clock.advance(wait, self._database)

    async def _look(self) -> None:
        """Enqueue the jobs of due schedules, and read what claims need to know."""
        await self._clock.run_steps(scheduling.enqueue_due(), self._database)
        if self._is_transaction:
            await self._clock.catch_up(self._database)
        while await self._database.run_steps(expire(Counter(), self._kept)):
            pass
        queues = self._queues
        if queues is None:
            queues = [*dict.fromkeys(each.queue for each in await self._pending())]
        self._schedule_due = await self._worker.register(queues)

    async def _pending(self) -> list[Pending]:
        found = await self._database.run(pending())
        known = self._worker.registry
        self.unhandled = [each for each in found if each.is_due and each.type not in known]
        return found

    async def _has_new_queues(self) -> bool:
        """Return whether jobs wait in queues that are not served yet."""
        found = {each.queue for each in await self._pending()}
        return self._queues is None and not found <= self._worker.queues.keys()

    async def _wait(self) -> timedelta | None:
        """The time until a job or a schedule is due; None if there is none."""
        worker = self._worker
        due = await self._database.run(next_due([*worker.queues], worker.lanes))
        times = [each for each in (due, self._schedule_due) if each is not None]
        return wait_of(min(times)) if times else None

    async def _why_unmet(self, goal: Goal, ran: Sequence[Run]) -> str:
        waiting = [f"\n  {each.jobs} × {each.type}" for each in await self._pending()]
        runs = [f"\n  {run}" for run in ran[-20:]]
        return (
            f"run(until=…) ended before {goal.text}, since nothing is left to wait for\n"
            f"ran:{''.join(runs) or ' nothing'}\nwaits:{''.join(waiting) or ' nothing'}"
        )
