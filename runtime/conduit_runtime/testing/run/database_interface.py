"""What a run of jobs needs of a database."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import psycopg

from ...postgres.statement import Statement
from ...postgres.steps import Steps

T = TypeVar("T")


class Database(Protocol):
    """Where the jobs are: AsyncConnections, or a SharedConnection."""

    async def run(self, statement: Statement[T], conn: Any = None) -> T:
        """Run one statement, on the given connection or in a transaction of its own."""

    async def run_steps(self, steps: Steps[T], conn: Any = None) -> T:
        """Run the statements of an operation, each as `run` does, and return its result."""

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """A connection for a job."""

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """A transaction, or a savepoint in the test's transaction."""
