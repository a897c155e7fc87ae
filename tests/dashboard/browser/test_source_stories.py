"""From the graph of the source to a type, in a browser."""

import re
from collections.abc import Callable

import pytest
from bakery_app import Bakery
from dashboard_site import Site
from described import describe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("dashboard stories")
Open = Callable[..., Page]
FAILED = """
INSERT INTO conduit_metrics (seconds, starts_at, queue, type, succeeded, failed, durations, waits)
VALUES (60, date_trunc('minute', now()) - interval '1 minute', 'kitchen',
        'order.after_create.bake', 7, 3, '{10}', '{10}')
"""


@pytest.mark.parametrize("width", [1280, 400])
def test_a_large_graph_scrolls_in_its_frame(site: Site, open_page: Open, width: int) -> None:
    for number in range(150):
        describe(site, f"type{number}")
    page = open_page(site.url + "/source", viewport={"width": width, "height": 800})
    graph = page.get_by_label("Graph of the source")
    assert graph.evaluate("graph => graph.scrollHeight > 3 * graph.clientHeight")
    assert page.evaluate("document.documentElement.scrollHeight") < 3 * 800
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    last = graph.get_by_role("link").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()


def test_from_the_graph_to_a_block_of_the_source(
    site: Site, bakery: Bakery, open_page: Open
) -> None:
    page = open_page(site.url + "/source")
    expect(page.get_by_text("No worker has described its job types yet.")).to_be_visible()
    with bakery.worker():
        graph = page.get_by_label("Graph of the source")
        bake = graph.get_by_role("link", name=re.compile("order.after_create.bake"))
        expect(bake).to_contain_text("no attempts")
        site.sql(FAILED)
        expect(bake).to_contain_text("10 attempts, 30.0 % failed")
        bake.click()
        expect(page).to_have_url(re.compile(r"/types\?type=order.after_create.bake$"))
        expect(page.get_by_label("Source")).to_contain_text("Oven.bake(number, loaves: loaves)")
        page.get_by_role("link", name="Types", exact=True).click()
        row = page.get_by_role("row").filter(has_text="order.after_create.charge")
        expect(row).to_contain_text("alive")
        row.get_by_role("link").first.click()
        expect(page.get_by_role("row").filter(has_text="card")).to_contain_text("hidden: sensitive")
