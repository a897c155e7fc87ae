"""Tools that read pages of the dashboard."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from .leads import of_group, with_leads
from .results import (
    Audit,
    Errors,
    Flow,
    Job,
    Jobs,
    Metrics,
    Overview,
    Queues,
    Schedules,
    Type,
    Types,
    Workers,
    result,
)
from .site import Call, Tools


class Reading(Tools):
    async def overview(self, call: Call) -> Overview:
        """What needs attention, with what to do about it. Begin here.

        Of each concern, `see` is the call that shows more, `action` a command for a shell, and
        `mend`, if it is allowed, the call that ends the concern.
        """
        page = await self._site.page(call, "/")
        allowed = self._site.actions(call)
        page["concerns"] = [with_leads(each, allowed) for each in page["concerns"]]
        return result(Overview, page)

    async def metrics(
        self, call: Call, window: str = "1h", queue: str | None = None, type: str | None = None
    ) -> Metrics:
        """Attempts of jobs over a window (1h, 24h, 30d): succeeded, failed, times in seconds."""
        page = await self._site.page(call, "/", window=window, queue=queue, type=type)
        return result(Metrics, page)

    async def jobs(
        self,
        call: Call,
        status: str | None = None,
        queue: str | None = None,
        type: str | None = None,
        key: str | None = None,
        error: str | None = None,
        error_group: str | None = None,
        worker: str | None = None,
        older: str | None = None,
        newer: str | None = None,
        payload: dict[str, Any] | None = None,
        sort: str | None = None,
        before: str | None = None,
    ) -> Jobs:
        """Jobs that match everything that is given.

        status: pending, running, completed, failed, cancelled, or a kind of pending: due,
        scheduled, unreadable, refused. key: whose the jobs are, such as a customer. error: a part
        of the last error. error_group: the key of a group of the tool errors. worker: one that
        holds the job or had a failed attempt of it. older, newer: the time since the enqueue, as in
        15m or 2h. payload: values that the payload contains; it needs a type. sort: newest, oldest,
        attempts, priority or time. before: `next` of the page before.
        """
        wanted = filter_of(
            status=status,
            queue=queue,
            type=type,
            key=key,
            error=error,
            error_group=error_group,
            worker=worker,
            older=older,
            newer=newer,
            payload=payload,
        )
        return result(
            Jobs, await self._site.page(call, "/jobs", sort=sort, before=before, **wanted)
        )

    async def job(self, call: Call, id: UUID) -> Job:
        """One job: why it waits, its payload, attempts with tracebacks, steps and source.

        Sensitive values are masked. `may` says which actions its state allows.
        """
        return result(Job, await self._site.page(call, f"/jobs/{id}"))

    async def errors(
        self,
        call: Call,
        last: str | None = None,
        queue: str | None = None,
        type: str | None = None,
        before: str | None = None,
    ) -> Errors:
        """Failed jobs in groups of the same error, the largest first.

        last: 1h, 24h, 7d or 30d. before: `older` of the page before. Of each group, `see` is the
        call that shows its last job, and `mend`, if it is allowed, the one that runs its jobs again
        when their cause is gone.
        """
        page = await self._site.page(
            call, "/errors", last=last, queue=queue, type=type, before=before
        )
        allowed = self._site.actions(call)
        page["groups"] = [of_group(each, allowed) for each in page["groups"]]
        return result(Errors, page)

    async def queues(self, call: Call, queue: str | None = None, sort: str = "name") -> Queues:
        """Queues with their due jobs, workers, pauses and limits, and the limits of types.

        sort: name, oldest, due, running, unreadable, refused, workers, succeeded or failed.
        """
        return result(Queues, await self._site.page(call, "/queues", queue=queue, sort=sort))

    async def types(
        self,
        call: Call,
        about: str | None = None,
        queue: str | None = None,
        state: str | None = None,
        last: str = "24h",
        sort: str = "name",
    ) -> Types:
        """Job types with their attempts, failures and run times in the last 1h, 24h or 30d.

        about: a part of the type or of the name of its source. state: live (a worker handles it)
        or gone. sort: name, failed, attempts, slowest or p95.
        """
        page = await self._site.page(
            call, "/types", q=about, queue=queue, state=state, last=last, sort=sort
        )
        return result(Types, page)

    async def type(self, call: Call, type: str, last: str = "24h") -> Type:
        """One job type: its source, fields, options, and what it enqueues and calls."""
        return result(Type, await self._site.page(call, "/types", type=type, last=last))

    async def workers(self, call: Call, name: str | None = None) -> Workers:
        """Workers with what they run now, silent ones first; with a name, also its job types."""
        return result(Workers, await self._site.page(call, "/workers", name=name))

    async def schedules(self, call: Call, name: str | None = None) -> Schedules:
        """Schedules with their next and last ticks and errors; name: a part of their names."""
        return result(Schedules, await self._site.page(call, "/schedules", name=name))

    async def flow(self, call: Call, flow: UUID, job: UUID | None = None) -> Flow:
        """The jobs of a flow, its state, and what blocks it; job: one of its jobs."""
        return result(Flow, await self._site.page(call, f"/flows/{flow}", job=job))

    async def audit(
        self,
        call: Call,
        user: str | None = None,
        action: str | None = None,
        before: int | None = None,
    ) -> Audit:
        """Who changed what, the newest first."""
        page = await self._site.page(call, "/audit", user=user, action=action, before=before)
        return result(Audit, page)


def filter_of(payload: Mapping[str, Any] | None, **wanted: str | None) -> dict[str, str | None]:
    """The parameters of a filter of jobs in an address or a form."""
    empty_key = "1" if wanted.get("key") == "" else None
    given = None if payload is None else json.dumps(payload)
    return {**wanted, "empty_key": empty_key, "payload": given}
