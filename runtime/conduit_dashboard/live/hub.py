"""One task that renders the watched pages, for all viewers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from conduit_runtime.model.text.logs import get_logger

from ..errors import DatabaseDown, Refusal, place_of
from .region import Regions, changed
from .viewer import Viewer

_log = get_logger("conduit.dashboard")

INTERVAL = 2.0
"""Seconds from one round to the next, if rendering takes a small part of them."""
_SHARE = 0.04
"""The share of the time that rendering may take. The rest leaves the database to the workers."""
_LONGEST_PAUSE = 10.0
"""The longest pause between two rounds, in seconds."""
DEADLINE = 30.0
"""Timeout for rendering a page, in seconds; its statements have timeouts of their own."""

Render = Callable[[], Awaitable[Regions]]


@dataclass(slots=True)
class _Watch:
    """A watched page: how to render it, and what it showed last.

    `began_at` is the time at which rendering `regions` began. `is_due` says that a viewer waits for
    a newer rendering.
    """

    render: Render
    viewers: set[Viewer] = field(default_factory=set)
    regions: Regions | None = None
    began_at: float = 0.0
    is_due: bool = True
    problem: str = ""

    def show(self, regions: Regions, began_at: float) -> None:
        """Send the viewers what changed, or all to those that wait for a newer rendering."""
        changes = changed(self.regions or {}, regions)
        self.regions, self.began_at, self.problem = regions, began_at, ""
        for viewer in self.viewers:
            if not viewer.waits:
                viewer.report(changes)
            elif viewer.since <= began_at:
                viewer.waits = False
                viewer.report(regions)
        self.is_due = any(viewer.waits for viewer in self.viewers)

    def report(self, problem: str) -> None:
        self.problem = problem
        for viewer in self.viewers:
            viewer.report({}, problem)


class Hub:
    """Renders each watched page once per `interval` seconds, however many watch it.

    The hub renders pages one after another, so one connection to the database is enough. After a
    round that takes long, it pauses for 24 times that long, 10 s at most. The task lives while
    there are viewers: without viewers, the hub does not query the database.
    """

    def __init__(self, interval: float = INTERVAL, deadline: float = DEADLINE) -> None:
        self._interval = interval
        self._deadline = deadline
        self._watches: dict[Hashable, _Watch] = {}
        self._down = ""
        self._joined = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def viewers(self) -> int:
        """The number of viewers."""
        return sum(len(watch.viewers) for watch in self._watches.values())

    @contextmanager
    def watch(self, key: Hashable, render: Render, since: float = 0.0) -> Iterator[Viewer]:
        """Yield a viewer of the page that `render` returns.

        Pages with the same `key` are the same page. `since` is the time of what the viewer shows:
        no update is older. The viewer gets the present regions at once, rendered again if needed.
        """
        watch = self._watches.setdefault(key, _Watch(render))
        viewer = Viewer(min(since, time.time()))
        watch.viewers.add(viewer)
        viewer.waits = watch.regions is None or watch.began_at < viewer.since
        watch.is_due |= viewer.waits
        if watch.problem or self._down or not viewer.waits:
            known = {} if viewer.waits else watch.regions or {}
            viewer.report(known, watch.problem or self._down)
        self._joined.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        try:
            yield viewer
        finally:
            watch.viewers.discard(viewer)
            if not watch.viewers and self._watches.get(key) is watch:
                del self._watches[key]
                self._joined.set()  # the task ends with the last

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        next_round = clock()
        while self._watches:
            self._joined.clear()
            started = clock()
            if started >= next_round:
                await self._round(list(self._watches.values()))
                taken = 0.0 if self._down else clock() - started
                pause = min(taken / _SHARE - taken, _LONGEST_PAUSE)
                next_round = max(started + self._interval, started + taken + pause)
            elif not self._down:
                await self._round([w for w in self._watches.values() if w.is_due])
            await _within(next_round - clock(), self._joined)
        self._down = ""

    async def _round(self, watches: list[_Watch]) -> None:
        """Render these pages; end the round at the first that finds the database down."""
        for watch in watches:
            if not watch.viewers:
                continue
            began_at, watch.is_due = time.time(), False
            try:
                async with asyncio.timeout(self._deadline):
                    regions = await watch.render()
            except DatabaseDown as error:
                if not self._down:
                    _log.warning("the database cannot be reached; open pages say so")
                self._down = str(error)
                for each in self._watches.values():
                    each.report(self._down)
                return
            except TimeoutError:
                watch.report(f"This page took more than {self._deadline:.0f} s to render.")
            except Exception as error:
                self._refuse(watch, error)
            else:
                if self._down:
                    _log.warning("the database can be reached again")
                self._down = ""
                watch.show(regions, began_at)

    def _refuse(self, watch: _Watch, error: Exception) -> None:
        if isinstance(error, Refusal):
            watch.report(str(error))
            return
        words = "This page could not be rendered again; the log of the dashboard says why."
        if watch.problem != words:  # once, not in every round
            _log.error("a watched page could not be rendered: %s", place_of(error))
        watch.report(words)


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for the event, at most this long."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        return
