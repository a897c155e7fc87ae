"""The graph of a flow."""

from collections.abc import Sequence
from uuid import UUID

from conduit_dashboard.flow.graph import Step, blockers, graph_of, in_order, state_of
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


def test_a_long_chain_of_one_type_stays_a_chain() -> None:
    jobs = [brief(n, "t", "completed", [n - 1] if n > 1 else []) for n in range(1, 101)]
    graph = graph_of(FLOW, jobs)
    assert [step.size for step in graph.steps] == [1] * 100
    assert len(graph.edges) == 99


def test_jobs_outside_of_the_flow_and_deleted_ones() -> None:
    jobs = [brief(1, "t", "running", [77], flow=None), brief(2, "u", "blocked", [1, 3])]
    graph = graph_of(FLOW, jobs)
    assert graph.steps == [
        Step(UUID(int=1), "t", "running", {"running": 1}, is_outside=True),
        Step(UUID(int=2), "u", "blocked", {"blocked": 1}),
        Step(UUID(int=3), "a deleted job", "deleted", {"deleted": 1}),
    ]
    assert [job.id.int for job in blockers(FLOW, jobs)] == [1]


def test_the_order_of_jobs() -> None:
    jobs = [brief(1, "c", "blocked", [2]), brief(2, "b", "running", [3]), brief(3, "a", "failed")]
    assert [job.type for job in in_order(jobs)] == ["a", "b", "c"]
    circle = [brief(1, "a", "blocked", [2]), brief(2, "b", "blocked", [1])]
    assert in_order(circle) == circle


def test_states() -> None:
    assert state_of({"completed": 2}) == "completed"
    assert state_of({"completed": 1, "blocked": 1, "failed": 1}) == "pending"
    assert state_of({"running": 1, "failed": 1}) == "running"
    assert state_of({"failed": 1, "cancelled": 2, "completed": 9}) == "failed"
    assert state_of({"cancelled": 1, "completed": 1}) == "cancelled"
    assert state_of({}) == "completed"
