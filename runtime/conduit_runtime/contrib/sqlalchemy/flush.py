"""Follows the changes that a flush makes to registered classes, and runs their hooks at its end."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, event
from sqlalchemy.orm import Mapper, Session, object_session
from sqlalchemy.orm.base import instance_state

from ...records.rows import read_record
from ...records.tables import RecordError
from .calls import Call, run_calls
from .registration import Registration, registration_of
from .rows import ReadRow, read_rows, show

Rows = dict[object, ReadRow]


@dataclass
class Change:
    """A change of an instance, with the connection; `event` is the name of its hook."""

    event: str
    instance: Any
    registration: Registration
    connection: Connection

    @property
    def key(self) -> object:
        """The primary key as it is now."""
        return instance_state(self.instance).mapper.primary_key_from_instance(self.instance)[0]


@dataclass
class Flush:
    """The changes of one flush in order, their instances, and the rows before and after it.

    Instances are identified by their state.
    """

    changes: list[Change] = field(default_factory=list)
    changed: set[object] = field(default_factory=set)
    before: Rows = field(default_factory=dict)
    after: Rows = field(default_factory=dict)


_flushes: "WeakKeyDictionary[Session, Flush]" = WeakKeyDictionary()


def listen(mapped: type[Any]) -> None:
    """Follow the changes that flushes make to instances of a class."""
    for name, listener in _OF_CLASSES.items():
        event.listen(mapped, name, listener, propagate=True)
    for name, listener in _OF_SESSIONS.items():
        if not event.contains(Session, name, listener):
            event.listen(Session, name, listener)


def _before_flush(session: Session, context: object, instances: object) -> None:
    """Read the rows that the flush will update or delete, each class in one statement."""
    flush = _flushes[session] = Flush()
    found: defaultdict[int, list[Any]] = defaultdict(list)
    dirty = (each for each in session.dirty if session.is_modified(each, include_collections=False))
    for hook, candidates in (("after_update", dirty), ("after_delete", session.deleted)):
        for instance in candidates:
            registration = registration_of(type(instance))
            if registration is not None and hook in registration.hooks:
                found[id(registration)].append((registration, instance))
    for pairs in found.values():
        registration = pairs[0][0]
        connection = session.connection(bind_arguments={"mapper": registration.mapper})
        flush.before |= _read(connection, registration, [instance for _, instance in pairs])


def _read(connection: Connection, registration: Registration, instances: Iterable[Any]) -> Rows:
    """The rows, by instance, from which the instances were loaded or which they replace."""
    identities = {instance_state(each): _identity(each) for each in instances}
    rows = read_rows(connection, registration, [*identities.values()], locks=True)
    return {state: rows[key] for state, key in identities.items() if key in rows}


def _identity(instance: Any) -> Any:
    """The primary key of the row as it is stored."""
    state = instance_state(instance)
    return (state.key or state.mapper.identity_key_from_instance(instance))[1][0]


def _flush_of(instance: object) -> tuple[Session, Flush] | None:
    session = object_session(instance)
    flush = None if session is None else _flushes.get(session)
    return None if session is None or flush is None else (session, flush)


def _before(name: str, connection: Connection, instance: Any) -> None:
    """Read a row that the flush itself changes, for example an orphan or a new foreign key."""
    registration, found = registration_of(type(instance)), _flush_of(instance)
    if registration is None or found is None or name not in registration.hooks:
        return
    session, flush = found
    if instance_state(instance) in flush.before:
        return
    if name == "after_delete" or session.is_modified(instance, include_collections=False):
        flush.before |= _read(connection, registration, [instance])


def _before_insert(mapper: Mapper[Any], connection: Connection, instance: Any) -> None:
    # If the same flush would delete a row with this key, SQLAlchemy updates that row instead.
    found = _flush_of(instance)
    if found and found[0].identity_map.get(mapper.identity_key_from_instance(instance)) is not None:
        _before("after_update", connection, instance)


def _before_update(mapper: Mapper[Any], connection: Connection, instance: Any) -> None:
    _before("after_update", connection, instance)


def _before_delete(mapper: Mapper[Any], connection: Connection, instance: Any) -> None:
    _before("after_delete", connection, instance)


def _note(name: str, connection: Connection, instance: Any) -> None:
    """Note a change whose hook is to run."""
    registration, found = registration_of(type(instance)), _flush_of(instance)
    if registration is None or found is None or name not in registration.hooks:
        return
    state = instance_state(instance)
    if state not in found[1].changed:
        found[1].changed.add(state)
        found[1].changes.append(Change(name, instance, registration, connection))


def _after_insert(mapper: Mapper[Any], connection: Connection, instance: Any) -> None:
    _note("after_create", connection, instance)


def _after_update(mapper: Mapper[Any], connection: Connection, instance: Any) -> None:
    # If no column of a dirty instance differs, there is no UPDATE. An instance with a column that
    # was set to an expression no longer looks modified.
    found = _flush_of(instance)
    if found is not None and (
        instance_state(instance) in found[1].before
        or found[0].is_modified(instance, include_collections=False)
    ):
        _note("after_update", connection, instance)


def _after_delete(mapper: Mapper[Any], connection: Connection, instance: Any) -> None:
    _note("after_delete", connection, instance)


def _after_flush(session: Session, context: object) -> None:
    """Run the hooks. The flush has sent all its statements, so its rows are there."""
    flush = _flushes.get(session)
    if flush is None or not flush.changes:
        return
    present = [change for change in flush.changes if change.event != "after_delete"]
    flush.after = _present(present)
    differing = []
    for connection, group in groupby(flush.changes, lambda change: change.connection):
        changes = [*group]
        if session.twophase:  # Postgres prepares no transaction that has sent a notification
            connection.exec_driver_sql("SET LOCAL conduit.wake = 'off'")
        calls = [_call(session, change, flush) for change in changes]
        records = run_calls(connection, calls)
        for change, call, record in zip(changes, calls, records, strict=True):
            if change.event != "after_delete" and _differs(record, call.rows[0]):
                differing.append(change)
    flush.after |= _present(differing)


def _present(changes: Iterable[Change]) -> Rows:
    """The present rows of changes, by instance, each class in one statement."""
    found: Rows = {}
    for group in _by_class(changes):
        first = group[0]
        keys = {change.key for change in group}
        rows = read_rows(first.connection, first.registration, keys)
        for change in group:
            if change.key not in rows:
                name = first.registration.table.name
                raise RecordError(
                    f"{name} has no row with {first.registration.key.name} = {change.key} after "
                    f"the flush that has written it, so {change.event} cannot run"
                )
            found[instance_state(change.instance)] = rows[change.key]
    return found


def _by_class(changes: Iterable[Change]) -> Iterator[list[Change]]:
    groups: defaultdict[tuple[int, int], list[Change]] = defaultdict(list)
    for change in changes:
        groups[id(change.registration), id(change.connection)].append(change)
    return iter(groups.values())


def _call(session: Session, change: Change, flush: Flush) -> Call:
    state = instance_state(change.instance)
    rows = []
    if change.event != "after_delete":
        rows.append(flush.after[state].row)
    if change.event != "after_create":
        if state not in flush.before:
            raise RecordError(
                f"a {type(change.instance).__name__} was changed by a listener that was added "
                "after `register`, or its row was gone before the flush: add the listener earlier"
            )
        rows.append(flush.before[state].row)
    registration = change.registration
    named = registration.arguments(change.event, session)
    return Call(registration.hooks[change.event], rows, named)


def _differs(record: Any, row: object) -> bool:
    """Whether a hook has written columns of its record."""
    return bool(read_record(type(record), row) != record)


def _after_flush_postexec(session: Session, context: object) -> None:
    """Set on the instances the values that the database and the hooks have set."""
    flush = _flushes.pop(session, None)
    if flush is not None:
        for state, read in flush.after.items():
            show(state, read.mapped)


_OF_CLASSES: dict[str, Any] = {
    "before_insert": _before_insert,
    "before_update": _before_update,
    "before_delete": _before_delete,
    "after_insert": _after_insert,
    "after_update": _after_update,
    "after_delete": _after_delete,
}
_OF_SESSIONS: dict[str, Any] = {
    "before_flush": _before_flush,
    "after_flush": _after_flush,
    "after_flush_postexec": _after_flush_postexec,
}
