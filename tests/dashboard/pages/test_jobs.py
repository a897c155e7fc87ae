"""The page of jobs: the results of its filter, its texts, and what it hides."""

import json
import re
from typing import Any

import pytest
from conduit_dashboard import Access
from conduit_runtime import Job
from dashboard_site import Site

DESCRIBE = "INSERT INTO conduit_job_types VALUES (%s, %s, 'mail', %s)"
FIELDS: dict[str, Any] = {
    "to": {"kind": "string"},
    "card": {"kind": "string", "sensitive": True},
    "total": {"kind": "decimal", "nullable": True},
    "count": {"kind": "int"},
    "paid": {"kind": "bool"},
    "state": {"kind": "enum", "values": ["open", "closed"]},
    "at": {"kind": "timestamp"},
    "order": {
        "kind": "record",
        "fields": {"id": {"kind": "int"}, "pin": {"kind": "int", "sensitive": True}},
    },
}
PAYLOAD = {
    "to": "bob",
    "card": "4111",
    "total": "12.50",
    "count": 3,
    "paid": True,
    "state": "open",
    "at": "2026-01-31T10:30:00Z",
    "order": {"id": 7, "pin": 1234},
}


def describe(site: Site, type_: str = "mail", fingerprint: str = "aaaa") -> None:
    site.sql(DESCRIBE, type_, fingerprint, json.dumps({"fields": FIELDS}))


def test_names_that_workers_have_described_are_suggested(site: Site) -> None:
    describe(site, 'a"b')
    describe(site, "mail")
    describe(site, "mail", "bbbb")
    describe(site, "\u202eliam")  # it would be shown backwards
    assert site.json("/jobs")["known_types"] == ['a"b', "mail"]
    html = site.html("/jobs")
    assert 'name="type" value="" list="type-names"' in html
    assert html.count('<option value="a&#34;b"></option>') == 1


def enqueue(
    site: Site, type_: str = "mail", fingerprint: str | None = "aaaa", **payload: Any
) -> Job:
    job = Job(type=type_, payload={**PAYLOAD, **payload}, fingerprint=fingerprint)
    return site.queue.enqueue(job)


def found(site: Site, **query: Any) -> set[str]:
    return {job["id"] for job in site.json("/jobs", **query)["jobs"]}


def refused(site: Site, **query: Any) -> str:
    response = site.client.get("/jobs", params=query, headers={"Accept": "application/json"})
    assert response.status_code == 400, response.text
    message: str = response.json()["message"]
    return message


def test_jobs_are_listed_the_newest_first(site: Site) -> None:
    jobs = [site.queue.enqueue(Job("mail", "send", {"n": n})) for n in range(3)]
    data = site.json("/jobs")
    assert [job["payload"] for job in data["jobs"]] == [{"n": 2}, {"n": 1}, {"n": 0}]
    assert data["count"] == {"found": 3, "looked_at": 3, "is_complete": True}
    assert (data["next"], data["searched_back_to"]) == (None, None)
    html = site.html("/jobs")
    assert f'href="/jobs/{jobs[0].id}"' in html
    assert "3 jobs." in html
    assert "n: 2" in html


SORTED = """
INSERT INTO jobs (type, status, attempts, priority, created_at, run_at, started_at, completed_at)
SELECT 'job' || n, %s, (n * 7) %% 10, (n * 3) %% 10, now() - make_interval(mins => 100 - n),
       now() - make_interval(mins => (n * 7) %% 10), now() - make_interval(mins => (n * 3) %% 10),
       CASE WHEN %s = 'completed' THEN now() - make_interval(mins => (n * 7) %% 10) END
FROM generate_series(0, 9) AS n
"""


def types(site: Site, **query: Any) -> list[int]:
    return [int(job["type"][3:]) for job in site.json("/jobs", **query)["jobs"]]


@pytest.mark.parametrize("status", ["pending", "running", "completed"])
def test_heads_of_columns_sort_the_jobs(site: Site, status: str) -> None:
    site.sql(SORTED, status, status)
    first = [*range(10)]
    by_7, by_3 = (sorted(first, key=lambda n: -(n * by % 10)) for by in (7, 3))
    last_ended = sorted(first, key=lambda n: n * 7 % 10)
    by_time = {"pending": by_7, "running": by_3, "completed": last_ended}[status]
    by_id = [*first]
    rows = site.sql("SELECT type FROM jobs ORDER BY id")
    by_id = [int(type_[3:]) for (type_,) in rows]
    for given in ({}, {"status": status}):
        assert types(site, **given) == by_id[::-1]
        assert types(site, sort="oldest", **given) == by_id
        assert types(site, sort="attempts", **given) == by_7
        assert types(site, sort="priority", **given) == by_3
    assert types(site, sort="time", status=status) == by_time
    assert site.json("/jobs", sort="time")["sort"] == "newest"  # which time depends on the status
    html = site.html("/jobs", status=status, sort="attempts")
    assert (
        f'aria-sort="descending"><a href="/jobs?status={status}&amp;sort=attempts">Attempts' in html
    )
    assert '<input type="hidden" name="sort" value="attempts">' in html
    assert "10 jobs match." in html


def test_the_oldest_jobs_come_in_pages(site: Site) -> None:
    site.bound(rows=4)
    ids = [str(job.id) for job in site.queue.enqueue_many([Job("mail", "t") for _ in range(10)])]
    for query in ({}, {"status": "pending"}, {"newer": "1h"}):
        found: list[str] = []
        before = None
        while True:
            page = site.json("/jobs", sort="oldest", before=before or "", **query)
            found += [job["id"] for job in page["jobs"]]
            if (before := page["next"]) is None:
                break
        assert found == ids
    assert "Newer" in site.html("/jobs", sort="oldest")
    assert site.json("/jobs", sort="oldest", older="1h")["jobs"] == []


def test_the_heading_says_what_a_sorted_list_covers(site: Site) -> None:
    site.bound(rows=2)
    site.queue.enqueue_many([Job("mail", "t", priority=n) for n in (9, 1, 2, 3, 4, 5)])
    page = site.json("/jobs", sort="priority")
    assert [job["priority"] for job in page["jobs"]] == [9, 5]
    assert page["count_in_words"] == "6 jobs. The first 2 are shown."
    assert (page["next"], page["searched_back_to"]) == (None, None)
    site.bound(scanned=4, few=4)
    for query in ({}, {"status": "pending"}):
        page = site.json("/jobs", sort="priority", **query)
        assert [job["priority"] for job in page["jobs"]] == [5, 4]
        assert page["count_in_words"] == (
            "Only the newest 4 jobs are sorted: 4 match. The first 2 are shown."
        )
        assert page["count"] == {"found": 4, "looked_at": 4, "is_complete": False}


def test_a_search_in_errors_is_not_sorted_by_values(site: Site) -> None:
    """Jobs that match in hidden values would displace others."""
    page = site.json("/jobs", error="x", status="failed", sort="attempts")
    assert (page["sort"], page["sorts"]) == ("newest", ["newest", "oldest"])
    assert "sort=attempts" not in site.html("/jobs", error="x", status="failed", sort="attempts")


def test_nothing_is_there(site: Site) -> None:
    assert "There are no jobs." in site.html("/jobs")
    assert "No job matches." in site.html("/jobs", status="failed")


def test_each_part_of_the_filter(site: Site) -> None:
    a = str(site.queue.enqueue(Job("a", "x")).id)
    b = str(site.queue.enqueue(Job("b", "y")).id)
    site.sql(
        "UPDATE jobs SET status = 'failed', error = 'Order 17 is lost', created_at = now() - "
        """interval '2 h', errors = '[{"worker": "w"}]' WHERE type = 'y'"""
    )
    assert found(site) == {a, b}
    assert found(site, status="due") == {a}
    assert found(site, queue="b") == {b}
    assert found(site, type="x") == {a}
    assert found(site, older="1h") == {b}
    assert found(site, newer="1h") == {a}
    assert found(site, error="order 17") == {b}
    assert found(site, worker="w") == {b}
    assert found(site, status="", queue="", before="") == {a, b}
    html = site.html("/jobs", status="failed", error="order 17")
    assert '<option value="failed" selected>' in html
    assert 'value="order 17"' in html


def test_jobs_of_a_key_and_of_the_empty_one(site: Site) -> None:
    keys = (None, "", "acme")
    none, empty, acme = (str(site.queue.enqueue(Job(type="t", key=key)).id) for key in keys)
    assert found(site, key="") == {none, empty, acme}
    assert found(site, key="acme") == {acme}
    assert found(site, empty_key="1") == {empty}
    links = re.findall(r'href="/jobs\?(\w*key=\w+)"', site.html("/jobs"))
    assert links == ["key=acme", "empty_key=1"]
    assert 'href="/jobs?empty_key=1"' in site.html(f"/jobs/{empty}")
    assert "Key</dt>" not in site.html(f"/jobs/{none}")
    assert 'name="empty_key" value="1" checked' in site.html("/jobs", empty_key="1")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"key": "a", "empty_key": "1"}, "not both"),
        ({"empty_key": "yes"}, "use one of 1"),
        ({"status": "lost"}, "use one of pending, running"),
        ({"older": "soon"}, "use 90s, 15m"),
        ({"newer": "-1h"}, "use 90s, 15m"),
        ({"before": "7"}, "use the id of a job"),
        ({"payload": '{"a": 1}'}, "Choose a type"),
        ({"type": "t", "payload": "{"}, "no JSON object"),
        ({"type": "t", "payload": "[1]"}, "no JSON object"),
        ({"type": "t", "payload": "[" * 5000}, "no JSON object"),
        ({"type": "t", "payload": '{"a":' * 1_500 + "1" + "}" * 1_500}, "no JSON object"),
        ({"type": "t", "payload": '{"a": NaN}'}, "no JSON object"),
        ({"type": "t", "p.a": "1"}, "cannot be searched by a"),
        ({"type": "\0"}, "U+0000"),
        ({"error": "\0"}, "U+0000"),
        ({"type": "t", "payload": '{"a": "\\u0000"}'}, "no JSON object"),
    ],
)
def test_values_that_cannot_be(site: Site, query: dict[str, str], words: str) -> None:
    assert words in refused(site, **query)


def test_pages_go_back_in_time(site: Site) -> None:
    site.bound(rows=2)
    jobs = sorted(str(job.id) for job in site.queue.enqueue_many([Job(type="t") for _ in range(5)]))
    first = site.json("/jobs", type="t")
    second = site.json("/jobs", type="t", before=first["next"])
    third = site.json("/jobs", type="t", before=second["next"])
    listed = [job["id"] for page in (first, second, third) for job in page["jobs"]]
    assert (listed, third["next"]) == (jobs[::-1], None)
    html = site.html("/jobs", type="t", before=first["next"])
    assert f'href="/jobs?type=t&amp;before={second["next"]}"' in html


def test_the_id_of_a_job_leads_to_it(site: Site) -> None:
    job = site.queue.enqueue(Job(type="t"))
    assert 'name="id"' in site.html("/jobs")
    response = site.client.get("/jobs", params={"status": "", "id": f" {job.id} "})
    assert (response.status_code, response.headers["Location"]) == (303, f"/jobs/{job.id}")
    response = site.client.get("/jobs", params={"id": "17"})
    assert (response.status_code, "use the id of a job" in response.text) == (400, True)


@pytest.mark.parametrize("status", ["", "completed"])
def test_a_search_that_finds_too_little_can_go_on(site: Site, status: str) -> None:
    site.bound(scanned=3)
    jobs = sorted((Job(type="t") for _ in range(8)), key=lambda job: job.id)
    jobs[1].type = "rare"
    site.queue.enqueue_many(jobs)
    site.sql("UPDATE jobs SET status = 'completed'")
    page = site.json("/jobs", type="rare", status=status)  # it goes on by itself
    assert [job["id"] for job in page["jobs"]] == [str(jobs[1].id)]
    assert page["searched_back_to"] is None
    assert "None of the newest" not in site.html("/jobs", type="rare", status=status)
    site.bound(scans=1)
    page = site.json("/jobs", type="rare", status=status)
    assert (page["jobs"], page["count"]["is_complete"]) == ([], False)
    assert page["searched_back_to"] is not None
    html = site.html("/jobs", type="rare", status=status)
    assert "Searched back to" in html
    assert "data-search-on" in html
    page = site.json("/jobs", type="rare", status=status, before=page["next"])
    page = site.json("/jobs", type="rare", status=status, before=page["next"])
    assert [job["id"] for job in page["jobs"]] == [str(jobs[1].id)]


def test_few_pending_jobs_are_found_behind_many_others(site: Site) -> None:
    site.bound(scanned=3)
    stuck = site.queue.enqueue(Job("q", "stuck"))
    site.queue.enqueue_many([Job(type="t") for _ in range(9)])
    site.sql("UPDATE jobs SET status = 'completed' WHERE type = 't'")
    page = site.json("/jobs", status="due", queue="q")
    assert [job["id"] for job in page["jobs"]] == [str(stuck.id)]
    assert page["searched_back_to"] is None
    page = site.json("/jobs", status="due", payload="{}", type="stuck")
    assert (len(page["jobs"]), page["count"]["found"], page["count"]["is_complete"]) == (1, 1, True)


def test_old_jobs_are_found_behind_many_new_ones(site: Site) -> None:
    site.bound(scanned=3)
    [(old,)] = site.sql(
        "INSERT INTO jobs (id, type, created_at) VALUES "
        "('01900000-0000-7000-8000-000000000000', 't', '2024-06-10') RETURNING id::text"
    )
    site.queue.enqueue_many([Job(type="t") for _ in range(9)])
    page = site.json("/jobs", older="30d")
    assert [job["id"] for job in page["jobs"]] == [old]


@pytest.mark.parametrize("name", ["older", "newer"])
def test_ages_before_all_times(site: Site, name: str) -> None:
    site.bound(scanned=3)
    site.queue.enqueue_many([Job(type="t") for _ in range(9)])
    assert found(site, type="none", **{name: "999999w"}) == set()
    assert len(found(site, **{name: "999999w"})) == (9 if name == "newer" else 0)


def test_counts_are_capped_and_say_so(site: Site) -> None:
    site.bound(counted=4, scanned=4, scans=1)
    jobs = sorted((Job(type="u") for _ in range(9)), key=lambda job: job.id)
    jobs[0].type = jobs[7].type = "t"
    site.queue.enqueue_many(jobs)
    assert "More than 4 jobs" in site.html("/jobs")
    assert "None of the newest 4 jobs matches." in site.html("/jobs", type="v")
    assert "At least 1 job: the newest 4 were counted." in site.html("/jobs", type="t")


def test_the_payload_is_searched_by_its_typed_fields(site: Site) -> None:
    describe(site)
    one = str(enqueue(site).id)
    other = str(
        enqueue(
            site,
            to="eve",
            total=None,
            count=4,
            paid=False,
            state="closed",
            at="2026-02-01T00:00:00Z",
            order={"id": 8, "pin": 1},
        ).id
    )
    for query, ids in [
        ({"p.to": "bob"}, {one}),
        ({"p.total": "12.50"}, {one}),
        ({"p.total": "nil"}, {other}),
        ({"p.count": "4"}, {other}),
        ({"p.count": "4", "p.to": "bob"}, set()),
        ({"p.paid": "true"}, {one}),
        ({"p.state": "closed"}, {other}),
        ({"p.at": "2026-01-31T10:30:00Z"}, {one}),
        ({"p.order.id": "8"}, {other}),
        ({"payload": '{"to": "bob", "order": {"id": 7}}'}, {one}),
        ({"payload": '{"to": "bob"}', "p.count": "4"}, set()),
    ]:
        assert found(site, type="mail", **query) == ids, query
    html = site.html("/jobs", type="mail", **{"p.count": "4"})
    assert '<input name="p.count" value="4"' in html
    assert '<select name="p.state">' in html
    assert 'name="p.card"' not in html
    assert 'name="p.order.pin"' not in html


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", "4.5"),
        ("total", "NaN"),
        ("total", "x"),
        ("paid", "yes"),
        ("at", "noon"),
        ("order.id", ""),
    ],
)
def test_a_value_that_is_not_of_its_field(site: Site, name: str, value: str) -> None:
    describe(site)
    if not value:
        assert found(site, type="mail", **{f"p.{name}": value}) == set()
    else:
        assert f"{name} is {value!r}: use" in refused(site, type="mail", **{f"p.{name}": value})


@pytest.mark.parametrize(
    "query",
    [
        {"p.card": "4111"},
        {"p.order.pin": "1234"},
        {"payload": '{"card": "4111"}'},
        {"payload": '{"order": {"pin": 1234}}'},
        {"payload": '{"order": {}}'},
        {"payload": '{"unknown": 1}'},
        {"payload": "{}"},
    ],
)
def test_a_sensitive_value_cannot_be_searched_for(site: Site, query: dict[str, str]) -> None:
    describe(site)
    enqueue(site)
    assert "cannot be searched" in refused(site, type="mail", **query)
    fields = {"all": "1", "type": "mail", **query}
    assert site.post("/jobs/cancel", **fields).status_code == 400
    assert site.queue.stats().pending == 1


def test_of_a_type_that_is_not_described_only_plain_payloads_are_searched(site: Site) -> None:
    plain = str(enqueue(site, fingerprint=None).id)
    enqueue(site, fingerprint="ffff")
    assert found(site, type="mail", payload='{"card": "4111"}') == {plain}


def test_sensitive_values_are_masked(site: Site) -> None:
    describe(site)
    enqueue(site)
    enqueue(site, "other", "unknown")
    site.sql("UPDATE jobs SET error = 'card 4111 of bob'")
    known, unknown = sorted(site.json("/jobs")["jobs"], key=lambda job: job["type"])
    assert known["payload"] == {
        **PAYLOAD,
        "card": "[sensitive]",
        "order": {"id": 7, "pin": "[sensitive]"},
    }
    assert known["error"] == "card [sensitive] of bob"
    assert {*map(str, unknown["payload"].values())} == {"[sensitive]"}
    assert "bob" not in unknown["error"]
    html = site.html("/jobs")
    assert "4111" not in html
    assert "1234" not in html


def test_a_search_in_errors_reveals_no_sensitive_value(site: Site) -> None:
    describe(site)
    enqueue(site)
    site.sql("UPDATE jobs SET error = 'card 4111 of bob'")
    assert len(found(site, error="of bob")) == 1
    page = site.json("/jobs", error="4111")
    assert (page["jobs"], page["count"]["found"]) == ([], 0)


def test_a_large_payload_is_left_out_and_so_is_its_error(site: Site) -> None:
    describe(site)
    enqueue(site, card=[str(n) for n in range(5_000)])
    site.sql("UPDATE jobs SET error = 'card 4999'")
    [job] = site.json("/jobs")["jobs"]
    assert (job["payload"], job["error"]) == (None, "[sensitive]")
    assert "a large payload" in site.html("/jobs")


def test_texts_full_of_markup(site: Site) -> None:
    nasty = "<script>alert(1)</script>\"'>\u202e"
    site.queue.enqueue(Job(nasty, nasty, {nasty: nasty * 2_000}))
    site.sql("UPDATE jobs SET error = %s, status = 'failed'", nasty * 2_000)
    site.sql(DESCRIBE, nasty, "", json.dumps({"fields": {nasty: {"kind": "string"}}}))
    query = {"queue": nasty, "type": nasty, "error": nasty, "worker": nasty}
    for html in (site.html("/jobs"), site.html("/jobs", **query), site.html("/jobs", type=nasty)):
        assert "<script>alert" not in html
        assert "\u202e" not in re.sub('"[^"]*"', "", html)
        assert len(html) < 40_000


def test_who_may_only_read_sees_no_actions(site: Site) -> None:
    site.queue.enqueue(Job(type="t"))
    assert "checkbox" in site.html("/jobs")
    for access in (Access.read("bob"), Access.operate("eve", {"pause"})):
        site.access = access
        html = site.html("/jobs")
        assert "checkbox" not in html
        assert "/jobs/cancel" not in html
