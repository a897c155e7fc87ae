"""Several worker processes under one command: they stop together, and a dead one is replaced."""

import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..application import present_application
from .systemd import VARIABLE, Systemd, repeat

if TYPE_CHECKING:
    from ...worker.pool import WorkerPool

_log = logging.getLogger("conduit.worker")

_WATCHDOG = "CONDUIT_WATCHDOG_SECONDS"
_SILENCE = 5.0
"""Seconds without a sign of life after which a process counts as blocked."""
_GLANCE = 0.1
"""Seconds between two checks whether all processes are ready."""
_STEADY = 10.0
"""Seconds after which a process that ends is replaced without delay."""
_SHORTEST, _LONGEST = 0.5, 30.0
"""Seconds until a process that died early is replaced: doubled each time, up to the longest."""


def run_processes(dsn: str | None, arguments: Sequence[Sequence[str]]) -> int:
    """Run this command once for each of the further arguments, and return the exit code.

    A process that dies is reported on stderr and replaced. SIGTERM and SIGINT stop all processes
    gently; a second signal kills them. If the first process that ends fails before any process was
    ready, all of them end.
    """
    application = present_application()
    ours = [sys.executable, "-m", "conduit_runtime.cli", *sys.argv[1:]]
    command = [*(application.program() if application else ours), "--processes", "1"]
    environment = {**os.environ}
    if dsn is not None:
        environment["CONDUIT_DATABASE_URL"] = dsn
    environment.pop(VARIABLE, None)  # only this process reports to systemd, for the whole service
    commands = [[*command, *each] for each in arguments]
    return _Processes(commands, environment, Systemd()).run()


class Parent:
    """The process that started this one, reached by a socket pair."""

    def __init__(self, descriptor: int, pool: "WorkerPool") -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.set_inheritable(False)
        self._pool = pool
        self._watchdog = float(os.environ.get(_WATCHDOG, 0))

    def report_ready(self, is_live: Callable[[], bool]) -> None:
        """Signal that the pool works; from now on the pool stops gently if the parent ends."""
        self._send()
        threading.Thread(target=self._stop_without, daemon=True).start()
        if self._watchdog:
            repeat(self._watchdog, is_live, self._send)

    def report_stopping(self) -> None:
        """Do nothing: the parent has forwarded the signal, so it knows."""

    def _send(self) -> None:
        with suppress(OSError):
            self._socket.send(b".", socket.MSG_DONTWAIT)

    def _stop_without(self) -> None:
        with suppress(OSError):
            self._socket.recv(1)  # returns only when the parent has closed its end
        self._pool.stop()


class _Child:
    """One worker process. When it has ended, it is put into the queue `ended`."""

    def __init__(
        self,
        slot: int,
        command: Sequence[str],
        environment: dict[str, str],
        ended: "queue.SimpleQueue[_Child | int]",
    ) -> None:
        self.slot = slot
        self._signed_at: float | None = None
        self.started = time.monotonic()
        self.socket, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            # In its own group, so that Ctrl-C reaches only the parent, which forwards it once.
            self.process = subprocess.Popen(
                [*command, "--parent", str(descriptor)],
                env=environment,
                pass_fds=[descriptor],
                process_group=0,
            )
        threading.Thread(target=self._wait, args=(ended,), daemon=True).start()

    def _wait(self, ended: "queue.SimpleQueue[_Child | int]") -> None:
        self.process.wait()
        ended.put(self)

    def is_ready(self) -> bool:
        """Whether the process has reported that it works."""
        self._read()
        return self._signed_at is not None

    def is_live(self) -> bool:
        """Whether the process sent a sign of life within the last seconds, or is not ready yet."""
        self._read()
        signed_at = self._signed_at
        return signed_at is None or time.monotonic() - signed_at < _SILENCE

    def _read(self) -> None:
        with suppress(OSError):
            if self.socket.recv(4096, socket.MSG_DONTWAIT):
                self._signed_at = time.monotonic()


class _Processes:
    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        environment: dict[str, str],
        systemd: Systemd,
    ) -> None:
        self._systemd = systemd
        if systemd.watchdog:
            environment[_WATCHDOG] = str(systemd.watchdog)
        self._commands = commands
        self._environment = environment
        self._events: queue.SimpleQueue[_Child | int] = queue.SimpleQueue()
        self._living: set[_Child] = set()
        self._due = dict.fromkeys(range(len(commands)), 0.0)  # slot: when to start its process
        self._early_deaths = [0] * len(commands)
        self._were_ready = self._reported_ready = False
        self._stopping: int | None = None
        self._killed_by: int | None = None
        self._code = 0

    def run(self) -> int:
        """Run until all end; return the worst exit code of processes that were not replaced."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: self._events.put(number))
        while self._living or self._due:
            now = time.monotonic()
            for slot in [slot for slot, due in self._due.items() if due <= now]:
                del self._due[slot]
                command = self._commands[slot]
                self._living.add(_Child(slot, command, self._environment, self._events))
            wait = min(self._due.values()) - now if self._due else None
            if not self._reported_ready:
                wait = _GLANCE if wait is None else min(wait, _GLANCE)
                self._look_whether_ready()
            try:
                event = self._events.get(timeout=wait)
            except queue.Empty:
                continue
            if isinstance(event, _Child):
                self._after(event)
            else:
                self._stop(event)
        return self._code if self._killed_by is None else 128 + self._killed_by

    def _look_whether_ready(self) -> None:
        """Report to systemd once all processes are ready."""
        if self._stopping is None and not self._due and all(c.is_ready() for c in self._living):
            self._reported_ready = True
            self._systemd.report_ready(lambda: all(each.is_live() for each in {*self._living}))

    def _stop(self, number: int) -> None:
        """Stop all processes: gently the first time, at once the second time."""
        self._systemd.report_stopping()
        self._due.clear()
        for child in self._living:
            if self._stopping is None:
                child.process.send_signal(number)
            else:
                child.process.kill()
        if self._stopping is not None:
            self._killed_by = number
        self._stopping = self._stopping or number

    def _after(self, child: _Child) -> None:
        """React to the end of a process."""
        self._living.remove(child)
        was_ready = child.is_ready()
        self._were_ready |= was_ready or any(each.is_ready() for each in self._living)
        child.socket.close()
        code = child.process.returncode
        if code == 0:
            return
        if self._stopping is not None:
            # The signal may end a process that was not ready yet; that is no failure.
            if code != -self._stopping:
                self._code = max(self._code, code if code > 0 else 128 - code)
        elif code > 0 and not self._were_ready:
            self._code = code
            self._stop(signal.SIGTERM)
        else:
            self._replace(child, was_ready)

    def _replace(self, child: _Child, was_ready: bool) -> None:
        now = time.monotonic()
        # A process that was never ready died early, however long its start took.
        was_steady = was_ready and now - child.started >= _STEADY
        deaths = 0 if was_steady else self._early_deaths[child.slot] + 1
        wait = min(_SHORTEST * 2 ** (min(deaths, 10) - 1), _LONGEST) if deaths else 0.0
        self._early_deaths[child.slot] = deaths
        self._due[child.slot] = now + wait
        code = child.process.returncode
        how = f"ended with code {code}" if code > 0 else f"was killed by {_name(-code)}"
        then = f"starting another in {wait:g} s" if wait else "starting another"
        _log.warning("worker process %d %s: %s", child.process.pid, how, then)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
