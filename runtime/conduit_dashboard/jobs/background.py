"""Actions on all jobs that match. They run on in this process after their visitor has left."""

import asyncio
import logging
from typing import Any

from conduit_runtime.model.dashboard.audit import AuditState
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.postgres.steps import Steps, run_steps_async
from conduit_runtime.statements.dashboard import bulk
from conduit_runtime.statements.many.changes import Changed, read_changed

from ..database import Database
from ..errors import Conflict, DatabaseDown, Refusal, TooSlow

_TRIES = 3
_LONGEST_OUTAGE = 90.0  # seconds; the record counts as interrupted soon after
_PAUSE = 0.5
_log = logging.getLogger("conduit.dashboard")


class _Stopped(Exception):
    """The action must stop."""


def check_capacity(database: Database, most: int) -> None:
    """Raise Conflict if so many actions run in this process."""
    if len(database.tasks) >= most:
        raise Conflict(
            f"{most} actions run in the background already: stop one, or wait for its end."
        )


def start(database: Database, id: int, steps: Steps[int], seconds: float) -> asyncio.Task[None]:
    """Run the statements of the action that is recorded under this id, each in a transaction.

    A statement may take so many seconds. Each transaction adds the number of jobs that it changed
    to the record. If the record says that the action is stopped, the transaction changes nothing.
    """
    task = asyncio.create_task(_run(database, id, steps, seconds))
    database.tasks.add(task)  # otherwise it could be garbage-collected
    task.add_done_callback(database.tasks.discard)
    return task


async def _run(database: Database, id: int, steps: Steps[int], seconds: float) -> None:
    async def send(statement: Statement[Any]) -> Any:
        return await _send(database, id, statement, seconds)

    state: AuditState = "done"
    try:
        await run_steps_async(steps, send)
    except _Stopped:
        pass
    except Exception as error:
        state = "failed"
        # The message of Postgres may quote a row.
        why = error if isinstance(error, Refusal) else type(error).__name__
        _log.error("action %d of the dashboard failed: %s", id, why)
    try:
        async with database.writing() as writing:
            await writing.run(bulk.end(id, state))
    except Refusal as error:
        _log.error("the end of action %d of the dashboard could not be recorded: %s", id, error)


async def _send(database: Database, id: int, statement: Statement[Any], seconds: float) -> Any:
    """Run the statement, and return its result; jobs that others keep locked stay as they are.

    If the database is down, wait for it.
    """
    tries = 0
    down_until = asyncio.get_running_loop().time() + _LONGEST_OUTAGE
    while tries < _TRIES:
        try:
            async with database.writing(seconds) as writing:
                found = await writing.run(statement)
                changed = found.changed if isinstance(found, Changed) else 0
                if not await writing.run(bulk.progress(id, changed)):
                    raise _Stopped
                return found
        except (Conflict, TooSlow) as error:
            tries += 1
            refusal: Refusal = error
        except DatabaseDown:
            if asyncio.get_running_loop().time() > down_until:
                raise
            await asyncio.sleep(_PAUSE)
    if statement.decode is read_changed:
        return Changed(None, 0, ())
    raise refusal
