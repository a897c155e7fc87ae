"""The port that serves metrics for Prometheus."""

import os
import socket
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..worker.pool import WorkerPool

_HIGHEST = 65_535


def serve_metrics(pool: "WorkerPool", host: str, port: int) -> None:
    """Serve the metrics of a pool, and print the address."""
    from ..telemetry.prometheus import serve

    try:
        url = serve(pool, host, port)
    except OSError as error:
        raise _unusable(host, port, error) from None
    click.echo(f"conduit-jobs: metrics are at {url}", err=True)


def free_ports(host: str, first: int | None, processes: int) -> list[str]:
    """The free port of each process; empty when each picks its own."""
    if not first:
        return []
    ports = range(first, first + processes)
    if ports[-1] > _HIGHEST:
        raise click.UsageError(
            f"--metrics-port: {processes} processes need the ports {first} to {ports[-1]}, and the "
            f"highest port is {_HIGHEST}: give a lower one, or 0 for free ports"
        )
    for port in ports:
        try:
            socket.create_server((host, port)).close()
        except OSError as error:
            raise _unusable(host, port, error) from None
    return [str(port) for port in ports]


def _unusable(host: str, port: int, error: OSError) -> click.UsageError:
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror  # below 0: the host is unknown
    return click.UsageError(
        f"--metrics-port: {host} port {port} cannot be used ({reason}): give another, or "
        "0 for a free port"
    )
