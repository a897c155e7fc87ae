"""The dashboard's database: read-only statements with timeouts, and recorded changes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from conduit_runtime import AsyncQueue
from conduit_runtime.client.async_connections import AsyncConnections
from conduit_runtime.client.given_connections import AsyncGiven
from conduit_runtime.postgres.host_settings import is_pooled
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.postgres.steps import Steps, run_steps_async

from .errors import (
    BadRequest,
    Conflict,
    DatabaseDown,
    Forbidden,
    NotMigrated,
    TooSlow,
)
from .results import Results
from .session_settings import of_session, of_transaction

T = TypeVar("T")

READ_SECONDS = 5.0
"""Timeout of a page's statement, in seconds."""
CHANGE_SECONDS = 30.0
"""Timeout of a statement that changes something, in seconds."""
MUTE_SECONDS = 2.0
"""Seconds within which the database must report that a statement timed out."""
_READERS = 8  # reading statements at once; others wait for their turn
_CONNECTIONS = 12  # with those of the hub and of changes
_PATIENCE = 4  # seconds that a page waits for a connection
_DOWN = "The database cannot be reached. This page works again as soon as it responds."
_turn: ContextVar[asyncio.Lock | None] = ContextVar("turn", default=None)


@contextmanager
def one_by_one() -> Iterator[None]:
    """In the block, and in tasks that begin in it, run one statement at a time.

    So one connection is enough for all that the block reads.
    """
    token = _turn.set(asyncio.Lock())
    try:
        yield
    finally:
        _turn.reset(token)


class Database:
    """Sends statements for pages; in a read-only one, Postgres itself refuses every change."""

    def __init__(self, queue: AsyncQueue, *, read_only: bool = False) -> None:
        self.queue = queue
        self.read_only = read_only
        self._connections = queue.connections.beside(
            "conduit-jobs dashboard", _CONNECTIONS, _PATIENCE
        )
        self._reading = queue.connections.beside("conduit-jobs dashboard", _READERS, _PATIENCE)
        self._timeouts = WeakKeyDictionary[psycopg.AsyncConnection[Any], float]()
        self._turns = asyncio.Semaphore(_READERS)
        self._results = Results()
        self.kept: dict[str, Any] = {}
        """Data that pages keep between visits, by a name that the page chooses."""
        self.tasks: set[asyncio.Task[None]] = set()
        """The actions that run in the background."""

    async def read(self, statement: Statement[T], *, seconds: float = READ_SECONDS) -> T:
        """The result of a statement that changes nothing.

        `seconds` is its timeout. The statement scans no whole table, even if the database's
        statistics are wrong. Raises TooSlow after the timeout, and DatabaseDown.
        """
        with _in_words():
            async with (
                _turn.get() or self._turns,
                asyncio.timeout(_PATIENCE + seconds + MUTE_SECONDS),
                self._unchanged(seconds) as conn,
            ):
                return await self._reading.run(statement, conn)

    async def recent(
        self,
        statement: Statement[T],
        *,
        seconds: float,
        limit: float = READ_SECONDS,
        keeps: Callable[[T], bool] = lambda result: True,
    ) -> T:
        """Do as `read`, but return a stored result again if it is not older than `seconds`.

        Use this for results that cost much, change slowly and are the same for all visitors. If a
        result is a little older, visitors get it while it is read again; only the hub waits for the
        new one. `limit` is the timeout in seconds; `keeps` says whether to store a result.
        """
        return await self._results.get(
            statement,
            partial(self.read, statement, seconds=limit),
            limit=limit,
            seconds=seconds,
            keeps=keeps,
            may_be_old=_turn.get() is None,
        )

    def forget(self) -> None:
        """Drop the results of `recent`, after a change that was made here."""
        self._results.forget()

    @asynccontextmanager
    async def writing(self, seconds: float = CHANGE_SECONDS) -> AsyncIterator["Writing"]:
        """A transaction for changes. Raises Forbidden if the dashboard is read-only."""
        with _in_words():
            async with self._connections.transaction() as conn:
                await self._connections.run(of_transaction(seconds, self.read_only), conn)
                yield Writing(self._connections, conn)

    @asynccontextmanager
    async def _unchanged(self, seconds: float) -> AsyncIterator[AsyncGiven]:
        """A connection on which Postgres refuses every change.

        Our own sessions keep their settings, so a statement takes one round trip instead of four.
        """
        if self._reading is self.queue.connections:  # connections of the application
            async with self._reading.transaction() as given:
                await self._reading.run(of_transaction(seconds, True), given)
                yield given
            return
        async with self._reading.connection() as connection:
            if is_pooled(connection):
                async with connection.transaction():
                    await self._reading.run(of_transaction(seconds, True), connection)
                    yield connection
                return
            if self._timeouts.get(connection) != seconds:
                self._timeouts.pop(connection, None)
                await self._reading.run(of_session(seconds), connection)
                self._timeouts[connection] = seconds
            yield connection


class Writing:
    """A transaction that changes something."""

    def __init__(self, connections: AsyncConnections, conn: AsyncGiven) -> None:
        self._connections = connections
        self.conn = conn

    async def run(self, statement: Statement[T]) -> T:
        """Run a statement in the transaction."""
        return await self._connections.run(statement, self.conn)

    async def run_steps(self, steps: Steps[T]) -> T:
        """Run the statements of an operation in the transaction.

        If Postgres refuses a statement, the transaction stays as it was before the statement.
        """
        return await run_steps_async(steps, self._run_in_savepoint)

    async def _run_in_savepoint(self, statement: Statement[T]) -> T:
        async with self._connections.transaction(self.conn):
            return await self.run(statement)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise TooSlow(
            "The database took too long to respond. Narrow the filter, or try again."
        ) from None
    except psycopg.DataError:
        raise BadRequest(
            "Postgres cannot hold a value that was given: a number is too large, or a text has "
            "U+0000 in it."
        ) from None
    except psycopg.errors.ReadOnlySqlTransaction:
        raise Forbidden("This dashboard is read-only.") from None
    except psycopg.errors.InsufficientPrivilege as error:
        raise Forbidden(
            f"The database role of this dashboard may not do this: {error.diag.message_primary}."
        ) from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise NotMigrated(
            f"{error.diag.message_primary}: run `conduit-jobs migrate` on this database."
        ) from None
    except (psycopg.errors.TransactionRollback, psycopg.errors.LockNotAvailable):
        raise Conflict("Another transaction has changed the same rows. Try again.") from None
    except (psycopg.OperationalError, TimeoutError) as error:
        raise DatabaseDown(_DOWN) from error
