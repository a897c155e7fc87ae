"""Several worker processes under one command: they stop together, and a dead one is replaced."""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..worker.pool import WorkerPool

_STEADY = 10.0
"""A process that lived for so many seconds is replaced without delay."""
_SHORTEST, _LONGEST = 0.5, 30.0
"""Seconds until a process that died early is replaced: doubled each time, up to the longest."""


def run_processes(dsn: str, ports: Sequence[str], processes: int) -> int:
    """Run this command in several processes and return the exit code; `ports` are for metrics.

    A process that dies is reported on stderr and replaced. SIGTERM and SIGINT stop all gently, a
    second signal kills them. If the first process that ends fails before any was ready, all end.
    """
    command = [sys.executable, "-m", "conduit_runtime.cli", *sys.argv[1:], "--processes", "1"]
    commands = [[*command, "--metrics-port", port] for port in ports] or [command] * processes
    return _Processes(commands, os.environ | {"CONDUIT_DATABASE_URL": dsn}).run()


class Parent:
    """The process that started this one, reached by a socket pair."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.set_inheritable(False)

    def tell_ready(self, pool: "WorkerPool") -> None:
        """Signal that the pool works; from now on the pool stops gently if the parent ends."""
        with suppress(OSError):
            self._socket.sendall(b".")
        threading.Thread(target=self._stop_without, args=(pool,), daemon=True).start()

    def _stop_without(self, pool: "WorkerPool") -> None:
        with suppress(OSError):
            self._socket.recv(1)  # returns only when the parent has closed its end
        pool.stop()


class _Child:
    """One worker process; it is put into `ended` when it has ended."""

    def __init__(
        self,
        slot: int,
        command: Sequence[str],
        environment: dict[str, str],
        ended: "queue.SimpleQueue[_Child | int]",
    ) -> None:
        self.slot = slot
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
        """Whether it has reported that it works."""
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except OSError:
            return False


class _Processes:
    def __init__(self, commands: Sequence[Sequence[str]], environment: dict[str, str]) -> None:
        self._commands = commands
        self._environment = environment
        self._events: queue.SimpleQueue[_Child | int] = queue.SimpleQueue()
        self._living: set[_Child] = set()
        self._due = dict.fromkeys(range(len(commands)), 0.0)  # slot: when to start its process
        self._early_deaths = [0] * len(commands)
        self._were_ready = False
        self._stopping: int | None = None
        self._killed_by: int | None = None
        self._code = 0

    def run(self) -> int:
        """Run until all have ended; returns the worst exit code of those that were not replaced."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: self._events.put(number))
        while self._living or self._due:
            now = time.monotonic()
            for slot in [slot for slot, due in self._due.items() if due <= now]:
                del self._due[slot]
                command = self._commands[slot]
                self._living.add(_Child(slot, command, self._environment, self._events))
            wait = min(self._due.values()) - now if self._due else None
            try:
                event = self._events.get(timeout=wait)
            except queue.Empty:
                continue
            if isinstance(event, _Child):
                self._after(event)
            else:
                self._stop(event)
        return self._code if self._killed_by is None else 128 + self._killed_by

    def _stop(self, number: int) -> None:
        """Gently the first time, at once the second time."""
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
        click.echo(f"conduit-jobs: worker process {child.process.pid} {how}: {then}", err=True)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
