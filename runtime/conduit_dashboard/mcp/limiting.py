"""Tools that limit queues and job types, each with a dry run."""

from collections.abc import Mapping
from typing import Any

from ..pages.limits import of_queue, of_starts, of_turns, of_type
from ..rendering.texts import counted_jobs
from .results import Changed, changed
from .site import Call, Tools, read


class Limiting(Tools):
    async def limit(
        self,
        call: Call,
        queue: str,
        concurrency: int | None = None,
        per_key: bool = False,
        dry_run: bool = True,
    ) -> Changed:
        """Limit how many jobs of a queue run at once; without concurrency, lift the limit.

        With per_key, limit how many jobs of each key run at once.
        """
        form = _form(queue=queue, concurrency=concurrency, per_key=per_key)
        read(of_queue, form)
        page = await self._site.page(call, "/queues", queue=queue)
        row: dict[str, Any] = next(iter(page["queues"]), {})
        now = row.get("key_concurrency" if per_key else "concurrency")
        note = f"The limit was {now or 'none'}. Running: {counted_jobs(row.get('running', 0))}."
        is_new = now != concurrency
        return await self._done(call, "limit", "/queues/limit", form, is_new, note, dry_run)

    async def share(
        self,
        call: Call,
        queue: str,
        fair: bool = True,
        source: bool = False,
        dry_run: bool = True,
    ) -> Changed:
        """Let the keys of a queue take turns, so that none floods the others; fair=false ends it.

        It overrides the source of the queue's job types; with source=true, that decides again.
        """
        given = {} if source else {"fair": "yes" if fair else "no"}
        form = _form(queue=queue, source=source, **given)
        read(of_turns, form)
        page = await self._site.page(call, "/queues", queue=queue)
        row: dict[str, Any] = next(iter(page["queues"]), {})
        now, origin = row.get("fair", False), row.get("fair_from")
        is_new = now != fair or (fair and origin != "command")
        if source:
            is_new = origin == "command"
        where = f", {_where(origin)}" if origin else ""
        note = f"Its keys {'took' if now else 'did not take'} turns{where}."
        return await self._done(call, "share", "/queues/share", form, is_new, note, dry_run)

    async def limit_type(
        self,
        call: Call,
        type: str,
        concurrency: int | None = None,
        per_key: bool = False,
        source: bool = False,
        dry_run: bool = True,
    ) -> Changed:
        """Limit how many jobs of a type run at once; without concurrency, lift the limit.

        With per_key, limit how many jobs of each key run at once. It overrides the limit in the
        source of the type; with source=true, that one applies again.
        """
        form = _form(type=type, concurrency=concurrency, per_key=per_key, source=source)
        read(of_type, form)
        row = await self._limits(call, type)
        name = "key_concurrency" if per_key else "concurrency"
        now, origin = row.get(name), row.get(f"{name}_from")
        is_new = _is_new((now,), origin, (concurrency,), source)
        note = _was(str(now) if now else None, origin)
        return await self._done(call, "limit_type", "/types/limit", form, is_new, note, dry_run)

    async def rate_limit(
        self,
        call: Call,
        type: str,
        starts: int | None = None,
        per: float = 1,
        per_key: bool = False,
        source: bool = False,
        dry_run: bool = True,
    ) -> Changed:
        """Let at most so many jobs of a type start in any `per` seconds; without starts, lift it.

        With per_key, count the jobs of each key apart. It overrides the rate in the source of the
        type; with source=true, that one applies again.
        """
        form = _form(type=type, starts=starts, per=per, per_key=per_key, source=source)
        read(of_starts, form)
        row = await self._limits(call, type)
        key = "key_" if per_key else ""
        now, origin = (row.get(f"{key}starts"), row.get(f"{key}per")), row.get(f"{key}rate_from")
        is_new = _is_new(now, origin, (starts, per), source)
        note = _was(f"{now[0]} in {now[1]:g} s" if now[0] else None, origin)
        return await self._done(
            call, "rate_limit", "/types/rate-limit", form, is_new, note, dry_run
        )

    async def _done(
        self,
        call: Call,
        action: str,
        path: str,
        form: Mapping[str, str],
        is_new: bool,
        note: str,
        dry_run: bool,
    ) -> Changed:
        """Set a limit, unless it is so already."""
        self._site.require(call, action)
        if is_new and not dry_run:
            await self._site.act(call, path, **form)
        return changed(action, dry_run, int(is_new), note)

    async def _limits(self, call: Call, type: str) -> dict[str, Any]:
        """The limits of a type; empty if it has none."""
        page = await self._site.page(call, "/queues")
        return next((dict(row) for row in page["type_limits"] if row["type"] == type), {})


def _form(**given: str | float | bool | None) -> dict[str, str]:
    """The fields of a form: a field that is not set is left out."""
    return {
        name: "yes" if value is True else str(value)
        for name, value in given.items()
        if value is not None and value is not False
    }


def _is_new(
    now: tuple[Any, ...], origin: str | None, wanted: tuple[Any, ...], source: bool
) -> bool:
    """Whether a limit changes what applies, or where it is set."""
    if source:
        return origin == "command"
    if wanted[0] is None:
        return now[0] is not None
    return (now, origin) != (wanted, "command")


def _was(limit: str | None, origin: str | None) -> str:
    where = f", {_where(origin)}" if origin else ""
    return f"The limit was {limit or 'none'}{where}."


def _where(origin: str) -> str:
    return f"from {'the source' if origin == 'source' else 'a command'}"
