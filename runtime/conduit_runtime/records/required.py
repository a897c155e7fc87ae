"""What a query has to find."""

from typing import TypeVar

from ..model.values import ConduitError
from .tables import table_of

R = TypeVar("R")
T = TypeVar("T")


def required(record: type[R], key: object, row: R | None) -> R:
    """The row; ConduitError when there is none."""
    if row is None:
        target = table_of(record)
        raise ConduitError(f"{target.name} has no row with {target.key.name} = {key}")
    return row


def present(value: T | None, sql: str) -> T:
    """The value of a query; ConduitError for nil."""
    if value is None:
        raise ConduitError(f"nil where the query must return a value: {' '.join(sql.split())}")
    return value
