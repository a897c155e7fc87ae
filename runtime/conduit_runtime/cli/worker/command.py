"""`conduit-jobs worker`."""

import logging
import os
import sys
import threading
import time
from collections.abc import Collection
from contextlib import ExitStack, nullcontext
from functools import partial

import click

from ..application import present_application
from ..broker import BrokerOptions, broker_options
from ..packages import configured, stamped_schema
from ..service import Service, service_options
from ..session import Session, database_options
from .given import (
    check_without_database,
    load_around,
    load_on_failed,
    load_schedules,
    queue_caps,
)
from .named import Named, adapt, check_pool_options, load_named
from .ports import arguments_of_processes, serve_ports
from .processes import Parent, run_processes
from .systemd import Supervisor, Systemd

_STUCK = 75
"""Exit code of a worker that its supervisor should replace: EX_TEMPFAIL in sysexits.h."""


@click.command()
@database_options
@broker_options
@click.argument("packages", nargs=-1, metavar="PACKAGE…")
@click.option(
    "--services",
    metavar="MODULE:OBJECT",
    help="The services: an object, a callable or a context manager; `echo` prints the calls.",
)
@click.option(
    "--queue",
    "queues",
    multiple=True,
    metavar="NAME[=N]",
    help="Work on this queue, with at most N of its jobs at once; may be repeated.",
)
@click.option(
    "--concurrency",
    default=10,
    type=click.IntRange(1),
    help="How many jobs a process runs at once.",
)
@click.option(
    "--processes",
    default=1,
    type=click.IntRange(1),
    help="How many worker processes to run.",
)
@click.option(
    "--schedules",
    metavar="MODULE:OBJECT",
    help="Schedules to add at the start: a list, or a callable that returns one.",
)
@click.option(
    "--on-failed",
    metavar="MODULE:FUNCTION",
    help="A function to call for each job that ends failed.",
)
@click.option(
    "--around",
    multiple=True,
    metavar="MODULE:FUNCTION",
    help="A generator function to run around each job; may be repeated, the first is outermost.",
)
@click.option(
    "--isolated",
    is_flag=True,
    help="Run each job of a plain handler in a process of its own, which can be killed.",
)
@service_options
@click.option("--drain", is_flag=True, help="Stop when no job is due.")
@click.option("--yes", is_flag=True, help="Let `--services echo` complete jobs of this database.")
@click.option("--parent", type=int, hidden=True)  # one of several: the socket to its parent
def worker(
    session: Session,
    broker: BrokerOptions | None,
    packages: tuple[str, ...],
    services: str | None,
    queues: tuple[str, ...],
    concurrency: int,
    processes: int,
    schedules: str | None,
    on_failed: str | None,
    around: tuple[str, ...],
    isolated: bool,
    service: Service,
    drain: bool,
    yes: bool,
    parent: int | None,
) -> None:
    """Run the jobs of generated packages, and those of handlers written by hand.

    PACKAGE is a generated package, by path or by dotted name; a pool or a registry of handlers, as
    in `app.handlers:pool`; or a module that holds one. A pool keeps its queue, its services, its
    hooks and its settings; options given here come first.

    SIGTERM and SIGINT stop gently: running jobs get --grace seconds, other claimed jobs are
    released. A second signal stops at once. With several processes, one that dies is replaced.

    With --broker, --broker-file or CONDUIT_BROKER_URL, the worker gets its jobs from gateways
    (`conduit-jobs gateway`) and needs no database. If the code of jobs uses a database, name it
    with --dsn. --drain then ends when no job came for 5 seconds.

    Exit codes: 0 after a gentle stop or a drain, 1 if it cannot start, 75 if timed-out threads held
    every slot for a minute; start the worker again then.
    """
    caps = queue_caps(queues)
    if broker is not None:
        check_without_database()
    application = present_application()
    from ...logging import configure

    configure(service.log_format, service.log_level)
    sys.path.insert(0, os.getcwd())
    uses_embedded = broker is None and session.is_embedded
    named = Named()
    # Of several processes, each loads the code; their parent only to see if a pool has a database.
    if (packages or application is None) and (processes == 1 or uses_embedded):
        named = load_named(packages or configured())
    if named.pool is not None:
        check_pool_options()
    is_ours = uses_embedded and named.pool is None
    if services == "echo" and not (yes or parent is not None or is_ours):
        raise click.UsageError(
            "`--services echo` completes jobs without doing their work, and this database is not "
            "the embedded one: add --yes if no job in it matters"
        )
    has_database = broker is None and named.pool is None
    with session.database(creates=True) if has_database else nullcontext() as dsn:
        if processes > 1:
            arguments = arguments_of_processes(service.ports, processes)
            raise click.exceptions.Exit(run_processes(dsn, arguments))
        from ...broker.broker import Broker
        from ...client.queue import Queue
        from ...model.errors import WorkerStuck
        from ...services.loading import resolve
        from ...worker.pool import WorkerPool

        if not packages and application is not None:
            named = Named([*application.jobs()])
        jobs, pool = named.jobs, named.pool
        served: Collection[str] = caps
        given: object = None
        if services is not None:
            given = resolve(services, jobs if pool is None else [*pool.job_types, *jobs])
        elif application is not None:
            given = application.services()
        if application is not None:
            served = caps or application.queues(jobs)
        with ExitStack() as stack:
            if pool is not None:
                adapt(pool, jobs, caps, given, schedules, on_failed, around, service)
            else:
                source: Queue | Broker
                if broker is None:
                    assert dsn is not None
                    schema = session.schema or stamped_schema(jobs)
                    source = stack.enter_context(Queue(dsn, schema))
                else:
                    url, file = broker.url, broker.ca_file
                    source = Broker(url, database=session.explicit, ca_file=file)
                pool = WorkerPool(
                    source,
                    served or None,
                    workers=concurrency,
                    jobs=jobs,
                    services=given,
                    schedules=load_schedules(schedules),
                    grace=service.grace,
                    connect_timeout=service.connect_timeout,
                    on_failed=load_on_failed(on_failed),
                    around=[load_around(reference) for reference in around],
                    keep_completed=service.keep_completed,
                    keep_failed=service.keep_failed,
                )
            named.prepare(pool)
            if application is not None:
                application.prepare(pool)
            if isolated:
                pool.handlers.isolate_plain()
            serve_ports(pool, service.ports)
            supervisor: Supervisor = Systemd() if parent is None else Parent(parent, pool)
            try:
                pool.run(
                    drain=drain,
                    on_ready=partial(supervisor.report_ready, lambda: pool.health().is_live),
                    on_stopping=supervisor.report_stopping,
                )
                code = 0
            except WorkerStuck as error:
                logging.error("the worker exits so that it can be replaced: %s", error)
                code = _STUCK
        _leave_threads(code)
    if code:
        raise click.exceptions.Exit(code)


def _leave_threads(code: int) -> None:
    """Exit without the interpreter's wait for threads that still run."""
    deadline = time.monotonic() + 0.5
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                logging.warning("exiting while the thread of a handler or a service still runs")
                logging.shutdown()
                sys.stdout.flush()
                os._exit(code)
