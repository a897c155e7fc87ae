"""The mapped classes that have hooks, and the checks of a registration."""

import inspect
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import sqlalchemy
from sqlalchemy import Column, ColumnElement, Table, type_coerce
from sqlalchemy.orm import Mapper, Session, class_mapper
from sqlalchemy.orm.exc import UnmappedClassError
from sqlalchemy.types import NullType

from ...records.tables import RecordError, table_of

EVENTS = ("after_create", "after_update", "after_delete")


@dataclass(frozen=True)
class Registration:
    """A mapped class with its hooks, by event, and the arguments of the hooks."""

    mapper: Mapper[Any]
    module: str
    hooks: dict[str, Callable[..., Any]]
    record: type[Any]
    table: Table
    services: object
    context: Callable[[Session], object] | None

    @property
    def key(self) -> Column[Any]:
        """The column of the primary key."""
        return self.table.primary_key.columns[0]

    def raw_columns(self) -> Sequence[ColumnElement[Any]]:
        """The columns of the record, with the driver's values instead of the class's types."""
        found = []
        for column in table_of(self.record).columns:
            mapped = self.table.columns.get(column.name)
            # The class need not map every column.
            plain = mapped if mapped is not None else sqlalchemy.column(column.name)
            found.append(type_coerce(plain, NullType()))
        return found

    def arguments(self, event: str, session: Session) -> dict[str, Any]:
        """The named arguments that the hooks of an event take."""
        taken = inspect.signature(self.hooks[event]).parameters
        given: dict[str, Any] = {}
        if "services" in taken and self.services is not None:
            given["services"] = self.services
        if "context" in taken and self.context is not None:
            given["context"] = self.context(session)
        return given


_registrations: dict[type[Any], Registration] = {}


def registration_of(kind: type[Any]) -> Registration | None:
    """The registration of a mapped class, or of its nearest registered base class."""
    for each in kind.__mro__:
        if (found := _registrations.get(each)) is not None:
            return found
    return None


def add(
    mapped: type[Any],
    module: ModuleType,
    services: object,
    context: Callable[[Session], object] | None,
) -> None:
    """Register a class, with the arguments of `register`."""
    try:
        mapper: Mapper[Any] = class_mapper(mapped, configure=False)
    except (UnmappedClassError, sqlalchemy.exc.ArgumentError):
        raise TypeError(f"mapped is {mapped!r}: use a class that SQLAlchemy maps") from None
    hooks = {name: getattr(module, name) for name in EVENTS if hasattr(module, name)}
    record = typing.get_type_hints(next(iter(hooks.values()))).get("return") if hooks else None
    if not isinstance(module, ModuleType) or not isinstance(record, type):
        raise TypeError(
            f"module is {module!r}: use the generated module of the resource, such as "
            "app.jobs.order, which has its hooks"
        )
    table = mapper.local_table
    if not isinstance(table, Table) or len(table.primary_key.columns) != 1:
        raise TypeError(f"{mapped.__name__} is not mapped to a table with one primary key column")
    wanted, name = table_of(record), table.name
    if wanted.name.rpartition(".")[2] != name:
        raise RecordError(
            f"{mapped.__name__} is mapped to the table {name}, and the hooks of {module.__name__} "
            f"are those of {wanted.name}"
        )
    if mapped in _registrations:
        raise ValueError(f"{mapped.__name__} is registered already")
    _registrations[mapped] = Registration(
        mapper, module.__name__, hooks, record, table, services, context
    )
