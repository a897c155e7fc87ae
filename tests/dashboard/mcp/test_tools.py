"""The tools that read: what they show, and what they hide."""

import json
from collections.abc import Iterator
from uuid import UUID

import pytest
from agent import Agent, Start
from conduit_dashboard.mcp.small import MOST
from conduit_runtime import Job, chain
from dashboard_site import Site
from described import attempt, describe

SECRET = "ZqXj-8877-0001"
PAYLOAD = {"to": "ann", "card": SECRET, "lines": [], "state": None}
FAILED = f"ValueError: the bank refused {SECRET}"
INSERT = """
INSERT INTO jobs (type, queue, fingerprint, payload, status, error, errors, attempts, started_at,
                  completed_at)
VALUES ('mail.send', 'mail', 'aaaa', %s, 'failed', %s, %s, 1, now(), now()) RETURNING id
"""
SCHEDULE = """
INSERT INTO conduit_schedules (name, type, payload, every) VALUES ('nightly', 'mail.send', %s, 60)
"""


@pytest.fixture
def failed(site: Site) -> UUID:
    """A failed job, with a secret in its payload and its error."""
    describe(site)
    attempt(site, "mail.send", 0, 1)
    entry = {"attempt": 1, "at": "2026-01-01T00:00:00Z", "error": FAILED, "traceback": FAILED}
    [(id_,)] = site.sql(INSERT, json.dumps(PAYLOAD), FAILED, json.dumps([entry]))
    return UUID(str(id_))


@pytest.fixture
def agent(start: Start) -> Iterator[Agent]:
    with start() as agent:
        yield agent


def test_every_page_is_a_tool_whose_results_are_marked_as_data(
    site: Site, failed: UUID, agent: Agent
) -> None:
    site.sql(SCHEDULE, json.dumps(PAYLOAD))
    flow = site.queue.enqueue_flow(chain(Job(type="a", payload={}), Job(type="a", payload={})))
    arguments = {
        "job": {"id": str(failed)},
        "type": {"type": "mail.send"},
        "flow": {"flow": str(flow[0].flow)},
    }
    assert "below the key `from_jobs`" in (agent.client.instructions or "")
    tools = {name: tool for name, tool in agent.tools.items() if name not in ("check", "explain")}
    assert len(tools) == 13
    for name, tool in tools.items():
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint, name
        assert tool.output_schema is not None
        assert "from_jobs" in tool.output_schema["required"], name
        text = json.dumps(agent.call(name, **arguments.get(name, {})))
        assert "ZqXj" not in text, name
        assert len(text) <= MOST + 1_000, name
    assert (
        agent.seen("errors")["groups"][0]["pattern"] == "ValueError: the bank refused [sensitive]"
    )
    assert agent.seen("schedules")["schedules"][0]["payload"]["card"] == "[sensitive]"
    assert agent.seen("types")["types"][0]["failed"] == 1
    assert sum(each["failed"] for each in agent.seen("metrics")["attempts"]) == 1
    assert agent.seen("flow", flow=str(flow[0].flow))["counts"] == {"pending": 1, "blocked": 1}
    job = agent.seen("job", id=str(failed))
    assert job["payload"] == {**PAYLOAD, "card": "[sensitive]"}
    assert job["attempts"][0]["error"] == "ValueError: the bank refused [sensitive]"
    assert job["source"]["path"] == "mail.conduit"


def test_jobs_are_found_by_a_filter(site: Site, failed: UUID, agent: Agent) -> None:
    site.queue.enqueue(Job(type="other", payload={"x": [1]}))
    wanted = {"status": "failed", "type": "mail.send", "payload": {"to": "ann"}}
    assert [each["id"] for each in agent.seen("jobs", **wanted)["jobs"]] == [str(failed)]
    assert agent.seen("jobs", **{**wanted, "payload": {"to": "bob"}})["jobs"] == []
    assert agent.seen("jobs", key="")["jobs"] == []
    refused = agent.refused("jobs", type="mail.send", payload={"card": SECRET})
    assert "cannot be searched by card" in refused
    assert "use one of pending" in agent.refused("jobs", status="lost")
    assert "no job 00000000" in agent.refused("job", id=str(UUID(int=0)))


def test_without_allow_nothing_can_be_changed(agent: Agent) -> None:
    assert "retry" not in agent.tools
    assert "Unknown tool" in agent.refused("retry", status="failed", dry_run=False)


def test_the_commands_of_the_compiler(agent: Agent) -> None:
    checked = agent.call("check", file="post.conduit", text="resource Post {")
    [found] = checked["diagnostics"]
    assert (found["code"], found["fixes"][0]["safe"]) == ("SYN010", True)
    assert agent.call("explain", code=found["code"])["pages"][0]["code"] == "SYN010"
    assert "NOP001" in agent.refused("explain", code="NOP001")
    assert "file and text" in agent.refused("check", text="resource Post {")


@pytest.mark.slow
def test_preflight_of_the_packages_of_the_command(site: Site, start: Start) -> None:
    site.queue.enqueue(Job(type="gone.job", payload={}))
    with start("example_jobs") as agent:
        [stranded] = [each for each in agent.seen("preflight")["findings"] if each["reads"] == "no"]
        assert stranded["type"] == "gone.job"
    with start("no_such_package") as agent:
        assert "there is no package no_such_package" in agent.refused("preflight")
