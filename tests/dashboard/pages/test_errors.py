"""The page of errors: groups, their links, and texts from outside."""

import json
import re
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
from conduit_dashboard import Access, pages
from conduit_runtime.statements.dashboard.errors import error_groups
from dashboard_site import Site
from waiting import until

FAIL = """
INSERT INTO jobs (type, status, error, completed_at)
VALUES (%s, 'failed', %s, now() - interval '1 hour')
"""


def fail(site: Site, error: str, type_: str = "t") -> None:
    site.sql(FAIL, type_, error)


def test_groups_lead_to_their_jobs(site: Site) -> None:
    for number in range(3):
        fail(site, f"KeyError: {number}")
    fail(site, "gone")
    [many, one] = site.json("/errors")["groups"]
    assert (many["pattern"], many["jobs"], one["pattern"]) == ("KeyError: #", 3, "gone")
    assert sum(many["counts"]) == 3
    html = site.html("/errors")
    assert f"/jobs?status=failed&amp;type=t&amp;error_group={many['key']}" in html
    assert f'href="/jobs/{many["latest"]}"' in html
    assert html.count("<rect") == 2


def test_a_group_is_retried_at_once(site: Site) -> None:
    for number in range(3):
        fail(site, f"KeyError: {number}")
    fail(site, "gone")
    [many, _] = site.json("/errors")["groups"]
    html = site.html("/errors", type="t")
    [form] = [each for each in html.split("<form") if many["key"] in each and "retry" in each]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    response = site.post("/jobs/retry", **fields)
    assert (response.status_code, response.headers["Location"]) == (303, "/errors?type=t&notice=1")
    until(lambda: len(site.json("/errors")["groups"]) == 1)
    assert site.sql("SELECT error FROM jobs WHERE status = 'failed'") == [("gone",)]
    assert site.json("/audit")["entries"][0]["target"]["filter"]["error_group"] == many["key"]


def test_retrying_more_than_is_counted_asks_first(site: Site) -> None:
    fail(site, "gone")
    assert 'name="ask"' in site.html("/errors", last="24h")
    assert 'name="ask"' not in site.html("/errors")


def test_who_may_not_retry_sees_no_button(site: Site) -> None:
    fail(site, "gone")
    assert "Retry all" in site.html("/errors")
    site.access = Access.read("bob")
    assert "Retry all" not in site.html("/errors")


@pytest.mark.parametrize("query", [{"type": "u"}, {"queue": "other"}, {"last": "1h", "type": "u"}])
def test_nothing_of_a_filter(site: Site, query: dict[str, Any]) -> None:
    fail(site, "gone")
    assert "No job of this filter has failed for good." in site.html("/errors", **query)


def test_failing_jobs_that_will_be_retried_are_one_click_away(site: Site) -> None:
    site.sql(
        "INSERT INTO jobs (type, attempts, error, run_at)"
        " VALUES ('t', 1, 'gone', now() + interval '1 h')"
    )
    html = site.html("/errors", type="t")
    assert 'href="/jobs?status=scheduled&amp;type=t"' in html
    assert "gone" in site.html("/jobs", status="scheduled", type="t")


def test_no_failures_at_all(site: Site) -> None:
    assert "No job has failed." in site.html("/errors")


def test_older_failures_are_on_the_next_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.errors, "error_groups", partial(error_groups, read=2))
    for error in ("old", "new", "newer"):
        fail(site, error)
    html = site.html("/errors", type="t")
    assert re.search("that were enqueued since .*: 2 of this filter. There may be earlier", html)
    [older] = re.findall(r'rel="next" href="([^"]+)"', html)
    html = site.client.get(older.replace("&amp;", "&")).text
    assert "old</a>" in html
    assert "newer</a>" not in html
    assert 'href="/errors?type=t">Newest' in html


def test_the_failures_of_a_type_are_found_behind_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.errors, "error_groups", partial(error_groups, read=2, scanned=4))
    for type_ in "rare", "t", "t", "t":
        fail(site, "gone", type_)
    page = site.json("/errors", type="rare", last="30d")
    assert [each["jobs"] for each in page["groups"]] == [1]
    fail(site, "gone")  # now the search ends before the rare one, and says so
    page = site.json("/errors", type="rare", last="30d", queue="default")
    assert (page["groups"], page["read"]) == ([], 0)
    assert page["searched_back_to"] is not None
    html = site.html("/errors", type="rare", last="30d", queue="default")
    assert "There may be earlier ones" in html
    [older] = re.findall(r'rel="next" href="([^"]+)"', html)
    assert "gone</a>" in site.client.get(older.replace("&amp;", "&")).text


def test_a_cursor_that_is_none(site: Site) -> None:
    response = site.client.get("/errors", params={"before": "17"})
    assert response.status_code == 400
    assert "use the id of a job" in response.text


def test_a_period_that_is_none(site: Site) -> None:
    response = site.client.get("/errors", params={"last": "1 fortnight"})
    assert response.status_code == 400
    assert "use one of 1h, 24h, 7d, 30d" in response.text


def test_a_name_that_no_text_of_postgres_can_be(site: Site) -> None:
    response = site.client.get("/errors", params={"type": "\0"})
    assert response.status_code == 400, response.text


def test_texts_full_of_markup(site: Site) -> None:
    nasty = "<script>alert('1')</script>\u202e" + '"' * 100_000
    fail(site, nasty, "</td>&\u202e")
    html = site.html("/errors")
    assert "<script>alert" not in html
    assert "\u202e" not in re.sub(r'<input type="hidden"[^>]*>', "", html)
    assert len(html) < 20_000


def test_more_groups_than_are_shown(site: Site) -> None:
    site.sql(
        "INSERT INTO jobs (type, status, error) SELECT concat('t', n), 'failed', 'gone'"
        " FROM generate_series(1, 51) AS n"
    )
    assert "The largest 50 of 51 groups." in site.html("/errors")


DESCRIBE = "INSERT INTO conduit_job_types VALUES ('t', 'aaaa', 'mail', %s)"
FIELDS = {"to": {"kind": "string"}, "card": {"kind": "string", "sensitive": True}}
FAIL_WITH = """
INSERT INTO jobs (type, fingerprint, status, error, payload) VALUES ('t', %s, 'failed', %s, %s)
"""


@pytest.mark.parametrize(
    ("fingerprint", "shown"),
    [("aaaa", "card [sensitive] of bob #"), ("bbbb", "card [sensitive] of [sensitive] #")],
)
def test_sensitive_values_are_masked(site: Site, fingerprint: str, shown: str) -> None:
    site.sql(DESCRIBE, json.dumps({"fields": FIELDS}))
    unnamed = "to" if fingerprint == "aaaa" else "for"
    payload = json.dumps({"card": "4111-x22", unnamed: "bob"})
    site.sql(FAIL_WITH, fingerprint, "card 4111-x22 of bob 17", payload)
    assert shown in site.html("/errors")
    assert "#-x#" not in site.html("/errors")
    assert site.json("/errors")["groups"][0]["pattern"] == shown


def test_no_part_of_a_long_sensitive_value_is_shown(site: Site) -> None:
    site.sql(DESCRIBE, json.dumps({"fields": FIELDS}))
    card = "head of a secret " + "x" * 50_000
    site.sql(FAIL_WITH, "aaaa", f"card {card} of bob", json.dumps({"card": card, "to": "bob"}))
    assert site.json("/errors")["groups"][0]["pattern"] == "card [sensitive] of bob"
    assert "head of a secret" not in site.html("/errors")


def test_nobody_can_make_the_key_of_a_group(site: Site) -> None:
    """A guess of the whole error, with what is masked in it, leads to no job."""
    site.sql(DESCRIBE, json.dumps({"fields": FIELDS}))
    error = "card hunter of bob"
    site.sql(FAIL_WITH, "aaaa", error, json.dumps({"card": "hunter", "to": "bob"}))
    key = site.json("/errors")["groups"][0]["key"]
    digest = sha256(error.encode()).hexdigest()
    for guess in (digest, sha256(digest.encode()).hexdigest()):
        found = site.json("/jobs", status="failed", type="t", error_group=guess[:16])
        assert (guess[:16] != key, found["jobs"]) == (True, [])
    assert len(site.json("/jobs", status="failed", type="t", error_group=key)["jobs"]) == 1


def test_an_error_that_cannot_be_masked_is_hidden(site: Site) -> None:
    site.sql(DESCRIBE, json.dumps({"fields": FIELDS}))
    digits = "".join(str(n) for n in range(100_000))
    site.sql(FAIL_WITH, "aaaa", "card x", json.dumps({"card": "x", "to": digits}))
    assert site.json("/errors")["groups"][0]["pattern"] == "[sensitive]"


def test_a_change_here_is_seen_at_once(site: Site) -> None:
    for error in ("one", "other"):
        fail(site, error)
    [group, _] = site.json("/errors")["groups"]
    assert site.post(f"/jobs/{group['latest']}/retry").status_code == 303
    assert len(site.json("/errors")["groups"]) == 1
