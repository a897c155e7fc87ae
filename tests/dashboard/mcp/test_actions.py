"""The actions of MCP clients: allowed ones alone, counted first, and recorded."""

from datetime import timedelta
from typing import Any

import pytest
from agent import NAME, Agent, Start
from conduit_runtime import Job, WorkerPool
from conduit_runtime.cli.dashboard.mcp import ACTIONS
from dashboard_site import Site

ALL = [word for action in ACTIONS for word in ("--allow", action)]
SCHEDULE = """
INSERT INTO conduit_schedules (name, type, payload, every) VALUES ('nightly', 'report', '{}', 60)
"""


def recorded(site: Site) -> list[tuple[Any, ...]]:
    return site.sql("SELECT actor, action, count FROM conduit_audit ORDER BY id")


def counted(agent: Agent, site: Site, action: str, **fields: Any) -> int:
    """What an action changes; the dry run before it says the same, and changes nothing."""
    before = recorded(site)
    dry = agent.call(action, **fields)
    assert recorded(site) == before
    wet = agent.call(action, **fields, dry_run=False)
    assert (dry["dry_run"], wet["dry_run"]) == (True, False)
    assert dry["count"] == wet["count"] == len(recorded(site)) - len(before)
    assert dry["note"] == wet["note"]
    return int(wet["count"])


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
            return counted(agent, site, action, queue="mail", **fields)

        assert done("resume") == 0
        assert done("pause") == 1
        assert done("pause") == 0
        assert agent.seen("queues", queue="mail")["queues"][0]["paused_at"]
        assert done("resume") == 1
        assert done("limit", concurrency=2) == 1
        assert done("limit", concurrency=2) == 0
        assert agent.call("limit", queue="mail")["note"] == "The limit was 2. Running: no job."
        assert done("limit", concurrency=2, per_key=True) == 1
        assert done("limit", concurrency=2, per_key=True) == 0
        assert done("limit") == 1
        [row] = agent.seen("queues", queue="mail")["queues"]
        assert (row["concurrency"], row["key_concurrency"]) == (None, 2)
        assert done("share", fair=False) == done("share", source=True) == 0
        assert done("share") == 1
        assert done("share") == 0
        assert agent.call("share", queue="mail")["note"] == "Its keys took turns, from a command."
        assert done("share", fair=False) == 1
        assert done("limit", per_key=True) == 1
        assert agent.seen("queues", queue="mail")["queues"][0]["key_concurrency"] is None


@pytest.mark.parametrize("per_key", [False, True])
def test_limits_of_types(site: Site, start: Start, per_key: bool) -> None:
    key = "key_" if per_key else ""
    with start(*ALL) as agent:

        def done(action: str, **fields: Any) -> int:
            return counted(agent, site, action, type="mail", per_key=per_key, **fields)

        def row() -> dict[str, Any]:
            found = agent.seen("queues")["type_limits"]
            return dict(found[0]) if found else {}

        assert done("limit_type") == done("rate_limit") == 0
        assert done("limit_type", source=True) == done("rate_limit", source=True) == 0
        assert done("limit_type", concurrency=3) == 1
        assert done("limit_type", concurrency=3) == 0
        assert done("rate_limit", starts=5, per=60) == 1
        assert done("rate_limit", starts=5, per=60) == 0
        assert done("rate_limit", starts=5, per=0.5) == 1
        assert row()[f"{key}concurrency"] == 3
        assert (row()[f"{key}starts"], row()[f"{key}per"]) == (5, 0.5)
        again = {"type": "mail", "per_key": per_key}
        assert agent.call("limit_type", **again)["note"] == "The limit was 3, from a command."
        assert "was 5 in 0.5 s" in agent.call("rate_limit", **again)["note"]
        assert done("limit_type", source=True) == 1
        assert done("rate_limit") == 1
        assert row() == {}
    actions = [action for _, action, _ in recorded(site)]
    assert actions == ["limit_type", "rate_limit", "rate_limit", "limit_type", "rate_limit"]


def test_a_limit_of_the_source_is_overridden_and_returns(site: Site, start: Start) -> None:
    pool = WorkerPool(site.queue)
    pool.register(
        "mail", lambda context, payload: None, concurrency=4, rate_limit=9, per=timedelta(minutes=1)
    )
    with start(*ALL) as agent, pool:
        for action, given in (
            ("limit_type", {"concurrency": 4}),
            ("rate_limit", {"starts": 9, "per": 60}),
        ):
            assert "from the source" in agent.call(action, type="mail")["note"]
            assert counted(agent, site, action, type="mail", source=True) == 0
            assert counted(agent, site, action, type="mail", **given) == 1
            assert counted(agent, site, action, type="mail") == 1
            assert counted(agent, site, action, type="mail") == 0
            assert counted(agent, site, action, type="mail", source=True) == 1


@pytest.mark.slow
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_dry_run_refuses_what_the_call_refuses(site: Site, start: Start, dry_run: bool) -> None:
    with start(*ALL) as agent:
        for action, fields, why in (
            ("pause", {"queue": ""}, "names no queue"),
            ("resume", {"queue": "x" * 300}, "queue"),
            ("limit", {"queue": ""}, "names no queue"),
            ("limit", {"queue": "mail", "concurrency": 0}, "whole number"),
            ("limit", {"queue": "mail", "concurrency": -1, "per_key": True}, "whole number"),
            ("limit", {"queue": "mail", "concurrency": 2**31}, "whole number"),
            ("limit_type", {"type": "", "concurrency": 1}, "names no type"),
            ("limit_type", {"type": "mail", "concurrency": 0}, "whole number"),
            ("limit_type", {"type": "mail", "concurrency": 1, "source": True}, "not both"),
            ("rate_limit", {"type": "mail", "starts": 10**30}, "whole number"),
            ("rate_limit", {"type": "mail", "starts": 1, "per": 0}, "seconds"),
            ("rate_limit", {"type": "mail", "starts": 1, "per": 1e300}, "seconds"),
        ):
            assert why in agent.refused(action, **fields, dry_run=dry_run), (action, fields)
        assert recorded(site) == []


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
