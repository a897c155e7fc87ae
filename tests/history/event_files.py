"""What handlers do, in a file of each worker: for workers that have no database."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from history import Event

VARIABLE = "CONDUIT_HISTORY_EVENTS"
"""Names the file of a worker; without it, events are written to the database of the job."""


def append(job: UUID, token: UUID, attempt: int, what: str) -> None:
    """Write an event. It outlives the process from then on, however that ends."""
    event = [str(job), str(token), attempt, what, datetime.now(UTC).isoformat()]
    os.write(_file(), json.dumps(event).encode() + b"\n")


@cache
def _file() -> int:
    return os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def read_events(folder: Path) -> Iterator[Event]:
    """The events of all workers; a worker's file is called after it."""
    for path in sorted(folder.glob("*.events")):
        for number, line in enumerate(path.read_text().splitlines()):
            job, token, attempt, what, at = json.loads(line)
            time = datetime.fromisoformat(at)
            yield Event(number, UUID(job), UUID(token), attempt, what, path.stem, time)
