"""Tools that do the actions of the dashboard, each with a dry run."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from mcp.server.mcpserver.exceptions import ToolError

from ..parameters import named
from ..rendering.texts import counted_jobs
from .reading import filter_of
from .results import Changed, changed
from .site import Call, Tools, read

_MOST = 50
"""The most ids of a call: a dry run looks at each."""
_BACKGROUND = "What takes more than a second goes on in the background: see the tool audit."


class Changing(Tools):
    async def retry(
        self,
        call: Call,
        ids: list[UUID] | None = None,
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
        dry_run: bool = True,
    ) -> Changed:
        """Run ended jobs again, with all their attempts: those with these ids, or of a filter.

        The filter is that of the tool jobs. Without dry_run=false, only count them.
        """
        wanted = filter_of(
            payload,
            status=status,
            queue=queue,
            type=type,
            key=key,
            error=error,
            error_group=error_group,
            worker=worker,
            older=older,
            newer=newer,
        )
        return await self._of_jobs(call, "retry", ids, wanted, dry_run)

    async def cancel(
        self,
        call: Call,
        ids: list[UUID] | None = None,
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
        dry_run: bool = True,
    ) -> Changed:
        """Cancel pending and running jobs: those with these ids, or of a filter.

        The filter is that of the tool jobs. Without dry_run=false, only count them.
        """
        wanted = filter_of(
            payload,
            status=status,
            queue=queue,
            type=type,
            key=key,
            error=error,
            error_group=error_group,
            worker=worker,
            older=older,
            newer=newer,
        )
        return await self._of_jobs(call, "cancel", ids, wanted, dry_run)

    async def run_now(
        self,
        call: Call,
        ids: list[UUID] | None = None,
        queue: str | None = None,
        type: str | None = None,
        key: str | None = None,
        older: str | None = None,
        newer: str | None = None,
        payload: dict[str, Any] | None = None,
        dry_run: bool = True,
    ) -> Changed:
        """Make scheduled jobs due now: those with these ids, or of a filter.

        The filter is that of the tool jobs. Without dry_run=false, only count them.
        """
        wanted = filter_of(payload, queue=queue, type=type, key=key, older=older, newer=newer)
        return await self._of_jobs(call, "run_now", ids, wanted, dry_run)

    async def pause(self, call: Call, queue: str, dry_run: bool = True) -> Changed:
        """Let no job of a queue start until it is resumed."""
        row = await self._queue(call, queue)
        changes = row.get("paused_at") is None
        note = f"Due in the queue: {counted_jobs(row.get('due', 0))}."
        return await self._one(call, "pause", "/queues/pause", changes, note, dry_run, queue=queue)

    async def resume(self, call: Call, queue: str, dry_run: bool = True) -> Changed:
        """Let the jobs of a paused queue start again."""
        row = await self._queue(call, queue)
        changes = row.get("paused_at") is not None
        note = f"Due in the queue: {counted_jobs(row.get('due', 0))}."
        return await self._one(
            call, "resume", "/queues/resume", changes, note, dry_run, queue=queue
        )

    async def run_schedule(self, call: Call, schedule: str, dry_run: bool = True) -> Changed:
        """Enqueue a job of a schedule now, apart from its ticks."""
        await self._schedule(call, schedule)
        return await self._one(
            call, "run_schedule", "/schedules/run", True, "", dry_run, schedule=schedule
        )

    async def enable_schedule(self, call: Call, schedule: str, dry_run: bool = True) -> Changed:
        """Let a schedule tick again, from its next tick on."""
        row = await self._schedule(call, schedule)
        return await self._one(
            call,
            "enable_schedule",
            "/schedules/enable",
            not row["enabled"],
            "",
            dry_run,
            schedule=schedule,
        )

    async def disable_schedule(self, call: Call, schedule: str, dry_run: bool = True) -> Changed:
        """Stop the ticks of a schedule."""
        row = await self._schedule(call, schedule)
        return await self._one(
            call,
            "disable_schedule",
            "/schedules/disable",
            row["enabled"],
            "",
            dry_run,
            schedule=schedule,
        )

    async def _of_jobs(
        self,
        call: Call,
        action: str,
        ids: Sequence[UUID] | None,
        wanted: dict[str, str | None],
        dry_run: bool,
    ) -> Changed:
        self._site.require(call, action)
        given = {name: value for name, value in wanted.items() if value is not None}
        if bool(ids) == bool(given):
            raise ToolError("Give the ids of jobs, or a filter of them: one of both.")
        if ids and len(ids) > _MOST:
            raise ToolError(f"Give at most {_MOST} ids, or a filter.")
        if action == "run_now" and given:
            given["status"] = "scheduled"  # otherwise due jobs would be counted, too
        path = f"/jobs/{action.replace('_', '-')}"
        if ids and dry_run:
            pages = [await self._site.page(call, f"/jobs/{id_}") for id_ in dict.fromkeys(ids)]
            return changed(action, True, sum(page["may"][action] for page in pages))
        if ids:
            done = await self._site.act(call, path, id=[*map(str, ids)])
            return changed(action, False, done["count"])
        if dry_run:
            asked = await self._site.act(call, path, all="yes", ask="yes", **given)
            return changed(action, True, asked["count"], "", not asked["is_complete"])
        done = await self._site.act(call, path, all="yes", **given)
        return changed(action, False, done["count"], _BACKGROUND)

    async def _one(
        self,
        call: Call,
        action: str,
        path: str,
        changes: bool,
        note: str,
        dry_run: bool,
        **fields: Any,
    ) -> Changed:
        """Change one queue or schedule; nothing if this `changes` nothing."""
        self._site.require(call, action)
        if changes and not dry_run:
            await self._site.act(call, path, **fields)
        return changed(action, dry_run, int(changes), note)

    async def _queue(self, call: Call, queue: str) -> dict[str, Any]:
        """The row of the queue; empty if it has no jobs, workers or settings."""
        read(named, {"queue": queue}, "queue")
        page = await self._site.page(call, "/queues", queue=queue)
        return dict(next(iter(page["queues"]), {}))

    async def _schedule(self, call: Call, schedule: str) -> dict[str, Any]:
        page = await self._site.page(call, "/schedules", name=schedule)
        found = [row for row in page["schedules"] if row["name"] == schedule]
        if not found:
            raise ToolError(f"There is no schedule {schedule[:200]!r}.")
        return dict(found[0])
