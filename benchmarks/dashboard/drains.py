"""A worker that drains the queues of the filled database, and whether it still has what to do."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from ..database import Database
from ..processes import Usage, staying
from .rows import QUEUES, TYPES

_HAS_DUE = "SELECT EXISTS (SELECT FROM jobs WHERE status = 'pending' AND run_at <= now())"


def draining(database: Database) -> AbstractContextManager[Callable[[], Usage]]:
    """A worker process that works until the block calls what it gets."""
    return staying(database, "--types", str(TYPES), "--queues", str(QUEUES))


def has_due(database: Database) -> bool:
    """Whether a job is due."""
    return database.run(_HAS_DUE) == [(True,)]
