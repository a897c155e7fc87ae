"""Jobs without a web framework and without the compiler: handlers, a schedule, a flow, a batch.

    pip install 'conduit-async[embedded]'
    python app.py             # on an embedded Postgres, or on the one of DATABASE_URL

A shop's nightly report: fetch the orders, write a page for each shop side by side, send what there
is. Beside it, search documents are written a hundred at a time, and old files are cleaned up.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from conduit_runtime import (
    BatchContext,
    BatchJob,
    CronScheduler,
    Discard,
    Flow,
    HandlerRegistry,
    Job,
    JobContext,
    Queue,
    Schedule,
    WorkerPool,
    chain,
    group,
    migrate,
)

SHOPS = {"Berlin": 3, "Lisbon": 5, "Tallinn": 2, "Atlantis": 0}
DAY = timedelta(days=1)
handlers = HandlerRegistry()


@handlers.handler("orders.fetch", keep_result=DAY)
async def fetch(ctx: JobContext, payload: dict[str, Any]) -> dict[str, int]:
    """Get the month's orders, saying how far it is; the next jobs of the flow read the result."""
    for done in range(len(SHOPS)):
        ctx.progress(done, len(SHOPS), payload["month"])
    return SHOPS


@handlers.handler("report.page", keep_result=DAY)
async def page(ctx: JobContext, payload: dict[str, Any]) -> str:
    """Write a shop's page; a shop without orders has none, now or after another attempt."""
    [orders] = await ctx.results()
    if not orders[payload["shop"]]:
        raise Discard(f"{payload['shop']} has no orders")
    return f"{payload['shop']}: {orders[payload['shop']]} orders"


@handlers.handler("report.send", keep_result=DAY)
def send(ctx: JobContext, payload: dict[str, Any]) -> list[str]:
    """Send the pages that there are; a plain function, which runs in a thread."""
    return [page for page in ctx.results_blocking() if page is not None]


@handlers.batch_handler("search.index", size=100, wait=0.2, timeout=timedelta(minutes=1))
def index(ctx: BatchContext, jobs: list[BatchJob[dict[str, Any]]]) -> None:
    """Write many documents in one request; one that the index refuses fails alone."""
    print(f"{len(jobs)} documents in one request")
    for job in jobs:
        if not job.payload["text"]:
            ctx.fail(job, Discard("an empty document"))


@handlers.handler("files.clean")
def clean(ctx: JobContext, payload: object) -> None:
    """Enqueued by a schedule."""
    print("files cleaned")


def monthly_report(month: str) -> Flow:
    """Fetch, then the pages side by side, then send, even if a page fails."""
    pages = group(Job(type="report.page", payload={"shop": shop}) for shop in SHOPS)
    send = Job(type="report.send", payload={"month": month})
    fetch = Job(type="orders.fetch", payload={"month": month})
    return chain(fetch, chain(pages, send, on_failure="continue"))


def logged(ctx: JobContext | BatchContext) -> Iterator[None]:
    """Around each job: the place for a database session, a tenant, a lock."""
    try:
        yield
    except BaseException as error:
        print(f"{ctx.type}: {error}")
        raise


def main() -> None:
    with ExitStack() as stack:
        dsn = os.environ.get("CONDUIT_DATABASE_URL") or os.environ.get("DATABASE_URL")
        if dsn is None:
            from conduit_runtime.embedded import server

            dsn = stack.enter_context(server(".conduit"))
        migrate(dsn)
        queue = stack.enter_context(Queue(dsn))
        nightly = Schedule.cron("0 3 * * *", timezone="Europe/Berlin", type="files.clean")
        pool = WorkerPool(queue, schedules=[nightly], around=[logged])
        pool.handlers = handlers
        stack.enter_context(pool)
        CronScheduler(queue).run("files.clean")
        documents = queue.enqueue_many(
            [
                Job(type="search.index", payload={"text": f"page {n}" if n else ""})
                for n in range(50)
            ]
        )
        flow = monthly_report("2026-10")
        queue.enqueue_flow(flow)
        print("sent:", *queue.result(flow.last[0].id, timeout=60), sep="\n  ")
        queue.result(documents[-1].id, timeout=60)


if __name__ == "__main__":
    main()
