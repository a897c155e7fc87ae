"""The actions of MCP clients: allowed ones alone, counted first, and recorded."""

from datetime import timedelta
from typing import Any

import pytest
from agent import NAME, Start
from conduit_runtime import Job
from conduit_runtime.cli.dashboard.mcp import ACTIONS
from dashboard_site import Site

ALL = [word for action in ACTIONS for word in ("--allow", action)]
SCHEDULE = """
INSERT INTO conduit_schedules (name, type, payload, every) VALUES ('nightly', 'report', '{}', 60)
"""


def recorded(site: Site) -> list[tuple[Any, ...]]:
    return site.sql("SELECT actor, action, count FROM conduit_audit ORDER BY id")


@pytest.mark.slow
def test_each_allowed_action_is_a_tool_with_a_dry_run(start: Start) -> None:
    with start(*ALL) as agent:
        changing = {
            name: tool
            for name, tool in agent.tools.items()
            if tool.annotations is not None and not tool.annotations.read_only_hint
        }
    assert changing.keys() == {*ACTIONS}
    for tool in changing.values():
        assert tool.input_schema["properties"]["dry_run"]["default"] is True


@pytest.mark.slow
def test_others_are_no_tools(start: Start) -> None:
    with start("--allow", "pause") as agent:
        assert "pause" in agent.tools
        assert not ({*ACTIONS} - {"pause"}) & agent.tools.keys()


@pytest.mark.slow
def test_jobs_of_a_filter_or_with_ids(site: Site, start: Start) -> None:
    jobs = [site.queue.enqueue(Job(type="mail", payload={})) for _ in range(3)]
    site.queue.enqueue(Job(type="other", payload={}))
    ids = [str(job.id) for job in jobs]
    with start(*ALL) as agent:
        assert agent.call("cancel", type="mail")["count"] == 3
        assert agent.call("cancel", ids=ids[:2])["count"] == 2
        assert agent.call("retry", ids=ids)["count"] == 0
        assert recorded(site) == []
        assert agent.call("cancel", ids=ids[:2], dry_run=False)["count"] == 2
        assert agent.call("cancel", type="mail", dry_run=False)["count"] == 1
        assert agent.call("retry", status="cancelled")["count"] == 3
        assert agent.call("retry", status="cancelled", dry_run=False)["count"] == 3
        assert agent.call("run_now", type="mail")["count"] == 0
        for wrong in ({}, {"ids": ids, "type": "mail"}, {"ids": []}):
            assert "one of both" in agent.refused("cancel", **wrong, dry_run=False)
        later = site.queue.schedule(Job(type="mail", payload={}), timedelta(hours=1))
        assert agent.call("run_now", type="mail")["count"] == 1
        assert agent.call("run_now", ids=[*ids, str(later.id)])["count"] == 1
        assert agent.call("run_now", type="mail", dry_run=False)["count"] == 1
    by = f"mcp:{NAME}"
    done = [(by, "cancel", 2), (by, "cancel", 1), (by, "retry", 3), (by, "run_now", 1)]
    assert recorded(site) == done
    assert site.sql("SELECT status, count(*) FROM jobs GROUP BY 1") == [("pending", 5)]


@pytest.mark.slow
def test_queues(site: Site, start: Start) -> None:
    site.queue.enqueue(Job(type="mail", payload={}, queue="mail"))
    with start(*ALL) as agent:

        def done(action: str, **fields: Any) -> int:
            """What it changes; the dry run before it says the same, and changes nothing."""
            before = recorded(site)
            dry = agent.call(action, queue="mail", **fields)
            assert recorded(site) == before
            wet = agent.call(action, queue="mail", **fields, dry_run=False)
            assert (dry["dry_run"], wet["dry_run"]) == (True, False)
            assert dry["count"] == wet["count"] == len(recorded(site)) - len(before)
            return int(wet["count"])

        assert done("resume") == 0
        assert done("pause") == 1
        assert done("pause") == 0
        assert agent.seen("queues", queue="mail")["queues"][0]["paused_at"]
        assert done("resume") == 1
        assert done("limit", concurrency=2) == 1
        assert done("limit", concurrency=2) == 0
        assert agent.call("limit", queue="mail")["note"] == "The limit was 2. Running: no job."
        assert done("limit") == 1
        assert "whole number" in agent.refused("limit", queue="mail", concurrency=0, dry_run=False)


@pytest.mark.slow
def test_schedules(site: Site, start: Start) -> None:
    site.sql(SCHEDULE)
    with start(*ALL) as agent:
        assert agent.call("enable_schedule", schedule="nightly")["count"] == 0
        assert agent.call("disable_schedule", schedule="nightly", dry_run=False)["count"] == 1
        assert not agent.seen("schedules")["schedules"][0]["enabled"]
        assert agent.call("enable_schedule", schedule="nightly", dry_run=False)["count"] == 1
        assert agent.call("run_schedule", schedule="nightly")["count"] == 1
        assert site.sql("SELECT 1 FROM jobs") == []
        assert agent.call("run_schedule", schedule="nightly", dry_run=False)["count"] == 1
        assert site.sql("SELECT type FROM jobs") == [("report",)]
        assert "no schedule 'night'" in agent.refused("run_schedule", schedule="night")
