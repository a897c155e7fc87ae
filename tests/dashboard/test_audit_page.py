"""The audit: the entries of actions, the filters, and the immediate response of an action."""

import pytest
from conduit_dashboard import ACTIONS, Access
from conduit_dashboard.rendering.actions import ACTIONS as WORDED
from conduit_runtime import Job
from dashboard_site import Site, serving


def test_an_action_is_recorded_and_reported(site: Site) -> None:
    response = site.post("/queues/pause", queue="mail")
    page = site.client.get(response.headers["Location"])
    assert "Paused queue mail." in page.text
    [entry] = site.json("/audit")["entries"]
    assert (entry["actor"], entry["action"], entry["target"], entry["count"]) == (
        "ann",
        "pause",
        {"queue": "mail"},
        1,
    )


def test_a_notice_is_for_whom_it_concerns_and_for_a_few_minutes(site: Site) -> None:
    at = site.post("/queues/pause", queue="mail").headers["Location"]
    site.access = Access.read("bob")
    assert "Paused queue" not in site.client.get(at).text
    site.access = Access.operate("ann")
    assert "Paused queue" in site.client.get(at).text
    site.sql("UPDATE conduit_audit SET at = at - interval '6 minutes'")
    assert "Paused queue" not in site.client.get(at).text


@pytest.mark.parametrize("notice", ["x", "-1", "²", "9" * 40, "1 OR 1=1", "404"])
def test_a_notice_that_there_is_not(site: Site, notice: str) -> None:
    assert 'class="notice"' not in site.html("/queues", notice=notice)


def test_a_program_learns_what_was_changed(site: Site) -> None:
    response = site.client.post(
        "/queues/pause", data={"queue": "mail"}, headers={"Accept": "application/json"}
    )
    assert response.json() == {"action": "pause", "target": {"queue": "mail"}, "count": 1}


def test_what_fails_is_not_recorded(site: Site) -> None:
    assert site.post("/queues/pause").status_code == 400
    site.sql("ALTER TABLE conduit_queues RENAME TO elsewhere")
    assert site.post("/queues/pause", queue="mail").status_code == 503
    site.sql("ALTER TABLE elsewhere RENAME TO conduit_queues")
    assert site.json("/audit")["entries"] == []


def test_it_is_filtered_and_paged(site: Site) -> None:
    site.sql(
        "INSERT INTO conduit_audit (actor, action, target, count) "
        "SELECT CASE n %% 2 WHEN 0 THEN 'ann' ELSE 'bob' END, 'retry', '{}', n "
        "FROM generate_series(1, 120) AS n"
    )
    site.post("/queues/pause", queue="mail")
    first = site.json("/audit", user="ann", action="retry")
    assert [entry["count"] for entry in first["entries"]] == [*range(120, 20, -2)]
    second = site.json("/audit", user="ann", action="retry", before=first["older"])
    assert [entry["count"] for entry in second["entries"]] == [*range(20, 0, -2)]
    assert second["older"] is None
    assert f"before={first['older']}" in site.html("/audit", user="ann", action="retry")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"action": "drop"}, "use one of cancel"),
        ({"before": "x"}, "use the number of an action"),
        ({"before": "9" * 30}, "use the number of an action"),
    ],
)
def test_a_filter_that_cannot_be_used(site: Site, query: dict[str, str], words: str) -> None:
    response = site.client.get("/audit", params=query)
    assert response.status_code == 400
    assert words in response.text


def test_a_record_full_of_html_is_text(site: Site) -> None:
    hostile = "<script>alert('1')</script>\"‮" + "x" * 100_000
    site.access = Access.operate(hostile)
    site.post("/queues/pause", queue="<b>\"'‮")
    page = site.html("/audit")
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert "‮" not in page
    assert len(page) < 20_000


def test_read_only_refuses_and_records_nothing(dsn: str) -> None:
    with serving(dsn, read_only=True) as site:
        response = site.post("/queues/pause", queue="mail")
        assert response.status_code == 403
        assert "read-only" in response.text
        assert site.json("/audit")["entries"] == []


def test_every_action_has_words() -> None:
    assert {*WORDED} >= ACTIONS


def test_an_action_on_one_job_leads_to_it(site: Site) -> None:
    job = site.queue.enqueue(Job(type="t"))
    assert site.post(f"/jobs/{job.id}/cancel").status_code == 303
    assert f'href="/jobs/{job.id}"' in site.html("/audit")


@pytest.mark.parametrize(
    "target", ["{}", "[]", "7", "null", '{"job": {"a": ["<b>"]}}', '{"filter": {"a": [[1]]}}']
)
def test_a_record_that_was_typed_by_hand(site: Site, target: str) -> None:
    site.sql(
        "INSERT INTO conduit_audit (actor, action, target, count) VALUES ('', 'x', %s, -1)", target
    )
    assert "<b>" not in site.html("/audit")
    assert len(site.json("/audit")["entries"]) == 1
