"""Serves WSGI applications on a port, from threads of this process."""

import socket
import socketserver
import threading
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_PATIENCE = 10.0
"""Seconds that a client may take to send its request."""


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128  # the default of 5 would make a probe wait behind a few clients

    def server_bind(self) -> None:
        """Bind without a look-up of the host's name, which may take long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def handle_error(self, *ignored: Any) -> None:
        """Log nothing about clients that disconnect."""


class _Handler(WSGIRequestHandler):
    timeout = _PATIENCE

    def log_message(self, *ignored: Any) -> None:
        """Log no requests."""


def serve(application: "WSGIApplication", host: str, port: int) -> str:
    """Serve the application and return its address, as in `http://127.0.0.1:9200`.

    Port 0 takes a free port. Raises OSError if the port is not available.
    """
    [(family, *_), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    kind = type("_ServerOfFamily", (_Server,), {"address_family": family})
    server = kind((host, port), _Handler)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, name="conduit-http", daemon=True).start()
    address, taken = server.server_address[:2]
    shown = f"[{address}]" if family == socket.AF_INET6 else address
    return f"http://{shown}:{taken}"
