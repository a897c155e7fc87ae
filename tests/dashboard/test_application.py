"""Every page of the dashboard has HTML and JSON, and refuses requests with a reason."""

import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conduit_dashboard import Access, responses
from conduit_dashboard.page import Page, Visit
from conduit_dashboard.rendering import html
from conduit_runtime import Job
from dashboard_site import Site, serving


def test_a_page_as_html_and_as_json(site: Site) -> None:
    site.queue.enqueue(Job("<b>mail</b>", "t"))
    assert "&lt;b&gt;mail&lt;/b&gt;" in site.html("/queues")
    assert site.json("/queues")["queues"][0]["queue"] == "<b>mail</b>"


def test_a_page_that_takes_long_to_render_keeps_no_other_visitor_waiting(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, shown = threading.Event(), threading.Event()

    def render(page: Page, visit: Visit, **more: Any) -> str:
        if page.title == "Workers":
            begun.set()
            assert shown.wait(20)
        return html.render(page, visit, **more)

    monkeypatch.setattr(responses, "render", render)
    with ThreadPoolExecutor() as visitors:
        slow = visitors.submit(site.html, "/workers")
        assert begun.wait(20)
        site.html("/queues")
        shown.set()
        assert "Workers" in slow.result()


def test_an_action_goes_back_to_its_page(site: Site) -> None:
    response = site.post("/queues/pause", queue="mail")
    assert (response.status_code, response.headers["Location"]) == (303, "/queues?notice=1")
    assert [queue.queue for queue in site.queue.queues() if queue.paused] == ["mail"]


@pytest.mark.parametrize(
    "back", ["//evil.example", "/\\evil.example", "/\t/evil.example", "/\n\\evil.example", "x"]
)
def test_an_action_leads_to_no_other_site(site: Site, back: str) -> None:
    """Browsers and `urlsplit` ignore tabs and newlines."""
    response = site.post("/jobs/retry", all="1", status="failed", back=back)
    assert response.status_code == 400
    assert "not one of this dashboard" in response.text


def test_a_form_has_to_arrive_in_time(site: Site) -> None:
    site.bound(form=0.2)
    host, port = site.client.base_url.host, site.client.base_url.port
    head = (
        f"POST /queues/pause HTTP/1.1\r\nHost: {host}:{port}\r\nSec-Fetch-Site: same-origin\r\n"
        "Connection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\nqueue"
    )
    with socket.create_connection((host, port), timeout=60) as visitor:
        visitor.sendall(head.encode())
        answer = b""
        while part := visitor.recv(65_536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"The form did not arrive whole." in answer
    assert site.queue.queues() == []


def test_who_may_read_may_not_change(site: Site) -> None:
    site.access = Access.read("bob")
    assert "Pause" not in site.html("/queues")
    response = site.post("/queues/pause", queue="mail")
    assert response.status_code == 403
    assert "You may not do this: pause." in response.text
    assert site.queue.queues() == []


def test_it_is_closed_by_default(dsn: str) -> None:
    with serving(dsn, authorize=None) as site:
        response = site.client.get("/queues")
        assert response.status_code == 403
        assert "pass authorize=" in response.text


def test_a_page_that_there_is_not(site: Site) -> None:
    response = site.client.get("/nowhere", headers={"Accept": "application/json"})
    assert response.status_code == 404
    assert response.json() == {"title": "Not found", "message": "There is no such page."}


def test_a_bug_is_logged_without_what_it_was_about(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.sql("ALTER TABLE conduit_audit ALTER count TYPE text")
    site.sql(
        "INSERT INTO conduit_audit (actor, action, target, count) VALUES ('', '', '{}', 'a secret')"
    )
    response = site.client.get("/audit")
    assert response.status_code == 500
    assert "The log of its server says why." in response.text
    assert "secret" not in response.text + caplog.text
    [record] = [each for each in caplog.records if each.name == "conduit.dashboard"]
    assert record.getMessage().startswith("GET /audit failed: ValueError in number, line ")


@pytest.mark.slow
def test_an_installation_without_the_extra_says_what_to_install() -> None:
    program = "import sys; sys.modules['sse_starlette'] = None; import conduit_dashboard"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1].startswith("pip install 'conduit-async[dashboard]'")
