"""Viewers of a dashboard: `python -m benchmarks.dashboard.viewers URL PATH…`, one for each page.

They come at a line on standard input, and leave at the next one. The program prints "watching"
when each viewer has received something, and "left". If a page ends before, it ends with an error.
"""

import asyncio
import sys
from collections.abc import Sequence

import httpx


async def main(url: str, paths: Sequence[str]) -> None:
    """Come and go until standard input ends."""
    limits = httpx.Limits(max_connections=None)
    while await asyncio.to_thread(sys.stdin.readline):
        async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
            await _watch_all(client, paths)
        print("left", flush=True)


async def _watch_all(client: httpx.AsyncClient, paths: Sequence[str]) -> None:
    started = [asyncio.Event() for _ in paths]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_watch(client, path, event))
            for path, event in zip(paths, started, strict=True)
        ]
        for event in started:
            await event.wait()
        print("watching", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for task in tasks:
            task.cancel()


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
