"""The updates that browsers get for an open page, over real sockets, from a real database."""

import asyncio
import json
import re
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from a2wsgi import ASGIMiddleware
from conduit_dashboard import Access, Dashboard, database, responses
from conduit_dashboard.live.hub import Hub
from conduit_dashboard.live.region import Regions
from conduit_dashboard.page import Page, PageRoute, Visit
from conduit_dashboard.pages import ROUTES
from conduit_dashboard.rendering.html import render_regions
from conduit_runtime import AsyncQueue, Job, chain, embedded, migrate
from dashboard_site import Site, serving
from relay import Relay
from waiting import until

PAGES = [route.path for route in ROUTES if isinstance(route, PageRoute)]
EVENTS = {"Accept": "text/event-stream"}


@contextmanager
def following(site: Site, path: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The updates of a page."""
    with site.client.stream("GET", path, headers=EVENTS) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield _updates(response.iter_lines())


def _updates(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    return (json.loads(line[6:]) for line in lines if line.startswith("data: {"))


def first(updates: Iterator[dict[str, Any]], is_it: Callable[[dict[str, Any]], bool]) -> Any:
    return next(update for update in updates if is_it(update))


def viewers(site: Site) -> int:
    return site.dashboard.hub.viewers


@pytest.mark.slow
def test_a_page_that_changes(site: Site) -> None:
    with following(site, "/queues") as updates:
        assert "No queue" in next(updates)["regions"]["queues"]["html"]
        site.queue.enqueue(Job("<mail>", "t"))
        update = first(updates, lambda update: update["regions"])
        assert "&lt;mail&gt;" in update["regions"]["queues"]["html"]
        assert next(updates) == {"regions": {}, "problem": ""}
    until(lambda: viewers(site) == 0)


def test_a_page_says_which_version_of_a_region_it_shows(site: Site) -> None:
    with following(site, "/queues?notice=1") as updates:
        version = next(updates)["regions"]["queues"]["version"]
    assert f'data-live="queues" data-version="{version}"' in site.html("/queues")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_followed(site: Site, path: str) -> None:
    job = site.queue.enqueue_flow(chain(Job("mail", "t"), Job("mail", "u")))[0]
    [(flow,)] = site.sql("SELECT flow FROM jobs WHERE id = %s", job.id)
    path = re.sub("{.*?}", lambda _: str(flow if "/flows" in path else job.id), path)
    names = re.findall('data-live="([^"]*)"', site.html(path))
    with following(site, path) as updates:
        update = next(updates)
        assert (update["problem"], [*update["regions"]]) == ("", names)


@pytest.mark.slow
def test_a_page_is_rendered_anew_only_when_its_data_is_another(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []

    def render(page: Page, visit: Visit, **more: Any) -> Regions:
        rendered.append(page.title)
        return render_regions(page, visit, **more)

    monkeypatch.setattr(responses, "render_regions", render)
    site.dashboard.hub = Hub(interval=0.01)
    with following(site, "/queues") as updates:
        for _ in range(5):
            next(updates)
        assert rendered == ["Queues"]
        site.queue.pause("new-queue")
        assert first(updates, lambda update: "new-queue" in str(update["regions"]))
        assert rendered == ["Queues"] * 2


def test_visitors_are_sent_what_their_rights_let_them_do(site: Site) -> None:
    site.queue.enqueue(Job("mail", "t"))
    with following(site, "/queues") as updates:
        assert "Pause" in next(updates)["regions"]["queues"]["html"]
        site.access = Access.read("bob")
        with following(site, "/queues") as others:
            assert "Pause" not in next(others)["regions"]["queues"]["html"]


def test_a_visitor_without_rights_is_sent_nothing(site: Site) -> None:
    site.access = Access.none()
    assert site.client.get("/queues", headers=EVENTS).status_code == 403
    assert viewers(site) == 0


@pytest.mark.slow
def test_a_stream_ends_so_that_the_browser_is_authorized_again(site: Site) -> None:
    site.bound(stream=2.0)
    with following(site, "/queues") as updates:
        assert 1 <= len(list(updates)) <= 3


def test_a_browser_hears_in_long_pauses_that_it_is_served(site: Site) -> None:
    site.bound(alive=0.1)
    site.dashboard.hub = Hub(interval=60)
    with site.client.stream("GET", "/queues", headers=EVENTS) as response:
        assert any(line == "event: alive" for line in response.iter_lines())


@pytest.mark.slow
def test_200_viewers_share_a_connection_to_the_database(dsn: str) -> None:
    async def view(site: Site, path: str, ready: Callable[[], Awaitable[None]]) -> str:
        url = urlsplit(site.url)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        try:
            await reader.readuntil(b'"problem":""}')
            await ready()
            await reader.readuntil(b"new-queue")
            return (await reader.readuntil(b"}")).decode()
        finally:
            writer.close()

    async def main(site: Site) -> None:
        watching, told = 0, asyncio.Event()

        async def ready() -> None:
            nonlocal watching
            watching += 1
            if watching == 200:
                told.set()
            await told.wait()

        pages = [f"/{name}?page={number}" for name in ("queues", "jobs") for number in range(10)]
        tasks = [asyncio.create_task(view(site, page, ready)) for page in pages * 10]
        async with asyncio.timeout(60):
            await told.wait()
            assert viewers(site) == 200
            await asyncio.to_thread(site.queue.enqueue, Job("new-queue", "t"))
            await asyncio.gather(*tasks)

    with serving(dsn) as site:
        asyncio.run(main(site))
        until(lambda: viewers(site) == 0)
        [(used,)] = site.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'conduit-jobs dashboard'"
        )
        assert used == 1


@pytest.mark.slow
def test_a_viewer_that_never_reads_is_let_go(dsn: str) -> None:
    with serving(dsn) as site, socket.socket() as mute:
        site.bound(send=3.0)
        # A page larger than the kernel's buffer of a socket.
        site.queue.enqueue_many([Job(f"{number:04}" + "q" * 190, "t") for number in range(6000)])
        mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        mute.connect((urlsplit(site.url).hostname, urlsplit(site.url).port))
        mute.sendall(b"GET /queues HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
        until(lambda: viewers(site) == 1)
        with following(site, "/queues") as updates:
            assert next(updates)["regions"]
            until(lambda: viewers(site) == 1)
            assert next(updates)["problem"] == ""


@pytest.mark.slow
def test_the_database_goes_down_and_comes_back(server_folder: Path) -> None:
    folder, settings = server_folder, {"fsync": "off"}
    with embedded.start(folder, settings=settings) as server:
        dsn = server.dsn
        migrate(dsn)
        with serving(dsn) as site, following(site, "/queues") as updates:
            assert next(updates)["problem"] == ""
            embedded.stop(folder)
            down = first(updates, lambda update: update["problem"])
            assert "The database cannot be reached" in down["problem"]
            response = site.client.get("/queues")
            assert response.status_code == 503
            assert response.headers["Refresh"] == "5"
            assert "The database cannot be reached" in response.text
            with embedded.start(folder, settings=settings):
                first(updates, lambda update: not update["problem"])
                until(lambda: site.client.get("/queues").status_code == 200)


@pytest.mark.slow
def test_the_database_falls_silent(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = Relay(dsn)
    with serving(relay.dsn) as site, following(site, "/queues") as updates:
        assert next(updates)["problem"] == ""
        monkeypatch.setattr(database, "MUTE_SECONDS", -8.0)  # a read fails after one second
        relay.fall_silent()
        first(updates, lambda update: update["problem"])
        relay.speak()
        first(updates, lambda update: not update["problem"])
    relay.close()


def test_in_wsgi_a_viewer_holds_no_thread(dsn: str) -> None:
    queue = AsyncQueue(dsn)
    dashboard: Any = Dashboard(queue, authorize=lambda request: Access.read())
    application: Any = ASGIMiddleware(dashboard)
    with httpx.Client(transport=httpx.WSGITransport(application), base_url="http://x") as client:
        response = client.get("/queues", headers=EVENTS)
        assert "retry: 2000" in response.text
        assert len(list(_updates(iter(response.text.splitlines())))) == 1
    asyncio.run_coroutine_threadsafe(queue.close(), application.loop).result(60)
