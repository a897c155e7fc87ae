"""Jobs that wait for others: a chain, and a group with a callback.

    conduit-jobs migrate      # the queue's own tables
    python app.py             # a month's report: fetch, then a page for each shop, then send

Uses the database of CONDUIT_DATABASE_URL.
"""

import os
from datetime import timedelta
from typing import Any

from conduit_runtime import Flow, Job, JobContext, Queue, WorkerPool, chain, group

SHOPS = ["Berlin", "Lisbon", "Tallinn"]


def monthly_report(month: str) -> Flow:
    """Fetch the month's orders, write each shop's page side by side, and send what there is.

    When the fetch fails, all that waits for it is cancelled. A page that fails is left out: the
    group ends all the same, and the report is sent without it. A failed attempt that is retried is
    no failure yet.
    """
    pages = group(Job(type="report.page", payload={"shop": shop}) for shop in SHOPS)
    send = Job(type="report.send", payload={"month": month})
    fetch = Job(type="orders.fetch", payload={"month": month})
    return chain(fetch, chain(pages, send, on_failure="continue"))


def fetch(context: JobContext, payload: dict[str, Any]) -> None:
    """Get the month's orders, saying how far it is."""
    for day in range(1, 31):
        context.progress(day, 30, f"{payload['month']}-{day:02}")


async def page(context: JobContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Write a shop's page; what it returns is kept for a day."""
    print(f"page of {payload['shop']}")
    return {"shop": payload["shop"], "orders": len(payload["shop"])}


async def send(context: JobContext, payload: dict[str, Any]) -> None:
    """Send the report when every page has ended."""
    print(f"report of {payload['month']}")


def main() -> None:
    with Queue(os.environ["CONDUIT_DATABASE_URL"]) as queue:
        flow = monthly_report("2026-10")
        queue.enqueue_flow(flow)
        pool = WorkerPool(queue)
        pool.register("orders.fetch", fetch)
        pool.register("report.page", page, keep_result=timedelta(days=1))
        pool.register("report.send", send)
        pool.run(drain=True)
        for job in flow.jobs:
            if (stored := queue.get(job.id)) is not None:
                print(f"{stored.type}: {stored.status}, {stored.result}")


if __name__ == "__main__":
    main()
