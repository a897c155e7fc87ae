"""Screenshots of every page of the dashboard, light, dark and narrow: `make screenshots`.

    .venv/bin/python tests/dashboard/browser/screenshots.py [FOLDER]

They go to build/screenshots; those that the documentation shows also go to docs/images.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
from paths import HELPERS, ROOT

sys.path.extend(HELPERS)
import chromium
from bakery_app import Bakery, compiled
from conduit_runtime import embedded, migrate
from dashboard_site import Site, serving
from pages import addresses
from playwright.sync_api import Browser, sync_playwright
from showcase import act, open_bakery

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 380, "height": 800}
LOOKS = {
    "light": {"color_scheme": "light", "viewport": WIDE},
    "dark": {"color_scheme": "dark", "viewport": WIDE},
    "narrow": {"color_scheme": "light", "viewport": NARROW},
}
SHOWN = {"overview": "light", "job-failed": "dark"}
"""The pages in the README and the documentation: only their tops are shown."""
IMAGES = ROOT / "docs" / "images"


def main(folder: Path) -> None:
    path = chromium.find()
    if path is None:
        sys.exit(chromium.MISSING)
    folder.mkdir(parents=True, exist_ok=True)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with (
        bakery_on_show() as (site, flow),
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=sandbox) as browser,
    ):
        pages = addresses(site, flow)
        for name, address in pages.items():
            for look in LOOKS:
                shoot(browser, site.url + address, look, folder / f"{name}-{look}.png")
        for name, look in SHOWN.items():
            target = IMAGES / f"dashboard-{name}.png"
            shoot(browser, site.url + pages[name], look, target, full_page=False)
    print(folder)


@contextmanager
def bakery_on_show() -> Iterator[tuple[Site, str]]:
    """Run a dashboard of a bakery in an embedded Postgres; yield it and the id of a flow."""
    with tempfile.TemporaryDirectory(prefix="conduit-screenshots-") as scratch:
        os.chmod(scratch, 0o711)  # root's Postgres runs as another user
        with embedded.start(Path(scratch, "postgres"), settings={"fsync": "off"}) as server:
            migrate(server.dsn)
            bakery = Bakery(compiled(Path(scratch)), server.dsn)
            with open_bakery(bakery, server.dsn) as flow, serving(server.dsn) as site:
                act(site)
                yield site, flow


def shoot(
    browser: Browser, address: str, look: str, target: Path, *, full_page: bool = True
) -> None:
    context = browser.new_context(reduced_motion="reduce", device_scale_factor=1, **LOOKS[look])
    page = context.new_page()
    page.goto(address)
    page.screenshot(path=target, full_page=full_page)
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "screenshots")
