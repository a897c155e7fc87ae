"""Links between clients and a broker, like a load balancer: each can be cut or stalled."""

import asyncio
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress


class Links:
    """Makes links; a thread of its own passes the traffic on."""

    def __init__(self, ports: Callable[[], Sequence[int]]) -> None:
        self._ports = ports
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._thread.start()
        self._links: list[Link] = []

    def new(self) -> "Link":
        """Make a link to one of the ports, chosen for each connection."""
        link = Link(self._loop, self._ports)
        asyncio.run_coroutine_threadsafe(link.listen(), self._loop).result(10)
        self._links.append(link)
        return link

    def close(self) -> None:
        """End every connection."""
        for link in self._links:
            link.cut()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Link:
    """Listens on `port`; its methods are called from other threads."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ports: Callable[[], Sequence[int]]) -> None:
        self.port = 0
        self._loop = loop
        self._ports = ports
        self._is_cut = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        """Begin to accept clients."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End all connections, and end each new one at once."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Hold the traffic in both directions until `mend`: nothing is lost, everything is late."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def mend(self) -> None:
        """Pass on what was held, and accept clients."""
        self._loop.call_soon_threadsafe(self._mend)

    def _mend(self) -> None:
        self._is_cut = False
        self._flows.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = None if self._is_cut else await self._connect()
        if there is None:
            writer.transport.abort()
            return
        there_reader, there_writer = there
        self._writers |= {writer, there_writer}
        try:
            ways = (reader, there_writer), (there_reader, writer)
            tasks = [asyncio.create_task(self._pass(*way)) for way in ways]
            with suppress(asyncio.CancelledError):  # asyncio would report it
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (writer, there_writer):
                each.close()
                self._writers.discard(each)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Connect to the first port, in random order, that accepts a connection."""
        ports = list(self._ports())
        random.shuffle(ports)
        for port in ports:
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(262_144):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
