"""A browser that visits a dashboard, and an application whose jobs it shows."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import chromium
import pytest
from bakery_app import Bakery, compiled
from dashboard_site import Site
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

HERE = Path(__file__).parent
SECONDS = 60
"""How long a page may take to show what a test expects."""
expect.set_options(timeout=SECONDS * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group these tests: they take long. If there is no browser, skip them, unless this is CI."""
    ours = [item for item in items if item.path.parent == HERE]
    is_missing = ours and "CI" not in os.environ and chromium.find() is None
    for item in ours:
        item.add_marker(pytest.mark.slow)
        if is_missing:
            item.add_marker(pytest.mark.skip(reason=chromium.MISSING))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that the tests of a module share.

    The scope is not the session: while the browser runs, Playwright's event loop runs in this
    thread, and other tests could not start one.
    """
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.MISSING, pytrace=False)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses it to root
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=sandbox) as browser,
    ):
        yield browser


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser profile of its own: `open_page(site.url + "/jobs")`.

    Further arguments are options of Playwright's contexts. After the test, the fixture checks that
    no page has logged an error of a script or of the Content-Security-Policy.
    """
    problems: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # Some tests are about refused pages.
        if message.type == "error" and "Failed to load resource" not in message.text:
            problems.append(message.text)

    with ExitStack() as stack:

        def make(address: str, **options: object) -> Page:
            context = browser.new_context(base_url=address, reduced_motion="reduce", **options)
            page = stack.enter_context(closing(context)).new_page()
            page.set_default_timeout(SECONDS * 1000)
            page.on("console", note)
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto(address)
            return page

        yield make
    assert not problems


@pytest.fixture(scope="session")
def compiled_bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("compiled"))


@pytest.fixture
def bakery(compiled_bakery: Path, site: Site, tmp_path: Path) -> Bakery:
    """An application on the dashboard's database, without orders and workers."""
    return Bakery(shutil.copytree(compiled_bakery, tmp_path / "bakery"), site.queue.dsn)
