"""Who changed a queue or a schedule."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last change of a queue or a schedule; `id` is that of its record in the audit."""

    id: int
    at: datetime
    actor: str
    action: str
