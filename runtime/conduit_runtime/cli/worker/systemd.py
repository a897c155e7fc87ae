"""Reports the state of a service to systemd: the protocol of sd_notify, over its socket."""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

VARIABLE = "NOTIFY_SOCKET"
_OFTEN = 1.0
"""Seconds between two signs of life, at most."""


class Supervisor(Protocol):
    """The receiver of a worker's state: systemd, or the parent of several processes."""

    def report_ready(self, is_live: Callable[[], bool]) -> None:
        """Take note that the worker works; `is_live` says whether its event loop runs."""

    def report_stopping(self) -> None:
        """Take note that the worker begins to stop."""


class Systemd:
    """Sends messages to the service manager, if the environment names one."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get(VARIABLE, "")
        self.watchdog = watchdog_seconds(environment) if self._address else 0.0

    def notify(self, message: str) -> None:
        """Send a message such as `READY=1`; do nothing without a service manager."""
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):  # in the abstract namespace
            address = "\0" + address[1:]
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.connect(address)
            channel.send(message.encode())

    def report_ready(self, is_live: Callable[[], bool]) -> None:
        """Say that the service works; from now on, send signs of life while it `is_live`."""
        self.notify("READY=1")
        if self.watchdog:
            repeat(self.watchdog, is_live, lambda: self.notify("WATCHDOG=1"))

    def report_stopping(self) -> None:
        """Say that the service stops."""
        self.notify("STOPPING=1")


def watchdog_seconds(environment: Mapping[str, str]) -> float:
    """Seconds without a sign of life after which systemd kills the service; 0 if it never does."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 1e6 if microseconds.isdecimal() and is_ours else 0.0


def repeat(watchdog: float, is_live: Callable[[], bool], send: Callable[[], object]) -> None:
    """Call `send` for ever, while `is_live()`, often enough for a watchdog of so many seconds."""

    def run() -> None:
        pause = threading.Event()
        while True:
            if is_live():
                send()
            pause.wait(min(_OFTEN, watchdog / 4))

    threading.Thread(target=run, name="conduit-watchdog", daemon=True).start()
