"""`conduit-jobs worker`."""

import importlib.util
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .database import database, options
from .metrics_port import free_ports, serve_metrics
from .processes import Parent, run_processes

if TYPE_CHECKING:
    from ..generated.job_types import JobType
    from ..schedules.schedule import Schedule
    from ..telemetry.failures import OnFailed


@click.command()
@options
@click.argument("packages", nargs=-1, metavar="PACKAGE…")
@click.option(
    "--services",
    metavar="MODULE:OBJECT",
    help="What the jobs call: an object, a callable or a context manager; or echo, which prints.",
)
@click.option(
    "--queue",
    "queues",
    multiple=True,
    metavar="NAME[=N]",
    help="Work on this queue, on at most N of its jobs at once; may be repeated.",
)
@click.option(
    "--concurrency",
    default=10,
    show_default=True,
    type=click.IntRange(1),
    help="Jobs at once in a process.",
)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Whole workers, each in a process of its own.",
)
@click.option(
    "--schedules",
    metavar="MODULE:OBJECT",
    help="Schedules to add at the start: a list of them, or a callable that gives one.",
)
@click.option(
    "--on-failed",
    metavar="MODULE:FUNCTION",
    help="Called for each job that ends failed, for a pager or an error tracker.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="Let Prometheus scrape http://…:PORT/metrics; 0 takes a free port and says which. "
    "Of several processes the first takes PORT, the next the one after it, and so on.",
)
@click.option(
    "--metrics-host",
    default="0.0.0.0",  # noqa: S104  as exporters do: the scraper is on another host
    show_default=True,
    metavar="ADDRESS",
    help="The address that is listened on for Prometheus.",
)
@click.option("--drain", is_flag=True, help="End when nothing is due any more.")
@click.option(
    "--grace",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="What running jobs get at a gentle stop.",
)
@click.option("--parent", type=int, hidden=True)  # one of several: the socket to its parent
def worker(
    dsn: str | None,
    schema: str | None,
    packages: tuple[str, ...],
    services: str | None,
    queues: tuple[str, ...],
    concurrency: int,
    processes: int,
    schedules: str | None,
    on_failed: str | None,
    metrics_port: int | None,
    metrics_host: str,
    drain: bool,
    grace: float,
    parent: int | None,
) -> None:
    """Run the jobs of generated packages, given by path or by dotted name.

    SIGTERM and SIGINT stop gently: running jobs get --grace seconds, the rest is handed back. A
    second signal ends at once. Of several processes one that dies is replaced.
    """
    caps = _caps(queues)
    if math.isnan(grace):
        raise click.BadParameter("--grace takes seconds, 0 or more")
    with database(dsn, schema, creates=True) as found:
        if processes > 1:
            ports = free_ports(metrics_host, metrics_port, processes)
            raise click.exceptions.Exit(run_processes(found, ports, processes))
        from ..client.queue import Queue
        from ..generated.service_loading import resolve
        from ..workers.pool import WorkerPool

        logging.basicConfig(
            level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
        )
        sys.path.insert(0, os.getcwd())
        jobs = _load(packages or _configured())
        schema = schema or _stamped_schema(jobs)
        given = None if services is None else resolve(services, jobs)
        with Queue(found, schema) as queue:
            pool = WorkerPool(
                queue,
                caps or None,
                workers=concurrency,
                jobs=jobs,
                services=given,
                schedules=_schedules(schedules),
                grace=grace,
                on_failed=_on_failed(on_failed),
            )
            if metrics_port is not None:
                serve_metrics(pool, metrics_host, metrics_port)
            starter = None if parent is None else Parent(parent)
            pool.run(
                drain=drain, on_ready=None if starter is None else lambda: starter.tell_ready(pool)
            )
        _leave_threads()


def _leave_threads() -> None:
    """End the process when a thread runs on, which the interpreter would wait for."""
    deadline = time.monotonic() + 0.5
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                logging.warning("a handler or a service did not end and is left behind")
                logging.shutdown()
                sys.stdout.flush()
                os._exit(0)


def _caps(queues: Sequence[str]) -> dict[str, int | None]:
    caps: dict[str, int | None] = {}
    for queue in queues:
        if not queue:
            raise click.BadParameter("--queue is empty: give a name, or leave it out")
        name, equals, cap = queue.rpartition("=")
        if not equals:
            caps[queue] = None
        elif name and cap.isdecimal() and int(cap) > 0:
            caps[name] = int(cap)
        else:
            raise click.BadParameter(f"--queue takes NAME or NAME=N, not {queue!r}")
    return caps


def _configured() -> Sequence[str]:
    """`out` of the compiler's configuration in the working folder."""
    import tomllib

    for file, path in (("conduit.toml", ()), ("pyproject.toml", ("tool", "conduit"))):
        try:
            table: Any = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise click.ClickException(f"{file} cannot be read: {error}") from None
        for key in path:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if isinstance(table, dict) and isinstance(table.get("out"), str):
            return [table["out"]]
    raise click.UsageError("name a generated package, or set `out` in the configuration")


def _load(packages: Sequence[str]) -> list["JobType[Any, Any]"]:
    from ..references import imported

    jobs: list[JobType[Any, Any]] = []
    for package in packages:
        name = _dotted(package)
        if not _is_there(name):
            raise click.ClickException(
                f"there is no package {package} (looked for the module {name} from the working "
                "folder): run `conduitc gen` first?"
            )
        module = imported(package, name)
        if not hasattr(module, "JOBS"):
            raise click.ClickException(f"{package} has no JOBS: it is no generated package")
        jobs += module.JOBS
    return jobs


def _is_there(name: str) -> bool:
    if not all(name.split(".")):
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _dotted(package: str) -> str:
    """A module's name, from itself or from the path of its folder."""
    path = Path(package)
    if os.sep not in package and not path.is_dir():
        return package
    try:
        relative = Path(os.path.abspath(path)).relative_to(Path.cwd())
    except ValueError:
        raise click.ClickException(f"{package} lies outside of the working folder") from None
    return ".".join(relative.parts)


def _stamped_schema(jobs: Sequence["JobType[Any, Any]"]) -> str | None:
    schemas = {job.schema for job in jobs}
    if len(schemas) > 1:
        names = ", ".join(sorted(str(schema) for schema in schemas))
        raise click.ClickException(f"the packages use different schemas ({names}): name one")
    return next(iter(schemas), None)


def _schedules(reference: str | None) -> Sequence["Schedule"]:
    if reference is None:
        return ()
    from ..references import blamed, load
    from ..schedules.schedule import Schedule

    given = load("--schedules", reference)
    try:
        schedules = list(given() if callable(given) else given)
    except Exception as error:
        raise click.ClickException(f"--schedules {reference}: {blamed(error)}") from error
    for schedule in schedules:
        if not isinstance(schedule, Schedule):
            raise click.ClickException(f"--schedules {reference}: {schedule!r} is no Schedule")
    return schedules


def _on_failed(reference: str | None) -> "OnFailed | None":
    if reference is None:
        return None
    from ..references import load

    function: OnFailed = load("--on-failed", reference)
    if not callable(function):
        raise click.ClickException(f"--on-failed {reference}: {function!r} cannot be called")
    return function
