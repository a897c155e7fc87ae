"""A dashboard that runs alone."""

import logging
import socket
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

import uvicorn
from conduit_runtime import AsyncQueue
from conduit_runtime.statements.dashboard import audit

from .access.access import Authorize
from .application import Dashboard
from .http_connection import Connection

_STOPPING = 2
"""Seconds that requests may take to end at a stop: the stream of a live page does not end alone."""


async def serve(
    dsn: str,
    schema: str | None,
    listener: socket.socket,
    *,
    authorize: Authorize,
    prefix: str = "",
    on_ready: Callable[[], None],
    **options: Any,
) -> None:
    """Serve the dashboard of a database on a listening socket until a signal to stop.

    `prefix` is the path at which a proxy serves the dashboard, "" or quoted as in
    "/ops/our%20jobs". `options` are those of Dashboard. Raises psycopg.Error if the database cannot
    be read at the start.
    """
    # Pages and one log line say that the database is down; a pool would log it every second.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    async with AsyncQueue(dsn, schema) as queue:
        await queue.connections.run(audit.entries(1))
        application = Dashboard(queue, authorize=authorize, **options)
        config = uvicorn.Config(
            _at(prefix, application),
            access_log=False,  # an address may contain the token
            log_config=None,
            server_header=False,
            lifespan="off",
            ws="none",
            http=Connection,
            timeout_graceful_shutdown=_STOPPING,
        )
        on_ready()
        await uvicorn.Server(config).serve(sockets=[listener])


def _at(prefix: str, application: Dashboard) -> Any:
    """The application at a proxy's path. The proxy may pass that path on or cut it off."""
    root = prefix.encode()

    async def respond(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        raw: bytes = scope["raw_path"]
        if not raw.startswith(root + b"/"):
            raw = root + raw
        scope = {**scope, "root_path": unquote(prefix), "raw_path": raw}
        await application(scope, receive, send)

    return respond
