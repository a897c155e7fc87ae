"""Connections to the broker."""

import asyncio
import logging
import os
import ssl
import time
from urllib.parse import urlsplit

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import (
    AuthenticationError,
    ChannelInvalidStateError,
    DeliveryError,
    InvalidFrameError,
    ProbableAuthenticationError,
    PublishError,
)

from ..model.errors import QueueError
from ..model.text.logs import get_logger
from ..postgres.backoff import Backoff

_log = get_logger("conduit.worker")

# The log records of these have whole frames: payloads, and the password.
for _name in ("aio_pika", "aiormq", "pamqp"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

HEARTBEAT = 30
"""Seconds between heartbeats; the broker closes a connection after two missing ones."""
PATIENCE = 10.0
"""Seconds that connecting may take."""
_FINAL = (AuthenticationError, ProbableAuthenticationError, ssl.SSLCertVerificationError)
"""Errors that waiting does not mend."""


class BrokerError(QueueError):
    """The broker cannot be used; the text says where it is, and why."""


def is_cancelled() -> bool:
    """Whether this task was cancelled: the client raises CancelledError for a loss, too."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def connect(url: str, name: str, ca_file: str | None = None) -> AbstractConnection:
    """Open a connection that the broker shows under a name; verifies certificates.

    Raises BrokerError; its `__cause__` is the error of aio_pika or TLS.
    """
    context = _verifying(ca_file) if urlsplit(url).scheme == "amqps" else None
    try:
        return await aio_pika.connect(
            url,
            client_properties={"connection_name": name},
            ssl_context=context,
            heartbeat=HEARTBEAT,
            timeout=PATIENCE,
        )
    except Exception as error:  # aio_pika lets through what sockets, TLS and frames raise
        cause = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
        where = without_password(url)
        raise BrokerError(f"the broker {where} cannot be reached: {reason(cause)}") from cause


def _verifying(ca_file: str | None) -> ssl.SSLContext:
    """The TLS context that verifies certificates, by the authorities of a file or the system."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise BrokerError(
            f"no certificates (PEM) can be read from the file {ca_file} (--broker-ca, ca_file): "
            f"{reason(error)}"
        ) from error


async def reach(url: str, ca_file: str | None, seconds: float) -> None:
    """Wait at most `seconds` until a connection can be made.

    Raises the BrokerError of the last try, at once if waiting is of no use.
    """
    backoff = Backoff(_log, "waiting for the broker")
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = await connect(url, "conduit", ca_file)
            await connection.close()
            return
        except BrokerError as error:
            left = deadline - time.monotonic()
            if left <= 0 or isinstance(error.__cause__, _FINAL):
                raise
            await asyncio.sleep(min(backoff.next_delay(error), left))


def reason(error: BaseException) -> str:
    """Why an operation of the broker failed, in words, without addresses or parts of messages."""
    match error:
        case AuthenticationError() | ProbableAuthenticationError():
            return "it refuses the user or the password, or the user may not use this vhost"
        case InvalidFrameError() if "Connection.OpenOk" in str(error):
            return "there is no such vhost, or the user may not use it"
        case ChannelInvalidStateError():
            return "the connection is closed"
        case PublishError():
            return "no queue takes the message"
        case DeliveryError():
            return "it did not take the message"
        case ssl.SSLCertVerificationError(verify_message=str(text)):
            return (
                f"its certificate is not trusted: {text}. Name the file of its authority with "
                "--broker-ca or ca_file"
            )
        case ssl.SSLError(reason=str(text)):
            return f"TLS failed: {text.replace('_', ' ').lower()}"
        case TimeoutError():
            return "it did not respond in time"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case OSError(strerror=str(text)):
            return text
    return " ".join(str(error).split()) or type(error).__name__


def without_password(url: str) -> str:
    """An address as logs may show it: no user, no password, no options."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
