"""`conduit-jobs gateway`."""

import os
import sys
from functools import partial

import click

from .broker import VARIABLE, BrokerOptions, broker_options
from .packages import load_jobs, stamped_schema
from .service import Service, service_options
from .session import Session, database_options
from .worker.given import queue_caps
from .worker.ports import serve_ports
from .worker.systemd import Systemd

_AT_ONCE = 5
"""Statements that answer workers and run at the same time."""


@click.command()
@service_options
@broker_options
@database_options
@click.argument("packages", nargs=-1, metavar="[PACKAGE…]")
@click.option(
    "--queue",
    "queues",
    multiple=True,
    metavar="NAME[=N]",
    help="Publish the jobs of this queue, at most N published and unfinished; may be repeated. "
    'Default: the queues of the packages, or "default".',
)
def gateway(
    session: Session,
    broker: BrokerOptions | None,
    packages: tuple[str, ...],
    queues: tuple[str, ...],
    service: Service,
) -> None:
    """Publish due jobs to a broker, for workers without a database, and write what they return.

    It claims only jobs that its workers (`conduit-jobs worker PACKAGE --broker URL`) have code for,
    and needs no code itself. With packages, it handles only their job types: workers neither get
    nor enqueue jobs of other types.

    SIGTERM and SIGINT stop gently: published jobs get --grace seconds, other claimed jobs are
    released. A second signal stops at once.
    """
    caps = queue_caps(queues)
    if broker is None:
        raise click.UsageError(
            f"no broker is named: give --broker URL, --broker-file or {VARIABLE}"
        )
    with session.database() as dsn:
        from ..broker.gateway.gateway import Gateway
        from ..logging import configure
        from ..worker.pool import WorkerPool

        configure(service.log_format, service.log_level)
        sys.path.insert(0, os.getcwd())
        jobs = load_jobs(packages)
        schema = session.schema or stamped_schema(jobs)
        types = [job.name for job in jobs] if packages else None
        made = Gateway(dsn, schema, broker.url, broker.ca_file, types)
        pool = WorkerPool(
            made,
            caps or sorted({job.queue for job in jobs}) or None,
            workers=_AT_ONCE,
            grace=service.grace,
            connect_timeout=service.connect_timeout,
            keep_completed=service.keep_completed,
            keep_failed=service.keep_failed,
        )
        serve_ports(pool, service.ports)
        supervisor = Systemd()
        pool.run(
            on_ready=partial(supervisor.report_ready, lambda: pool.health().is_live),
            on_stopping=supervisor.report_stopping,
        )
