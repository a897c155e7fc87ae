"""The page of the queues: its counts, and what operators set there."""

import re
from datetime import timedelta
from typing import Any

import pytest
from conduit_dashboard import Access
from conduit_runtime import Job
from dashboard_site import Site


def row(site: Site, queue: str = "mail") -> Any:
    [found] = [each for each in site.json("/queues")["queues"] if each["queue"] == queue]
    return found


def test_what_a_queue_holds(site: Site) -> None:
    site.queue.enqueue_many(
        [Job("mail", "t"), Job("mail", "t"), Job("mail", "t", delay=timedelta(1))]
    )
    site.sql("UPDATE jobs SET run_at = now() - interval '5 minutes' WHERE run_at < now()")
    site.sql("INSERT INTO jobs (queue, type, fingerprint) VALUES ('mail', 't', 'abc!def')")
    site.sql("INSERT INTO jobs (queue, type, status) VALUES ('mail', 't', 'running')")
    site.sql("INSERT INTO jobs (queue, type, refusals, run_at) VALUES ('mail', 't', 1, 'tomorrow')")
    site.sql("INSERT INTO jobs (queue, type, status) VALUES ('ended', 't', 'completed')")
    found = row(site)
    assert (found["due"], found["running"], found["workers"]) == (2, 1, 0)
    assert (found["unreadable"], found["refused"]) == (1, 1)
    assert 299 < found["oldest"] < 400
    assert [each["queue"] for each in site.json("/queues")["queues"]] == ["mail"]
    html = site.html("/queues")
    assert "5 minutes" in html
    assert "no worker" in html


def test_queues_are_sorted(site: Site) -> None:
    for queue, jobs in (("a", 1), ("b", 3), ("c", 2)):
        site.queue.enqueue_many([Job(queue, "t") for _ in range(jobs)])
    for sort, found in (("name", "abc"), ("due", "bca"), ("running", "abc")):
        assert "".join(each["queue"] for each in site.json("/queues", sort=sort)["queues"]) == found
    assert 'href="/queues?sort=oldest"' in site.html("/queues")
    assert site.client.get("/queues", params={"sort": "x"}).status_code == 400


def test_one_queue_is_chosen(site: Site) -> None:
    site.queue.enqueue_many([Job("mail", "t"), Job("mail & more", "t")])
    found = site.json("/queues", queue="mail & more")
    assert ([each["queue"] for each in found["queues"]], found["queue"]) == (
        ["mail & more"],
        "mail & more",
    )
    assert "All queues" in site.html("/queues", queue="mail")
    assert "This queue holds no job" in site.html("/queues", queue="gone")


def test_a_long_queue_is_not_counted_to_its_end(site: Site) -> None:
    site.bound(due=20, due_of_queue=10)
    site.queue.enqueue_many([Job("mail", "t") for _ in range(30)])
    site.queue.enqueue_many([Job("post", "t") for _ in range(3)])
    assert (row(site)["due"], row(site)["counted_to"], row(site, "post")["due"]) == (10, 10, 3)
    assert "more than 10" in site.html("/queues")


def test_pause_and_resume_say_who(site: Site) -> None:
    assert site.post("/queues/pause", queue="mail").status_code == 303
    found = row(site)
    assert found["paused_at"]
    assert (found["last_change"]["actor"], found["last_change"]["action"]) == ("ann", "pause")
    assert "paused by ann" in site.html("/queues")
    site.access = Access.operate("bob")
    site.post("/queues/resume", queue="mail")
    site.queue.enqueue(Job("mail", "t"))
    assert row(site)["last_change"]["actor"] == "bob"


def test_a_limit_is_set_and_lifted(site: Site) -> None:
    assert site.post("/queues/limit", queue="mail", concurrency="4").status_code == 303
    assert row(site)["concurrency"] == 4
    site.queue.enqueue(Job("mail", "t"))
    assert "of 4" in site.html("/queues")
    site.post("/queues/limit", queue="mail", concurrency="")
    assert row(site)["concurrency"] is None
    assert [entry["target"] for entry in site.json("/audit")["entries"]] == [
        {"queue": "mail", "concurrency": None},
        {"queue": "mail", "concurrency": 4},
    ]


@pytest.mark.parametrize("given", ["0", "-1", "x", "1.5", "9" * 30, "9" * 5000, "²"])
def test_a_limit_that_is_none(site: Site, given: str) -> None:
    response = site.post("/queues/limit", queue="mail", concurrency=given)
    assert response.status_code == 400
    assert "use a whole number" in response.text
    assert site.json("/queues")["queues"] == []


def test_limits_by_key_and_of_types(site: Site) -> None:
    site.post("/queues/limit", queue="mail", concurrency="4", per_key="yes")
    assert (row(site)["concurrency"], row(site)["key_concurrency"]) == (None, 4)
    site.post("/types/limit", type="t", concurrency="2")
    site.post("/types/limit", type="t", concurrency="1", per_key="yes")
    site.post("/types/rate-limit", type="t", starts="5", per="60", per_key="yes")
    [limits] = site.json("/queues")["type_limits"]
    assert (limits["concurrency"], limits["key_concurrency"]) == (2, 1)
    assert (limits["key_starts"], limits["key_per"]) == (5, 60.0)
    assert [entry["target"] for entry in site.json("/audit")["entries"]] == [
        {"type": "t", "key_starts": 5, "per": 60.0},
        {"type": "t", "key_concurrency": 1},
        {"type": "t", "concurrency": 2},
        {"queue": "mail", "key_concurrency": 4},
    ]
    assert "key starts 5" in site.html("/audit")
    assert "4 of each key" in site.html("/queues")
    assert site.post("/types/rate-limit", type="t", starts="1", per="0").status_code == 400


def test_keys_take_turns_or_not(site: Site) -> None:
    assert site.post("/queues/share", queue="mail", fair="yes").status_code == 303
    assert (row(site)["fair"], row(site)["fair_from"]) == (True, "command")
    html = site.html("/queues")
    assert "keys take turns" in html
    assert 'action="/queues/share"' in html
    site.queue.enqueue(Job("mail", "t"))
    site.post("/queues/share", queue="mail", fair="no")
    assert (row(site)["fair"], row(site)["fair_from"]) == (False, None)
    site.post("/queues/share", queue="mail", source="yes")
    assert [entry["target"]["fair"] for entry in site.json("/audit")["entries"]] == [
        *("source", False, True)
    ]
    for given in ({}, {"fair": "maybe"}, {"fair": "yes", "source": "yes"}):
        assert site.post("/queues/share", queue="mail", **given).status_code == 400


@pytest.mark.parametrize("name", ["", "\0", "x" * 201])
@pytest.mark.parametrize(
    "path", ["/queues/pause", "/queues/resume", "/queues/limit", "/queues/share"]
)
def test_a_name_that_is_none(site: Site, path: str, name: str) -> None:
    response = site.post(path, queue=name)
    assert response.status_code == 400
    assert site.json("/audit")["entries"] == []


@pytest.mark.parametrize("right", ["pause", "resume", "limit", "share"])
def test_each_right_alone(site: Site, right: str) -> None:
    site.access = Access.operate("bob", {right})
    for path in ("pause", "resume", "limit", "share"):
        response = site.post(f"/queues/{path}", queue="mail", concurrency="1", fair="yes")
        assert response.status_code == (303 if path == right else 403)


def test_names_full_of_html(site: Site) -> None:
    name = "<script>alert('\"')</script>\u202e"
    site.queue.enqueue(Job(name, "t"))
    site.post("/queues/pause", queue=name)
    for path in ("/queues", "/", "/audit"):
        html = site.html(path)
        assert "<script>alert" not in html
        assert "\u202e" not in re.sub(r' value="[^"]*"', "", html)
    assert row(site, name)["paused_at"]


def test_limits_of_job_types(site: Site) -> None:
    assert "Limits of job types" not in site.html("/queues")
    site.queue.limit_type("t", 3)
    site.queue.rate_limit("u", 5, timedelta(minutes=1))
    html = site.html("/queues")
    assert "Limits of job types" in html
    assert "5 per 60 s" in html


@pytest.mark.parametrize("paused", ["infinity", "-infinity", "4000-01-01 BC"])
def test_a_pause_that_was_typed_by_hand(site: Site, paused: str) -> None:
    site.sql("INSERT INTO conduit_queues (name, paused_at) VALUES ('mail', %s)", paused)
    assert row(site)["paused_at"]
    assert "paused" in site.html("/queues")
