"""`conduit-jobs workers`."""

from dataclasses import asdict
from typing import Any

import click

from ..model.text.durations import short_duration
from ..model.workers.worker_info import WorkerInfo
from .output import show_rows
from .session import Session, session_options

_COLUMNS = (
    *("worker", "host", "pid", "version", "queues", "heartbeat", "started", "claimed"),
    *("runs", "for", "children"),
)


@click.group()
def workers() -> None:
    """List the workers, and what each runs."""


@workers.command("list")
@session_options
def list_workers(session: Session) -> None:
    """List the registered workers, each with the jobs that it runs and since when.

    Each process of `worker --processes` is a worker. `heartbeat` is the time since the last
    heartbeat. `claimed` counts the jobs that the worker holds and that have not begun, or began
    less than a second ago. `children` are its processes of isolated jobs, and why some ended during
    a job: killed at a timeout, for a lost job or a shutdown; or died. A gateway has the version
    `gateway`: its jobs run elsewhere. A worker that died is listed until another worker has rescued
    its jobs.
    """
    with session.queue() as queue:
        found = queue.workers()
    if session.form == "json":
        show_rows([_as_json(each) for each in found], _COLUMNS, "json")
    elif found:
        show_rows([row for each in found for row in _rows(each)], _COLUMNS, "table")
    else:
        click.echo("no worker is registered: start one with `conduit-jobs worker`")


def _as_json(worker: WorkerInfo) -> dict[str, Any]:
    row = asdict(worker)
    row["heartbeat_age"] = round(worker.heartbeat_age, 1)
    for job in row["running"]:
        job["seconds"] = round(job["seconds"], 1)
    return row


def _rows(worker: WorkerInfo) -> list[dict[str, Any]]:
    """A row of the worker, and a further one for each further job that it runs."""
    silence = short_duration(worker.heartbeat_age)
    first = {
        "worker": worker.name,
        "host": worker.host,
        "pid": worker.pid,
        "version": worker.version,
        "queues": ", ".join(worker.queues),
        "heartbeat": f"{silence} (dead?)" if worker.is_silent else silence,
        "started": worker.started_at,
        "claimed": worker.claimed,
        "children": worker.children.in_words,
    }
    lines = max(1, len(worker.running))
    rows: list[dict[str, Any]] = [dict.fromkeys(_COLUMNS, "") for _ in range(lines)]
    rows[0] |= first
    for row, job in zip(rows, worker.running, strict=False):
        row |= {"runs": f"{job.type} {job.id}", "for": short_duration(job.seconds)}
    return rows
