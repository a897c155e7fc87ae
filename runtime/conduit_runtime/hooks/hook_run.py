"""One run of a hook, without IO: the record before and after, and the jobs that it enqueues."""

from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, Unpack

import psycopg
from typing_extensions import TypeVar as TypeVarWithDefault

from ..job_types.job_type import JobType, job_and_text
from ..job_types.options import JobOptions
from ..job_types.sent import Sent, storing
from ..model.arguments import check_type
from ..model.flow import Flow
from ..model.job import Job
from ..model.new_job import NewJob
from ..model.package import location
from ..operators import equal
from ..payloads.sensitive import noted_in
from ..postgres.other_drivers import AsyncpgLike
from ..postgres.statement import Rows
from ..records import queries
from ..records.identity_map import IdentityMap
from ..records.rows import read_record
from ..records.tables import RecordError, table_of
from ..services.protocols import provided
from ..statements.flows import flow_rows, insert_flow_rows, unstored
from ..statements.jobs import batches, enqueue, insert_rows, new_job
from ..statements.unique_keys import note_stored
from .refused_records import no_previous, same_record, unfit_previous, unfit_record

Connection: TypeAlias = psycopg.Connection[Any]
AsyncConnection: TypeAlias = psycopg.AsyncConnection[Any] | AsyncpgLike

R = TypeVar("R")
S = TypeVarWithDefault("S", default=Any)
P = TypeVar("P")


class RequestContext(Protocol):
    """What `Context` reads in a hook: the request in which the hook runs."""

    @property
    def current_user(self) -> Any:
        """The user who is signed in, or None."""

    @property
    def current_request(self) -> Any:
        """The request, or None."""


class HookRun(Generic[R, S]):
    """The common part of Hook and AsyncHook."""

    record: R
    _previous: R | None = None

    def __init__(
        self, record_type: type[R], record: object, previous: object, services: object
    ) -> None:
        self.record_type = record_type
        self._secrets: set[str] = set()
        with noted_in(self._secrets):
            self._read(record, previous)
        self._noting = noted_in(self._secrets)  # while the hook runs
        self._given_services = None if services is None else provided(services)
        self._identity_map = IdentityMap()
        self._jobs: list[tuple[str | None, Job, str]] = []
        self._flows: list[tuple[str | None, Flow, list[NewJob]]] = []
        self._changed: dict[str, Any] = {}

    def read_again(self, record: object, previous: object) -> None:
        """Replace the rows that the hook was given, before it does anything with them."""
        with noted_in(self._secrets):
            self.record = read_record(self.record_type, record)
            self._before = read_record(self.record_type, self.record)
            self._previous = None if previous is None else read_record(self.record_type, previous)

    def _read(self, record: object, previous: object) -> None:
        try:
            self.record = read_record(self.record_type, record)
        except RecordError as error:
            raise unfit_record(self.record_type, record, error) from None
        self._before = read_record(self.record_type, self.record)
        if previous is not None:
            if previous is record:
                raise same_record(self.record_type)
            try:
                self._previous = read_record(self.record_type, previous)
            except RecordError as error:
                raise unfit_previous(error) from None

    @property
    def previous(self) -> R:
        """The row as it was before the event; raises RecordError if the hook was given none."""
        if self._previous is None:
            raise no_previous(self.record_type)
        return self._previous

    @property
    def jobs(self) -> list[Job]:
        """The jobs that are enqueued so far; they are stored when the hook ends normally."""
        flows = [job for _, flow, _ in self._flows for job in flow.jobs]
        return [*(job for _, job, _ in self._jobs), *flows]

    def enqueue(
        self, job_type: JobType[Any, P], payload: P, /, **options: Unpack[JobOptions]
    ) -> None:
        """Enqueue a job when the hook ends normally, with the payload as it is now."""
        wanted = "a JobType of a generated package, or enqueue_flow(chain(Job(…)))"
        check_type(job_type, "job_type", JobType, wanted)
        self._jobs.append((job_type.schema, *job_and_text(job_type, payload, options)))

    def enqueue_flow(self, flow: Flow, schema: str | None = None) -> None:
        """Store a chain or a group, as it is now, when the hook ends normally.

        `schema` is that of the queue's tables; without it, the connection's search path finds them.
        """
        flow = unstored(flow)
        self._flows.append((schema, flow, flow_rows(flow)))
        note_stored(flow.jobs, ())

    def _statements(self) -> list[Sent]:
        """The statements at the hook's end: the UPDATE if a column was assigned, then the jobs."""
        statements: list[Sent] = []
        self._changed = self._changes()
        if self._changed:
            query = queries.update(table_of(self.record_type), self._key, self._changed)
            statements.append(Sent(query.sql, query.values, self._updated))
        schemas = [schema for schema, _, _ in (*self._jobs, *self._flows)]
        for schema in dict.fromkeys(schemas):
            statements += self._storing(schema)
        return statements

    def _storing(self, schema: str | None) -> Iterator[Sent]:
        """The statement that stores a schema's jobs and flows, and locks unique keys in one order.

        Jobs and flows that are large and have no keys take several statements.
        """
        given = [(job, text) for other, job, text in self._jobs if other == schema]
        jobs = [job for job, _ in given]
        flows = [(flow, rows) for other, flow, rows in self._flows if other == schema]
        own = [new_job(job, text=text) for job, text in given]
        rows = own + [row for _, of in flows for row in of]
        if flows and (len(batches(rows)) == 1 or any(row.key is not None for row in rows)):
            jobs += [job for flow, _ in flows for job in flow.jobs]
            yield storing(jobs, enqueue(jobs, rows), schema)
            return
        if jobs:
            for insert in insert_rows(jobs, own):
                yield storing(jobs, insert, schema)
        for flow, of in flows:
            for insert in insert_flow_rows(flow, of):
                yield storing(flow.jobs, insert, schema)

    def _changes(self) -> dict[str, Any]:
        changes = {}
        for column in table_of(self.record_type).columns:
            before = getattr(self._before, column.attribute)
            after = getattr(self.record, column.attribute)
            if before is after:
                continue
            if type(before) is not type(after) or not equal(before, after):
                changes[column.attribute] = after
        return changes

    @property
    def _key(self) -> object:
        return getattr(self._before, table_of(self.record_type).key.attribute)

    def _updated(self, rows: Rows) -> None:
        """Copy the values that the UPDATE has set by itself to the record."""
        target = table_of(self.record_type)
        values = queries.update(target, self._key, self._changed).read((), rows)
        if values is None:
            raise RecordError(
                f"{target.name} has no row with {target.key.name} = {self._key} on this "
                "connection: insert (and flush) the row before its hook runs"
            )
        for attribute, value in values.items():
            setattr(self.record, attribute, value)


def note_source(error: BaseException | None) -> None:
    """Add to an error that leaves a hook the line of the source where it was raised."""
    if error is not None and (source := location(error)) is not None:
        note = f"at {source}"
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)
