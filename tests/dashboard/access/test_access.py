"""What `authorize` may return, and the effects."""

import re
from uuid import uuid4

import psycopg
import pytest
from conduit_dashboard import ACTIONS, Access
from conduit_dashboard.page import ActionRoute, PageRoute
from conduit_dashboard.pages import ROUTES
from conduit_runtime import Job, Queue, chain
from conduit_runtime.postgres.tables.grants import grants
from dashboard_site import Site, serving
from psycopg.conninfo import make_conninfo
from starlette.exceptions import HTTPException
from starlette.requests import Request

PAGES = [route.path for route in ROUTES if isinstance(route, PageRoute)]
ID = "00000000-0000-0000-0000-000000000000"
CHANGES = [route for route in ROUTES if isinstance(route, ActionRoute)]


def filled(path: str) -> str:
    """The path with an id for each of its parameters."""
    return re.sub(r"{.*?}", ID, path)


def test_an_action_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="'drop' is no action of the dashboard: use cancel"):
        Access.operate("ann", ["retry", "drop"])


def test_who_may_not_read_may_do_nothing() -> None:
    assert not Access("eve", False, ACTIONS).may("retry")
    assert Access.operate("ann", ["retry"]).may("retry")
    assert not Access.operate("ann", ["retry"]).may("cancel")


def test_no_page_shows_anything_to_who_may_not_read(site: Site) -> None:
    site.access = Access.none()
    for path in PAGES:
        for accept in ("text/html", "application/json", "text/event-stream"):
            response = site.client.get(filled(path), headers={"Accept": accept})
            assert response.status_code == 403, (path, accept)
            assert "You may not see this dashboard." in response.text


def test_each_action_needs_its_right(site: Site) -> None:
    for route in CHANGES:
        site.access = Access.operate("ann", ACTIONS - {route.action})
        response = site.post(filled(route.path))
        assert response.status_code == 403, route.path
        assert f"You may not do this: {route.action.replace('_', ' ')}." in response.text


def test_each_action_is_refused_across_sites_and_as_a_link(site: Site) -> None:
    for route in CHANGES:
        path = filled(route.path)
        response = site.client.post(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 403, path
        assert "another site" in response.text
        assert site.client.get(path).status_code == 404, path
    assert site.json("/audit")["entries"] == []


def test_each_action_is_refused_by_a_dashboard_that_is_read_only(dsn: str) -> None:
    with serving(dsn, read_only=True) as site:
        for route in CHANGES:
            response = site.post(filled(route.path))
            assert response.status_code == 403, route.path
            assert "This dashboard is read-only." in response.text


def test_a_coroutine_may_decide(dsn: str) -> None:
    async def authorize(request: Request) -> Access:
        return Access.read(request.headers.get("X-User", "x"))

    with serving(dsn, authorize=authorize) as site:
        assert site.json("/queues")["queues"] == []


def test_the_application_may_send_visitors_elsewhere(dsn: str) -> None:
    def authorize(request: Request) -> Access:
        if request.url.path == "/queues":
            raise HTTPException(303, headers={"Location": "/accounts/login"})
        raise HTTPException(401, "No session", {"WWW-Authenticate": "Bearer"})

    with serving(dsn, authorize=authorize) as site:
        response = site.client.get("/queues")
        assert (response.status_code, response.headers["Location"]) == (303, "/accounts/login")
        response = site.client.get("/audit")
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "No session." in response.text


def test_an_error_of_the_application_lets_no_visitor_in(
    dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    def authorize(request: Request) -> Access:
        raise KeyError("a secret")

    with serving(dsn, authorize=authorize) as site:
        response = site.client.get("/queues")
        assert response.status_code == 500
        assert "The log of its server says why." in response.text
        assert "secret" not in response.text


def test_every_response_has_the_headers(site: Site) -> None:
    for path in ("/queues", "/nowhere", "/static/dashboard.css", "/audit?before=x"):
        headers = site.client.get(path).headers
        assert headers["Content-Security-Policy"].startswith(
            "default-src 'none'; script-src 'self'"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "inline" not in headers["Content-Security-Policy"]


def test_a_page_that_there_is_not_is_shown_to_who_gets_in(site: Site) -> None:
    response = site.client.get("/nowhere")
    assert response.status_code == 404
    assert 'href="/queues"' in response.text
    site.access = Access.none()
    assert 'href="/queues"' not in site.client.get("/nowhere").text


def test_a_role_that_may_only_read_sees_every_page(dsn: str) -> None:
    """With the grants of `migrate --print-grants --reader`; Postgres refuses everything else."""
    role = f"reader_{uuid4().hex}"
    with psycopg.connect(dsn, autocommit=True) as owner, Queue(dsn) as queue:
        queue.enqueue_flow(chain(Job(type="t"), Job(type="t")))
        owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        for statement in grants(None, readers=[role]):
            owner.execute(statement)
        try:
            with serving(make_conninfo(dsn, user=role, password="x")) as site:
                for path in PAGES:
                    if "{" not in path:
                        assert site.client.get(path).status_code == 200, path
                job = queue.list()[0]
                for path in (f"/jobs/{job.id}", f"/flows/{job.flow}"):
                    assert site.client.get(path).status_code == 200, path
                response = site.post("/queues/pause", queue="mail")
                assert response.status_code == 403
                assert "The database role of this dashboard may not do this" in response.text
        finally:
            owner.execute(f"DROP OWNED BY {role}")
            owner.execute(f"DROP ROLE {role}")


def test_a_user_has_a_name() -> None:
    with pytest.raises(TypeError, match="user is 7: use the name of a user, a text"):
        Access.operate(7)  # type: ignore[arg-type]


def test_actions_are_checked_however_it_is_made() -> None:
    assert Access("eve", True, {"retry"}) == Access.operate("eve", ["retry"])  # type: ignore[arg-type]
    assert hash(Access("eve", True, {"retry"}))  # type: ignore[arg-type]
    for actions in ("retry", {"drop"}):
        with pytest.raises(ValueError, match="is no action of the dashboard"):
            Access("eve", True, actions)  # type: ignore[arg-type]
