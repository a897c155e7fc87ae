"""The conditions of a filter, in SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ...model.dashboard.job_filter import JobFilter
from ...model.payload import encode
from ..many.bulk import seconds

_READABLE = "pg_catalog.strpos(job.fingerprint, '!') = 0"
_AGE = (
    "job.created_at {0} coalesce(%(until)s::timestamptz, pg_catalog.now())"
    " - pg_catalog.make_interval(secs => %({1})s::float8)"
)
_CONDITIONS = {
    "status": "job.status = %(status)s::text",
    "queue": "job.queue = %(queue)s::text",
    "type": "job.type = %(type)s::text",
    "key": "job.key = %(key)s::text",
    "older": _AGE.format("<", "older"),
    "newer": _AGE.format(">", "newer"),
    "until": "job.created_at <= %(until)s::timestamptz",
    "only_plain": "job.fingerprint = ''",
    "error": "pg_catalog.strpos("
    "pg_catalog.lower(job.error), pg_catalog.lower(%(error)s::text)) > 0",
    "error_group": "{dashboard/errors/key} = %(error_group)s::text",
    "payload": "job.payload @> %(payload)s::text::jsonb",
    "worker": "(job.locked_by = %(worker)s::text OR job.errors @> pg_catalog.jsonb_build_array("
    "pg_catalog.jsonb_build_object('worker', %(worker)s::text)))",
}
_STATES = {
    "due": f"job.run_at <= pg_catalog.now() AND {_READABLE}",
    "scheduled": f"job.run_at > pg_catalog.now() AND {_READABLE}",
    "unreadable": "pg_catalog.strpos(job.fingerprint, '!') > 0",
    "refused": "{is_refused}",
}


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of an index that a search reads, and the order of that index.

    `has_status` is whether all of them have the status of the filter.
    """

    where: str
    order: str
    has_status: bool = True

    @property
    def rows(self) -> str:
        """The first rows of the part, in SQL."""
        return _FIRST.format(self.where, self.order)


_FIRST = "SELECT * FROM {{jobs}} AS job WHERE {} ORDER BY {} LIMIT %(scanned)s::bigint"


ALL = Part("true", "id DESC", has_status=False)
OF_KEY = Part("key = %(key)s::text", "id DESC", has_status=False)
_FAILED = Part("status = 'failed'", "id DESC")
_RUNNING = Part("status = 'running'", "locked_by")
_IN_CLAIM_ORDER = "queue, priority DESC, type, fingerprint, run_at, seq"
_REFUSED = Part("{is_refused}", "queue, run_at")
_PENDING = Part("status = 'pending'", _IN_CLAIM_ORDER)
_PENDING_IN_QUEUE = Part("status = 'pending' AND queue = %(queue)s::text", _IN_CLAIM_ORDER)


def by_id(wanted: JobFilter) -> Part:
    """The part of the table that holds all jobs of the filter, in the order of their ids."""
    if wanted.key is not None:
        return OF_KEY
    return _FAILED if wanted.stored_status == "failed" else ALL


def by_index(wanted: JobFilter) -> Part | None:
    """The part with the status of the filter, if its index has another order than that of ids.

    The jobs of a key have an index in the order of their ids.
    """
    if wanted.key is not None:
        return None
    if wanted.status == "refused":
        return _REFUSED
    if wanted.stored_status == "running":
        return _RUNNING
    if wanted.stored_status == "pending":
        return _PENDING if wanted.queue is None else _PENDING_IN_QUEUE
    return None


def rows(wanted: JobFilter, part: Part) -> dict[str, str]:
    """The fragments of rows that are few; for unreadable jobs, the rows of their lanes."""
    if wanted.status != "unreadable":
        return {"rows": part.rows}
    queues = "{waiting_queues}" if wanted.queue is None else "SELECT %(queue)s::text AS queue"
    return {"rows": "{dashboard/jobs/unreadable}", "queues": queues, "queue": "waiting.queue"}


def fragments(wanted: JobFilter, part: Part, *, until: object = None) -> dict[str, str]:
    """The part, and the condition on its rows `job`, with the parameters of `values`."""
    given = {**wanted.given, "status": wanted.stored_status, "until": until}
    if part.has_status:
        del given["status"]
    found = [sql for name, sql in _CONDITIONS.items() if given.get(name) not in (None, False)]
    if wanted.status in _STATES:
        found.append(_STATES[wanted.status])
    return {
        "part": part.where,
        "order": part.order,
        "matches": " AND ".join(found) or "true",
        "pattern": "({dashboard/errors/pattern})",
    }


def values(wanted: JobFilter, *, until: object = None) -> Mapping[str, Any]:
    """The parameters of the condition of `fragments`.

    Raises PayloadError for a payload that Postgres could not hold.
    """
    return {
        "status": wanted.stored_status,
        "queue": wanted.queue,
        "type": wanted.type,
        "key": wanted.key,
        "older": _seconds(wanted.older),
        "newer": _seconds(wanted.newer),
        "until": until,
        "error": wanted.error,
        "error_group": wanted.error_group,
        "payload": None if wanted.payload is None else encode(wanted.payload),
        "worker": wanted.worker,
    }


def _seconds(age: timedelta | None) -> float | None:
    return None if age is None else seconds(age)
