"""Keeps forked processes, which hold copies of our sockets, from using our sessions."""

import contextlib
import os
import sys
import weakref
from collections.abc import Callable
from typing import Any

import psycopg

_kept: "weakref.WeakSet[psycopg.Connection[Any] | psycopg.AsyncConnection[Any]]" = weakref.WeakSet()
_renewals: "weakref.WeakKeyDictionary[Any, Callable[[Any], object]]" = weakref.WeakKeyDictionary()


def keep_from_children(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    """Make the connection end with this process, even while a process that it forked lives on.

    Nothing that a forked process sends over the connection, or sends at its end, reaches a server.
    """
    _kept.add(connection)


def renew_in_children(owner: object, renew: Callable[[Any], object]) -> None:
    """Call `renew(owner)` in each process that this one forks, as long as the owner lives."""
    _renewals[owner] = renew


def _let_go() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for connection in [*_kept]:
        with contextlib.suppress(OSError, psycopg.Error):  # it is closed already
            # Not closed: the number must not become that of a file of the child.
            os.dup2(null, connection.fileno(), inheritable=False)
    os.close(null)
    for owner, renew in [*_renewals.items()]:
        renew(owner)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_let_go)
