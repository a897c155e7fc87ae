"""The process that supervises one embedded Postgres.

It makes the data folder, starts the server, starts it again if it dies while it is in use, and
stops it when the last user is gone. It runs as a file (`python -I supervisor.py FOLDER BINARIES
LOCK SETTINGS`) and imports only the standard library, so that it starts fast.
"""

import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

# A Unix socket's path holds at most 107 bytes on Linux and 103 on macOS.
_LONGEST_SOCKET_FOLDER = 100 - len("/.s.PGSQL.5432.lock")

_INITDB = (
    "--username=postgres",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=peer",
)

_SETTINGS = {
    "client_connection_check_interval": "1s",
    "fsync": "on",
    "jit": "off",
    "listen_addresses": "",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "max_connections": "200",
    "max_parallel_workers_per_gather": "0",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "port": "5432",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "unix_socket_permissions": "0700",
    "wal_level": "minimal",
}


class Supervisor:
    """One server: its folder, its programs, and the account that it runs as."""

    def __init__(self, folder: Path, binaries: Path, lock: int, settings: dict[str, str]) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.binaries = binaries
        self.lock = lock
        self.settings = _SETTINGS | settings
        self.uid, self.gid = _account(self.data)
        self.server: subprocess.Popen[bytes] | None = None
        self.starting = threading.Lock()
        self.stopping = threading.Event()

    def run(self) -> int:
        """Run the server while a process uses it, and return the exit code."""
        with (self.folder / "supervisor.pid").open("w") as own:
            fcntl.flock(own, fcntl.LOCK_EX)  # while it is held, the id in the file is ours
            own.write(str(os.getpid()))
            own.flush()
            return self.supervise()

    def supervise(self) -> int:
        """Make the data folder, and run the server."""
        self.create_data()
        self.admit()
        # We hold the lock, so no process of an earlier server lives, and its status file is stale.
        # Postgres would not start if another process now had the id in this file.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.settings["unix_socket_directories"] = sockets = self.socket_folder()
        threading.Thread(target=self.stop_when_unused, daemon=True).start()
        try:
            return self.serve()
        finally:
            if sockets != str(self.data):
                shutil.rmtree(sockets, ignore_errors=True)

    def create_data(self) -> None:
        """Make the data folder, completely or not at all."""
        if (self.data / "PG_VERSION").exists():
            return
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        os.chown(new, self.uid, self.gid)
        haste = ["--no-sync"] if self.settings["fsync"] == "off" else []
        if self.launch("initdb", *_INITDB, *haste, "-D", str(new)).wait() != 0:
            sys.exit(1)
        new.rename(self.data)

    def admit(self) -> None:
        """Let only our own user and root connect, as any role."""
        users = {0, os.geteuid(), self.uid}
        if os.geteuid() == 0:
            users.discard(_nobody().pw_uid)  # other services may run as it
        names = [pwd.getpwuid(uid).pw_name for uid in sorted(users)]
        (self.data / "pg_hba.conf").write_text("local all all peer map=holders\n")
        (self.data / "pg_ident.conf").write_text(
            "".join(f'holders "{name}" all\n' for name in names)
        )

    def socket_folder(self) -> str:
        """The folder of the socket: the data folder, unless its path is too long or odd."""
        folder = str(self.data)
        if len(os.fsencode(folder)) <= _LONGEST_SOCKET_FOLDER and not set(folder) & set(",\"'\\"):
            return folder
        folder = tempfile.mkdtemp(prefix="conduit-", dir="/tmp")
        os.chown(folder, self.uid, self.gid)
        return folder

    def serve(self) -> int:
        """Run the server; start it again if it dies while it is in use."""
        flags = [part for name, text in self.settings.items() for part in ("-c", f"{name}={text}")]
        quick_ends = 0
        while True:
            started = time.monotonic()
            with self.starting:
                if self.stopping.is_set():
                    return 0
                self.server = self.launch("postgres", "-D", str(self.data), *flags)
            code = self.server.wait()
            if self.stopping.is_set():
                return 0
            # A killed server leaves processes that need a moment to end, so the start may take more
            # than one attempt.
            quick_ends = quick_ends + 1 if time.monotonic() < started + 1 else 0
            if quick_ends > 10:
                return code
            time.sleep(0.2)

    def stop_when_unused(self) -> None:
        """Wait until no process holds `users.lock`, take it, and stop the server."""
        users = os.open(self.folder / "users.lock", os.O_RDWR)
        fcntl.flock(users, fcntl.LOCK_EX)
        idle_since = time.monotonic()
        while time.monotonic() < idle_since + (keep := float(os.pread(users, 32, 0) or 0)):
            fcntl.flock(users, fcntl.LOCK_UN)
            time.sleep(min(keep, 5))
            waited = time.monotonic()
            fcntl.flock(users, fcntl.LOCK_EX)
            if time.monotonic() > waited + 0.1 or self.has_clients():
                idle_since = time.monotonic()
        os.ftruncate(users, 0)
        self.stop()

    def has_clients(self) -> bool:
        """Whether a client is connected."""
        query = (
            "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity "
            "WHERE backend_type = 'client backend'"
        )
        dsn = f"host='{self.settings['unix_socket_directories']}' user=postgres dbname=postgres"
        command = [str(self.binaries / "psql"), "-XAtc", query, dsn]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        return result.stdout.strip() not in ("", "0", "1")

    def stop(self) -> None:
        """Shut the server down: open transactions roll back, committed ones are on disk."""
        with self.starting:
            self.stopping.set()
        if self.server is None:
            return
        for kind, patience in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 0)):
            self.server.send_signal(kind)
            try:
                self.server.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            return

    def launch(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a program of Postgres as the owner of the data: Postgres refuses to run as root.

        The program dies with us if the system can do that, and keeps our lock while it lives.
        """
        command = [str(self.binaries / program), *arguments]
        is_root = os.geteuid() == 0
        setpriv = shutil.which("setpriv")
        if setpriv:
            prefix = [setpriv, "--pdeathsig", "INT"]
            if is_root:
                prefix += [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
                if not all(map(_is_open, (self.folder, self.binaries))):
                    # Under a closed home, the account needs one right of root: to pass through.
                    # access(2) ignores an ordinary user's unless securebits say otherwise.
                    prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
                    prefix += ["--securebits=+no_setuid_fixup"]
            command = [*prefix, "--", *command]
        other = is_root and not setpriv
        return subprocess.Popen(
            command,
            pass_fds=(self.lock,),
            stdin=subprocess.DEVNULL,
            user=self.uid if other else None,
            group=self.gid if other else None,
            extra_groups=[] if other else None,
        )


def _account(data: Path) -> tuple[int, int]:
    """The user and group that the server runs as: never root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    nobody = _nobody()
    return nobody.pw_uid, nobody.pw_gid


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _is_open(folder: Path) -> bool:
    """Whether every user can reach what is in `folder`."""
    return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))


def main() -> None:
    folder, binaries, lock, settings = sys.argv[1:]
    if os.fork():
        # The parent's `run` ends here; init adopts and reaps the supervisor.
        os._exit(0)
    for kind in (signal.SIGINT, signal.SIGHUP):
        # Not SIG_IGN: the server would inherit it and miss an early request to stop.
        signal.signal(kind, lambda *_: None)
    supervisor = Supervisor(Path(folder), Path(binaries), int(lock), json.loads(settings))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=supervisor.stop).start())
    sys.exit(supervisor.run())


if __name__ == "__main__":
    main()
