"""The dashboard inside of applications: FastAPI, Starlette, Django's ASGI, and Flask by a2wsgi."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import httpx
import pytest
from conduit_runtime import Job, Queue
from web_server import Server, served

HEAD = """
import os
from contextlib import asynccontextmanager
from conduit_dashboard import Access, Dashboard
from conduit_runtime import AsyncQueue

queue = AsyncQueue(os.environ["DATABASE_URL"])

def authorize(request):
    user = request.headers.get("X-User")
    return Access.operate(user) if user else Access.none()

dashboard = Dashboard(queue, authorize=authorize)

@asynccontextmanager
async def lifespan(app):
    async with queue:
        yield
"""
FASTAPI = """
from fastapi import FastAPI
app = FastAPI(lifespan=lifespan)
app.mount("/ops/jobs", dashboard)
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.routing import Mount
inner = Starlette(routes=[Mount("/{tenant}/jobs", dashboard)])
app = Starlette(lifespan=lifespan, routes=[Mount("/ops", inner)])
"""
DJANGO = """
import django
from django.conf import settings
from starlette.applications import Starlette
from starlette.routing import Mount

settings.configure(SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF="app")
urlpatterns = []
django.setup()
from django.core.asgi import get_asgi_application
django_site = get_asgi_application()
app = Starlette(
    lifespan=lifespan,
    routes=[Mount("/ops/jobs", dashboard), Mount("/", django_site)],
)
"""
FLASK = """
from a2wsgi import ASGIMiddleware
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
app = Flask("site")
app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/ops/jobs": ASGIMiddleware(dashboard)})
"""
_UVICORN = ["uvicorn", "app:app", "--port", "{port}"]
_GUNICORN = ["gunicorn", "app:app", "-b", "127.0.0.1:{port}", "-w", "2", "--threads", "4"]
APPLICATIONS = {
    "fastapi": (FASTAPI, _UVICORN, "/ops/jobs"),
    "fastapi behind a path": (FASTAPI, [*_UVICORN, "--root-path", "/api"], "/api/ops/jobs"),
    "starlette": (STARLETTE, _UVICORN, "/ops/a%20b/jobs"),
    "django": (DJANGO, _UVICORN, "/ops/jobs"),
    "flask": (FLASK, _GUNICORN, "/ops/jobs"),
}


@pytest.fixture(params=APPLICATIONS)
def mounted(
    request: pytest.FixtureRequest, tmp_path: Path, dsn: str
) -> Iterator[tuple[Server, str, str]]:
    """An application's server, the path for requests to it, and the path in its links."""
    code, command, root = APPLICATIONS[request.param]
    (tmp_path / "app.py").write_text(HEAD + code)
    with served(command, tmp_path, tmp_path / "out", DATABASE_URL=dsn) as server:
        yield server, root.removeprefix("/api"), root


@pytest.mark.slow
def test_its_pages_and_actions_are_at_its_path(mounted: tuple[Server, str, str], dsn: str) -> None:
    server, path, root = mounted
    with (
        httpx.Client(base_url=server.url, headers={"X-User": "ann"}) as client,
        Queue(dsn) as queue,
    ):
        queue.enqueue(Job("mail", "t"))
        page = client.get(f"{path}/queues")
        assert page.status_code == 200, server.output
        assert f'href="{root}/audit"' in page.text
        assert f'action="{root}/queues/pause"' in page.text
        assert client.get(f"{path}/static/dashboard.css").status_code == 200
        response = client.post(
            f"{path}/queues/pause",
            data={"queue": "mail"},
            headers={"Sec-Fetch-Site": "same-origin", "Origin": server.url},
        )
        assert (response.status_code, response.headers["Location"]) == (
            303,
            f"{root}/queues?notice=1",
        )
        assert [each.paused for each in queue.queues()] == [True]
        [entry] = client.get(f"{path}/audit", headers={"Accept": "application/json"}).json()[
            "entries"
        ]
        assert (entry["actor"], entry["action"]) == ("ann", "pause")
    assert server.stop() in (0, -15)
    assert "Traceback" not in server.output


@pytest.mark.slow
def test_its_pages_are_live(mounted: tuple[Server, str, str]) -> None:
    server, path, _ = mounted
    given = {"X-User": "ann", "Accept": "text/event-stream"}
    for _ in range(10):  # more than the server has threads
        with httpx.stream("GET", f"{server.url}{path}/queues", headers=given, timeout=20) as stream:
            lines = stream.iter_lines()
            [data] = islice((line for line in lines if line.startswith("data: ")), 1)
            assert '"queues"' in data
    response = httpx.get(f"{server.url}{path}/queues", headers={"X-User": "ann"}, timeout=20)
    assert response.status_code == 200
    assert "Traceback" not in server.output


@pytest.mark.slow
def test_the_application_decides_who_gets_in(mounted: tuple[Server, str, str]) -> None:
    server, path, _ = mounted
    response = httpx.get(f"{server.url}{path}/queues")
    assert response.status_code == 403
    assert "You may not see this dashboard." in response.text
    assert httpx.post(f"{server.url}{path}/queues/pause").status_code == 403


@pytest.mark.slow
def test_a_path_with_an_encoded_slash(tmp_path: Path, dsn: str) -> None:
    code = STARLETTE.replace("{tenant}", "{tenant:path}")
    (tmp_path / "app.py").write_text(HEAD + code)
    with served(_UVICORN, tmp_path, tmp_path / "out", DATABASE_URL=dsn) as server:
        page = httpx.get(f"{server.url}/ops/a%2Fb/jobs/queues", headers={"X-User": "ann"})
        assert page.status_code == 200
        assert 'href="/ops/a%2Fb/jobs/audit"' in page.text
