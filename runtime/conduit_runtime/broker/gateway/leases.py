"""Checks which published jobs a live worker holds, and which the database says are held."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

import psycopg

from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...statements.worker_registry import Rescued
from ...worker.worker import Worker
from ..messages import Claim
from .in_flight import InFlight
from .link import Link

_log = get_logger("conduit.gateway")

STEP = 1.0
"""Seconds between two checks."""

Reclaim = Callable[[Sequence[Claim]], Awaitable[Sequence[Rescued]]]
"""Reclaims the jobs that are still held, and returns them."""


class Leases:
    """Reclaims the jobs of workers that died, and tells workers which jobs are no longer held.

    `_clock` counts the seconds in which workers can reach this gateway and it keeps up with their
    messages. A job that may wait in a worker for a batch may be silent for longer by that wait.
    """

    def __init__(
        self,
        worker: Worker,
        reclaim: Reclaim,
        in_flight: InFlight,
        link: Link,
        is_behind: Callable[[], bool],
    ) -> None:
        self._worker = worker
        self._timing = worker.timing
        self._reclaim_claims = reclaim
        self._in_flight = in_flight
        self._link = link
        self._is_behind = is_behind
        self._clock = 0.0
        self._heard: dict[int, tuple[Claim, float]] = {}
        self._begun: set[Claim] = set()
        self._doubted: dict[Claim, float] = {}
        self._backoff = Backoff(_log, "the claims of this gateway cannot be checked")

    def on_holding(self, claims: Iterable[Claim]) -> None:
        """Note that a worker holds these jobs; other gateways may have published them."""
        for claim in claims:
            if not self._in_flight.holds(*claim):
                continue
            self._heard[claim[0].int] = (claim, self._clock)
            self._begun.add(claim)
            self._doubted.pop(claim, None)

    def on_redelivered(self, claims: Sequence[Claim]) -> None:
        """Note that the broker delivered these twice: the worker that had them may be dead."""
        for id_, token in claims:
            if self._in_flight.holds(id_, token):
                self._doubted.setdefault((id_, token), self._clock + self._timing.doubt)

    async def step(self) -> None:
        """Check once; a second has passed."""
        heartbeat_age = self._worker.heartbeat_age
        if self._link.jobs is None or heartbeat_age is None or heartbeat_age > self._timing.doubt:
            return
        if self._is_behind():
            return
        self._clock += STEP
        try:
            await self._tell_lost()
            self._in_flight.strand(
                {number for number, _ in self._silent_for(self._timing.forgotten)}
            )
            await self._reclaim()
        except psycopg.Error as error:
            self._backoff.next_delay(error)
        else:
            self._backoff.reset()

    async def _tell_lost(self) -> None:
        """Tell workers which jobs were cancelled, rescued or retried by hand."""
        held = self._in_flight.jobs
        self._begun = {claim for claim in self._begun if self._in_flight.holds(*claim)}
        before, self._heard = self._heard, {}
        old = []
        for number, job in held.items():
            heard = before.get(number)
            if heard is not None and heard[0][1].int == job.token.int:
                old.append(job)
            else:
                heard = ((job.id, job.token), self._clock)
            self._heard[number] = heard
        if not old:
            return
        stored = await self._worker.acknowledger.held_jobs(self._worker.name)
        lost = [
            (job.id, job.token)
            for job in old
            if (job.id, job.token) not in stored and held.get(job.id.int) is job
        ]
        for claim in lost:
            ended = self._in_flight.came_back(*claim)
            if ended is not None and claim in self._begun:
                self._worker.recorder.counters(ended.queue, ended.type).cancelled += 1
        self._link.send_stop(lost)

    def _silent_for(self, seconds: float) -> list[tuple[int, Claim]]:
        """The jobs that no worker has said it holds for so long, with the numbers of their ids."""
        batched = self._worker.registry.batched
        silent = []
        for number, (claim, heard) in self._heard.items():
            silence = self._clock - heard
            if silence < seconds or not self._in_flight.holds(*claim):
                continue
            batching = batched.get(self._in_flight.jobs[number].type)
            if batching is None or silence >= seconds + batching.wait:
                silent.append((number, claim))
        return silent

    async def _reclaim(self) -> None:
        """Reclaim the jobs that no live worker holds."""
        dead = [claim for claim, until in self._doubted.items() if self._clock >= until]
        dead = [claim for claim in dead if self._in_flight.holds(*claim)]
        dead += [claim for _, claim in self._silent_for(self._timing.unheard)]
        self._doubted = {
            claim: until for claim, until in self._doubted.items() if self._in_flight.holds(*claim)
        }
        if not dead:
            return
        ids = {job.id for job in await self._reclaim_claims(dead)}
        reclaimed = [claim for claim in dead if claim[0] in ids]
        for id_, token in reclaimed:
            self._in_flight.came_back(id_, token)
        self._link.send_stop(reclaimed)
