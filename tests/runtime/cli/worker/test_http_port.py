"""The server of metrics and probes, and clients that send nothing."""

import socket
import urllib.request
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conduit_runtime.cli.worker.http_port import serve

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

SHORTER_THAN_A_RETRY = 0.9
"""In seconds; a client tries again after 1 s if the backlog is full when it connects."""


def respond(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"here"]


def test_many_silent_clients_hold_up_no_probe() -> None:
    url = serve(respond, "127.0.0.1", 0)
    address = urlsplit(url)
    with ExitStack() as clients:
        for _ in range(100):
            client = socket.create_connection(
                (address.hostname, address.port), timeout=SHORTER_THAN_A_RETRY
            )
            clients.enter_context(client)
        assert urllib.request.urlopen(url, timeout=30).read() == b"here"
