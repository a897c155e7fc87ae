"""Viewers of a dashboard: `python -m benchmarks.dashboard.viewers URL PATH…` watches each page.

Prints "watching" once each of them has been sent something. Ends with an error when a page ends.
"""

import asyncio
import sys
from collections.abc import Sequence

import httpx


async def main(url: str, paths: Sequence[str]) -> None:
    """Read the changes of each page, on a connection for each."""
    started = [asyncio.Event() for _ in paths]
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for path, event in zip(paths, started, strict=True):
            tasks.create_task(_watch(client, path, event))
        for event in started:
            await event.wait()
        print("watching", flush=True)


async def _watch(client: httpx.AsyncClient, path: str, started: asyncio.Event) -> None:
    headers = {"Accept": "text/event-stream"}
    async with client.stream("GET", path, headers=headers) as stream:
        stream.raise_for_status()
        async for line in stream.aiter_lines():
            if line.startswith("data:"):
                started.set()
    raise RuntimeError(f"the stream of {path} ended")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
