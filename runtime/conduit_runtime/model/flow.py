"""Flows: jobs that wait for others. Pure: it only says which job waits for which."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal
from uuid import UUID

from .arguments import check_type, describe_argument, each
from .errors import PayloadError
from .job import Job, new_id

OnFailure = Literal["cancel", "continue"]
_MOST_LINKS = 2_000_000
"""Dependencies of two steps of several jobs each: the product of the numbers of jobs."""


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """Jobs and their dependencies, made by `chain` and `group`; `Queue.enqueue_flow` stores them.

    `dependencies` are pairs of ids: the second job waits for the first. `on_failure` decides what
    happens to a waiting job if a job that it waits for does not complete.

    A unique job that already exists is not stored again. The jobs that would wait for it wait for
    the existing job, and also for the jobs that the new one would have waited for. The existing job
    does not wait for this flow. A unique job holds its key from when the flow is stored, even while
    it waits.
    """

    jobs: Sequence[Job]
    dependencies: Sequence[tuple[UUID, UUID]] = ()
    on_failure: dict[UUID, OnFailure] = field(default_factory=dict)
    id: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        each(self.jobs, "jobs", Job, "a Job")
        if len({job.id for job in self.jobs}) < len(self.jobs):
            raise PayloadError("a job is in the flow twice: make a job for each position")

    def members(self) -> list[Job]:
        """The jobs, each with its flow set, and the number of jobs that it waits for."""
        awaited = Counter(after for _, after in self.dependencies)
        for job in self.jobs:
            job.flow, job.waits_for = self.id, awaited[job.id]
        return [*self.jobs]

    @property
    def first(self) -> list[Job]:
        """The jobs that wait for no other job."""
        waiting = {after for _, after in self.dependencies}
        return [job for job in self.jobs if job.id not in waiting]

    @property
    def last(self) -> list[Job]:
        """The jobs that no other job waits for."""
        awaited = {before for before, _ in self.dependencies}
        return [job for job in self.jobs if job.id not in awaited]


def chain(*steps: Job | Flow, on_failure: OnFailure = "cancel") -> Flow:
    """Chain steps: each begins when all jobs of the step before have completed.

    If a job of a step fails or is cancelled, `on_failure` decides about the next step. "cancel"
    cancels it and all that follows. "continue" begins it anyway, once the whole step before has
    ended. Raises PayloadError for two steps that have too many jobs to store which waits for which.
    """
    if on_failure not in ("cancel", "continue"):
        raise ValueError(f"on_failure is {on_failure!r}: use 'cancel' or 'continue'")
    flows = [_flow(step, "a step") for step in steps]
    if not flows or not all(flow.jobs for flow in flows):
        raise ValueError("there is no job in the flow, or in a step of it")
    dependencies = [pair for flow in flows for pair in flow.dependencies]
    policies = {id_: policy for flow in flows for id_, policy in flow.on_failure.items()}
    for before, after in pairwise(flows):
        lasts, firsts = before.last, after.first
        if min(len(lasts), len(firsts)) > 1 and len(lasts) * len(firsts) > _MOST_LINKS:
            raise PayloadError(
                f"{len(firsts):,} jobs would wait for {len(lasts):,} each: put a job between them"
            )
        dependencies += [(job.id, first.id) for job in lasts for first in firsts]
        policies |= {first.id: on_failure for first in firsts}
    return Flow([job for flow in flows for job in flow.jobs], dependencies, policies)


def _flow(step: Job | Flow, what: str) -> Flow:
    check_type(step, what, (Job, Flow), "a Job or a Flow")
    return step if isinstance(step, Flow) else Flow([step])


def group(
    members: Iterable[Job | Flow], then: Job | Flow | None = None, on_failure: OnFailure = "cancel"
) -> Flow:
    """Run members side by side and, when all of them have completed, `then`.

    If a member fails or is cancelled, the others run on; `on_failure` decides about `then`, as in a
    chain.
    """
    if not isinstance(members, Iterable):
        raise TypeError(describe_argument("members", members, "a list of jobs and flows"))
    flows = [_flow(member, "a member") for member in members]
    together = Flow(
        [job for flow in flows for job in flow.jobs],
        [pair for flow in flows for pair in flow.dependencies],
        {id_: policy for flow in flows for id_, policy in flow.on_failure.items()},
    )
    steps = [together] if then is None else [together, then]
    return chain(*steps, on_failure=on_failure)
