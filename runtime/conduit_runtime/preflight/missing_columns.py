"""The columns that upcasters read and that the application's tables lack."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..job_types.description.uses import codes
from ..model.identity import TABLE
from ..records.tables import Table, table_of
from ..statements import preflight
from ..worker.run.handlers import HandlerRegistry
from .reading import Snapshot


def missing_columns(
    database: Snapshot, handlers: HandlerRegistry
) -> Mapping[Callable[..., Any], str]:
    """Return for each upcaster the first such column, as in `tickets.headline`.

    A table that is not in the database of the queue is not looked at.
    """
    found = {
        upcast.function: [*_tables(upcast.function)]
        for handler in handlers
        for upcast in handler.upcasts.values()
    }
    names = {table.quoted.replace("%%", "%") for tables in found.values() for table in tables}
    there = database.read(preflight.columns(sorted(names))) if names else {}
    lacking: dict[Callable[..., Any], str] = {}
    for function, tables in found.items():
        for table in tables:
            known = there.get(table.quoted.replace("%%", "%"))
            gone = [c.name for c in table.columns if known is not None and c.name not in known]
            if gone:
                lacking.setdefault(function, f"{table.name}.{gone[0]}")
    return lacking


def _tables(function: Callable[..., Any]) -> Iterator[Table]:
    """Yield the tables of the record classes that a function names."""
    code = getattr(function, "__code__", None)
    if code is None:
        return
    for each in codes(code):
        for name in each.co_names:
            record = getattr(function, "__globals__", {}).get(name)
            if isinstance(record, type) and TABLE in vars(record):
                yield table_of(record)
