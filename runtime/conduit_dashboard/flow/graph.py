"""A flow as a graph: jobs that are alike, in what they are and wait for, become one step."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from uuid import UUID

from conduit_runtime.model.dashboard.job import JobBrief

FEW = 30
"""Jobs up to which each is a step of its own."""
_WORST = ("failed", "running", "pending", "blocked", "cancelled", "completed", "deleted")
_UNENDED = ("pending", "running", "blocked")

Links = Mapping[UUID, set[UUID]]


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the graph: a job, or several that are alike.

    `job` is the first of them, `counts` how many have each status, `status` the one that matters
    most. `is_outside` is whether it is a job that existed before the flow.
    """

    job: UUID
    type: str
    status: str
    counts: Mapping[str, int]
    is_outside: bool = False

    @property
    def size(self) -> int:
        """How many jobs it stands for."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class FlowGraph:
    """The steps of a flow, and pairs of their jobs: the second step waits for the first."""

    steps: Sequence[Step]
    edges: Sequence[tuple[UUID, UUID]]


def graph_of(flow: UUID, jobs: Sequence[JobBrief]) -> FlowGraph:
    """The graph of a flow. Jobs that others followed and that are gone are `deleted`."""
    known = {job.id: job for job in jobs}
    links: dict[UUID, set[UUID]] = {job.id: {*job.follows} for job in jobs if job.flow == flow}
    nodes = [*dict.fromkeys([*known, *(each for before in links.values() for each in before)])]
    label = {id_: known[id_].type if id_ in known else "" for id_ in nodes}
    groups = _alike(label, links) if len(nodes) > FEW else {id_: id_ for id_ in nodes}
    members: dict[UUID, list[UUID]] = defaultdict(list)
    for id_ in nodes:
        members[groups[id_]].append(id_)
    steps = [_step(flow, ids, known) for ids in members.values()]
    first = {group: ids[0] for group, ids in members.items()}
    edges = dict.fromkeys(
        (first[groups[before]], first[groups[id_]]) for id_ in links for before in links[id_]
    )
    return FlowGraph(steps, [*edges])


def blockers(flow: UUID, jobs: Sequence[JobBrief]) -> Iterator[JobBrief]:
    """The jobs that blocked ones wait for and that wait for nothing themselves."""
    awaited = {
        before
        for job in jobs
        if job.flow == flow and job.status == "blocked"
        for before in job.follows
    }
    for job in jobs:
        if job.id in awaited and job.status in ("pending", "running"):
            yield job


def in_order(jobs: Sequence[JobBrief]) -> Sequence[JobBrief]:
    """The jobs in an order in which each comes after those that it waits for."""
    known = {job.id: job for job in jobs}
    sorter = TopologicalSorter({job.id: job.follows for job in jobs})
    try:
        return [known[id_] for id_ in sorter.static_order() if id_ in known]
    except CycleError:  # typed by hand
        return jobs


def state_of(counts: Mapping[str, int]) -> str:
    """The state of a flow whose jobs have these statuses: one of those of jobs."""
    if any(counts.get(status) for status in _UNENDED):
        return "running" if counts.get("running") else "pending"
    return next((status for status in _WORST if counts.get(status)), "completed")


def _step(flow: UUID, ids: Sequence[UUID], known: Mapping[UUID, JobBrief]) -> Step:
    counts = Counter(known[id_].status if id_ in known else "deleted" for id_ in ids)
    status = next(status for status in _WORST if counts[status])
    job = known.get(ids[0])
    if job is None:
        return Step(ids[0], "a deleted job", status, counts)
    return Step(ids[0], job.type, status, counts, job.flow != flow)


def _alike(label: Mapping[UUID, str], before: Links) -> dict[UUID, UUID]:
    """Each job's group: jobs of one type whose jobs before and behind them are of the same groups.

    Starts with the types, and splits groups until none changes.
    """
    after: dict[UUID, set[UUID]] = defaultdict(set)
    for id_, waited in before.items():
        for each in waited:
            after[each].add(id_)
    group = _numbered(label.items())
    while True:
        refined = _numbered(
            (
                id_,
                (
                    group[id_],
                    frozenset(group[each] for each in before.get(id_, ())),
                    frozenset(group[each] for each in after[id_]),
                ),
            )
            for id_ in label
        )
        if len({*refined.values()}) == len({*group.values()}):
            return refined
        group = refined


def _numbered(signed: Iterable[tuple[UUID, object]]) -> dict[UUID, UUID]:
    """The first job with the same signature, for each job."""
    first: dict[object, UUID] = {}
    return {id_: first.setdefault(signature, id_) for id_, signature in signed}
