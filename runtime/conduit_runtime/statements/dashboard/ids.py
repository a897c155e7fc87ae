"""Ids of jobs as bounds: they are in the order of the time at which their jobs were enqueued."""

from datetime import datetime
from uuid import UUID

LEAST = UUID(int=0)
"""No id of a job is less."""
GREATEST = UUID(int=2**128 - 1)
"""No id of a job is greater."""


def first_id(at: datetime) -> UUID:
    """The least id that a job enqueued at this time may have."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)
