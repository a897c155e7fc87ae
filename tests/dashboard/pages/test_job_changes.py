"""Actions on many jobs: on the selected ones, and on all that match, in the background."""

import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_dashboard import Access
from conduit_runtime import Job
from dashboard_site import Site, serving
from waiting import until


def jobs_of(site: Site, count: int = 5, status: str = "pending", **options: Any) -> list[str]:
    """Enqueue jobs with this status; return their ids."""
    jobs = site.queue.enqueue_many([Job(type="t", **options) for _ in range(count)])
    ids = [str(job.id) for job in jobs]
    site.sql("UPDATE jobs SET status = %s WHERE id::text = ANY (%s)", status, ids)
    return ids


def post(site: Site, action: str, /, **fields: Any) -> Any:
    """Run an action, and return its JSON response."""
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
    response = site.client.post(f"/jobs/{action.replace('_', '-')}", data=fields, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def refused(site: Site, action: str, /, **fields: Any) -> tuple[int, str]:
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
    response = site.client.post(f"/jobs/{action.replace('_', '-')}", data=fields, headers=headers)
    return response.status_code, response.json()["message"]


def recorded(site: Site) -> list[tuple[Any, ...]]:
    return site.sql(
        "SELECT actor, action, target, count, total, state FROM conduit_audit ORDER BY id"
    )


CHANGES = [
    ("retry", {}, "failed", "SELECT count(*) FROM jobs WHERE status = 'pending'"),
    ("cancel", {}, "pending", "SELECT count(*) FROM jobs WHERE status = 'cancelled'"),
    ("move", {"to_queue": "b"}, "pending", "SELECT count(*) FROM jobs WHERE queue = 'b'"),
    ("priority", {"to_priority": "7"}, "pending", "SELECT count(*) FROM jobs WHERE priority = 7"),
    ("run_now", {}, "pending", "SELECT count(*) FROM jobs WHERE run_at <= now()"),
    ("delete", {}, "completed", "SELECT 5 - count(*) FROM jobs"),
]


@pytest.mark.parametrize(("action", "fields", "status", "changed"), CHANGES)
def test_selected_jobs_are_changed(
    site: Site, action: str, fields: dict[str, str], status: str, changed: str
) -> None:
    ids = jobs_of(site, status=status, delay=timedelta(hours=1))
    done = post(site, action, id=ids[:2], **fields)
    assert (done["action"], done["count"], done["target"]["jobs"]) == (action, 2, ids[:2])
    assert site.sql(changed) == [(2,)]
    values = {name: 7 if value == "7" else value for name, value in fields.items()}
    assert recorded(site) == [("ann", action, {"jobs": ids[:2], **values}, 2, None, "done")]


@pytest.mark.parametrize(("action", "fields", "status", "changed"), CHANGES)
def test_all_that_match_are_changed(
    site: Site, action: str, fields: dict[str, str], status: str, changed: str
) -> None:
    jobs_of(site, status=status, delay=timedelta(hours=1))
    site.sql("UPDATE jobs SET type = 'other' WHERE id IN (SELECT id FROM jobs LIMIT 2)")
    assert post(site, action, all="1", type="t", **fields)["count"] == 3
    assert site.sql(changed) == [(3,)]
    [(actor, name, target, count, total, state)] = recorded(site)
    assert (actor, name, count, total, state) == ("ann", action, 3, 3, "done")
    assert target["filter"] == {"type": "t"}


@pytest.mark.parametrize(("action", "fields", "status", "changed"), CHANGES)
def test_a_change_of_all_that_match_shows_its_count_first(
    site: Site, action: str, fields: dict[str, str], status: str, changed: str
) -> None:
    jobs_of(site, status=status, delay=timedelta(hours=1))
    site.sql("UPDATE jobs SET type = 'other' WHERE id IN (SELECT id FROM jobs LIMIT 2)")
    before = site.sql(changed)
    path = f"/jobs/{action.replace('_', '-')}"
    response = site.post(path, all="1", ask="1", type="t", back="/jobs?type=t", **fields)
    assert response.status_code == 200
    assert "3 jobs?</h1>" in response.text
    assert (site.sql(changed), recorded(site)) == (before, [])
    given = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', response.text))
    assert given == {"all": "1", "type": "t", "back": "/jobs?type=t", **fields}
    assert site.post(path, **given).headers["Location"] == "/jobs?type=t&notice=1"
    assert site.sql(changed) == [(3,)]


def test_a_count_that_takes_too_long_says_so(site: Site) -> None:
    jobs_of(site, status="failed")
    site.bound(search=-1.0)
    response = site.post("/jobs/retry", all="1", ask="1", status="failed")
    assert "more than could be counted in time" in response.text


def test_the_browser_goes_back_and_shows_the_result(site: Site) -> None:
    [id] = jobs_of(site, 1, "failed")
    response = site.post("/jobs/retry", id=id, back="/jobs?status=failed")
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/jobs?status=failed&notice=")
    assert "Retried 1 job." in site.client.get(response.headers["Location"]).text
    away = site.post("/jobs/retry", id=id, back="//evil.example")
    assert away.status_code == 400


def test_completed_jobs_run_again_only_when_asked_for(site: Site) -> None:
    ids = jobs_of(site, 4, "completed")
    assert post(site, "retry", all="1", type="t")["count"] == 0
    assert post(site, "retry", id=ids[:1])["count"] == 1
    assert post(site, "retry", all="1", status="completed")["count"] == 3


def test_a_group_of_errors_is_retried(site: Site) -> None:
    jobs_of(site, 500, "failed")
    site.sql("UPDATE jobs SET error = concat('KeyError: ', priority + seq)")
    jobs_of(site, 3, "failed")
    [group, _] = site.json("/errors")["groups"]
    done = post(site, "retry", all="1", status="failed", type="t", error_group=group["key"])
    assert done["count"] == 500
    assert site.queue.stats().pending == 500


def test_jobs_that_are_locked_or_refused_stay(site: Site) -> None:
    ids = jobs_of(site)
    site.sql(
        "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
        "CREATE TRIGGER guard BEFORE UPDATE ON jobs FOR EACH ROW WHEN (OLD.queue = 'guarded') "
        "EXECUTE FUNCTION guard(); "
    )
    site.sql("ALTER TABLE jobs DISABLE TRIGGER guard")
    site.sql("UPDATE jobs SET queue = 'guarded' WHERE id = %s", ids[0])
    site.sql("ALTER TABLE jobs ENABLE TRIGGER guard")
    with psycopg.connect(site.queue.dsn) as other:
        other.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (ids[1],))
        assert post(site, "cancel", id=ids)["count"] == 3
    assert post(site, "cancel", all="1")["count"] == 1
    assert site.queue.stats().pending == 1


def test_a_job_that_is_locked_for_long_does_not_end_an_action(site: Site) -> None:
    site.bound(action_step=0.2)
    ids = jobs_of(site)
    with psycopg.connect(site.queue.dsn) as other:
        other.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (ids[1],))
        post(site, "cancel", all="1")
        until(lambda: recorded(site)[0][-1] == "done")
    assert recorded(site)[0][3] == 4


@pytest.fixture
def slow(site: Site) -> Any:
    """A connection whose locks hold up the actions in the background, in batches of one job."""
    site.bound(changed=1, soon=0.01)
    with psycopg.connect(site.queue.dsn) as other:
        yield other


def test_an_action_goes_on_when_its_visitor_has_left_and_can_be_stopped(
    site: Site, slow: psycopg.Connection[Any]
) -> None:
    ids = sorted(jobs_of(site, 9, "failed"))
    slow.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (ids[4],))
    site.post("/jobs/retry", all="1", type="t")
    until(lambda: site.sql("SELECT count FROM conduit_audit") == [(4,)])
    [action] = site.json("/jobs")["actions"]
    assert (action["count"], action["total"], action["state"]) == (4, 9, "running")
    html = site.html("/jobs")
    assert '<progress max="9" value="4"' in html
    assert "retry: type t;" in html
    assert 'action="/jobs/retry/stop"' in html
    site.post("/jobs/retry/stop", action=action["id"])
    slow.rollback()
    until(lambda: site.json("/jobs")["actions"][0]["state"] == "stopped")
    assert site.sql("SELECT count(*) FROM jobs WHERE status = 'pending'") == [(4,)]
    assert recorded(site)[1][:3] == ("ann", "stop", {"action": action["id"]})
    assert refused(site, "retry/stop", action=action["id"])[0] == 409


def test_an_action_is_stopped_by_who_may_do_it(site: Site, slow: psycopg.Connection[Any]) -> None:
    [id] = jobs_of(site, 1)
    slow.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (id,))
    site.post("/jobs/cancel", all="1")
    action = recorded(site) and site.json("/jobs")["actions"][0]["id"]
    assert refused(site, "retry/stop", action=action)[0] == 409
    site.access = Access.operate("bob", {"retry"})
    assert refused(site, "cancel/stop", action=action)[0] == 403
    slow.rollback()
    until(lambda: site.queue.stats().cancelled == 1)


def test_an_action_outlives_the_connections_of_the_dashboard(
    site: Site, slow: psycopg.Connection[Any]
) -> None:
    ids = sorted(jobs_of(site, 9, "failed"))
    slow.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (ids[4],))
    site.post("/jobs/retry", all="1", type="t")
    until(lambda: site.sql("SELECT count FROM conduit_audit") == [(4,)])
    site.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid NOT IN (pg_backend_pid(), %s)",
        slow.info.backend_pid,
    )
    slow.rollback()
    until(lambda: site.sql("SELECT count, state FROM conduit_audit") == [(9, "done")])


def test_an_action_whose_process_died_is_interrupted(site: Site) -> None:
    jobs_of(site, 1)
    post(site, "cancel", all="1")
    site.sql(
        "UPDATE conduit_audit SET state = 'running', finished_at = NULL, "
        "seen_at = now() - interval '3 minutes'"
    )
    assert site.json("/jobs")["actions"][0]["state"] == "interrupted"
    assert "/jobs/cancel/stop" not in site.html("/jobs")


INTERRUPT = (
    "UPDATE conduit_audit SET state = 'running', finished_at = NULL,"
    " at = now() - interval '1 hour', seen_at = now() - interval '3 minutes' WHERE id = %s"
)


def test_an_interrupted_action_is_continued_once(site: Site) -> None:
    old = jobs_of(site, 2, status="failed")
    new = jobs_of(site, 1, status="failed")
    later = jobs_of(site, 1, status="failed")
    ages = {old[0]: "2 hours", old[1]: "3 hours", new[0]: "70 minutes", later[0]: "50 minutes"}
    for id_, age in ages.items():
        site.sql("UPDATE jobs SET created_at = now() - %s::interval WHERE id::text = %s", age, id_)
    post(site, "move", all="1", queue="none", to_queue="b")
    [(id_,)] = site.sql("SELECT id FROM conduit_audit")
    filter_ = '{"filter": {"type": "t", "older": "30m", "newer": "90m"}}'
    site.sql("UPDATE conduit_audit SET action = 'retry', target = %s", filter_)
    assert refused(site, "retry/continue", action=id_)[0] == 409  # that action has ended
    site.sql(INTERRUPT, id_)
    for page in ("/jobs", "/audit"):
        assert 'action="/jobs/retry/continue"' in site.html(page)
    assert refused(site, "cancel/continue", action=id_)[0] == 409
    site.access = Access.operate("bob", {"cancel"})
    assert refused(site, "retry/continue", action=id_)[0] == 403
    assert "/continue" not in site.html("/audit")
    site.access = Access.operate("bob")
    assert post(site, "retry/continue", action=id_)["count"] == 1
    pending = site.sql("SELECT id::text FROM jobs WHERE status = 'pending'")
    assert pending == [(old[0],)]  # only this job was older than 30 and newer than 90 minutes then
    assert refused(site, "retry/continue", action=id_)[0] == 409
    assert "/continue" not in site.html("/audit")
    *_, (actor, action, target, count, _, state) = recorded(site)
    assert (actor, action, count, state) == ("bob", "retry", 1, "done")
    assert target["filter"].keys() == {"type", "older", "newer"}
    assert int(target["filter"]["older"].removesuffix("s")) >= 5_400


def test_what_an_interrupted_action_sets_is_set_by_its_continuation(site: Site) -> None:
    jobs_of(site, 3)
    site.sql("UPDATE jobs SET created_at = now() - interval '2 hours'")
    post(site, "priority", all="1", to_priority="7")
    [(id_,)] = site.sql("SELECT id FROM conduit_audit")
    site.sql("UPDATE jobs SET priority = 50 WHERE id = (SELECT max(id::text)::uuid FROM jobs)")
    site.sql(INTERRUPT, id_)
    post(site, "priority/continue", action=id_)
    assert site.sql("SELECT DISTINCT priority FROM jobs") == [(7,)]


@pytest.mark.parametrize("target", ['{"jobs": []}', '{"filter": {"older": "x"}}', "[]"])
def test_a_record_that_cannot_be_continued(site: Site, target: str) -> None:
    jobs_of(site, 1)
    post(site, "cancel", all="1", queue="none")
    [(id_,)] = site.sql("SELECT id FROM conduit_audit")
    site.sql("UPDATE conduit_audit SET target = %s", target)
    site.sql(INTERRUPT, id_)
    assert refused(site, "cancel/continue", action=id_)[0] in (400, 409)
    assert site.queue.stats().pending == 1


def test_a_page_says_that_nothing_was_selected(site: Site) -> None:
    jobs_of(site)
    response = site.post("/jobs/retry", back="/jobs?type=t")
    assert response.status_code == 303
    assert response.headers["Location"] == "/jobs?type=t&notice=unselected"
    assert "No job is selected." in site.html("/jobs", type="t", notice="unselected")
    assert "notice" not in site.html("/jobs", notice="x").partition("<main")[2][:200]
    assert recorded(site) == []


def test_only_so_many_actions_run_at_once(site: Site, slow: psycopg.Connection[Any]) -> None:
    site.bound(actions=1)
    [id] = jobs_of(site, 1)
    slow.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (id,))
    site.post("/jobs/cancel", all="1")
    status, words = refused(site, "cancel", all="1")
    assert status == 409
    assert "run in the background already" in words
    slow.rollback()
    until(lambda: site.queue.stats().cancelled == 1)
    assert len(recorded(site)) == 1


@pytest.mark.parametrize(
    ("action", "fields", "words"),
    [
        ("retry", {}, "No job is selected"),
        ("retry/continue", {}, "names no action"),
        ("retry", {"id": "7"}, "use the id of a job"),
        ("retry", {"id": [f"{n:032x}" for n in range(1_001)]}, "At most 1,000"),
        ("retry", {"all": "1", "status": "lost"}, "use one of pending"),
        ("retry", {"all": "1", "older": "x"}, "use 90s"),
        ("retry", {"all": "1", "staus": "failed"}, "There is no filter 'staus'"),
        ("retry", {"all": "1", "id": f"{7:032x}"}, "not both"),
        ("move", {"all": "1"}, "Name the queue"),
        ("move", {"all": "1", "to_queue": "x" * 201}, "longer than 200"),
        ("move", {"all": "1", "to_queue": "\0"}, "U+0000"),
        ("priority", {"all": "1"}, "0 to 100"),
        ("priority", {"all": "1", "to_priority": "101"}, "0 to 100"),
        ("retry/stop", {}, "names no action"),
        ("retry/stop", {"action": "9" * 30}, "use the number of an action"),
    ],
)
def test_forms_that_cannot_be(site: Site, action: str, fields: Any, words: str) -> None:
    jobs_of(site)
    status, message = refused(site, action, **fields)
    assert (status, words in message) == (400, True), message
    assert recorded(site) == []


def test_rights_are_by_action(site: Site) -> None:
    ids = jobs_of(site)
    site.access = Access.operate("bob", {"retry"})
    html = site.html("/jobs")
    assert "/jobs/retry" in html
    assert "/jobs/cancel" not in html
    assert refused(site, "cancel", id=ids)[0] == 403


def test_a_read_only_dashboard_changes_nothing(dsn: str) -> None:
    with serving(dsn, read_only=True) as site:
        ids = jobs_of(site)
        for action, fields, _, _ in CHANGES:
            assert refused(site, action, id=ids, **fields)[0] == 403
            assert refused(site, action, all="1", **fields)[0] == 403
        assert "checkbox" not in site.html("/jobs")
        assert site.queue.stats().pending == 5
