"""A plain model of a job queue; a test compares the real queue with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

UNENDED = ("pending", "running")


@dataclass
class ModelJob:
    """A job. `due` is the tick at which it became due, None if that is far in the future.

    While the job is held, `claim` is the token of the claim and `started` says whether its start is
    on record. `lapsed` says whether its lease is over; it is None for a worker's claim, which has
    none. `expires` says whether it has a time to start in, and `late` whether that time is over as
    soon as it is due.
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
    expires: bool = False
    late: bool = False

    def start(self) -> None:
        """Put the start on record: from then on the job does not expire."""
        if not self.started:
            self.started = True
            self.attempts += 1
        self.expires = self.late = False

    def release(self, status: str) -> None:
        """Set the status and remove the holder."""
        self.status, self.claim, self.holder = status, None, None

    def reclaim(self) -> None:
        """Release the job of a dead holder. A start that was on record counts as an attempt."""
        spent = self.started and self.attempts >= self.max_attempts
        self.rescues += 1
        self.release("failed" if spent else "pending")

    def end(self, status: str, counted: bool) -> None:
        """End an attempt. If the attempt does not count, its start is removed from the record."""
        if counted:
            self.expires = self.late = False
        self.attempts += counted - self.started
        self.release(status)


@dataclass
class Model:
    """All jobs, and the registered workers. Time advances by ticks.

    `rates` holds how many starts are left for each type with a rate: its period never ends here.
    """

    jobs: dict[UUID, ModelJob] = field(default_factory=dict)
    workers: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    limits: dict[str, int] = field(default_factory=dict)
    rates: dict[str, int] = field(default_factory=dict)
    tick: int = 0
    _seq: int = 0

    def next_seq(self) -> int:
        """The next number in the order of insertion."""
        self._seq += 1
        return self._seq

    def waiting(self, queue: str, types: Iterable[str]) -> list[ModelJob]:
        """The due jobs of these types in the queue, in the order of claims."""
        due = [
            (-job.priority, job.due, job.seq, job)
            for job in self.jobs.values()
            if job.status == "pending"
            and job.queue == queue
            and job.type in types
            and job.due is not None
            and not job.late
        ]
        return [job for *_, job in sorted(due, key=lambda each: each[:3])]

    def claimable(
        self, sizes: Mapping[str, int], types: Iterable[str], limit: int
    ) -> list[ModelJob]:
        """The jobs that a claim takes: at most `limit`, and at most `sizes[name]` of each queue."""
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
        """Claim the job; a claim with a lease also starts the attempt."""
        job.status, job.claim, job.holder = "running", token, holder
        job.started, job.lapsed = False, False if leased else None
        if leased:
            job.start()
        if job.type in self.rates:
            self.rates[job.type] -= 1

    def expire(self) -> None:
        """Cancel the jobs that are late."""
        for job in self.jobs.values():
            if job.status == "pending" and job.late and job.due is not None:
                job.release("cancelled")

    def rescue(self, worker: str) -> None:
        """Rescue the jobs of a dead worker. If it was deregistered before, they are orphans."""
        if worker in self.workers:
            self.workers.remove(worker)
            self._reclaim(job for job in self.jobs.values() if job.holder == worker)

    def rescue_orphans(self) -> None:
        """Release the jobs of unknown workers, and the jobs whose lease is over."""
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
        """Make the job due now, with all its attempts."""
        job.release("pending")
        job.attempts, job.due = 0, self.tick

    def held(self, id: UUID, token: UUID | None) -> ModelJob | None:
        """The job, if that claim still holds it; otherwise None."""
        job = self.jobs.get(id)
        return job if job is not None and job.status == "running" and job.claim == token else None
