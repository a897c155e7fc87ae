"""The database of the dashboard: reads that change nothing and end in time, and noted changes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
from conduit_runtime import AsyncQueue
from conduit_runtime.client.async_connections import AsyncConnections
from conduit_runtime.client.given_connections import AsyncGiven
from conduit_runtime.postgres.statement import Statement, nothing
from conduit_runtime.postgres.steps import Steps, run_steps_async

from .errors import BadRequest, Conflict, DatabaseDown, Forbidden, NotMigrated, TooSlow

T = TypeVar("T")

READ_SECONDS = 5.0
"""After how many seconds a statement of a page is given up."""
CHANGE_SECONDS = 30.0
"""After how many seconds a statement that changes something is given up."""
MUTE_SECONDS = 2.0
"""How many seconds the database has to say that it has given up a statement."""
_READERS = 8  # statements that pages read by at once; more wait for their turn
_CONNECTIONS = 12  # with those of the hub and of changes
_PATIENCE = 4  # seconds that a page waits for a connection
_DOWN = "The database cannot be reached. This page works again as soon as it answers."
_turn: ContextVar[asyncio.Lock | None] = ContextVar("turn", default=None)


@contextmanager
def one_by_one() -> Iterator[None]:
    """In the block, and in tasks that begin there, statements wait for each other.

    So one connection is enough for what is read there.
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
        self._turns = asyncio.Semaphore(_READERS)
        self._reused: dict[str, _Reused] = {}
        self.kept: dict[str, Any] = {}
        """What pages keep from one visit to the next, by a name of theirs."""
        self.tasks: set[asyncio.Task[None]] = set()
        """Actions that go on in the background."""

    async def read(
        self, statement: Statement[T], *, seconds: float = READ_SECONDS, by_index: bool = False
    ) -> T:
        """The result of a statement that changes nothing.

        `seconds` is its timeout. With `by_index` it reads no table from end to end, however wrong
        the statistics of the database are. Raises TooSlow after the timeout, and DatabaseDown.
        """
        with _in_words():
            async with (
                _turn.get() or self._turns,
                asyncio.timeout(_PATIENCE + seconds + MUTE_SECONDS),
                self._transaction(seconds, read_only=True, by_index=by_index) as conn,
            ):
                return await self._connections.run(statement, conn)

    async def recent(
        self,
        statement: Statement[T],
        *,
        seconds: float,
        limit: float = READ_SECONDS,
        keeps: Callable[[T], bool] = lambda result: True,
    ) -> T:
        """As `read` with `by_index`; a result that is not older than `seconds` is returned again.

        For what costs much, changes slowly and is the same for all visitors. `limit` is its timeout
        in seconds; `keeps` says whether a result is worth it.
        """
        now = time.monotonic()
        self._reused = {key: each for key, each in self._reused.items() if each.until > now}
        parts = (statement.parameters, statement.fragments)
        key = repr((statement.query, *(sorted(part.items()) for part in parts)))
        reused = self._reused.setdefault(key, _Reused(now + limit + seconds))
        async with reused.lock:  # of those that come meanwhile, the first one reads
            if reused.is_known:
                known: T = reused.result
                return known
            result = await self.read(statement, seconds=limit, by_index=True)
            if keeps(result):
                reused.result, reused.is_known = result, True
                reused.until = time.monotonic() + seconds
            return result

    @asynccontextmanager
    async def writing(self, seconds: float = CHANGE_SECONDS) -> AsyncIterator["Writing"]:
        """A transaction for changes. Raises Forbidden where the dashboard is read-only."""
        with _in_words():
            read_only = self.read_only
            async with self._transaction(seconds, read_only=read_only, by_index=True) as conn:
                yield Writing(self._connections, conn)

    @asynccontextmanager
    async def _transaction(
        self, seconds: float, *, read_only: bool, by_index: bool
    ) -> AsyncIterator[AsyncGiven]:
        async with self._connections.transaction() as conn:
            await self._connections.run(_settings(seconds, read_only, by_index), conn)
            yield conn


@dataclass(slots=True)
class _Reused:
    """The result of a statement, and until when it is used."""

    until: float
    result: Any = None
    is_known: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


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

        One that Postgres refuses leaves the transaction as it was before it.
        """
        return await run_steps_async(steps, self._run_in_savepoint)

    async def _run_in_savepoint(self, statement: Statement[T]) -> T:
        async with self._connections.transaction(self.conn):
            return await self.run(statement)


_BY_INDEX = ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit")


def _settings(seconds: float, read_only: bool, by_index: bool) -> Statement[None]:
    timeout = f"{seconds * 1000:.0f}"
    sql = "SELECT pg_catalog.set_config('statement_timeout', %(timeout)s::text, true)"
    if read_only:
        sql += ", pg_catalog.set_config('transaction_read_only', 'on', true)"
    for name in _BY_INDEX if by_index else ():
        sql += f", pg_catalog.set_config('{name}', 'off', true)"
    return Statement(sql, {"timeout": timeout}, nothing)


@contextmanager
def _in_words() -> Any:
    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise TooSlow(
            "The database took too long to answer. Narrow the filter, or try again."
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
