"""A flow as a graph. Jobs of one type with like dependencies become one step."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from uuid import UUID

from conduit_runtime.model.dashboard.job import JobBrief

FEW = 30
"""Up to this many jobs, each job is a step of its own."""
_ROUNDS = 12
"""The longest distance at which jobs before and behind a job make it different from others."""
_WORST = ("failed", "running", "pending", "blocked", "cancelled", "completed", "deleted")
_UNENDED = ("pending", "running", "blocked")

Dependency = tuple[Sequence[UUID], Sequence[UUID]]
"""Some jobs, and the jobs that each wait for all of these."""


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the graph: a job, or several that are alike.

    `job` is the first of them, `counts` says how many have each status, and `status` is the one
    that matters most. `is_outside` says whether the job existed before the flow.
    """

    job: UUID
    type: str
    status: str
    counts: Mapping[str, int]
    is_outside: bool = False

    @property
    def size(self) -> int:
        """The number of jobs of the step."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class FlowGraph:
    """The steps of a flow, and pairs of their jobs: the second step waits for the first.

    `jobs` are the flow's jobs, each after the jobs that it waits for.
    """

    steps: Sequence[Step]
    edges: Sequence[tuple[UUID, UUID]]
    jobs: Sequence[JobBrief]


def graph_of(flow: UUID, jobs: Sequence[JobBrief], *, is_cut: bool = False) -> FlowGraph:
    """The graph of a flow. A job that others waited for and that no longer exists is `deleted`.

    If `is_cut`, existing jobs are missing in `jobs`, so the graph leaves out all missing jobs.
    """
    known = {job.id: job for job in jobs}
    waiting = dependencies(flow, jobs)
    if is_cut:
        waiting = [([id_ for id_ in before if id_ in known], behind) for before, behind in waiting]
    nodes = [*dict.fromkeys([*known, *(each for before, _ in waiting for each in before)])]
    types = {id_: known[id_].type if id_ in known else "" for id_ in nodes}
    groups = _alike(types, waiting) if len(nodes) > FEW else {id_: id_ for id_ in nodes}
    edges: dict[tuple[UUID, UUID], None] = {}
    for before, behind in waiting:
        ends = {groups[id_] for id_ in behind}
        edges |= {(start, end): None for start in {groups[id_] for id_ in before} for end in ends}
    members: dict[UUID, list[UUID]] = {group: [] for group in _in_order(groups.values(), edges)}
    for id_ in nodes:
        members[groups[id_]].append(id_)
    return FlowGraph(
        [_step(flow, ids, known) for ids in members.values()],
        [(start, end) for start, end in edges if start != end],
        [
            known[id_]
            for ids in members.values()
            for id_ in ids
            if id_ in known and known[id_].flow == flow
        ],
    )


def dependencies(flow: UUID, jobs: Iterable[JobBrief]) -> Sequence[Dependency]:
    """The dependencies of a flow's jobs, merged for jobs that wait or waited for the same jobs."""
    found: dict[int, tuple[Sequence[UUID], list[UUID]]] = {}
    for job in jobs:
        if job.flow == flow and job.follows:
            found.setdefault(id(job.follows), (job.follows, []))[1].append(job.id)
    return [*found.values()]


def blockers(flow: UUID, jobs: Sequence[JobBrief]) -> Iterator[JobBrief]:
    """The jobs that blocked jobs wait for, and that wait for no other jobs themselves."""
    blocked = [job for job in jobs if job.status == "blocked"]
    awaited = {id_ for before, _ in dependencies(flow, blocked) for id_ in before}
    for job in jobs:
        if job.id in awaited and job.status in ("pending", "running"):
            yield job


def state_of(counts: Mapping[str, int]) -> str:
    """The state of a flow whose jobs have these statuses; it is the status of a job."""
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


def _in_order(groups: Iterable[UUID], edges: Iterable[tuple[UUID, UUID]]) -> Collection[UUID]:
    """Each group once, after the groups that it waits for."""
    before: dict[UUID, list[UUID]] = {group: [] for group in groups}
    for start, end in edges:
        if start != end:
            before[end].append(start)
    try:
        return [*TopologicalSorter(before).static_order()]
    except CycleError:  # typed by hand, or in a long chain of one type
        return before


def _alike(types: Mapping[UUID, str], waiting: Sequence[Dependency]) -> Mapping[UUID, UUID]:
    """Each job's group: jobs of one type whose jobs before and behind them have the same groups.

    Starts with the types, and splits groups until none changes, or for `_ROUNDS` rounds.
    """
    group = _numbered(types.items())
    nothing: frozenset[UUID] = frozenset()
    for _ in range(_ROUNDS):
        before: dict[UUID, frozenset[UUID]] = {}
        behind: dict[UUID, set[UUID]] = defaultdict(set)
        for starts, ends in waiting:
            before |= dict.fromkeys(ends, frozenset(group[id_] for id_ in starts))
            following = {group[id_] for id_ in ends}
            for id_ in starts:
                behind[id_] |= following
        refined = _numbered(
            (id_, (group[id_], before.get(id_, nothing), frozenset(behind[id_]))) for id_ in types
        )
        if len({*refined.values()}) == len({*group.values()}):
            break
        group = refined
    return group


def _numbered(signed: Iterable[tuple[UUID, object]]) -> dict[UUID, UUID]:
    """For each job, the first job with the same signature."""
    first: dict[object, UUID] = {}
    return {id_: first.setdefault(signature, id_) for id_, signature in signed}
