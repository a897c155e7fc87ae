"""A flow: the graph of its jobs, its state, and what blocks it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from conduit_runtime.model.dashboard.job import JobBrief
from conduit_runtime.statements.dashboard import job as related

from ..errors import Missing
from ..flow.graph import FlowGraph, Step, blockers, dependencies, graph_of, state_of
from ..job.starting import reasons
from ..page import Page, Routes, Visit, page
from ..parameters import read_id
from ..rendering.boxes import Node

_DRAWN, _LINES = 120, 600
"""The most steps, and dependencies between them, of a graph that people can still read."""
_LISTED = 200
"""The most jobs in the table."""
_BLOCKERS = 10


async def flow(visit: Visit) -> Page:
    """The jobs of a flow. `job` in the address is one of the jobs; it helps to find the others."""
    id_: UUID = visit.path["id"]
    found = await _jobs(visit, id_)
    own = [job for job in found if job.flow == id_]
    if not own:
        raise Missing(
            f"There is no flow {id_}, or its jobs are too old to be found by the flow's id. Open "
            "the page of one of its jobs, and the flow from there."
        )
    counts = Counter(job.status for job in own)
    followed = sum(len(before) for before, _ in dependencies(id_, found))
    is_cut = len(found) >= visit.bounds.flow_jobs or followed >= visit.bounds.followed
    graph = await asyncio.to_thread(graph_of, id_, found, is_cut=is_cut)
    is_drawn = len(graph.steps) <= _DRAWN and len(graph.edges) <= _LINES
    blocking = [*blockers(id_, found)]
    data = {
        "flow": id_,
        "status": state_of(counts),
        "counts": counts,
        "is_cut": is_cut,
        "blockers": await _explained(visit, blocking[:_BLOCKERS]),
        "more_blockers": max(len(blocking) - _BLOCKERS, 0),
        "graph": _drawable(visit, graph) if is_drawn else None,
        "jobs": graph.jobs[:_LISTED],
        "more_jobs": max(len(own) - _LISTED, 0),
    }
    return Page("flow.html", "Flow", data)


async def _jobs(visit: Visit, flow: UUID) -> Sequence[JobBrief]:
    """The jobs near the flow, and the jobs that these follow, also outside of the flow."""
    seed, most = read_id(visit.query, "job"), visit.bounds.flow_jobs
    found = {
        job.id: job for job in await visit.read(related.flow_jobs(flow, seed, most, visit.bounds))
    }
    asked = {*found}
    while len(found) < most:
        followed = {id_ for before, _ in dependencies(flow, found.values()) for id_ in before}
        further = sorted(followed - asked)[: most - len(found)]
        if not further:
            break
        asked |= {*further}
        found |= {
            job.id: job for job in await visit.read(related.followed_jobs(further, visit.bounds))
        }
    return [*found.values()]


async def _explained(visit: Visit, jobs: Sequence[JobBrief]) -> list[dict[str, Any]]:
    """Jobs that others wait for, each with the reasons why it waits itself."""
    facts = {each.id: each for each in await visit.read(related.start_facts([j.id for j in jobs]))}
    return [
        {"job": job, "reasons": [*reasons(facts[job.id])] if job.id in facts else []}
        for job in jobs
    ]


def _drawable(visit: Visit, graph: FlowGraph) -> dict[str, Any]:
    return {
        "nodes": [_node(visit, step) for step in graph.steps],
        "edges": [(str(before), str(after)) for before, after in graph.edges],
    }


def _node(visit: Visit, step: Step) -> Node:
    counts = [f"{count:,} {status}" for status, count in step.counts.items()]
    notes = [", ".join(some) for some in (counts[:2], counts[2:]) if some]
    if step.size == 1:
        notes = [f"{step.status}, from before" if step.is_outside else step.status]
    label = step.type if step.size == 1 else f"{step.type} × {step.size:,}"
    href = None if step.status == "deleted" else visit.url(f"/jobs/{step.job}")
    return Node(str(step.job), label, notes, step.status, href)


ROUTES: Routes = [page("/flows/{id:uuid}", flow)]
