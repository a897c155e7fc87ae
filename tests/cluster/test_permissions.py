"""The permissions of the documentation suffice for gateways and workers, and give no more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiormq
import pytest
from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused
from conduit_runtime.broker import topology
from rabbitmq import GATEWAY as GATEWAY_MAY
from rabbitmq import WORKER as WORKER_MAY
from shared_broker import Vhost

DATABASE, GATEWAY, WORKER = "0123456789abcdef", "gateway-1", "worker-1"
JOBS = topology.job_queue("letters", "normal")
OUTCOMES = topology.outcome_queue(DATABASE)


@asynccontextmanager
async def _channel(broker: Vhost, user: str) -> AsyncIterator[AbstractChannel]:
    connection = await aiormq.connect(broker.url(user))
    try:
        yield await connection.channel()
    finally:
        await connection.close()


async def _declare(gateway: AbstractChannel, worker: AbstractChannel) -> None:
    """Declare what a gateway declares, then what a worker declares."""
    await topology.declare_exchanges(gateway)
    await topology.declare_job_queues(gateway, ["letters"])
    await topology.declare_gateway(gateway, DATABASE, GATEWAY)
    await topology.declare_worker(worker, WORKER)


def _with_both(
    broker: Vhost, use: Callable[[AbstractChannel, AbstractChannel], Awaitable[None]]
) -> None:
    """Declare everything, then call the function with channels of a gateway and of a worker."""

    async def run() -> None:
        async with _channel(broker, "gateway") as gateway, _channel(broker, "worker") as worker:
            await _declare(gateway, worker)
            await use(gateway, worker)

    asyncio.run(run())


def test_they_are_those_of_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "scale-out" / "gateway.md").read_text()
    for user, allowed in (("gateway", GATEWAY_MAY), ("worker", WORKER_MAY)):
        patterns = (f"'{allowed[kind]}'" for kind in ("configure", "write", "read"))
        assert f"set_permissions -p jobs {user} {' '.join(patterns)}\n" in page


def test_messages_go_both_ways(broker: Vhost) -> None:
    async def use(gateway: AbstractChannel, worker: AbstractChannel) -> None:
        key = topology.outcome_key(DATABASE, GATEWAY)
        own = topology.outcome_queue(DATABASE, GATEWAY)
        for sender, exchange, routing_key, reader, queue in (
            (gateway, topology.JOBS, JOBS, worker, JOBS),
            (worker, topology.OUTCOMES, key, gateway, own),
            (worker, topology.REQUESTS, DATABASE, gateway, topology.request_queue(DATABASE)),
            (worker, topology.FLEET, "", gateway, topology.gateway_queue(GATEWAY)),
            (gateway, topology.CONTROL, WORKER, worker, topology.worker_queue(WORKER)),
            (gateway, topology.CONTROL, topology.ALL, worker, topology.worker_queue(WORKER)),
        ):
            await sender.basic_publish(b"it", exchange=exchange, routing_key=routing_key)
            got = await reader.basic_get(queue, no_ack=True)
            assert got.body == b"it", queue

    _with_both(broker, use)


REFUSED = {
    "publish jobs": lambda channel: channel.basic_publish(
        b"{}", exchange=topology.JOBS, routing_key=JOBS
    ),
    "publish past the exchanges": lambda channel: channel.basic_publish(
        b"{}", exchange="", routing_key=JOBS
    ),
    "return jobs": lambda channel: channel.basic_publish(
        b"{}", exchange=topology.RETURNED, routing_key=JOBS
    ),
    "command workers": lambda channel: channel.basic_publish(
        b"{}", exchange=topology.CONTROL, routing_key=topology.ALL
    ),
    "read outcomes": lambda channel: channel.basic_get(OUTCOMES),
    "read requests": lambda channel: channel.basic_get(topology.request_queue(DATABASE)),
    "bind a queue to the outcomes": lambda channel: channel.queue_bind(
        topology.worker_queue(WORKER), topology.OUTCOMES, "#"
    ),
    "bind a queue to the jobs": lambda channel: channel.queue_bind(
        topology.worker_queue(WORKER), topology.JOBS, JOBS
    ),
    "bind a queue to the requests": lambda channel: channel.queue_bind(
        topology.worker_queue(WORKER), topology.REQUESTS, topology.to_all(DATABASE)
    ),
    "declare a queue of jobs": lambda channel: channel.queue_declare(
        topology.job_queue("other", "normal"), durable=True
    ),
    "delete a queue of jobs": lambda channel: channel.queue_delete(JOBS),
    "delete an exchange": lambda channel: channel.exchange_delete(topology.OUTCOMES),
    "use names of other applications": lambda channel: channel.queue_declare("other"),
}


@pytest.mark.parametrize("deed", REFUSED)
def test_a_worker_cannot(broker: Vhost, deed: str) -> None:
    async def use(gateway: AbstractChannel, worker: AbstractChannel) -> None:
        with pytest.raises(ChannelAccessRefused):
            await REFUSED[deed](worker)

    _with_both(broker, use)


def test_a_gateway_cannot_use_names_of_other_applications(broker: Vhost) -> None:
    async def use(gateway: AbstractChannel, worker: AbstractChannel) -> None:
        with pytest.raises(ChannelAccessRefused):
            await gateway.queue_declare("other")

    _with_both(broker, use)
