"""The options of a command that runs until it is stopped: ports, log and timeouts."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

import click

from .filters import DURATION
from .worker.ports import Port

_PORT = click.IntRange(0, 65_535)
_ADDRESS = "0.0.0.0"  # noqa: S104  who asks is on another host


@dataclass(frozen=True, slots=True)
class Service:
    """The values of these options; durations are in seconds unless they are timedeltas."""

    ports: list[Port]
    log_format: str
    log_level: str
    grace: float
    connect_timeout: float
    keep_completed: timedelta | None
    keep_failed: timedelta | None


_OPTIONS = (
    click.option(
        "--metrics-port",
        type=_PORT,
        metavar="PORT",
        help="Serve http://…:PORT/metrics for Prometheus; 0 picks a free port and prints it. "
        "Further processes of a worker have the next ports.",
    ),
    click.option(
        "--metrics-host",
        default=_ADDRESS,
        metavar="ADDRESS",
        help="The address to serve metrics on.",
    ),
    click.option(
        "--health-port",
        type=_PORT,
        metavar="PORT",
        help="Serve http://…:PORT/live and /ready for a supervisor's probes; 0 picks a free port. "
        "It may be the port of the metrics. Further processes of a worker have the next ports.",
    ),
    click.option(
        "--health-host",
        default=_ADDRESS,
        metavar="ADDRESS",
        help="The address to serve the probes on.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="Write each log record to stderr as a line of text or of JSON.",
    ),
    click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        help="The lowest level to log; `debug` logs a line for each job.",
    ),
    click.option(
        "--grace",
        default=30.0,
        type=click.FloatRange(0),
        metavar="SECONDS",
        help="How long running jobs get to end at a gentle stop.",
    ),
    click.option(
        "--connect-timeout",
        default=60.0,
        type=click.FloatRange(0),
        metavar="SECONDS",
        help="How long to retry at the start while the database, or the broker, cannot be reached.",
    ),
    click.option(
        "--keep-completed",
        type=DURATION,
        metavar="DURATION",
        help="Delete completed and cancelled jobs of these queues this long after their end: "
        "12h, 30d.",
    ),
    click.option(
        "--keep-failed",
        type=DURATION,
        metavar="DURATION",
        help="Delete failed jobs of these queues this long after their end.",
    ),
)


def service_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options, as `service`: a Service."""

    @wraps(command)
    def run(
        *arguments: Any,
        metrics_port: int | None,
        metrics_host: str,
        health_port: int | None,
        health_host: str,
        log_format: str,
        log_level: str,
        grace: float,
        connect_timeout: float,
        keep_completed: timedelta | None,
        keep_failed: timedelta | None,
        **given: Any,
    ) -> None:
        for option, seconds in (("--grace", grace), ("--connect-timeout", connect_timeout)):
            if math.isnan(seconds):
                raise click.BadParameter(f"{option} takes seconds, 0 or more")
        asked = (("metrics", metrics_host, metrics_port), ("health", health_host, health_port))
        service = Service(
            [Port(serves, host, port) for serves, host, port in asked if port is not None],
            *(log_format, log_level, grace, connect_timeout, keep_completed, keep_failed),
        )
        command(*arguments, service=service, **given)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run
