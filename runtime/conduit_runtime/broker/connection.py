"""Connections to the broker."""

import ssl
from urllib.parse import urlsplit

import aio_pika
from aio_pika.abc import AbstractConnection

HEARTBEAT = 30
"""Seconds between heartbeats; the broker closes a connection after two that did not come."""


async def connect(url: str, name: str, ca_file: str | None = None) -> AbstractConnection:
    """A connection that the broker shows under a name; certificates are verified.

    Raises what aio_pika raises, OSError and AMQPError for the most part.
    """
    context = None
    if urlsplit(url).scheme == "amqps":
        context = ssl.create_default_context(cafile=ca_file)
    return await aio_pika.connect(
        url,
        client_properties={"connection_name": name},
        ssl_context=context,
        heartbeat=HEARTBEAT,
    )


def without_password(url: str) -> str:
    """An address as logs may show it: no user, no password, no options."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
