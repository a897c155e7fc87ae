"""The names of exchanges and queues at the broker, and how they are declared."""

from collections.abc import Iterable
from typing import Any

from aiormq.abc import AbstractChannel

from ..model.job import JobPriority

JOBS = "conduit.jobs"
"""Exchange: claimed jobs, by `job_queue`."""
OUTCOMES = "conduit.outcomes"
"""Exchange: outcomes, by `outcome_key`: to the gateway that published the job, if it lives."""
ANY_OUTCOMES = "conduit.outcomes.any"
"""Exchange: outcomes that wait for any gateway of their database, by `outcome_key`."""
RETURNED = "conduit.returned"
"""Exchange: messages of jobs that expired or were delivered too often, by the header `gateway`."""
ANY_RETURNED = "conduit.returned.any"
"""Exchange: returned messages whose gateway is gone, by the header `database`."""
REQUESTS = "conduit.requests"
"""Exchange: requests to any gateway of a database, by `to_one` to this one, by `to_all` to each."""
FLEET = "conduit.fleet"
"""Exchange: what workers say of themselves, to every gateway."""
CONTROL = "conduit.control"
"""Exchange: what gateways tell a worker, by its id, or all of them, by `ALL`."""
ALL = "all"

GATEWAY = "gateway"
DATABASE = "database"
"""Headers of messages of jobs: which gateway published them, and for which database."""
RETURNED_JOBS = "jobs"
"""The property `type` of messages of jobs; outcomes have another."""

BANDS = ("high", "normal", "low")
"""The bands of priority, the most urgent first."""

WAITS = 5_000
"""Milliseconds that a message of jobs may wait for a worker."""
DELIVERIES = 20
"""How often a message of jobs is delivered before it is returned."""
TAKEN_OVER = 2_000
"""Milliseconds that outcomes wait for the gateway of their jobs, before any gateway takes them."""
UNANSWERED = 30_000
"""Milliseconds that a request may wait for a gateway."""
FORGOTTEN = 60_000
"""Milliseconds after which the queue of a gateway that is gone is deleted."""

DECLARED = 5.0
"""Seconds after which gateways and workers declare again what someone may have deleted."""


def band_of(priority: int) -> str:
    """The band of a job's priority."""
    if priority >= JobPriority.HIGH:
        return "high"
    return "normal" if priority >= JobPriority.NORMAL else "low"


def job_queue(queue: str, band: str) -> str:
    """The broker's queue for jobs of a queue and a band."""
    return f"{JOBS}.{queue}.{band}"


def outcome_key(database: str, gateway: str) -> str:
    """The routing key of outcomes of jobs that this gateway of a database published."""
    return f"{database}.{gateway}"


def outcome_queue(database: str, gateway: str | None = None) -> str:
    """The broker's queue for outcomes of a database's jobs: of one gateway, or of all."""
    return f"{OUTCOMES}.{database}" if gateway is None else f"{OUTCOMES}.{database}.{gateway}"


def request_queue(database: str) -> str:
    """The broker's queue for requests that one gateway of a database answers."""
    return f"{REQUESTS}.{database}"


def to_all(database: str) -> str:
    """The routing key of requests to each gateway of a database."""
    return f"{database}.{ALL}"


def to_one(database: str, gateway: str) -> str:
    """The routing key of requests to this gateway of a database."""
    return f"{database}.{gateway}"


def gateway_queue(gateway: str) -> str:
    """The broker's queue for requests to this gateway and to all, and for what workers run."""
    return f"conduit.gateway.{gateway}"


def worker_queue(worker: str) -> str:
    """The broker's queue for what gateways tell a worker."""
    return f"conduit.worker.{worker}"


_QUORUM = {"x-queue-type": "quorum", "x-overflow": "reject-publish"}
# Otherwise a message would be lost if a node died while it moves from one queue to the other.
_RETURNED = {**_QUORUM, "x-dead-letter-strategy": "at-least-once"}


async def declare_exchanges(channel: AbstractChannel) -> None:
    """Declare all exchanges; raises what aiormq raises, as the others here do."""
    for exchange, kind, others in (
        (ANY_OUTCOMES, "topic", None),
        (ANY_RETURNED, "headers", None),
        (OUTCOMES, "topic", ANY_OUTCOMES),
        (RETURNED, "headers", ANY_RETURNED),
        (JOBS, "direct", None),
        (REQUESTS, "direct", None),
        (FLEET, "fanout", None),
        (CONTROL, "direct", None),
    ):
        arguments: dict[str, Any] = {} if others is None else {"alternate-exchange": others}
        await channel.exchange_declare(
            exchange, exchange_type=kind, durable=True, arguments=arguments
        )


async def declare_job_queues(channel: AbstractChannel, queues: Iterable[str]) -> None:
    """Declare the broker's queues for jobs of these queues."""
    arguments = {
        **_RETURNED,
        "x-message-ttl": WAITS,
        "x-dead-letter-exchange": RETURNED,
        "x-delivery-limit": DELIVERIES,
    }
    for queue in queues:
        for band in BANDS:
            name = job_queue(queue, band)
            await _declare(channel, name, arguments, {JOBS: name})


async def declare_gateway(channel: AbstractChannel, database: str, gateway: str) -> None:
    """Declare the queues that a gateway consumes: its own, and those of its database."""
    await _declare(
        channel,
        outcome_queue(database),
        {**_QUORUM, "x-delivery-limit": -1},
        {ANY_OUTCOMES: f"{database}.*"},
    )
    await channel.queue_bind(
        outcome_queue(database), ANY_RETURNED, arguments={"x-match": "all", DATABASE: database}
    )
    own = outcome_queue(database, gateway)
    arguments = {
        **_RETURNED,
        "x-message-ttl": TAKEN_OVER,
        "x-dead-letter-exchange": ANY_OUTCOMES,
        "x-dead-letter-routing-key": outcome_key(database, gateway),
        "x-delivery-limit": -1,
        "x-expires": FORGOTTEN,
    }
    await _declare(channel, own, arguments, {OUTCOMES: outcome_key(database, gateway)})
    await channel.queue_bind(own, RETURNED, arguments={"x-match": "all", GATEWAY: gateway})
    requests = {**_QUORUM, "x-message-ttl": UNANSWERED}
    await _declare(channel, request_queue(database), requests, {REQUESTS: database})
    await channel.queue_declare(gateway_queue(gateway), exclusive=True, auto_delete=True)
    for key in (to_one(database, gateway), to_all(database)):
        await channel.queue_bind(gateway_queue(gateway), REQUESTS, key)
    await channel.queue_bind(gateway_queue(gateway), FLEET)


async def declare_worker(channel: AbstractChannel, worker: str) -> None:
    """Declare the queue for messages of gateways to a worker; the exchanges must exist."""
    await channel.queue_declare(worker_queue(worker), exclusive=True, auto_delete=True)
    for key in (worker, ALL):
        await channel.queue_bind(worker_queue(worker), CONTROL, key)


async def _declare(
    channel: AbstractChannel, queue: str, arguments: dict[str, Any], bindings: dict[str, str]
) -> None:
    await channel.queue_declare(queue, durable=True, arguments=arguments)
    for exchange, key in bindings.items():
        await channel.queue_bind(queue, exchange, key)
