"""The page of the source: hooks, jobs and services, and the states of the jobs."""

from dashboard_site import Site
from described import attempt, describe, describe_many

HOOK = [{"name": "Mail.after_create", "calls": ["Log.note"]}]


def fill(site: Site) -> None:
    describe(site, "mail.send", hooks=HOOK, enqueues=["mail.after"], calls=["Out.send"])
    describe(site, "mail.after", hooks=[], enqueues=[], calls=["Out.send"], queue="late")
    describe(site, "alone", hooks=[], enqueues=[], calls=[])
    attempt(site, "mail.send", 1, 1)
    attempt(site, "mail.after", 8, 0)


def test_hooks_lead_to_jobs_and_jobs_to_services(site: Site) -> None:
    fill(site)
    data = site.json("/source")
    assert [tuple(each.values()) for each in data["edges"]] == [
        ("hook:Mail.after_create", "job:mail.send", "enqueues"),
        ("hook:Mail.after_create", "service:Log.note", "calls"),
        ("job:mail.after", "service:Out.send", "calls"),
        ("job:mail.send", "job:mail.after", "enqueues"),
        ("job:mail.send", "service:Out.send", "calls"),
    ]
    nodes = {each["id"]: each for each in data["nodes"]}
    assert len(nodes) == 6
    assert nodes["job:mail.send"]["failure_rate"] == 0.5
    assert nodes["job:mail.send"]["look"] == "failed"
    assert nodes["job:mail.after"]["look"] == "completed"
    assert nodes["job:mail.after"]["notes"] == ["job in late", "8 attempts"]
    assert nodes["service:Out.send"]["types"] == 2
    assert (nodes["service:Out.send"]["succeeded"], nodes["service:Out.send"]["failed"]) == (9, 1)
    assert nodes["job:alone"]["failure_rate"] is None


def test_the_graph_is_drawn_with_links(site: Site) -> None:
    fill(site)
    html = site.html("/source")
    assert 'href="/types?type=mail.send"' in html
    assert 'href="/source?q=Out.send"' in html
    assert html.count("<svg") == 1
    assert html.count('class="node') == 6
    assert "style=" not in html


def test_a_filter_keeps_what_leads_on(site: Site) -> None:
    fill(site)
    labels = [each["label"] for each in site.json("/source", q="mail.after_create")["nodes"]]
    assert labels == ["Mail.after_create", "mail.after", "mail.send", "Log.note", "Out.send"]
    assert [each["label"] for each in site.json("/source", queue="late")["nodes"]] == [
        "mail.after",
        "Out.send",
    ]
    assert "Nothing matches." in site.html("/source", q="nowhere")


def test_many_types_are_bounded(site: Site) -> None:
    describe_many(site, 250, hooks=[])
    data = site.json("/source")
    assert (data["types"], data["drawn"]) == (250, 100)
    assert "The first 100 of 250 types" in site.html("/source")


def test_circles_of_jobs(site: Site) -> None:
    describe(site, "a", hooks=[], enqueues=["b", "a"], calls=[])
    describe(site, "b", hooks=[], enqueues=["a"], calls=[])
    assert len(site.json("/source")["edges"]) == 3
    site.html("/source")


def test_a_long_chain_of_jobs(site: Site) -> None:
    describe_many(site, 1_100, hooks=[], calls=["S.m"])
    data = site.json("/source", q="t.1100")
    assert (data["types"], len(data["edges"])) == (1, 1)
    data = site.json("/source")
    assert len(data["edges"]) == 297
    assert "The same in words" in site.html("/source")


def test_nothing_is_described_yet(site: Site) -> None:
    assert "No worker has described its job types yet." in site.html("/source")
