"""A worker whose jobs run elsewhere: it claims, publishes, and writes what comes back."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from aiormq.abc import AbstractChannel

from ...model.attempts.failed_job import FailedJob
from ...model.lanes import Lane
from ...model.text.logs import get_logger
from ...services.protocols import Prepared
from ...statements.outcomes import Attempt, Written
from ...statements.worker_registry import Rescued, reclaim
from ...worker.every import every
from ...worker.interfaces import AttemptRunner, OutcomeSink
from ...worker.pool_settings import PoolSettings
from ...worker.run.failures import OnFailed
from ...worker.worker import Worker
from ..messages import Claim, Failed, encode
from ..topology import (
    DECLARED,
    declare_exchanges,
    declare_gateway,
    declare_job_queues,
    gateway_queue,
    outcome_queue,
    request_queue,
)
from .fleet import Fleet
from .gauges import GLANCE, Gauges
from .leases import STEP, Leases
from .link import Link, is_of_broker
from .outcomes import OutcomeConsumer
from .pace import Pace
from .publisher import Publisher
from .requests import Requests

_log = get_logger("conduit.gateway")

ARRIVAL = 2.0
"""Seconds for which a gateway that starts waits until workers can reach it."""
CLOSING = 5.0
"""Seconds that sending the last messages to workers may take."""


class GatewayWorker(Worker):
    """Composes the parts of a gateway."""

    STARTED = "gateway %s publishes the jobs of %s"

    def __init__(
        self,
        pool: PoolSettings,
        services: Prepared,
        dsn: str,
        schema: str,
        database: str,
        fleet: Fleet,
        new_link: Callable[..., Link],
        *,
        is_draining: bool,
    ) -> None:
        self._database_id = database
        self._gateway = secrets.token_hex(8)
        self._fleet = fleet
        self._pace = Pace()
        self._linked = asyncio.Event()
        self._has_workers = False
        self._link = new_link(self._opened, self._on_link)
        super().__init__(
            *(pool, services, dsn, schema, self._new_publisher),
            is_draining=is_draining,
            registry=fleet,
            failure_hook=self._failure_hook,
        )
        in_flight = self._publisher.in_flight
        self._leases = Leases(
            self, self._reclaim, in_flight, self._link, lambda: self._consumer.is_behind
        )
        self._consumer = OutcomeConsumer(
            *(self.acknowledger, in_flight, fleet, self._link, self._pace),
            doubt=self._leases.on_redelivered,
        )
        self._requests = Requests(self, fleet, self._leases, self._link, self._on_fleet)
        self._publisher.on_stop = self._consumer.stop

    def _new_publisher(
        self, worker: Worker, sink: OutcomeSink, poll: Callable[[], bool]
    ) -> AttemptRunner:
        self._publisher = Publisher(
            worker, sink, self._fleet, self._link, self._pace, self._database_id, self._gateway
        )
        return self._publisher

    @property
    def version(self) -> str:
        """What operators see: a gateway, whose jobs run elsewhere."""
        return "gateway"

    def lanes(self) -> list[Lane]:
        """Without the types whose limits a worker has told, until these have been applied."""
        unlimited = self._fleet.limits().keys() - self.heartbeat.limited
        return [lane for lane in super().lanes() if lane[0] not in unlimited]

    async def start(self) -> None:
        """Register, and connect to the broker, now or once it is there."""
        await super().start()
        self._linking = self._spawn(self._link.run(), "broker")
        self._leasing = self._spawn(every(STEP, self._check), "leases")
        in_flight = self._publisher.in_flight
        gauges = Gauges(
            *(self.queues, self._link, in_flight, self._fleet, self._pace),
            on_room=self.on_capacity,
        )
        self._looking = self._spawn(every(GLANCE, gauges.step), "gauges")
        self._declaring = self._spawn(every(DECLARED, self._declare_again), "declarations")
        with suppress(TimeoutError):
            async with asyncio.timeout(ARRIVAL):
                await self._linked.wait()

    async def stop(self, grace: float) -> None:
        """Claim no more, let published jobs come back for `grace` seconds, release the rest."""
        await super().stop(grace)
        self._leasing.cancel()
        self._looking.cancel()
        self._declaring.cancel()
        await self._link.finish(CLOSING)
        self._linking.cancel()
        with suppress(asyncio.CancelledError):
            await self._linking

    async def _check(self) -> None:
        if self._fleet.forget_silent(time.monotonic()):
            self._on_fleet()
        await self._leases.step()

    async def _opened(self, channel: AbstractChannel) -> None:
        """Declare and consume everything anew, on a new connection."""
        database, gateway = self._database_id, self._gateway
        await self._declare(channel)
        queues = (outcome_queue(database), outcome_queue(database, gateway))
        await self._consumer.consume(channel, queues)
        await self._requests.consume(channel, request_queue(database), gateway_queue(gateway))

    async def _declare(self, channel: AbstractChannel) -> None:
        await declare_exchanges(channel)
        await declare_job_queues(channel, self.queues)
        await declare_gateway(channel, self._database_id, self._gateway)

    async def _declare_again(self) -> None:
        """Declare what someone may have deleted; if a queue that is consumed is, the link ends."""
        if (channel := self._link.gauges) is not None:
            try:
                await self._declare(channel)
            except BaseException as error:  # the link also sees that the broker is lost
                if not is_of_broker(error):
                    raise

    def _on_link(self) -> None:
        """The broker came or went."""
        if self._link.jobs is None:
            self._linked.clear()
        else:
            self._linked.set()
        self.on_capacity()

    def _on_fleet(self) -> None:
        """The workers behind the gateway changed."""
        if (has_workers := self._fleet.slots > 0) != self._has_workers:
            self._has_workers = has_workers
            if has_workers:
                _log.info("a worker is connected: the gateway publishes jobs")
            else:
                _log.warning("no worker is connected any more: the gateway publishes no jobs")
        self.heartbeat.describe_again()
        self.heartbeat.wake()
        self.on_capacity()

    def on_written(self, attempts: Sequence[Attempt], written: Written) -> None:
        super().on_written(attempts, written)
        self._consumer.on_written(attempts)

    def _failure_hook(self) -> OnFailed | None:
        """The function that tells a worker of a failed job; None while no worker reports them."""
        return self._send_failed if self._fleet.reporter(None) is not None else None

    async def _send_failed(self, job: FailedJob) -> None:
        worker = self._fleet.reporter(self._consumer.ran_by.pop(job.id, None))
        if worker is not None:
            self._link.send(worker, encode(Failed(job)))

    async def _reclaim(self, claims: Sequence[Claim]) -> Sequence[Rescued]:
        """Reclaim jobs whose worker died; returns those that were still held."""
        statement = reclaim(claims)
        rescued = await self._database.run_with("SET CONSTRAINTS ALL IMMEDIATE", statement)
        self.count_failed([job for job in rescued if job.status == "failed"])
        return rescued
