"""Events of handlers in one file for each worker, for workers whose database may lose them.

Workers without a database write such files too.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from history import Event

VARIABLE = "CONDUIT_HISTORY_EVENTS"
"""The variable with the file of a worker; without it, events go to the job's database."""

COPY = "CONDUIT_HISTORY_COPY"
"""The variable with the file for events that the worker's database has committed, but may lose."""


def append(job: UUID, token: UUID, attempt: int, what: str, file: str = VARIABLE) -> None:
    """Write an event to a file. It survives the process, however that ends."""
    event = [str(job), str(token), attempt, what, datetime.now(UTC).isoformat()]
    os.write(_file(file), json.dumps(event).encode() + b"\n")


@cache
def _file(variable: str) -> int:
    return os.open(os.environ[variable], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def read_events(folder: Path) -> Iterator[Event]:
    """The events of all workers; a worker's file has its name."""
    for path in sorted(folder.glob("*.events")):
        for number, line in enumerate(path.read_text().splitlines()):
            job, token, attempt, what, at = json.loads(line)
            time = datetime.fromisoformat(at)
            yield Event(number, UUID(job), UUID(token), attempt, what, path.stem, time)
