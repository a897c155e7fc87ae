"""The page of types: their descriptions by workers, how jobs ended, and texts from outside."""

import re
from typing import Any

import pytest
from dashboard_site import Site
from described import attempt, describe, live


def test_types_are_listed_with_how_their_jobs_ended(site: Site) -> None:
    describe(site)
    describe(site, "mail.after", "bbbb")
    live(site, ("mail.send", ""), ("mail.send", "aaaa"))
    attempt(site, "mail.send", 9, 1)
    attempt(site, "by.hand", 1, 0)
    site.sql("INSERT INTO jobs (type, status) VALUES ('mail.send', 'running')")
    data = site.json("/types")
    assert [each["type"] for each in data["types"]] == ["by.hand", "mail.after", "mail.send"]
    by_hand, after, send = data["types"]
    assert (by_hand["is_described"], after["is_described"]) == (False, True)
    assert (after["is_live"], send["is_live"]) == (False, True)
    assert (send["succeeded"], send["failed"], send["failure_rate"], send["running"]) == (
        9,
        1,
        0.1,
        1,
    )
    assert send["p95"] > 0
    assert (send["queue"], send["source"], send["mean"]) == ("mail", "mail.conduit:7", 3.0)
    html = site.html("/types")
    assert "/types?type=mail.send" in html
    assert "10.0 %" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "AFTER"}, ["mail.after"]),
        ({"q": "mail.conduit"}, ["mail.after", "mail.send"]),
        ({"queue": "other"}, ["other"]),
        ({"state": "live"}, ["mail.send"]),
        ({"state": "gone"}, ["mail.after", "other"]),
        ({"q": "%"}, []),
    ],
)
def test_types_are_filtered(site: Site, query: dict[str, str], found: list[str]) -> None:
    describe(site)
    describe(site, "mail.after")
    describe(site, "other", queue="other", source={})
    live(site, ("mail.send", "aaaa"))
    assert [each["type"] for each in site.json("/types", **query)["types"]] == found


def test_types_are_sorted(site: Site) -> None:
    for name, succeeded, failed in (("a", 5, 0), ("b", 90, 10), ("c", 1, 1)):
        attempt(site, name, succeeded, failed)
    for sort, found in (
        ("name", "abc"),
        ("failed", "cba"),
        ("attempts", "bac"),
        ("slowest", "cab"),
        ("p95", "abc"),
    ):
        types = site.json("/types", sort=sort)["types"]
        assert "".join(each["type"] for each in types) == found, sort


def test_a_share_that_failed_is_as_loud_as_it_is_large(site: Site) -> None:
    for name, failed in (("quiet", 1), ("warned", 60), ("loud", 600)):
        attempt(site, name, 1_000 - failed, failed)
    html = site.html("/types")
    for name, look in (("quiet", ""), ("warned", "status-warning"), ("loud", "status-failed")):
        [row] = [each for each in html.split("<tr>") if f'type={name}"' in each]
        [link] = re.findall(r'/errors\?type=\w+">(.*?)</a>', row, re.DOTALL)
        assert re.findall("status-[a-z]+", link) == [look][: len(look)]


def test_a_period_bounds_the_attempts(site: Site) -> None:
    attempt(site, "old", 5, 0, minutes=90)
    assert site.json("/types", last="1h")["types"] == []
    assert site.json("/types", last="24h")["types"][0]["succeeded"] == 5


def test_a_type_is_shown_with_its_shapes_its_source_and_where_it_leads(site: Site) -> None:
    describe(site)
    describe(site, shape="cccc", fields={"to": {"kind": "string"}})
    describe(site, shape="dddd", is_older=True)
    describe(site, "mail.first", enqueues=["mail.send"])
    live(site, ("mail.send", "aaaa"), ("mail.send", "dddd"))
    attempt(site, "mail.send", 9, 1)
    data = site.json("/types", type="mail.send")
    assert [(each["fingerprint"], each["is_present"]) for each in data["shapes"]] == [
        ("aaaa", True),
        ("cccc", False),
        ("dddd", False),
    ]
    assert [tuple(each.values()) for each in data["shapes"][0]["fields"]] == [
        ("to", "string", False),
        ("card", "string", True),
        ("lines", "array of Line", False),
        ("lines[].price", "decimal", False),
        ("state", "enum: open, paid, or nil", False),
    ]
    assert data["enqueued_by"] == ["mail.first"]
    assert (data["enqueues"], data["calls"]) == (["mail.after"], ["Out.send"])
    assert data["source"]["place"] == "mail.conduit:7"
    assert data["source"]["text"].startswith("@async {\n  Out.send")
    [activity] = data["activity"]
    assert (activity["queue"], activity["succeeded"], activity["failed"]) == ("mail", 9, 1)
    html = site.html("/types", type="mail.send")
    assert "hidden: sensitive" in html
    assert "</pre>&#34;" not in html.replace("&lt;/pre&gt;", "")
    assert "An older shape, which an upcaster reads." in html
    assert "No live worker has this shape." in html


def test_a_type_that_only_has_jobs_says_so(site: Site) -> None:
    site.sql("INSERT INTO jobs (type, status) VALUES ('by.hand', 'running')")
    assert "No worker has described this type." in site.html("/types", type="by.hand")


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"last": "1y"}, 400, "use one of 1h, 24h, 30d"),
        ({"state": "odd"}, 400, "use one of live, gone"),
        ({"sort": "odd"}, 400, "use one of name, failed"),
        ({"type": "nowhere"}, 404, "No worker has described this type"),
        ({"type": "\0"}, 400, "U+0000"),
        ({"q": "\0"}, 200, "No worker has described its job types yet"),
    ],
)
def test_bad_addresses(site: Site, query: dict[str, str], status: int, words: str) -> None:
    response = site.client.get("/types", params=query)
    assert (response.status_code, words in response.text) == (status, True), response.text


def test_names_full_of_markup(site: Site) -> None:
    nasty = "<script>\"'&\u202e/../%2F"
    source = {"path": nasty, "line": 1, "text": nasty * 100}
    fields = {nasty: {"kind": "enum", "values": [nasty]}}
    more: dict[str, Any] = {"hooks": [{"name": nasty, "calls": [nasty]}], "calls": [nasty]}
    describe(site, nasty, nasty, nasty, source=source, fields=fields, options={"a": nasty}, **more)
    for html in (site.html("/types"), site.html("/types", type=nasty), site.html("/source")):
        assert "<script>" not in html.split("</head>")[1]
        assert "\u202e" not in re.sub(r'value="[^"]*"', "", html)
    assert site.json("/types", type=nasty)["type"]["type"] == nasty
