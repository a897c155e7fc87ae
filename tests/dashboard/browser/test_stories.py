"""Actions of people in the dashboard, in a browser, with a real worker."""

from collections.abc import Callable

import pytest
from bakery_app import Bakery
from conduit_dashboard import Access
from dashboard_site import Site
from playwright.sync_api import Locator, Page, expect
from waiting import until

pytestmark = pytest.mark.xdist_group("dashboard stories")
Open = Callable[..., Page]
CHARGE = "order.after_create.charge"
CARD = "4929-000000000001"


def row(page: Page, text: str) -> Locator:
    return page.get_by_role("row").filter(has_text=text)


def job_of(site: Site, type_: str, status: str) -> str:
    """Wait for a job of a type with a status; return the newest."""
    sql = "SELECT id FROM jobs WHERE type = %s AND status = %s ORDER BY id DESC LIMIT 1"
    return str(until(lambda: site.sql(sql, type_, status))[0][0])


def test_a_queue_is_paused_and_a_second_tab_sees_it(
    site: Site, bakery: Bakery, open_page: Open
) -> None:
    bakery.take_orders(1)
    page, second = (open_page(site.url + "/queues") for _ in range(2))
    row(page, "kitchen").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status").first).to_contain_text("kitchen")
    expect(row(page, "kitchen").get_by_role("button", name="Resume")).to_be_visible()
    expect(row(second, "kitchen")).to_contain_text("paused")  # without a reload
    with bakery.worker():
        job_of(site, CHARGE, "failed")
        row(second, "kitchen").get_by_role("button", name="Resume").click()
        job_of(site, "order.after_create.bake", "completed")
        expect(row(page, "kitchen")).to_contain_text("active")
    page.goto("/audit")
    expect(row(page, "pause")).to_contain_text("ann")


def test_a_job_that_failed_shows_where(site: Site, bakery: Bakery, open_page: Open) -> None:
    bakery.take_orders(1)
    with bakery.worker():
        page = open_page(f"{site.url}/jobs/{job_of(site, CHARGE, 'failed')}")
    failing = page.get_by_label("Source of the block").locator(".failing")
    expect(failing).to_contain_text("let receipt = Billing.charge(card")
    frames = page.locator(".frames").get_by_role("listitem")
    expect(frames.filter(has_text="raise ConnectionError")).to_be_visible()
    expect(row(page, "card")).to_contain_text("[sensitive]")
    expect(row(page, "email")).to_contain_text("guest1@example.com")
    assert CARD not in page.content()


def test_a_schedule_is_run_now(site: Site, bakery: Bakery, open_page: Open) -> None:
    with bakery.worker():
        page = open_page(site.url + "/schedules")
        row(page, "first-batch").get_by_role("button", name="Run now").click()
        expect(page.get_by_role("status").first).to_contain_text("first-batch")
        page.goto(f"/jobs/{job_of(site, 'order.after_create.bake', 'running')}")
        expect(row(page, "loaves")).to_contain_text("120")
        page.get_by_text("Cancel", exact=True).first.click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("main")).to_contain_text("cancelled")


def test_a_payload_is_edited_and_enqueued_again(
    site: Site, bakery: Bakery, open_page: Open
) -> None:
    bakery.take_orders(1)
    with bakery.worker():
        first = job_of(site, "order.after_create.bake", "completed")
        page = open_page(f"{site.url}/jobs/{first}")
        page.get_by_role("link", name="Edit and enqueue again").click()
        page.get_by_label("loaves").fill("many")
        page.get_by_role("button", name="Enqueue").click()
        expect(page.get_by_role("alert")).to_contain_text("loaves")
        page.get_by_label("loaves").fill("3")
        page.get_by_role("button", name="Enqueue").click()
        expect(row(page, "loaves")).to_contain_text("3")
        expect(page.locator("main")).to_contain_text("completed")
        assert first not in page.url


def test_who_may_only_read_is_shown_no_button_and_refused_each_action(
    site: Site, bakery: Bakery, open_page: Open
) -> None:
    bakery.take_orders(1)
    with bakery.worker():
        job = job_of(site, CHARGE, "failed")
    bakery.take_orders(1)
    # Without its script, the page still shows the button after the right is gone.
    page = open_page(site.url + "/queues", java_script_enabled=False)
    site.access = Access.read("bob")
    row(page, "kitchen").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("alert")).to_contain_text("You may not do this: pause.")
    for path in ("/queues", "/schedules", "/jobs", "/errors", f"/jobs/{job}"):
        page.goto(path)
        expect(page.get_by_text("read-only", exact=True)).to_be_visible()
        assert page.locator("main form[method=post] button").count() == 0, path
    for path, fields in (
        ("/schedules/run", {"schedule": "first-batch"}),
        ("/jobs/retry", {"all": "1", "status": "failed"}),
        (f"/jobs/{job}/retry", {}),
        (f"/jobs/{job}/enqueue", {}),
    ):
        assert site.post(path, **fields).status_code == 403
    assert site.sql("SELECT count(*) FROM conduit_audit") == [(0,)]
    assert site.sql("SELECT status FROM jobs WHERE id = %s", job) == [("failed",)]
