"""The page of a job follows the job, and the flow that it belongs to."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from conduit_runtime import Job, JobContext, WorkerPool, chain
from dashboard_site import Site
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("dashboard stories")
Open = Callable[..., Page]


def test_progress_and_the_end_show_without_a_reload(site: Site, open_page: Open) -> None:
    steps = [threading.Event() for _ in range(2)]
    pool = WorkerPool(site.queue)

    @pool.handler("count")
    def count(context: JobContext[Any], payload: object) -> None:
        for done, step in enumerate(steps, 1):
            context.progress(done, 2, "counting")
            step.wait(60)

    first, second = site.queue.enqueue_flow(chain(Job(type="count"), Job(type="later")))
    page = open_page(site.url + f"/jobs/{first.id}")
    page.evaluate("window.first = true")
    expect(page.get_by_text("No live worker serves the queue default.")).to_be_visible()
    try:
        with pool:
            expect(page.get_by_text("1 of 2 counting")).to_be_visible()
            steps[0].set()
            expect(page.get_by_text("2 of 2 counting")).to_be_visible()
            steps[1].set()
            expect(page.get_by_role("button", name="Run again")).to_be_visible()
    finally:
        for step in steps:
            step.set()
    expect(page.get_by_role("heading", name="Attempt 1 completed")).to_be_visible()
    assert page.evaluate("window.first")
    page.get_by_role("link", name=str(first.flow)).click()
    expect(page.get_by_role("link", name="later, pending")).to_be_visible()
    page.get_by_role("link", name="later, pending").click()
    expect(page).to_have_url(site.url + f"/jobs/{second.id}")
