"""A relay between clients and a Postgres server that can fall silent or hold responses."""

import asyncio
import contextlib
import re
import threading
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Relay:
    """Passes bytes on in both directions, in its own thread.

    It listens on a port of the loopback interface or, if a folder is given, on a Unix socket in
    the folder, under the name for port 5432. Clients connect to `dsn`. `turns` counts how often
    a client sent something after a response of the server.
    """

    def __init__(self, dsn: str, folder: Path | None = None) -> None:
        server = conninfo_to_dict(dsn)
        self._host, self._port = str(server.get("host", "localhost")), int(server.get("port", 5432))
        self._folder = folder
        self._writers: set[asyncio.StreamWriter] = set()
        self._speaks = threading.Event()
        self._speaks.set()
        self._held = b""
        self._let_through = asyncio.Event()
        self.accepted = 0
        self.turns = 0
        self._answered = True
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()
        host, port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.dsn = make_conninfo(dsn, host=host, port=port, sslmode="disable")

    async def _listen(self) -> tuple[str, int]:
        if self._folder is not None:
            path = self._folder / ".s.PGSQL.5432"
            self._server = await asyncio.start_unix_server(self._accept, path)
            path.chmod(0o777)
            return str(self._folder), 5432
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return "127.0.0.1", self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._host.startswith("/"):
            opening = asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        else:
            opening = asyncio.open_connection(self._host, self._port)
        there_reader, there_writer = await opening
        self._writers |= {writer, there_writer}
        start = await reader.read(65_536)
        there_writer.write(start)
        name = re.search(rb"application_name\0([^\0]*)", start)
        asking = self._pass(reader, there_writer, None)
        answering = self._pass(there_reader, writer, b"" if name is None else name[1])
        await asyncio.gather(asking, answering)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: bytes | None
    ) -> None:
        """Pass on what the server sends to the client `to`, or a client's data if it is None."""
        is_client = to is None
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if not self._speaks.is_set():
                    await asyncio.Event().wait()  # the data and all that follows is lost
                while to and to == self._held:
                    await self._let_through.wait()
                self.turns += is_client and self._answered
                self._answered = not is_client
                writer.write(data)
                await writer.drain()
        if self._speaks.is_set():
            writer.close()
        self._writers.discard(writer)

    def fall_silent(self) -> None:
        """Drop all data of both directions from now on; neither end notices it."""
        self._speaks.clear()

    def hold(self, name: str) -> None:
        """Hold what the server sends to connections with this application name."""
        self._let_through.clear()
        self._held = name.encode()

    def release(self) -> None:
        """Pass on the held data."""
        self._held = b""
        self._loop.call_soon_threadsafe(self._let_through.set)

    def speak(self) -> None:
        """Serve new connections again; older connections stay silent."""
        self._speaks.set()

    def close(self) -> None:
        """End every connection."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
