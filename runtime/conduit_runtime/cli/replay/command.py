"""`conduit-jobs replay`."""

import asyncio
import inspect
import os
import sys
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from ...model.text.printable import one_line
from ..application import present_application
from ..output import show_one
from ..packages import configured, stamped_schema
from ..session import Session, session_options
from ..worker.named import Named, load_named

if TYPE_CHECKING:
    from ...client.queue import Queue
    from ...model.job import Job
    from ...payloads.masking import PayloadMask
    from ...replay.run import Replayed
    from ...worker.run.handlers import HandlerRegistry


@click.command()
@session_options
@click.argument("id", type=click.UUID)
@click.argument("packages", nargs=-1, metavar="[PACKAGE]…")
@click.option(
    "--services",
    metavar="MODULE:OBJECT",
    help="The services of the jobs: values and annotations among them are read, none is called.",
)
@click.option(
    "--pdb",
    "debugs",
    is_flag=True,
    help="Open Python's debugger in the handler, at the first difference or exception.",
)
@click.option(
    "--pytest",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write this replay as a test into a new file, with sensitive values masked.",
)
def replay(
    session: Session,
    id: UUID,
    packages: tuple[str, ...],
    services: str | None,
    debugs: bool,
    file: Path | None,
) -> None:
    """Run today's code of a job against what its steps have stored, and say where it differs.

    The handler runs on this machine, from its start to its first effect that is not stored. PACKAGE
    is what `worker` takes. No effect is made: a stored step gives its value, services are not
    called, statements run in a transaction that is rolled back, child jobs are only named. The job
    stays as it is. What the code of a handler does outside of its context happens.

    Exit codes: 0 if the code fits what is stored, 1 if it differs or raises.
    """
    if file is not None and file.exists():
        raise click.UsageError(f"{file} is there already: name a new file")
    sys.path.insert(0, os.getcwd())
    application = None if packages else present_application()
    if application is not None and file is not None:
        raise click.UsageError("--pytest needs a PACKAGE, which the test imports")
    names = packages or (tuple(configured()) if application is None else ())
    named = load_named(names) if application is None else Named([*application.jobs()])
    with session.database() as dsn:
        from ...client.queue import Queue

        with Queue(dsn, session.schema or stamped_schema(named.jobs)) as queue:
            if application is not None:
                from ...worker.pool import WorkerPool

                named.pool = WorkerPool(queue, jobs=named.jobs)
                application.prepare(named.pool)
            handlers = _handlers(named)
            given = _services(services, named)
            job = queue.get(id)
            if job is None:
                raise click.ClickException(f"there is no job {id}")
            mask = _mask(queue, job, handlers)
            run = _Run(dsn, queue, job, handlers, given)
            replayed = run.replay(stops=debugs)
            if file is not None:
                file.write_text(run.pinned(replayed, mask, names), encoding="utf-8")
    if session.form == "json":
        show_one(_row(replayed, job, mask), "json")
    else:
        if run.is_empty:
            click.echo("no step of the job is stored")
        _show(replayed, job, mask)
        if file is not None:
            click.echo(f"wrote {file}")
    if debugs and replayed.error is not None:
        import pdb

        pdb.post_mortem(_to_theirs(replayed.error.__traceback__))
    if replayed.differences or replayed.error is not None:
        raise click.exceptions.Exit(1)


class _Run:
    """A job, its handler, and what is stored of its steps."""

    def __init__(
        self, dsn: str, queue: "Queue", job: "Job", handlers: "HandlerRegistry", services: object
    ) -> None:
        from ...replay.stored import stored_steps

        self._dsn = dsn
        self._queue = queue
        self._job = job
        self._handler = handlers.get(job.type)
        self._services = services
        self._stored = queue.connections.run(stored_steps(job.id))
        self.is_empty = not self._stored

    def replay(self, *, stops: bool) -> "Replayed":
        return asyncio.run(self._replay(self._job, self._stored, stops=stops))

    async def _replay(self, job: "Job", stored: Any, *, stops: bool) -> "Replayed":
        from ...replay.rolled_back import rolled_back
        from ...replay.run import replay
        from ...replay.stored import as_claimed
        from ...statements.results import of_predecessors

        async def results() -> list[Any]:
            return self._queue.connections.run(of_predecessors(job.id))

        async with rolled_back(self._dsn) as connection:
            return await replay(
                *(self._handler, as_claimed(job), stored, self._services, connection, results),
                stops=stops,
            )

    def pinned(self, replayed: "Replayed", mask: "PayloadMask", names: tuple[str, ...]) -> str:
        """The text of a test with this replay; raises ClickException if a mask would change it."""
        import json
        from dataclasses import replace

        from ...model.payload import encode
        from ...replay.stored import from_first
        from .pinned import test_of

        payload = self._job.payload
        key = self._job.key and mask.text(self._job.key, payload)
        job = replace(self._job, payload=mask.payload(payload), key=key)
        stored = [
            each._replace(value=encode(mask.step(each.name, json.loads(each.value), payload)))
            for each in from_first(self._stored)
        ]
        secret = next(
            (each.name for each in stored if mask.text(each.name, payload) != each.name), None
        )
        if secret is not None:
            raise click.ClickException(
                "the name of a step holds a sensitive value, so no test is written"
            )
        if (job.payload, [each.value for each in stored]) != (
            payload,
            [each.value for each in from_first(self._stored)],
        ):
            waits = [each for each in self._stored if each.waits]
            masked = asyncio.run(self._replay(job, [*stored, *waits], stops=False))
            if masked.differences != replayed.differences or masked.end != replayed.end:
                raise click.ClickException(
                    "with its sensitive values masked, the job does not replay as it did, so no "
                    f"test is written: {_reason(masked)}"
                )
        return test_of(job, stored, names)


def _reason(replayed: "Replayed") -> str:
    for each in replayed.differences:
        return f"{each.name} {each.problem}"
    return "it ends elsewhere"


def _handlers(named: Named) -> "HandlerRegistry":
    from ...worker.run.handlers import HandlerRegistry

    handlers = HandlerRegistry()
    handlers.register_job_types(named.jobs)
    for registry in [*([named.pool.handlers] if named.pool else []), *named.registries]:
        for handler in registry:
            handlers.add(handler)
    return handlers


def _services(reference: str | None, named: Named) -> object:
    """The services, unless they would have to be made: that may have effects."""
    from ...services.protocols import provided
    from ...services.references import load

    if reference is not None:
        given: Any = load("--services", reference)
    else:
        given = None if named.pool is None else named.pool.services
    kind = type(given)
    is_made = inspect.isroutine(given) or hasattr(kind, "__enter__") or hasattr(kind, "__aenter__")
    return None if is_made else provided(given)


def _mask(queue: "Queue", job: "Job", handlers: "HandlerRegistry") -> "PayloadMask":
    """The mask of a job by all that workers and today's code say of its type."""
    from ...model.type_description import DescribedType, KnownShape
    from ...payloads.masking import PayloadMask
    from ...statements.job_types import described_types

    described: list[DescribedType] = queue.connections.run(described_types(job.type))
    known = [*described, *(each for each in handlers.descriptions() if each.type == job.type)]
    shapes = [
        KnownShape(each.fingerprint, each.description.fields, each.description.steps)
        for each in known
    ]
    return PayloadMask(shapes, job.fingerprint or "")


def _error(replayed: "Replayed", job: "Job", mask: "PayloadMask") -> str | None:
    """What the handler has raised, without sensitive values."""
    from ...replay.steps import Difference
    from ...services.references import blamed

    if replayed.error is None or isinstance(replayed.error, Difference):
        return None
    return mask.text(blamed(replayed.error), job.payload)


def _row(replayed: "Replayed", job: "Job", mask: "PayloadMask") -> dict[str, Any]:
    return {
        "differences": len(replayed.differences),
        "steps": [each._asdict() for each in replayed.compared],
        "end": replayed.end,
        "error": _error(replayed, job, mask),
        "left": replayed.left,
        "enqueued": [*replayed.enqueued],
    }


def _show(replayed: "Replayed", job: "Job", mask: "PayloadMask") -> None:
    width = max((len(one_line(each.name)) for each in replayed.compared), default=0)
    for each in replayed.compared:
        words = each.problem or f"same, stored in attempt {each.attempt}"
        click.echo(f"{one_line(each.name):<{width}}  {one_line(words)}")
    if (error := _error(replayed, job, mask)) is not None:
        click.echo(f"the handler raises {one_line(error)}")
    elif replayed.end is not None:
        click.echo(f"the replay ends at {one_line(replayed.end)}")
    elif replayed.error is None:
        click.echo("the handler returns")
    if replayed.left:
        click.echo(f"stored steps that are not compared: {replayed.left}")
    for type_, count in Counter(replayed.enqueued).items():
        click.echo(f"it would enqueue {count} of {one_line(type_)}")
    count = len(replayed.differences)
    click.echo({0: "no difference", 1: "1 difference"}.get(count, f"{count} differences"))


def _to_theirs(trace: TracebackType | None) -> TracebackType | None:
    """The traceback up to the last frame of the application's code."""
    from ...model.attempts.outcome import OURS

    last, each = None, trace
    while each is not None:
        module = str(each.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in OURS:
            last = each
        each = each.tb_next
    if last is not None:
        last.tb_next = None
    return trace
