"""A worker that drains the queues of the filled database, and whether jobs are left for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from ..database import Database
from ..processes import Usage, staying
from .rows import QUEUES, TYPES

_HAS_DUE = "SELECT EXISTS (SELECT FROM jobs WHERE status = 'pending' AND run_at <= now())"


def draining(database: Database) -> AbstractContextManager[Callable[[], Usage]]:
    """Run a worker process until the block calls the function that it gets."""
    return staying(database, "--types", str(TYPES), "--queues", str(QUEUES))


def has_due(database: Database) -> bool:
    """Whether a job is due."""
    return database.run(_HAS_DUE) == [(True,)]
