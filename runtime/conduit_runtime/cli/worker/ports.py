"""The ports of a worker: metrics for Prometheus, probes for its supervisor."""

import logging
import os
import socket
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ...worker.pool import WorkerPool

_log = logging.getLogger("conduit.worker")

_HIGHEST = 65_535


class Port(NamedTuple):
    """A port that an option asks for: `metrics` or `health` at this address."""

    serves: str
    host: str
    number: int

    @property
    def option(self) -> str:
        """The option of the port."""
        return f"--{self.serves}-port"


def serve_ports(pool: "WorkerPool", ports: Sequence[Port]) -> None:
    """Serve the ports, and log their addresses; two ports with one address share a server."""
    from .http_port import serve

    by_address: dict[tuple[str, int], list[Port]] = {}
    for port in ports:
        by_address.setdefault((port.host, port.number), []).append(port)
    for (host, number), same in by_address.items():
        applications = {
            path: application for port in same for path, application in _served(pool, port.serves)
        }
        try:
            url = serve(_by_path(applications), host, number)
        except OSError as error:
            raise _unusable(same[0], error) from None
        for port in same:
            if port.serves == "metrics":
                _log.info("metrics are at %s/metrics", url)
            else:
                _log.info("probes are at %s/live and %s/ready", url, url)


def _served(pool: "WorkerPool", what: str) -> "list[tuple[str, WSGIApplication]]":
    if what == "metrics":
        from ...telemetry.prometheus import PATH, metrics_application

        return [(PATH, metrics_application(pool))]
    from ...worker.health.application import LIVE, READY, Health

    return [(LIVE, Health(pool)), (READY, Health(pool))]


def _by_path(applications: "dict[str, WSGIApplication]") -> "WSGIApplication":
    """An application that serves each one at its path, and nothing elsewhere."""

    def respond(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        application = applications.get(environ["PATH_INFO"])
        if application is not None:
            return application(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"this port serves {', '.join(applications)}\n".encode()]

    return respond


def arguments_of_processes(ports: Sequence[Port], processes: int) -> list[list[str]]:
    """The arguments that give each of several processes its own ports.

    The first process has the given ports, the second the next higher ones, and so on; 0 stays 0.
    """
    ranges = [(port, range(port.number, port.number + processes)) for port in ports if port.number]
    for port, numbers in ranges:
        if numbers[-1] > _HIGHEST:
            raise click.UsageError(
                f"{port.option}: {processes} processes need the ports {numbers[0]} to "
                f"{numbers[-1]}, and the highest port is {_HIGHEST}: give a lower one, or 0 for "
                "free ports"
            )
    if len({numbers for _, numbers in ranges}) == 2 and ranges[0][0].host == ranges[1][0].host:
        (one, first), (other, second) = ranges
        if set(first) & set(second):
            raise click.UsageError(
                f"{one.option} and {other.option} overlap: each of {processes} processes has ports "
                "of its own. Give the same port twice, or ports that are further apart"
            )
    for port, numbers in ranges:
        for number in numbers:
            try:
                socket.create_server((port.host, number)).close()
            except OSError as error:
                raise _unusable(port._replace(number=number), error) from None
    return [
        [text for port, numbers in ranges for text in (port.option, str(numbers[slot]))]
        for slot in range(processes)
    ]


def _unusable(port: Port, error: OSError) -> click.UsageError:
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror  # below 0: the host is unknown
    return click.UsageError(
        f"{port.option}: {port.host} port {port.number} cannot be used ({reason}): give another, "
        "or 0 for a free port"
    )
