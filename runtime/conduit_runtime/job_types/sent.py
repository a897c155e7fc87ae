"""What an enqueue and the end of a hook send."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..model.job import Job
from ..postgres.statement import Rows, Statement
from ..statements.unique_keys import Duplicate, mark


class Sent(NamedTuple):
    """A statement, and what takes the rows that it returns, if it returns any."""

    sql: str
    parameters: Any
    on_rows: Callable[[Rows], None] | None = None


def storing(jobs: Sequence[Job], statement: Statement[list[Duplicate]], schema: str | None) -> Sent:
    """Store jobs, and mark those that are duplicates."""
    sql, parameters = statement.sql(schema), statement.parameters
    if not any(job.is_unique for job in jobs):
        return Sent(sql, parameters)
    return Sent(sql, parameters, lambda rows: mark(statement.decode(rows, len(rows))))
