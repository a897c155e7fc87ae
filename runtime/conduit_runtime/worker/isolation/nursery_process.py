"""The worker's end of its nursery: starts it, and has it start, signal and reap children."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from collections import deque
from typing import NamedTuple, Self

from ...model.errors import ProcessDied
from ...model.text.logs import get_logger
from .messages import Preparation, frame
from .nursery import BEGIN, COMMAND, ENDED, NOTICE, SIGNAL, program, signal_group

_log = get_logger("conduit.worker")

LAST = 5.0
"""Seconds that a nursery gets to end its children and itself."""


class Exit(NamedTuple):
    """How a process ended: its exit code, or the negative number of a signal; its bytes at most.

    Without a code, it was killed since its nursery had died.
    """

    code: int | None
    memory: int


class Begun(NamedTuple):
    """A child that the nursery has started."""

    pid: int
    exited: "asyncio.Future[Exit]"


class NurseryProcess:
    """A nursery. All methods belong to the worker's loop."""

    def __init__(self, process: "subprocess.Popen[bytes]", control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._loop = asyncio.get_running_loop()
        self._beginning: deque[asyncio.Future[Begun]] = deque()
        self._exited: dict[int, asyncio.Future[Exit]] = {}
        self.is_alive = True
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def started(cls, preparation: Preparation) -> Self:
        """Start one, and wait until it has imported what it can."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220 - it takes milliseconds, once
                program("nursery", sys.path, theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,  # a Ctrl-C is for the worker, which lets running jobs end
            )
        ours.setblocking(False)
        nursery = cls(process, ours)
        try:
            await nursery._loop.sock_sendall(ours, frame(preparation))
            may_fork = (await nursery._notice())[2]
        except BaseException:
            await nursery.close()
            raise
        if not may_fork and sys.platform != "darwin":
            _log.warning(
                "modules of isolated handlers start threads or connections when they are imported, "
                "so each child process imports them anew: start these later, to save memory"
            )
        nursery._reading = asyncio.create_task(nursery._read(), name="conduit nursery")
        return nursery

    async def begin(self, connection: socket.socket) -> Begun:
        """Start a child on this socket. Raises ProcessDied if the nursery has died."""
        begun: asyncio.Future[Begun] = self._loop.create_future()
        self._beginning.append(begun)
        with connection:
            try:
                command = COMMAND.pack(BEGIN, 0, 0)
                socket.send_fds(self._control, [command], [connection.fileno()])
            except OSError:
                self._beginning.remove(begun)
                raise _died() from None
        return await begun

    def signal(self, pid: int, number: int) -> None:
        """Send a signal to a child and what it has started, unless it was reaped."""
        with contextlib.suppress(OSError):
            self._control.send(COMMAND.pack(SIGNAL, pid, number))

    async def close(self) -> None:
        """End it, and kill its children."""
        self._control.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await asyncio.to_thread(self._reap)

    def _reap(self) -> None:
        try:
            self._process.wait(LAST)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def _read(self) -> None:
        try:
            while True:
                what, pid, number, kilobytes = await self._notice()
                if what == BEGIN:
                    exited: asyncio.Future[Exit] = self._loop.create_future()
                    self._exited[pid] = exited
                    begun = self._beginning.popleft()
                    if not begun.cancelled():
                        begun.set_result(Begun(pid, exited))
                    else:
                        self.signal(pid, signal.SIGKILL)
                elif what == ENDED:
                    self._exited.pop(pid).set_result(Exit(number, kilobytes * 1024))
        except (OSError, ProcessDied):
            _log.warning("the process that starts children has died: another one is started")
        finally:
            self.is_alive = False
            for each in self._beginning:
                if not each.done():
                    each.set_exception(_died())
            for pid, exited in self._exited.items():
                signal_group(pid, signal.SIGKILL)
                exited.set_result(Exit(None, 0))
            self._exited.clear()

    async def _notice(self) -> tuple[bytes, int, int, int]:
        data = b""
        while len(data) < NOTICE.size:
            part = await self._loop.sock_recv(self._control, NOTICE.size - len(data))
            if not part:
                raise _died()
            data += part
        found: tuple[bytes, int, int, int] = NOTICE.unpack(data)
        return found


def _died() -> ProcessDied:
    return ProcessDied("the process that starts the processes of isolated jobs has died")
