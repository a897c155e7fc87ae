"""Every page is accessible: axe finds nothing serious, and a narrow window is enough."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from axe_playwright_python.sync_playwright import Axe
from bakery_app import Bakery, compiled
from dashboard_site import Site, serving
from pages import LISTS, addresses
from playwright.sync_api import Page
from showcase import act, open_bakery

pytestmark = pytest.mark.xdist_group("dashboard look")
# Only elements that scroll within themselves may be wider than the window.
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def pages(
    new_database: Callable[[], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    """The addresses of the pages with contents, by their names."""
    with new_database() as dsn:
        bakery = Bakery(compiled(tmp_path_factory.mktemp("look")), dsn)
        with open_bakery(bakery, dsn) as flow, serving(dsn) as site:
            act(site)
            yield {name: site.url + path for name, path in addresses(site, flow).items()}


def test_axe_finds_nothing_serious(pages: dict[str, str], open_page: Callable[..., Page]) -> None:
    # The dashboard's policy also blocks axe's script.
    page = open_page(pages["overview"], bypass_csp=True)
    found = {}
    for name, address in pages.items():
        page.emulate_media(color_scheme="light")
        page.goto(address)
        found[name] = severe(page)
        page.emulate_media(color_scheme="dark")
        found[f"{name}, dark"] = severe(page, runOnly=["color-contrast"])
    assert not {name: violations for name, violations in found.items() if violations}


def severe(page: Page, **options: object) -> dict[str, list[str]]:
    """The elements that break a rule of axe, by the rule."""
    results = Axe().run(page, options={"resultTypes": ["violations"], **options})
    return {
        each["id"]: [node["html"] for node in each["nodes"]]
        for each in results.response["violations"]
        if each["impact"] in ("serious", "critical")
    }


def test_a_narrow_window_shows_every_page(
    pages: dict[str, str], open_page: Callable[..., Page]
) -> None:
    page = open_page(pages["overview"], viewport={"width": 380, "height": 800})
    overflows = {}
    for name, address in pages.items():
        page.goto(address)
        overflows[name] = page.evaluate(WIDTH)
    assert not {name: pixels for name, pixels in overflows.items() if pixels}


def test_an_empty_database_says_what_to_do(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(site.url, bypass_csp=True)
    for path in LISTS:
        page.goto(path)
        assert page.locator("main .empty").count(), path
        assert not severe(page), path
