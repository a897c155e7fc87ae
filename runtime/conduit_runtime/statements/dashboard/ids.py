"""Job ids as bounds: ids are in the order of the times at which the jobs were enqueued."""

from datetime import datetime
from uuid import UUID

LEAST = UUID(int=0)
"""The least possible id."""
GREATEST = UUID(int=2**128 - 1)
"""The greatest possible id."""


def first_id(at: datetime) -> UUID:
    """The least id that a job enqueued at this time can have."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)
