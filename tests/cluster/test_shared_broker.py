"""The RabbitMQ of the tests: what the runtime needs of a broker, and a vhost for each test."""

import asyncio

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused
from rabbitmq import USERS
from shared_broker import SharedBroker, Vhost


async def _round_trip(url: str, queue_name: str) -> list[bytes]:
    """Send three confirmed messages into a new quorum queue, and return what comes out."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        queue = await channel.declare_queue(
            queue_name, durable=True, arguments={"x-queue-type": "quorum"}
        )
        for text in (b"one", b"two", b"three"):
            message = aio_pika.Message(text, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, queue_name)
        got = []
        async with queue.iterator(timeout=10) as messages:
            async for received in messages:
                await received.ack()
                got.append(received.body)
                if len(got) == 3:
                    break
        return got


def test_messages_go_through_a_quorum_queue(broker_url: str) -> None:
    assert asyncio.run(_round_trip(broker_url, "conduit.test")) == [b"one", b"two", b"three"]


@pytest.mark.parametrize("user", USERS)
def test_permissions_hold(broker: Vhost, user: str) -> None:
    async def declare(name: str) -> None:
        async with await aio_pika.connect(broker.url(user)) as connection:
            await (await connection.channel()).declare_queue(name, exclusive=True)

    asyncio.run(declare("conduit.worker.1"))
    if user == "admin":
        asyncio.run(declare("other"))
    else:
        with pytest.raises(ChannelAccessRefused):
            asyncio.run(declare("other"))


def test_processes_share_a_node_and_no_vhost(shared_broker: SharedBroker) -> None:
    with shared_broker.lend() as one, shared_broker.lend() as other:
        assert one.node.port == other.node.port
        assert one.name != other.name


def test_vhosts_do_not_run_out(shared_broker: SharedBroker) -> None:
    for _ in range(20):
        with shared_broker.lend() as vhost:
            url = vhost.url()
    assert asyncio.run(_round_trip(url, "conduit.test"))
