"""The folder of an embedded server: its locks, and the state that Postgres writes.

Each process that uses the server holds a shared lock on `users.lock`. The supervisor and its server
hold `server.lock` while they live. The kernel drops a process's locks when it ends, also by a kill.
"""

import errno
import fcntl
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from ..model.errors import QueueError


class EmbeddedError(QueueError):
    """The embedded Postgres cannot run; the message says why and what to do."""


class ServerFiles:
    """The files of a server. Their folder may not exist yet."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).resolve()
        self.log = self.path / "log"

    def hold(self, keep: float) -> int:
        """Take the lock that keeps the server up, also for `keep` seconds without a holder.

        Waits while an old server stops. Returns the descriptor of the lock; raises `EmbeddedError`.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):  # `git add .` would commit the database
                (self.path / ".gitignore").write_text("*\n")
            users = os.open(self.path / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise EmbeddedError(
                f"the database folder {self.path} cannot be used: {error.strerror}. "
                "Does it belong to another user? Remove it, or name a database with --dsn"
            ) from error
        fcntl.flock(users, fcntl.LOCK_SH)
        if keep > float(os.pread(users, 32, 0) or 0):
            os.ftruncate(users, 0)
            os.pwrite(users, str(keep).encode(), 0)
        return users

    def try_lock(self) -> int | None:
        """Take the lock that a supervisor and its server hold while they live; None if they do."""
        lock = os.open(self.path / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def status(self) -> list[str]:
        """The lines of Postgres's own status file; empty when there is none."""
        try:
            return (self.path / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def dsn(self) -> str | None:
        """The DSN of the server, or None when none takes connections."""
        lines = self.status()
        if len(lines) < 8 or lines[7].strip() != "ready":
            return None
        port, sockets = lines[3], lines[4]
        with socket.socket(socket.AF_UNIX) as client:
            # The file outlives a power cut; the socket accepts only while the server lives.
            if client.connect_ex(f"{sockets}/.s.PGSQL.{port}") not in (0, errno.EAGAIN):
                return None
        return f"postgresql://postgres@/postgres?host={quote(sockets, safe='')}&port={port}"

    def stop_supervisor(self) -> bool:
        """Send the supervisor a signal; return False if it has not begun its work."""
        try:
            with (self.path / "supervisor.pid").open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:  # the supervisor holds the lock, so the id is its own
                    if pid := file.read():
                        os.kill(int(pid), signal.SIGTERM)
                        return True
        except PermissionError:
            raise EmbeddedError("the embedded Postgres belongs to another user") from None
        except (FileNotFoundError, ProcessLookupError):
            pass
        return False

    def end_of_log(self) -> str:
        """The last lines of the log, for an error message."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        lines = text.split("\n")[-6:]
        return " / ".join(line.strip() for line in lines if line.strip()) + f" (see {self.log})"


def is_last(users: int) -> bool:
    """Whether no other process holds the server; the supervisor may have noticed already."""
    for kind, last in ((fcntl.LOCK_EX, True), (fcntl.LOCK_SH, False)):
        try:
            fcntl.flock(users, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return last
    return True
