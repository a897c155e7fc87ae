"""What a run of jobs needs of a database."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import psycopg

from ...postgres.statement import Statement
from ...postgres.steps import Steps

T = TypeVar("T")


class Database(Protocol):
    """Where the jobs are: AsyncConnections, whose `run` and `run_steps` it has, or another."""

    async def run(self, statement: Statement[T], conn: Any = None) -> T: ...

    async def run_steps(self, steps: Steps[T], conn: Any = None) -> T: ...

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """A connection for a job."""

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """A transaction, or a savepoint in the test's transaction."""
