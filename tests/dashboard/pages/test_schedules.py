"""The page of the schedules: their ticks, running them now, and the authors of changes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conduit_dashboard import Access
from conduit_runtime import CronScheduler, Schedule
from dashboard_site import Site, serving


@pytest.fixture
def scheduler(site: Site) -> CronScheduler:
    return CronScheduler(site.queue)


def row(site: Site) -> Any:
    [found] = site.json("/schedules")["schedules"]
    return found


def test_no_schedule(site: Site) -> None:
    assert "There is no schedule." in site.html("/schedules")


def test_ticks_to_come(site: Site, scheduler: CronScheduler) -> None:
    scheduler.add(Schedule.cron("0 3 * * *", timezone="Europe/Berlin", type="report"))
    found = row(site)
    ticks = [datetime.fromisoformat(tick) for tick in found["next_ticks"]]
    assert len(ticks) == 3
    assert datetime.now(UTC) < ticks[0] < datetime.now(UTC) + timedelta(days=1, hours=1)
    assert ticks == sorted(ticks)
    assert "0 3 * * * Europe/Berlin" in site.html("/schedules")
    assert (found["last_tick"], found["last_job"]) == (None, None)


def test_the_last_tick_links_to_its_job(site: Site, scheduler: CronScheduler) -> None:
    scheduler.add(Schedule.every(hours=1, type="report"))
    site.sql("UPDATE conduit_schedules SET next_run_at = now() - interval '1 minute'")
    assert scheduler.enqueue_due() == 1
    [job] = site.queue.list()
    assert row(site)["last_job"] == str(job.id)
    assert f"/jobs/{job.id}" in site.html("/schedules")


def test_run_now(site: Site, scheduler: CronScheduler) -> None:
    scheduler.add(Schedule.every(hours=1, type="report", payload={"a": 1}, name="hourly"))
    before = row(site)["next_ticks"]
    response = site.post("/schedules/run", schedule="hourly")
    [job] = site.queue.list()
    assert (
        f'<a href="/jobs/{job.id}">See the job</a>'
        in site.client.get(response.headers["Location"]).text
    )
    assert f'<a href="/jobs/{job.id}">' in site.html("/audit")
    assert (job.type, job.payload) == ("report", {"a": 1})
    assert row(site)["next_ticks"] == before
    assert row(site)["last_change"]["action"] == "run_schedule"
    [entry] = site.json("/audit")["entries"]
    assert entry["target"] == {"schedule": "hourly", "job": str(job.id)}
    assert "run by ann" in site.html("/schedules")


def test_disable_and_enable(site: Site, scheduler: CronScheduler) -> None:
    scheduler.add(Schedule.every(hours=1, type="report"))
    site.post("/schedules/disable", schedule="report")
    assert (row(site)["enabled"], row(site)["next_ticks"]) == (False, [])
    site.post("/schedules/enable", schedule="report")
    assert row(site)["enabled"]
    entries = site.json("/audit")["entries"]
    assert [(entry["action"], entry["target"]) for entry in entries] == [
        ("enable_schedule", {"schedule": "report"}),
        ("disable_schedule", {"schedule": "report"}),
    ]


@pytest.mark.parametrize("path", ["run", "enable", "disable"])
@pytest.mark.parametrize(("name", "status"), [("", 400), ("\0", 400), ("<gone>", 404)])
def test_a_schedule_that_there_is_not(site: Site, path: str, name: str, status: int) -> None:
    response = site.post(f"/schedules/{path}", schedule=name)
    assert response.status_code == status
    assert "<gone>" not in response.text
    assert site.json("/audit")["entries"] == []
    assert site.queue.list() == []


@pytest.mark.parametrize("path", ["run", "enable", "disable"])
def test_who_may_only_read_changes_nothing(site: Site, scheduler: CronScheduler, path: str) -> None:
    scheduler.add(Schedule.every(hours=1, type="report"))
    site.access = Access.read("bob")
    assert "Run now" not in site.html("/schedules")
    assert site.post(f"/schedules/{path}", schedule="report").status_code == 403
    assert site.queue.list() == []


def test_a_read_only_dashboard(dsn: str) -> None:
    with serving(dsn, read_only=True) as site:
        CronScheduler(site.queue).add(Schedule.every(hours=1, type="report"))
        assert "Run now" not in site.html("/schedules")
        assert site.post("/schedules/run", schedule="report").status_code == 403
        assert site.queue.list() == []


def test_a_schedule_that_fails_and_a_time_zone_that_is_gone(
    site: Site, scheduler: CronScheduler
) -> None:
    scheduler.add(Schedule.cron("0 3 * * *", type="<b>"))
    site.sql("UPDATE conduit_schedules SET failures = 3, error = '<i>no</i>'")
    html = site.html("/schedules")
    assert "&lt;i&gt;no&lt;/i&gt; (3 times in a row)" in html
    assert "<b>" not in html
    site.sql("UPDATE conduit_schedules SET error = NULL, timezone = 'Mars/Base'")
    assert "no time zone" in row(site)["error"]
    assert len(row(site)["next_ticks"]) == 1


DESCRIBE = "INSERT INTO conduit_job_types VALUES (%s, 'aaaa', 'default', %s)"
FIELDS = {"to": {"kind": "string"}, "card": {"kind": "string", "sensitive": True}}


def test_sensitive_values_are_masked(site: Site, scheduler: CronScheduler) -> None:
    site.sql(DESCRIBE, "charge", json.dumps({"fields": FIELDS}))
    scheduler.add(Schedule.every(hours=1, type="charge", payload={"to": "<x>", "card": "4111"}))
    site.sql("UPDATE conduit_schedules SET failures = 3, error = 'no 4111'")
    assert row(site)["payload"] == {"to": "<x>", "card": "[sensitive]"}
    assert row(site)["error"] == "no [sensitive]"
    for path in ("/schedules", "/"):
        assert "4111" not in site.html(path) + json.dumps(site.json(path))
    assert "&lt;x&gt;" in site.html("/schedules")


def test_a_large_payload_is_cut(site: Site, scheduler: CronScheduler) -> None:
    scheduler.add(Schedule.every(hours=1, type="t", payload="x" * 100_000))
    assert len(site.html("/schedules")) < 20_000


def test_many_schedules_are_searched_by_name(site: Site, scheduler: CronScheduler) -> None:
    site.bound(schedules=15)
    for number in range(20):
        scheduler.add(Schedule.every(hours=1, type="t", name=f"shop {number:02}"))
    page = site.json("/schedules")
    assert (len(page["schedules"]), page["more_schedules"]) == (15, 5)
    assert "The first 15 of 20" in site.html("/schedules")
    [found] = site.json("/schedules", name="p 17")["schedules"]
    assert found["name"] == "shop 17"
    assert "No schedule has this" in site.html("/schedules", name="<b>")


def test_ticks_after_the_end_of_time(site: Site) -> None:
    site.sql(
        "INSERT INTO conduit_schedules (name, type, every, next_run_at) "
        "VALUES ('s', 't', 31536000000, '8999-01-01')"
    )
    assert len(row(site)["next_ticks"]) == 2
    site.html("/schedules")
