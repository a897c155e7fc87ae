"""The plainest model of a job queue; a test compares the real queue with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

UNENDED = ("pending", "running")


@dataclass
class ModelJob:
    """A job. `due` is the tick at which it became due, None while that is far off.

    `claim` counts its claims while one holds it, `started` says whether that one's start is on
    record, `lapsed` whether its lease is over; a worker's claim has no lease: None.
    """

    id: UUID
    seq: int
    queue: str
    type: str
    priority: int
    max_attempts: int
    due: int | None
    status: str = "pending"
    attempts: int = 0
    rescues: int = 0
    claim: UUID | None = None
    holder: str | None = None
    started: bool = False
    lapsed: bool | None = None

    def release(self, status: str) -> None:
        """No worker holds it any more."""
        self.status, self.claim, self.holder = status, None, None

    def reclaim(self) -> None:
        """Its holder is dead: a start that was on record counts."""
        spent = self.started and self.attempts >= self.max_attempts
        self.rescues += 1
        self.release("failed" if spent else "pending")

    def end(self, status: str, counted: bool) -> None:
        """An attempt ended; one that does not count removes the start that was on record."""
        self.attempts += counted - self.started
        self.release(status)


@dataclass
class Model:
    """All jobs, and the workers that are registered. Time goes on by ticks.

    `rates` has the starts that are left of types with a rate: its period never ends here.
    """

    jobs: dict[UUID, ModelJob] = field(default_factory=dict)
    workers: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    limits: dict[str, int] = field(default_factory=dict)
    rates: dict[str, int] = field(default_factory=dict)
    tick: int = 0
    _seq: int = 0

    def next_seq(self) -> int:
        """The next number in the order of insertions."""
        self._seq += 1
        return self._seq

    def waiting(self, queue: str, types: Iterable[str]) -> list[ModelJob]:
        """What a claim of these types sees in the queue, in order."""
        due = [
            (-job.priority, job.due, job.seq, job)
            for job in self.jobs.values()
            if job.status == "pending"
            and job.queue == queue
            and job.type in types
            and job.due is not None
        ]
        return [job for *_, job in sorted(due, key=lambda each: each[:3])]

    def claimable(
        self, sizes: Mapping[str, int], types: Iterable[str], limit: int
    ) -> list[ModelJob]:
        """What a claim of at most so many takes, at most `sizes[name]` of each queue."""
        seen = []
        for queue, size in sizes.items():
            running = sum(each.queue == queue for each in self.running())
            capacity = self.limits[queue] - running if queue in self.limits else size
            due = [job for job in self.waiting(queue, types) if self.rates.get(job.type) != 0]
            seen += [] if queue in self.paused else due[: max(0, min(size, capacity))]
        taken: list[ModelJob] = []
        for job in seen[:limit]:
            same = sum(each.type == job.type for each in taken)
            if same < self.rates.get(job.type, limit):
                taken.append(job)
        return taken

    def running(self) -> list[ModelJob]:
        """The jobs that hold a slot."""
        return [job for job in self.jobs.values() if job.status == "running"]

    def claim(self, job: ModelJob, token: UUID | None, holder: str, leased: bool) -> None:
        """Someone takes the job; a lease begins with the attempt."""
        job.status, job.claim, job.holder = "running", token, holder
        job.started, job.lapsed = leased, False if leased else None
        job.attempts += leased
        if job.type in self.rates:
            self.rates[job.type] -= 1

    def rescue(self, worker: str) -> None:
        """The worker is dead. If it was deregistered before, its jobs are orphaned instead."""
        if worker in self.workers:
            self.workers.remove(worker)
            self._reclaim(job for job in self.jobs.values() if job.holder == worker)

    def rescue_orphans(self) -> None:
        """What unknown workers hold and what is held by a lease that is over comes back."""
        self._reclaim(
            job
            for job in self.jobs.values()
            if job.status == "running"
            and (job.lapsed or (job.lapsed is None and job.holder not in self.workers))
        )

    def _reclaim(self, jobs: Iterable[ModelJob]) -> None:
        for job in list(jobs):
            job.reclaim()

    def retry(self, job: ModelJob) -> None:
        """It is due now, with all its attempts."""
        job.release("pending")
        job.attempts, job.due = 0, self.tick

    def held(self, id: UUID, token: UUID | None) -> ModelJob | None:
        """The job, when it is still held by that claim."""
        job = self.jobs.get(id)
        return job if job is not None and job.status == "running" and job.claim == token else None
