"""How a visitor of a standalone dashboard logs in."""

import logging
import socket
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from conduit_dashboard import http_connection
from conduit_dashboard.access import guesses
from conduit_dashboard.access.login import BasicLogin, TokenLogin
from dashboard_site import Site, serving

TOKEN = "a-token-of-many-letters"


@pytest.fixture
def locked(dsn: str) -> Iterator[Site]:
    """A dashboard that asks for a token."""
    with serving(dsn, authorize=TokenLogin(TOKEN)) as site:
        yield site


def test_without_a_token_there_is_only_a_form(locked: Site) -> None:
    response = locked.client.get("/queues?x=1")
    assert response.status_code == 401
    assert "Enter the token" in response.text
    assert 'value="/queues?x=1"' in response.text
    assert "alert" not in response.text  # it is a question
    assert "Log out" not in response.text
    assert 'href="/jobs"' not in response.text
    response = locked.client.get("/queues", headers={"Accept": "application/json"})
    assert response.status_code == 401
    assert response.json()["title"] == "Log in"


def test_the_address_with_the_token_becomes_one_without(locked: Site) -> None:
    response = locked.client.get("/queues", params={"token": TOKEN, "queue": "a b"})
    assert (response.status_code, response.headers["Location"]) == (303, "/queues?queue=a+b")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=43200" in cookie
    assert TOKEN not in cookie
    assert response.headers["Cache-Control"] == "no-store"
    assert locked.client.get("/queues").status_code == 200  # the client has the cookie


def test_the_form_leads_to_the_page_that_was_asked_for(locked: Site) -> None:
    response = locked.post("/login", token=TOKEN, next="/queues?x=1")
    assert (response.status_code, response.headers["Location"]) == (303, "/queues?x=1")
    assert locked.client.get("/queues").status_code == 200
    assert locked.post("/queues/pause", queue="mail").status_code == 303
    assert locked.json("/audit")["entries"][0]["actor"] == "token"


@pytest.mark.parametrize(
    "next", ["//evil.example/", "\\\\evil.example", "/\\evil.example", "https://evil.example", ""]
)
def test_the_form_leads_to_no_other_site(locked: Site, next: str) -> None:
    location = locked.post("/login", token=TOKEN, next=next).headers["Location"]
    assert httpx.URL(locked.url).join(location).host == "127.0.0.1"


def test_an_address_leads_to_no_other_site(locked: Site) -> None:
    location = locked.client.get(f"{locked.url}//evil.example/?token={TOKEN}").headers["Location"]
    assert httpx.URL(locked.url).join(location).host == "127.0.0.1"


@pytest.mark.parametrize("token", ["", TOKEN[:-1], TOKEN + "x", "\0", "ä", "x" * 50_000])
def test_a_wrong_token(locked: Site, caplog: pytest.LogCaptureFixture, token: str) -> None:
    with caplog.at_level(logging.DEBUG):
        assert locked.client.get("/queues", params={"token": token}).status_code == 401
        response = locked.post("/login", token=token, next="/")
        assert response.status_code == 401
        assert 'role="alert"' in response.text
        given = {"Authorization": f"Bearer {quote(token)}x"}
        assert locked.client.get("/queues", headers=given).status_code == 401
    assert not locked.client.cookies
    records = [record for record in caplog.records if record.name == "conduit.dashboard"]
    assert [record.getMessage() for record in records][:1] == ["a login from 127.0.0.1 was refused"]
    assert not token or token not in "".join(record.getMessage() for record in records)


def test_log_out(locked: Site) -> None:
    locked.client.get("/queues", params={"token": TOKEN})
    assert 'action="/logout"' in locked.html("/queues")
    response = locked.client.post("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert locked.client.get("/queues").status_code == 200
    response = locked.post("/logout")
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert not locked.client.cookies
    assert locked.client.get("/queues").status_code == 401


def test_a_link_from_another_site_meets_a_visitor_who_is_logged_in(locked: Site) -> None:
    locked.client.get("/queues", params={"token": TOKEN})
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert locked.client.get("/queues", headers=elsewhere).status_code == 200
    response = locked.client.post("/queues/pause", data={"queue": "a"}, headers=elsewhere)
    assert response.status_code == 403


def test_a_cookie_that_was_copied_ends_at_the_logout(locked: Site) -> None:
    locked.client.get("/queues", params={"token": TOKEN})
    copied = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in locked.client.cookies.items())
    }
    assert httpx.get(f"{locked.url}/queues", headers=copied).status_code == 200
    locked.post("/logout")
    assert httpx.get(f"{locked.url}/queues", headers=copied).status_code == 401


def test_a_session_ends(locked: Site) -> None:
    login_of(locked)._sessions.seconds = 0
    locked.client.get("/queues", params={"token": TOKEN})
    assert locked.client.get("/queues").status_code == 401


def login_of(site: Site) -> TokenLogin:
    login = site.dashboard._authorize
    assert isinstance(login, TokenLogin)
    return login


def test_guesses_are_slowed(locked: Site) -> None:
    locked.client.get("/queues", params={"token": TOKEN})

    def tried(token: str, address: str = "192.0.2.7") -> int:
        given = {"X-Forwarded-For": address, "Authorization": f"Bearer {token}"}
        return httpx.get(f"{locked.url}/queues", headers=given).status_code

    assert [tried("wrong") for _ in range(guesses.MOST)] == [401] * guesses.MOST
    assert (tried("wrong"), tried(TOKEN)) == (429, 429)
    assert (tried(TOKEN, "192.0.2.8"), locked.client.get("/queues").status_code) == (200, 200)
    login_of(locked)._guesses.seconds = 0
    assert tried(TOKEN) == 200


class Hasty(http_connection.Connection):
    patience = 0.1


@pytest.mark.parametrize("sent", [b"", b"GET /queues HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_connection_without_a_request_is_closed(dsn: str, sent: bytes) -> None:
    with serving(dsn, http=Hasty) as site:
        address = httpx.URL(site.url)
        with socket.create_connection((address.host, address.port), timeout=60) as client:
            client.sendall(sent)
            assert client.recv(1_000) == b""


def test_who_is_let_in_by_the_application_is_not_logged_out_here(site: Site) -> None:
    assert "Log out" not in site.html("/queues")
    assert site.post("/logout").status_code in (404, 405)


def test_a_wrong_cookie(locked: Site) -> None:
    locked.client.get("/queues", params={"token": TOKEN})
    [name] = locked.client.cookies
    locked.client.cookies.clear()
    for value in ("", TOKEN, "x"):
        response = locked.client.get("/queues", headers={"Cookie": f"{name}={value}"})
        assert response.status_code == 401


def test_another_site_cannot_log_a_visitor_in(locked: Site) -> None:
    response = locked.client.post(
        "/login", data={"token": TOKEN}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert response.status_code == 403
    assert not response.cookies


def test_programs_send_the_token_in_a_header(locked: Site) -> None:
    given = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
    assert locked.client.get("/queues", headers=given).json()["queues"] == []


def test_the_static_files_need_no_login(locked: Site) -> None:
    assert locked.client.get("/static/dashboard.css").status_code == 200
    assert locked.client.get("/static/..%2fapplication.py").status_code == 401


def test_users_with_passwords(dsn: str) -> None:
    with serving(dsn, authorize=BasicLogin({"ann": "päss:word", "bob": "other"})) as site:
        response = site.client.get("/queues")
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic realm=")
        ann = httpx.BasicAuth("ann", "päss:word")
        response = site.client.post("/queues/pause", data={"queue": "mail"}, auth=ann)
        assert response.status_code == 303
        entries = site.client.get(
            "/audit", auth=ann, headers={"Accept": "application/json"}
        ).json()["entries"]
        assert entries[0]["actor"] == "ann"


def test_readers_change_nothing(dsn: str) -> None:
    login = BasicLogin({"ann": "password"}, {"bob": "other"})
    with serving(dsn, authorize=login) as site:
        bob = httpx.BasicAuth("bob", "other")
        assert site.client.get("/queues", auth=bob).status_code == 200
        response = site.client.post("/queues/pause", data={"queue": "mail"}, auth=bob)
        assert response.status_code == 403


@pytest.mark.parametrize(
    ("user", "password"), [("ann", "other"), ("eve", "word"), ("", ""), ("ann", ""), ("\0", "ä")]
)
def test_wrong_users_and_passwords(dsn: str, user: str, password: str) -> None:
    with serving(dsn, authorize=BasicLogin({"ann": "word", "bob": "other"})) as site:
        assert site.client.get("/queues", auth=(user, password)).status_code == 401


@pytest.mark.parametrize("header", ["Basic", "Basic ä", "Basic !!!!", "Basic /w==", "Bearer x"])
def test_headers_that_are_no_login(dsn: str, header: str) -> None:
    with serving(dsn, authorize=BasicLogin({"ann": "word"})) as site:
        response = site.client.get("/queues", headers={"Authorization": header.encode("latin-1")})
        assert response.status_code == 401


@pytest.mark.parametrize(
    ("given", "noted"),
    [("192.0.2.7", "192.0.2.7"), ("a friend", "an unknown address"), ("9" * 5_000, "an unknown")],
)
def test_the_log_has_addresses_and_not_what_a_visitor_calls_himself(
    locked: Site, caplog: pytest.LogCaptureFixture, given: str, noted: str
) -> None:
    with caplog.at_level(logging.WARNING):
        locked.client.get("/?token=wrong", headers={"X-Forwarded-For": given})
    assert caplog.messages[0].startswith(f"a login from {noted}")


def test_a_large_form_of_a_stranger_is_not_read(locked: Site) -> None:
    response = locked.client.post("/login", data={"token": "x" * 200_000})
    assert response.status_code == 400
    assert "more than 100,000 bytes" in response.text
