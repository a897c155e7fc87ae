"""The last changes of queues and schedules."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last change of a queue or a schedule; `id` is its record in the audit."""

    id: int
    at: datetime
    actor: str
    action: str
