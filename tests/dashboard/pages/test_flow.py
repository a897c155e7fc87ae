"""The page of a flow, over a real server and database."""

from typing import Any
from uuid import UUID, uuid4

from conduit_runtime import Job, JobContext, WorkerPool, chain, group
from dashboard_site import Site


def pool(site: Site, *types: str) -> WorkerPool:
    made = WorkerPool(site.queue)
    for type_ in types:

        @made.handler(type_)
        async def run(context: JobContext[Any], payload: object) -> None:
            if payload == "fail":
                raise ValueError("no")

    return made


def test_a_flow_on_its_way(site: Site) -> None:
    pages = group(Job(type="page", payload=n) for n in range(3))
    jobs = site.queue.enqueue_flow(chain(Job(type="fetch"), pages, Job(type="<b>send")))
    pool(site, "fetch").run(drain=True)
    address = f"/flows/{jobs[0].flow}"
    data = site.json(address)
    assert (data["status"], data["counts"]) == (
        "pending",
        {"completed": 1, "pending": 3, "blocked": 1},
    )
    assert [job["type"] for job in data["jobs"]] == ["fetch", "page", "page", "page", "<b>send"]
    assert len(data["graph"]["edges"]) == 6
    assert {node["href"] for node in data["graph"]["nodes"]} == {f"/jobs/{job.id}" for job in jobs}
    assert [each["job"]["type"] for each in data["blockers"]] == ["page"] * 3
    assert data["blockers"][0]["reasons"] == ["No live worker serves the queue default."]
    html = site.html(address)
    assert html.count('class="node blocked"') == 1
    assert "&lt;b&gt;send" in html
    assert "<b>send" not in html
    pool(site, "page", "<b>send").run(drain=True)
    data = site.json(address)
    assert (data["status"], data["counts"], data["blockers"]) == ("completed", {"completed": 5}, [])
    assert len(data["graph"]["edges"]) == 6


def test_a_flow_that_failed(site: Site) -> None:
    first = Job(type="t", payload="fail", max_attempts=1)
    jobs = site.queue.enqueue_flow(chain(first, Job(type="u"), Job(type="v")))
    pool(site, "t").run(drain=True)
    data = site.json(f"/flows/{jobs[0].flow}")
    assert (data["status"], data["counts"]) == ("failed", {"failed": 1, "cancelled": 2})
    assert "retry these" in site.html(f"/flows/{jobs[0].flow}")


def test_a_large_group_is_one_node(site: Site) -> None:
    many = group(Job(type="page") for _ in range(1_000))
    jobs = site.queue.enqueue_flow(chain(Job(type="fetch"), many, Job(type="send")))
    data = site.json(f"/flows/{jobs[0].flow}")
    labels = {node["label"] for node in data["graph"]["nodes"]}
    assert labels == {"fetch", "page × 1,000", "send"}
    assert (len(data["jobs"]), data["more_jobs"]) == (200, 802)
    assert "page × 1,000" in site.html(f"/flows/{jobs[0].flow}")


def test_a_flow_that_is_larger_than_what_is_read(site: Site) -> None:
    site.bound(flow_jobs=20)
    many = group(Job(type="page") for _ in range(50))
    jobs = site.queue.enqueue_flow(chain(many, Job(type="send")))
    data = site.json(f"/flows/{jobs[-1].flow}", job=jobs[-1].id)
    assert (data["is_cut"], len(data["jobs"])) == (True, 20)
    assert "larger than what a page reads" in site.html(f"/flows/{jobs[-1].flow}")


def test_an_existing_job_that_it_waits_for(site: Site) -> None:
    existing = site.queue.enqueue(Job(type="t", unique="k"))
    behind = site.queue.enqueue_flow(chain(Job(type="t", unique="k"), Job(type="u")))[1]
    data = site.json(f"/flows/{behind.flow}")
    looks = {node["id"]: node["notes"] for node in data["graph"]["nodes"]}
    assert looks == {str(existing.id): ["pending, from before"], str(behind.id): ["blocked"]}
    assert [each["job"]["id"] for each in data["blockers"]] == [str(existing.id)]
    site.sql("DELETE FROM jobs")
    site.sql("UPDATE conduit_dependencies SET watched = false")
    data = site.json(f"/flows/{behind.flow}")
    assert {node["label"] for node in data["graph"]["nodes"]} == {"a deleted job", "u"}


def test_a_flow_far_back_is_found_by_one_of_its_jobs(site: Site) -> None:
    site.bound(near=6)
    steps = [Job(type="t") for _ in range(3)]
    jobs = site.queue.enqueue_flow(chain(*steps, group([Job(type="u"), Job(type="v")])))
    flow = jobs[0].flow
    assert flow is not None
    # Jobs of other flows, of the same millisecond, are between the flow and its jobs.
    last = (flow.int >> 80 << 80) + (1 << 80) - 1
    for n in range(6):
        site.sql("INSERT INTO jobs (id, type) VALUES (%s, 'x')", UUID(int=last - n))
        site.sql(
            "INSERT INTO conduit_blocked_jobs (id, flow, queue, type, fingerprint, payload, "
            "priority, max_attempts, delay, waits_for, on_failure) "
            "VALUES (%s, %s, 'q', 'x', '', '{}', 50, 3, 0, 1, 'cancel')",
            *(UUID(int=last - n), uuid4()),
        )
    assert site.client.get(f"/flows/{flow}").status_code == 404
    data = site.json(f"/flows/{flow}", job=jobs[1].id)
    assert {each["id"] for each in data["jobs"]} == {str(job.id) for job in jobs}


def test_a_flow_that_there_is_not(site: Site) -> None:
    response = site.client.get(f"/flows/{uuid4()}")
    assert response.status_code == 404
    assert "There is no flow" in response.text
    response = site.client.get(f"/flows/{uuid4()}?job=x")
    assert response.status_code == 400
    assert site.client.get("/flows/x").status_code == 404


def test_a_flow_with_too_many_dependencies_is_not_drawn(site: Site) -> None:
    before, behind = (group(Job(type=f"{name}{n}") for n in range(30)) for name in "ab")
    jobs = site.queue.enqueue_flow(chain(before, behind))
    assert site.json(f"/flows/{jobs[0].flow}")["graph"] is None
    html = site.html(f"/flows/{jobs[0].flow}")
    assert "too many different steps, or dependencies between them" in html
    assert html.count('<th scope="row">') == 60


def test_a_flow_with_more_dependencies_than_are_read(site: Site) -> None:
    site.bound(followed=5)
    steps = [group(Job(type=type_) for _ in range(3)) for type_ in "abc"]
    jobs = site.queue.enqueue_flow(chain(*steps, Job(type="d")))
    data = site.json(f"/flows/{jobs[0].flow}")
    assert (data["is_cut"], data["counts"]) == (True, {"pending": 3, "blocked": 7})
    assert len(data["graph"]["edges"]) == 3 * 3 + 3 * 2
