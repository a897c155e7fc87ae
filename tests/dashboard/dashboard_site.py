"""A dashboard behind a real server, on a database of the test's own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import psycopg
import uvicorn
from conduit_dashboard import Access, Dashboard
from conduit_runtime import AsyncQueue, Queue
from waiting import until


@dataclass
class Site:
    """A served dashboard: its address, a client, and the queue that it shows.

    Set `access` to change what its visitors may do.
    """

    url: str
    client: httpx.Client
    queue: Queue
    access: Access
    dashboard: Dashboard

    def bound(self, **bounds: Any) -> None:
        """Give the pages other bounds; see `Bounds`."""
        settings = self.dashboard.settings
        self.dashboard.settings = replace(settings, bounds=replace(settings.bounds, **bounds))

    def html(self, path: str, **query: Any) -> str:
        """The page at a path of the dashboard, which must exist."""
        response = self.client.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.text

    def json(self, path: str, **query: Any) -> Any:
        """The same page as JSON."""
        response = self.client.get(path, params=query, headers={"Accept": "application/json"})
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form, as a browser does from a page of the dashboard."""
        return self.client.post(path, data=fields, headers={"Sec-Fetch-Site": "same-origin"})

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement in the database."""
        with psycopg.connect(self.queue.dsn, autocommit=True) as connection:
            cursor = connection.execute(query, parameters)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


@contextmanager
def serving(dsn: str, **options: Any) -> Iterator[Site]:
    """Serve a dashboard in a thread for the block; its visitors may do everything."""
    made: dict[str, Any] = {}
    http = options.pop("http", "auto")

    async def serve() -> None:
        async with AsyncQueue(dsn) as queue:
            options.setdefault("authorize", lambda request: made["site"].access)
            made["dashboard"] = dashboard = Dashboard(queue, **options)
            config = uvicorn.Config(
                dashboard,
                port=0,
                http=http,
                log_level="warning",
                lifespan="off",
                timeout_graceful_shutdown=1,  # viewers would stay: a thread gets no signal
            )
            made["server"] = server = uvicorn.Server(config)
            await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        until(lambda: "server" in made and made["server"].started)
        port = made["server"].servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=30) as client, Queue(dsn) as queue:
            made["site"] = site = Site(url, client, queue, Access.operate("ann"), made["dashboard"])
            site.bound(patience=30.0)  # a busy machine
            yield site
    finally:
        if "server" in made:
            made["server"].should_exit = True
        thread.join(60)
