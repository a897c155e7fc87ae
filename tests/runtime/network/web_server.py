"""Web servers in their own processes."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
from ports import free_ports
from waiting import until


class Server:
    """A server, its address and its output."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, output: Path) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self._output = output

    @property
    def output(self) -> str:
        return self._output.read_text()

    def responds(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended\n{self.output}")
        try:
            httpx.get(self.url, timeout=5)
        except httpx.TransportError:
            return False
        return True

    def stop(self) -> int:
        """End the server as a supervisor does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextlib.contextmanager
def served(
    command: Sequence[str], folder: Path, output: Path, **environment: str
) -> Iterator[Server]:
    """Start a command that takes `{port}`, yield it once it responds, and stop it at the end."""
    [port] = free_ports(1)
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *(word.format(port=port) for word in command)],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, port, output)
    try:
        until(server.responds)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
