"""Flows as they are stored, and pools whose jobs note that they ran."""

import psycopg
from conduit_runtime import Discard, Flow, Job, JobContext, Queue
from pools import NewPool


def jobs(names: str) -> list[Job]:
    """Return a job for each letter; the letter is the payload."""
    return [Job(type="t", payload=name) for name in names]


def statuses(queue: Queue, flow: Flow) -> dict[str, str]:
    """Return the status of each job by payload; for a blocked job, how many jobs it waits for."""
    found = {}
    for job in flow.jobs:
        stored = queue.get(job.id)
        assert stored is not None
        assert (stored.payload, stored.flow) == (job.payload, flow.id)
        waits = stored.waits_for
        found[job.payload] = f"waits for {waits}" if waits else str(stored.status)
    return found


def leftovers(dsn: str) -> list[int]:
    """Return how many blocked jobs and how many dependencies are stored."""
    with psycopg.connect(dsn) as conn:
        tables = ("conduit_blocked_jobs", "conduit_dependencies")
        sql = " UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in tables)
        return [count for (count,) in conn.execute(sql).fetchall()]


class Ran:
    """A pool whose jobs note that they ran; jobs whose payload is in `fails` fail for good."""

    def __init__(self, new_pool: NewPool, fails: str = "") -> None:
        self.order: list[str] = []
        self.fails = set(fails)
        self.pool = new_pool(workers=4)
        self.pool.register("t", self.work)

    async def work(self, context: JobContext, payload: str) -> None:
        """The handler."""
        self.order.append(payload)
        if payload in self.fails:
            raise Discard(f"{payload} fails")

    def drain(self) -> str:
        """Run the jobs that are due; return the payloads in the order in which they began."""
        self.pool.run(drain=True)
        return "".join(self.order)
