"""The graph of a flow."""

import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from conduit_dashboard.flow.graph import Step, blockers, graph_of, state_of
from conduit_runtime.model.dashboard.job import JobBrief

FLOW = UUID(int=1 << 100)


def brief(
    number: int,
    type_: str,
    status: str,
    follows: Sequence[int] = (),
    flow: UUID | None = FLOW,
) -> JobBrief:
    before = [UUID(int=each) for each in follows]
    return JobBrief(UUID(int=number), "q", type_, status, flow, None, None, None, None, before)


def test_a_small_flow_has_a_step_for_each_job() -> None:
    jobs = [
        brief(1, "fetch", "completed"),
        brief(2, "page", "running", [1]),
        brief(3, "page", "completed", [1]),
        brief(4, "send", "blocked", [2, 3]),
    ]
    graph = graph_of(FLOW, jobs)
    assert [(step.job.int, step.type, step.status) for step in graph.steps] == [
        (1, "fetch", "completed"),
        (2, "page", "running"),
        (3, "page", "completed"),
        (4, "send", "blocked"),
    ]
    assert {(a.int, b.int) for a, b in graph.edges} == {(1, 2), (1, 3), (2, 4), (3, 4)}
    assert [job.id.int for job in blockers(FLOW, jobs)] == [2]


def test_a_large_group_is_one_step() -> None:
    pages = [brief(n, "page", "completed" if n < 900 else "failed", [1]) for n in range(2, 1002)]
    last = brief(2000, "send", "cancelled", range(2, 1002))
    graph = graph_of(FLOW, [brief(1, "fetch", "completed"), *pages, last])
    assert [(step.type, step.size, step.status) for step in graph.steps] == [
        ("fetch", 1, "completed"),
        ("page", 1000, "failed"),
        ("send", 1, "cancelled"),
    ]
    assert graph.steps[1].counts == {"completed": 898, "failed": 102}
    assert len(graph.edges) == 2


def test_chains_beside_each_other_become_one() -> None:
    jobs = []
    for n in range(100):
        jobs += [
            brief(10 * n + 1, "a", "completed"),
            brief(10 * n + 2, "b", "running", [10 * n + 1]),
        ]
    jobs.append(brief(5000, "c", "blocked", [10 * n + 2 for n in range(100)]))
    graph = graph_of(FLOW, jobs)
    assert [(step.type, step.size) for step in graph.steps] == [("a", 100), ("b", 100), ("c", 1)]
    assert len(graph.edges) == 2


def test_the_middle_of_a_long_chain_of_one_type_is_one_step() -> None:
    jobs = [brief(n, "t", "completed", [n - 1] if n > 1 else []) for n in range(1, 1001)]
    graph = graph_of(FLOW, jobs)
    assert sum(step.size for step in graph.steps) == 1000
    assert sorted(step.size for step in graph.steps)[-2:] == [1, 976]
    assert (len(graph.steps), len(graph.edges)) == (25, 24)


def test_a_large_flow_does_not_take_long() -> None:
    """The flow has a million dependencies, stored once for all jobs that share them."""
    first = tuple(UUID(int=n) for n in range(1, 1001))
    jobs = [brief(n, "a", "pending") for n in range(1, 1001)]
    jobs += [replace(brief(n, "b", "blocked"), follows=first) for n in range(1001, 2001)]
    before = time.process_time()
    assert [step.size for step in graph_of(FLOW, jobs).steps] == [1000, 1000]
    assert len([*blockers(FLOW, jobs)]) == 1000
    assert time.process_time() - before < 1


def test_jobs_outside_of_the_flow_and_deleted_ones() -> None:
    jobs = [brief(1, "t", "running", [77], flow=None), brief(2, "u", "blocked", [1, 3])]
    steps = {step.job.int: step for step in graph_of(FLOW, jobs).steps}
    assert steps == {
        1: Step(UUID(int=1), "t", "running", {"running": 1}, is_outside=True),
        2: Step(UUID(int=2), "u", "blocked", {"blocked": 1}),
        3: Step(UUID(int=3), "a deleted job", "deleted", {"deleted": 1}),
    }
    assert [job.id.int for job in blockers(FLOW, jobs)] == [1]
    assert {step.job.int for step in graph_of(FLOW, jobs, is_cut=True).steps} == {1, 2}


def test_the_order_of_jobs() -> None:
    jobs = [brief(1, "c", "blocked", [2]), brief(2, "b", "running", [3]), brief(3, "a", "failed")]
    assert [job.type for job in graph_of(FLOW, jobs).jobs] == ["a", "b", "c"]
    circle = [brief(1, "a", "blocked", [2]), brief(2, "b", "blocked", [1])]
    assert [*graph_of(FLOW, circle).jobs] == circle


def test_states() -> None:
    assert state_of({"completed": 2}) == "completed"
    assert state_of({"completed": 1, "blocked": 1, "failed": 1}) == "pending"
    assert state_of({"running": 1, "failed": 1}) == "running"
    assert state_of({"failed": 1, "cancelled": 2, "completed": 9}) == "failed"
    assert state_of({"cancelled": 1, "completed": 1}) == "cancelled"
    assert state_of({}) == "completed"
