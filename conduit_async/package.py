"""A generated package on its way: what `plan`, `lower` and `emit` hand on."""

import builtins
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .lock.model import Block, LockedJob
from .program import JobInfo, Program, ResourceInfo
from .python.code import Line
from .source import Span


@dataclass(frozen=True)
class RowHead:
    """What is to be known of a row to put `records.py` together.

    A package has it when a module imports it, or when it has one of those that it is `within`.
    Enums of no column have rank 0 and come first, structs of no column have rank 2. `hidden` are
    the fields that hide a type from those below, or that an alias of a type might be called.
    """

    name: str
    rank: int
    within: tuple[str, ...]
    imports: tuple[tuple[str, str], ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One class or alias of `records.py`; an alias has its text in `value`."""

    kind: Literal["enum", "struct", "record", "snapshot"]
    name: str
    decorators: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    doc: str | None = None
    value: str = ""
    of: str = ""


Rows: TypeAlias = Mapping[str, tuple[tuple[RowHead, Row], ...]]
"""By the path of a source: all that `records.py` may have of it, inner ones first."""


JobCalls: TypeAlias = Mapping[str, tuple[str, int]]
"""Each way in which jobs call a method of a service, as `email.send(_, body=)`, and where first.

A place is the path of a source and a line.
"""


def reserved_names(heads: Collection[RowHead]) -> frozenset[str]:
    """The names that imports of `records.py` give way to, and that no alias may take."""
    imported = {name for head in heads for _, name in head.imports} | set(dir(builtins))
    own = {head.name for head in heads}.union(*(head.hidden for head in heads))
    return frozenset(name for name in own if name.rstrip("_") in imported)


@dataclass(frozen=True)
class ModulePlan:
    """The module of a resource that has hooks.

    `jobs` are in the order of the source, outer before nested. `defined` are the names that the
    module defines itself, `taken` all that its imports give way to beside those of `records.py`.
    """

    resource: ResourceInfo
    jobs: tuple[JobInfo, ...]
    defined: frozenset[str]
    taken: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """What is to be lowered and emitted.

    `records` are the names that `records.py` may define, `rows` what it may have of each source,
    `reserved` the names that its imports give way to.
    """

    program: Program
    awaits: bool
    modules: tuple[ModulePlan, ...]
    records: frozenset[str]
    rows: Rows
    reserved: frozenset[str]


@dataclass(frozen=True)
class Function:
    """A Python function, ready to be written."""

    name: str
    parameters: tuple[str, ...]
    result: str
    body: tuple[Line, ...]
    doc: str | None = None
    decorator: str | None = None
    is_async: bool = False
    span: Span | None = None


@dataclass(frozen=True)
class Class:
    """A class of payloads: its fields as name and annotation; `named` is the decorator's text.

    `dataclass` is what its module calls `dataclasses.dataclass`.
    """

    name: str
    dataclass: str
    fields: tuple[tuple[str, str], ...]
    named: str | None = None
    doc: str | None = None


@dataclass(frozen=True)
class ModuleFacts:
    """What the files that modules share say of the module of a resource.

    `jobs` are its job types in Python, `types` and `hooks` the job types and the functions that the
    application calls, as the lock names both. `rows` are the names that it imports from
    `records.py`, `job_services` the services that its jobs use, `job_calls` how they call them.
    """

    name: str
    jobs: tuple[str, ...]
    rows: frozenset[str]
    job_services: frozenset[str]
    job_calls: JobCalls
    types: tuple[str, ...]
    hooks: tuple[str, ...]
    older: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ModuleCode:
    """The module of a resource: its items in the order in which they are written.

    `record` is the class of its rows.
    """

    facts: ModuleFacts
    source: str
    doc: str | None
    record: str
    imports: tuple[tuple[str, ...], ...]
    exports: tuple[str, ...]
    items: tuple[Class | Function, ...]


@dataclass(frozen=True)
class EmittedModule:
    """The module of a resource; `lines` maps its lines to those of the source.

    A line of another source, whose function the module holds, is a text, as "user.conduit:7".
    """

    facts: ModuleFacts
    text: str
    lines: dict[int, int | str]


@dataclass(frozen=True)
class EmittedRow:
    """A class or an alias that `records.py` may have."""

    head: RowHead
    text: str


@dataclass(frozen=True)
class EmittedSource:
    """The modules of a source and the rows of its resources."""

    modules: tuple[EmittedModule, ...] = ()
    rows: tuple[EmittedRow, ...] = ()


def row_heads(emitted: Mapping[str, EmittedSource]) -> list[RowHead]:
    """What is to be known of all their rows."""
    return [row.head for each in emitted.values() for row in each.rows]


def locked_jobs(plan: Plan) -> dict[str, LockedJob]:
    """The job types of what was planned, by name."""
    return {job.name: locked_job(job) for module in plan.modules for job in module.jobs}


def locked_job(job: JobInfo) -> LockedJob:
    """A job type as the lock has it, with its current shape alone."""
    options = job.options
    return LockedJob(
        job.hook_name,
        job.fingerprint,
        {job.fingerprint: job.fields},
        job.queue,
        job.priority,
        job.max_attempts,
        options.get("timeout"),
        options.get("backoff", "exponential"),
        options.get("base"),
        concurrency=options.get("concurrency"),
        rate_limit=options.get("rate_limit"),
        per=options.get("per"),
        batch=options.get("batch"),
        wait=options.get("wait"),
        retry_on=options.get("retry_on", ()),
        discard_on=options.get("discard_on", ()),
        was=job.was,
        block=None if "name" in options else Block(job.statements),
    )
