"""Texts from outside stay texts and fit into the window, whatever they contain."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from dashboard_site import Site
from pages import LISTS
from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("dashboard stories")

HTML = "\"'><img src=x onerror=hacked=1><script>hacked=1</script>&lt;b&gt;"
NAME = (HTML + "\u202eevil\u202c\u2066\x07\x1b[31m" + "x" * 60)[:120]
LONG = HTML + "\u202eevil\u202c" + "x" * 100_000
JOB = """
INSERT INTO jobs (queue, type, payload, status, attempts, error, errors, completed_at)
VALUES (%s, %s, %s, 'failed', 1, %s, %s, now()) RETURNING id
"""
SCHEDULE = """
INSERT INTO conduit_schedules (name, queue, type, payload, every, error)
VALUES (%s, %s, %s, %s, 60, %s)
"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [380, 1280])
def test_texts_of_others(site: Site, open_page: Callable[..., Page], width: int) -> None:
    payload = json.dumps({HTML: LONG, "deep": [[[[HTML]]]]})
    failure = {"attempt": 1, "at": "2026-11-27T10:00:00Z", "error": LONG, "traceback": LONG}
    [(job,)] = site.sql(JOB, NAME, NAME, payload, LONG, json.dumps([failure]))
    site.sql(SCHEDULE, NAME, NAME, NAME, payload, LONG)
    site.post("/queues/pause", queue=NAME)
    filtered = [f"/jobs?{field}={quote(NAME)}" for field in ("type", "queue", "error")]
    page = open_page(site.url + "/queues", viewport={"width": width, "height": 800})
    for path in (*LISTS, *filtered, f"/jobs/{job}", f"/jobs/{job}/edit"):
        response = page.goto(path)
        assert response is not None
        assert response.status == 200, path
        assert page.evaluate("typeof hacked") == "undefined", path
        assert page.locator("img, main script, main b").count() == 0, path
        assert page.evaluate(OVERFLOW) == 0, path
        assert "\u202e" not in page.locator("body").inner_text(), path
