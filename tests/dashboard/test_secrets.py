"""A sensitive value is on no page, in no JSON, in no live region, and in no record of an action."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from conduit_runtime import Job, chain
from dashboard_site import Site
from described import describe

BEGIN = "ZqXj"
"""The begin of the secret: neither a number nor hexadecimal, as times and ids on pages are."""
SECRET = f"{BEGIN}-8877-0001"
FIELDS = {
    "card": {"kind": "string", "sensitive": True},
    "label": {"kind": "string"},
    "people": {
        "kind": "array",
        "item": {"kind": "struct", "fields": {"tax": {"kind": "string", "sensitive": True}}},
    },
}
KEPT = {"bill": {"card": FIELDS["card"], "label": {"kind": "string"}}}
"""What the steps of a described type keep."""
PAYLOAD = {"card": SECRET, "label": "shown", "people": [{"tax": f"{SECRET}-2"}]}
FAILED = f"ValueError: the bank refused {SECRET}"
STORE = """
INSERT INTO jobs (id, type, fingerprint, payload, status, error, errors, progress, attempts,
                  started_at, completed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1, now(),
        CASE WHEN %s IN ('failed', 'completed') THEN now() END)
"""


def store(site: Site, status: str, type_: str = "mail.send", shape: str = "aaaa") -> UUID:
    id_ = uuid4()
    entry = {"attempt": 1, "at": "2026-01-01T00:00:00Z", "error": FAILED, "traceback": FAILED}
    progress = {"done": 1, "total": 2, "note": f"charging {SECRET}"}
    texts = (json.dumps(PAYLOAD), status, FAILED, json.dumps([entry]), json.dumps(progress))
    site.sql(STORE, id_, type_, shape, *texts, status)
    step = "INSERT INTO conduit_steps VALUES (%s, %s, %s, 1, now(), now())"
    site.sql(step, id_, "bill", json.dumps({"card": f"{BEGIN} of a row", "label": SECRET}))
    site.sql(step, id_, f"mail {SECRET}", json.dumps(f"{BEGIN} of a step that is not described"))
    return id_


@pytest.fixture
def addresses(site: Site) -> list[str]:
    """Pages with secrets, of a known type and of an unknown one."""
    describe(site, fields=FIELDS, steps=KEPT)
    ids = [store(site, status) for status in ("failed", "running", "pending", "completed")]
    ids += [store(site, "failed", shape="bbbb"), store(site, "failed", "unknown.type", "cccc")]
    site.sql("UPDATE jobs SET refusals = 1 WHERE id = %s", ids[2])
    site.sql("INSERT INTO conduit_results VALUES (%s, %s, 'infinity')", ids[3], f'"got {SECRET}"')
    send = [Job(type="mail.send", payload=PAYLOAD, fingerprint="aaaa") for _ in range(2)]
    flow = site.queue.enqueue_flow(chain(*send))
    site.sql(
        "INSERT INTO conduit_schedules (name, type, payload, every, last_job_id, error)"
        " VALUES ('nightly', 'mail.send', %s, 60, %s, %s)",
        *(json.dumps(PAYLOAD), ids[0], FAILED),
    )
    jobs = [*ids, *(job.id for job in flow)]
    return [
        *("/", "/errors", "/queues", "/types", "/types?type=mail.send", "/schedules", "/workers"),
        *("/source", "/audit", f"/flows/{flow[0].flow}", "/jobs?type=mail.send", "/jobs"),
        *(f"/jobs/{id_}" for id_ in jobs),
        *(f"/jobs/{id_}/edit" for id_ in jobs),
    ]


def assert_hidden(site: Site, addresses: list[str]) -> None:
    # A job whose type no worker has described cannot be edited.
    refused = [each for each in addresses if each.endswith("/edit")][4:6]
    for address in addresses:
        for accept in ("text/html", "application/json"):
            response = site.client.get(address, headers={"Accept": accept})
            assert response.status_code == (409 if address in refused else 200), address
            assert BEGIN not in response.text, (address, accept)


def test_pages_and_json_hide_it(site: Site, addresses: list[str]) -> None:
    assert_hidden(site, addresses)
    assert "[sensitive]" in site.html(addresses[12])


def test_records_of_actions_hide_it(site: Site, addresses: list[str]) -> None:
    one = addresses[12]
    for path, fields in (
        (f"{one}/retry", {}),
        (f"{one}/cancel", {}),
        ("/schedules/run", {"schedule": "nightly"}),
        ("/schedules/run", {"name": "nightly"}),
        (f"{one}/enqueue", {"payload": json.dumps(PAYLOAD)}),
        ("/jobs/retry", {"id": one.rpartition("/")[2]}),
    ):
        response = site.post(path, **fields)
        assert BEGIN not in response.text, path
    records = site.sql("SELECT target::text FROM conduit_audit")
    assert records
    assert BEGIN not in str(records)
    assert_hidden(site, ["/audit"])


@pytest.mark.parametrize(
    "query",
    [
        {"type": "mail.send", "p.card": SECRET},
        {"type": "mail.send", "payload": json.dumps({"card": SECRET})},
        {"type": "mail.send", "error": SECRET},
        {"type": "unknown.type", "error": SECRET},
        {"type": "unknown.type", "p.card": SECRET},
        {"error": BEGIN},
    ],
)
def test_a_search_does_not_reveal_it(
    site: Site, addresses: list[str], query: dict[str, Any]
) -> None:
    """It finds the same as a search for another value."""
    other = {name: text.replace(BEGIN, "ZqXk") for name, text in query.items()}
    one, two = (
        site.client.get("/jobs", params=each, headers={"Accept": "application/json"})
        for each in (query, other)
    )
    assert one.status_code == two.status_code
    if one.status_code == 200:
        assert one.json()["jobs"] == two.json()["jobs"] == []
        assert one.json()["count"] == two.json()["count"]


@pytest.mark.parametrize("before", ["0" * 8, "f" * 8])
@pytest.mark.parametrize("status", ["", "failed", "running", "pending"])
def test_a_count_does_not_reveal_it(
    site: Site, addresses: list[str], before: str, status: str
) -> None:
    """Even if the counted rows are on another page."""
    query = {"status": status, "before": f"{before}-0000-0000-0000-000000000000"}
    one = site.json("/jobs", error=SECRET, **query)
    two = site.json("/jobs", error="no such text", **query)
    for name in ("jobs", "count", "count_in_words", "next"):
        assert one[name] == two[name], name


def test_an_action_on_all_that_match_does_not_reveal_it(site: Site, addresses: list[str]) -> None:
    """The action changes only jobs that the list shows."""
    responses = [
        site.client.post(
            "/jobs/retry",
            data={"all": "1", "error": error},
            headers={"Accept": "application/json"},
        ).json()
        for error in (SECRET, "no such text", "the bank refused")
    ]
    assert [response["count"] for response in responses] == [0, 0, 3]
    assert site.sql("SELECT total FROM conduit_audit ORDER BY id") == [(None,)] * 3


def test_a_search_does_not_reveal_the_begin_of_a_value_at_the_end_of_what_is_read(
    site: Site, addresses: list[str]
) -> None:
    site.sql("UPDATE jobs SET error = %s", "x" * 1992 + SECRET)
    assert len(site.json("/jobs", error="xxxxx")["jobs"]) > 0
    assert site.json("/jobs", error=f"xx{BEGIN}")["jobs"] == []


def test_many_hidden_matches_are_no_further_page(site: Site, addresses: list[str]) -> None:
    for _ in range(60):
        store(site, "failed")
    one = site.json("/jobs", error=SECRET)
    two = site.json("/jobs", error="no such text")
    for name in ("jobs", "count", "count_in_words", "next", "searched_back_to"):
        assert one[name] == two[name], name
