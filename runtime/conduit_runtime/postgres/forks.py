"""What a job forks holds copies of the worker's sockets, and so would keep its sessions open."""

import contextlib
import os
import sys
import weakref
from typing import Any

import psycopg

__all__ = ["keep_from_children"]

_kept: "weakref.WeakSet[psycopg.Connection[Any] | psycopg.AsyncConnection[Any]]" = weakref.WeakSet()


def keep_from_children(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    """Have the connection end with this process, even while a process that it forked lives on."""
    _kept.add(connection)


def _let_go() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for connection in [*_kept]:
        with contextlib.suppress(OSError, psycopg.Error):  # it is closed already
            # Not closed: the number must not come to mean a file of the child's own.
            os.dup2(null, connection.fileno(), inheritable=False)
    os.close(null)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_let_go)
