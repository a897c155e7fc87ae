"""Actions of people on many jobs, in a browser, with a real worker."""

import re
from collections.abc import Callable

import pytest
from bakery_app import Bakery
from conduit_runtime import Job
from dashboard_site import Site
from playwright.sync_api import Page, expect
from waiting import until

pytestmark = pytest.mark.xdist_group("dashboard stories")
Open = Callable[..., Page]
CHARGE = "order.after_create.charge"


def test_a_job_appears_and_ends_without_a_reload(
    site: Site, bakery: Bakery, open_page: Open
) -> None:
    page = open_page(site.url + "/jobs")
    expect(page.locator("main")).to_contain_text("There are no jobs.")
    page.evaluate("window.stays = true")
    bakery.take_orders(1)
    baking = page.get_by_role("row").filter(has_text="order.after_create.bake")
    expect(baking).to_contain_text("pending")
    with bakery.worker():
        expect(baking).to_contain_text("completed")
    assert page.evaluate("window.stays")


def test_a_job_is_found_by_a_field_of_its_payload(
    site: Site, bakery: Bakery, open_page: Open
) -> None:
    bakery.take_orders(30)
    with bakery.worker():  # describes the fields
        page = open_page(f"{site.url}/jobs?type={CHARGE}")
    page.get_by_text("Payload", exact=True).first.click()
    page.get_by_label("number").fill("B-0017")
    page.get_by_role("button", name="Show").click()
    rows = page.locator("main tbody").get_by_role("row")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("guest17@example.com")
    assert page.get_by_label("card").count() == 0  # no search by a sensitive field
    page.reload()  # the address holds the filter
    expect(rows).to_have_count(1)


def test_a_group_of_500_failed_jobs_is_retried(site: Site, bakery: Bakery, open_page: Open) -> None:
    bakery.take_orders(500)
    with bakery.worker("--concurrency", "50"):
        failed = "SELECT count(*) FROM jobs WHERE status = 'failed'"
        until(lambda: site.sql(failed) == [(500,)], 60)
        bakery.open_bank()
        page = open_page(site.url + "/errors")
        group = page.get_by_role("row").filter(has_text="the bank refused card")
        expect(group).to_contain_text("500")
        group.get_by_role("button", name="Retry all").click()
        expect(page.locator("main .empty")).to_be_visible()  # no failure is left
        until(lambda: site.sql(failed) == [(0,)], 60)
    page.goto("/audit")
    entry = page.get_by_role("row").filter(has_text="retry")
    expect(entry).to_contain_text("ann")
    expect(entry).to_contain_text("500")


def test_a_search_goes_on_by_itself(site: Site, open_page: Open) -> None:
    """It goes on until it finds a job, in either order, and leaves one entry in the history."""
    site.bound(scans=1, scanned=5)
    for type_ in ("wanted", *["other"] * 30, "late"):
        site.queue.enqueue(Job("mail", type_))
    page = open_page(site.url + "/jobs")
    for query in ("type=wanted", "type=late&sort=oldest"):
        page.goto(f"{site.url}/jobs?{query}")
        expect(page.locator("main tbody").get_by_role("row")).to_have_count(1)
        assert "before=" in page.url
        page.go_back()
        expect(page).to_have_url(f"{site.url}/jobs")
    page.goto(f"{site.url}/jobs?type=none")
    expect(page.locator("main")).to_contain_text("No job matches.")


def test_the_heads_of_the_list_sort_it(site: Site, open_page: Open) -> None:
    site.queue.enqueue_many([Job("mail", f"t{n}", priority=n) for n in (1, 3, 2)])
    page = open_page(site.url + "/jobs")
    first = page.locator("main tbody").get_by_role("row").first
    page.get_by_role("link", name="Priority").click()
    expect(first).to_contain_text("t3")
    page.get_by_label("Queue").first.fill("mail")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("queue=mail.*sort=priority"))
    expect(first).to_contain_text("t3")
    page.get_by_role("link", name="Enqueued").click()
    page.get_by_role("link", name="Enqueued").click()
    expect(page).to_have_url(f"{site.url}/jobs?queue=mail&sort=oldest")
    expect(first).to_contain_text("t1")


def test_names_of_queues_do_not_make_rows_tall(site: Site, open_page: Open) -> None:
    site.queue.enqueue(Job("mail-of-a-large-tenant", "t"))
    page = open_page(site.url + "/jobs", viewport={"width": 1280, "height": 800})
    row = page.locator("main tbody").get_by_role("row")
    assert row.evaluate("row => row.clientHeight") < 60


def test_selected_jobs_are_cancelled(site: Site, open_page: Open) -> None:
    guests = [f"guest{number}" for number in range(3)]
    site.queue.enqueue_many([Job("mail", "letter", {"to": guest}) for guest in guests])
    page = open_page(site.url + "/jobs")
    for guest in (guests[0], guests[2]):
        page.get_by_role("row").filter(has_text=guest).get_by_role("checkbox").check()
    actions = page.get_by_role("group", name="With the selected jobs")
    actions.get_by_text("Cancel", exact=True).click()
    actions.get_by_role("button", name="Cancel them").click()
    expect(page.get_by_role("row").filter(has_text="cancelled")).to_have_count(2)
    left = "SELECT payload ->> 'to' FROM jobs WHERE status = 'pending'"
    assert site.sql(left) == [(guests[1],)]
