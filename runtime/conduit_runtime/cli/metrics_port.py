"""The port at which Prometheus scrapes a worker."""

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..worker.pool import WorkerPool

__all__ = ["free_ports", "serve_metrics"]

_HIGHEST = 65_535


def serve_metrics(pool: "WorkerPool", host: str, port: int) -> None:
    """Let Prometheus scrape a pool, and say where."""
    from ..telemetry.prometheus import serve

    try:
        url = serve(pool, host, port)
    except OSError as error:
        raise _unusable(host, port, error) from None
    click.echo(f"conduit-jobs: metrics are at {url}", err=True)


def free_ports(host: str, first: int | None, processes: int) -> list[str]:
    """The port of each process, which must be free; none when each is to find one."""
    import socket

    if not first:
        return []
    ports = range(first, first + processes)
    if ports[-1] > _HIGHEST:
        raise click.UsageError(
            f"--metrics-port: {processes} processes take {first} to {ports[-1]}, of which the "
            f"highest may be {_HIGHEST}: name a lower one, or 0 for free ones"
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
        f"--metrics-port: {host} port {port} cannot be listened on ({reason}): name another, or "
        "0 for a free one"
    )
