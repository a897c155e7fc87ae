"""One viewer of a page, and the updates that it has not got yet."""

import asyncio

import msgspec

from .region import Region, Regions


class Update(msgspec.Struct, frozen=True):
    """A message to a viewer: the regions that changed, or in words why they are old."""

    regions: dict[str, Region]
    problem: str


class Viewer:
    """A viewer that reads as fast as it can.

    It stores only the newest version of each region, so a viewer that never reads holds at most one
    page. `since` is the time of the page that it shows already; while it `waits`, no rendering that
    began later has been sent.
    """

    def __init__(self, since: float = 0.0) -> None:
        self.since = since
        self.waits = True
        self._regions: dict[str, Region] = {}
        self._problem = ""
        self._reported = asyncio.Event()

    def report(self, regions: Regions, problem: str = "") -> None:
        """Send the viewer these regions; an empty mapping says that nothing has changed."""
        self._regions.update(regions)
        self._problem = problem
        self._reported.set()

    async def update(self) -> Update:
        """Wait until there is something to send, and return it."""
        await self._reported.wait()
        self._reported.clear()
        regions, self._regions = self._regions, {}
        return Update(regions, self._problem)
