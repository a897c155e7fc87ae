"""What people do with the dashboard, in a browser."""

from collections.abc import Callable

import pytest
from bakery_app import Bakery
from dashboard_site import Site
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("dashboard stories")
Open = Callable[..., Page]


def test_pause_a_queue(site: Site, bakery: Bakery, open_page: Open) -> None:
    bakery.take_orders(1)
    page = open_page(site.url + "/queues")
    row = page.get_by_role("row").filter(has_text="kitchen")
    row.get_by_role("button", name="Pause").click()
    expect(row.get_by_role("button", name="Resume")).to_be_visible()
    assert [queue.queue for queue in site.queue.queues() if queue.paused] == ["kitchen"]
