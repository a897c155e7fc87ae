"""A connection between a client and a server that a test can cut, in the test's event loop."""

import asyncio
import contextlib
from typing import Self
from urllib.parse import urlsplit


class Line:
    """Passes bytes on; use it with `async with`. Clients connect to `url`."""

    def __init__(self, url: str) -> None:
        self._there = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        user, _, _ = self._there.netloc.rpartition("@")
        self.url = self._there._replace(netloc=f"{user}@127.0.0.1:{self._port}").geturl()
        return self

    async def __aexit__(self, *raised: object) -> None:
        self.cut()
        for task in self._tasks:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        host, port = self._there.hostname, self._there.port
        there_reader, there_writer = await asyncio.open_connection(host, port)
        self._writers |= {writer, there_writer}
        await asyncio.gather(_pass(reader, there_writer), _pass(there_reader, writer))

    def cut(self) -> None:
        """End all connections, and accept no new ones."""
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def mend(self) -> None:
        """Accept connections again."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
