"""The requests that count as sent by another site."""

import pytest
from conduit_dashboard.access.forged import is_forged
from dashboard_site import Site
from starlette.requests import Request


@pytest.mark.parametrize(
    ("headers", "forged"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "http://ops.example.org"}, False),
        ({"origin": "https://OPS.example.org:443"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": ""}, True),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": "http://ops.example.org.evil.example"}, True),
        ({"origin": "http://ops.example.org@evil.example"}, True),
        ({"origin": "http://ops.example.org:8080"}, True),
        ({"origin": "file://ops.example.org"}, True),
        ({"origin": "http://[ops.example.org"}, True),
    ],
)
def test_a_request_may_come_from_another_site(headers: dict[str, str], forged: bool) -> None:
    given = {"host": "ops.example.org", **headers}
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    assert is_forged(Request({"type": "http", "headers": raw})) is forged


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("origin", "https://ops.example.org", "https://evil.example"),
        ("sec-fetch-site", "same-origin", "cross-site"),
    ],
)
def test_of_headers_that_contradict_each_other_the_worst_counts(
    name: str, good: str, bad: str
) -> None:
    for values in ((good, bad), (bad, good)):
        raw = [(b"host", b"ops.example.org")]
        raw += [(name.encode(), value.encode()) for value in values]
        assert is_forged(Request({"type": "http", "headers": raw}))


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
def test_a_cross_site_post_changes_nothing(site: Site, headers: dict[str, str]) -> None:
    response = site.client.post("/queues/pause", data={"queue": "mail"}, headers=headers)
    assert response.status_code == 403
    assert "came from another site" in response.text
    assert site.queue.queues() == []
    assert site.json("/audit")["entries"] == []


def test_an_action_is_no_link(site: Site) -> None:
    assert site.client.get("/queues/pause", params={"queue": "mail"}).status_code == 404
    assert site.queue.queues() == []
