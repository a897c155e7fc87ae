"""The reference of the dashboard's JSON has every page, key and action."""

import re
from typing import Any

import pytest
from conduit_dashboard.page import ActionRoute, PageRoute
from conduit_dashboard.pages import ROUTES
from conduit_runtime import Job, chain
from dashboard_site import Site
from page import ROOT

TEXT = (ROOT / "docs" / "reference" / "dashboard-json.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## `(.*?)`\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def named(path: str) -> str:
    """A path in the form of the reference."""
    return re.sub(r"{.*?}", "ID", path)


def keys(section: str) -> set[str]:
    """The keys in the first column of a section's table."""
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}


@pytest.fixture
def returned(site: Site) -> dict[str, Any]:
    """The JSON of each page, by its name in the reference."""
    job = site.queue.enqueue_flow(chain(Job("mail", "t", {"a": 1}), Job("mail", "t")))[0]
    site.sql(
        "INSERT INTO conduit_metrics (seconds, starts_at, queue, type, succeeded) "
        "VALUES (60, date_trunc('minute', now()), 'mail', 't', 1)"
    )
    ids = {"/jobs/ID": job.id, "/jobs/ID/edit": job.id, "/flows/ID": job.flow}
    found = {
        name: site.json(name.replace("ID", str(ids.get(name))))
        for name in (named(route.path) for route in ROUTES if isinstance(route, PageRoute))
    }
    return {**found, "/types?type=TYPE": site.json("/types", type="t")}


def test_every_key_of_every_page_is_in_its_table(returned: dict[str, Any]) -> None:
    assert {name: {*each} for name, each in returned.items()} == {
        name: keys(section) for name, section in SECTIONS.items()
    }


def test_every_action_is_in_the_table() -> None:
    table = TEXT.partition("## Actions")[2]
    listed = set(re.findall(r"`(/[\w/-]+)`", table)) - {
        "/stop",
        "/continue",
        "/jobs",
        "/jobs/ID/edit",
    }
    routes = {named(route.path) for route in ROUTES if isinstance(route, ActionRoute)}
    assert {path for path in routes if not path.endswith(("/stop", "/continue"))} == listed
