"""`conduit-jobs queues`."""

from dataclasses import asdict

import click

from .database import database, options
from .output import format_option, show_rows


@click.group()
def queues() -> None:
    """See what waits in each queue."""


@queues.command("list")
@options
@format_option
def list_queues(dsn: str | None, schema: str | None, form: str) -> None:
    """List the queues that hold jobs or have workers.

    Unknown are the due jobs of types that no live worker of their queue knows.
    """
    from ..client.queue import Queue

    with database(dsn, schema) as found, Queue(found, schema) as store:
        rows = [asdict(queue) for queue in store.queues()]
    columns = ["queue", "pending", "running", "completed", "failed", "cancelled"]
    show_rows(rows, [*columns, "unknown", "workers"], form)
