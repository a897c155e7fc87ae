"""One viewer of a page, and what it has yet to be sent."""

import asyncio

import msgspec

from .region import Region, Regions


class Update(msgspec.Struct, frozen=True):
    """What a viewer is sent: the regions that changed, or in words why they are old."""

    regions: dict[str, Region]
    problem: str


class Viewer:
    """A viewer that reads as fast as it can.

    Only the newest of each region waits for it, so a viewer that never reads holds no more than one
    page.
    """

    def __init__(self) -> None:
        self._regions: dict[str, Region] = {}
        self._problem = ""
        self._reported = asyncio.Event()

    def report(self, regions: Regions, problem: str = "") -> None:
        """Let the viewer be sent these regions; none of them says that nothing has changed."""
        self._regions.update(regions)
        self._problem = problem
        self._reported.set()

    async def update(self) -> Update:
        """What is to be sent next; waits until there is something."""
        await self._reported.wait()
        self._reported.clear()
        regions, self._regions = self._regions, {}
        return Update(regions, self._problem)
