"""The names of exchanges and queues at the broker, and how they are declared."""

from ..model.job import JobPriority

JOBS = "conduit.jobs"
"""Exchange: claimed jobs, by `job_queue`."""
OUTCOMES = "conduit.outcomes"
"""Exchange: outcomes, by database."""
RETURNED = "conduit.returned"
"""Exchange: messages of jobs that expired or were delivered too often, by the header `database`."""
REQUESTS = "conduit.requests"
"""Exchange: requests to one gateway of a database, or by `to_all` to each."""
FLEET = "conduit.fleet"
"""Exchange: what workers say of themselves, to every gateway."""
CONTROL = "conduit.control"
"""Exchange: what gateways tell a worker, by its id, or all of them, by `ALL`."""
ALL = "all"

BANDS = ("high", "normal", "low")
"""The bands of priority, the first is run first."""

WAITS = 5_000
"""Milliseconds that a message of jobs may wait for a worker."""
DELIVERIES = 20
"""How often a message of jobs is delivered before it is returned."""


def band_of(priority: int) -> str:
    """The band of a job's priority."""
    if priority >= JobPriority.HIGH:
        return "high"
    return "normal" if priority >= JobPriority.NORMAL else "low"


def job_queue(queue: str, band: str) -> str:
    """The broker's queue for jobs of a queue and a band."""
    return f"{JOBS}.{queue}.{band}"


def outcome_queue(database: str) -> str:
    """The broker's queue for outcomes of a database's jobs."""
    return f"{OUTCOMES}.{database}"


def request_queue(database: str) -> str:
    """The broker's queue for requests that one gateway of a database answers."""
    return f"{REQUESTS}.{database}"


def to_all(database: str) -> str:
    """The routing key of requests to each gateway of a database."""
    return f"{database}.{ALL}"


def worker_queue(worker: str) -> str:
    """The broker's queue for what gateways tell a worker."""
    return f"conduit.worker.{worker}"
