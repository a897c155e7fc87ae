"""Connections that fail when the server falls silent, instead of waiting for ever."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.abc import PQGen

from .answer import eager

__all__ = ["DEADLINE", "PunctualAsyncConnection", "PunctualConnection"]

DEADLINE = 30.0
"""Seconds without an answer after which a connection of the worker's own counts as lost.

TCP notices a host that is gone, and sooner; this, also one that takes what it is sent and is mute.
"""


class PunctualConnection(psycopg.Connection[Any]):
    """Raises OperationalError when the server gives no answer in time."""

    def wait(self, *args: Any, **options: Any) -> Any:
        is_late = threading.Event()
        timer = threading.Timer(DEADLINE, _sever, (self, is_late.set))
        timer.daemon = True
        timer.start()
        try:
            return super().wait(*args, **options)
        except psycopg.OperationalError as error:
            raise (_late() if is_late.is_set() else error) from None
        finally:
            timer.cancel()


class PunctualAsyncConnection(psycopg.AsyncConnection[Any]):
    """`PunctualConnection` in an event loop."""

    _is_late = False

    async def wait(self, gen: PQGen[Any], *args: Any, **options: Any) -> Any:
        timer = asyncio.get_running_loop().call_later(DEADLINE, _sever, self, self._note)
        try:
            return await super().wait(eager(gen, self.fileno()), *args, **options)
        except psycopg.OperationalError as error:
            raise (_late() if self._is_late else error) from None
        finally:
            timer.cancel()

    def _note(self) -> None:
        self._is_late = True


def _late() -> psycopg.OperationalError:
    return psycopg.OperationalError(f"the server gave no answer within {DEADLINE:g} s")


def _sever(
    connection: PunctualConnection | PunctualAsyncConnection, note: Callable[[], object]
) -> None:
    """End a connection under whoever waits for it: it reads as if the server had closed it."""
    note()
    # Closing it, as the driver does, would wait for the server or leave the waiting one waiting.
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)
    except (OSError, psycopg.Error):
        pass  # it is closed already
