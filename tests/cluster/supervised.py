"""Server programs that tests start, and that end with the tests."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

# The shell ends itself and its group once no process holds the other end of its standard input. The
# kernel closes that end with the last process that used the program, however that process ended.
_RUN = '"$@" </dev/null & echo $! > "$PID_FILE"; cat > /dev/null; kill -s KILL 0'


class Supervised:
    """A program in a process group of its own, killed when its users are gone.

    `users` is the read end of a pipe, and its users hold the other end. Without a pipe, this
    process is the only user. Output is appended to `log`.
    """

    def __init__(
        self,
        command: list[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        users: int = subprocess.PIPE,
    ) -> None:
        self._pid_file = log.with_suffix(".pid")
        self._pid_file.unlink(missing_ok=True)
        with log.open("ab") as output:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _RUN, "sh", *command],
                stdin=users,
                stdout=output,
                stderr=output,
                env={**environment, "PID_FILE": str(self._pid_file)},
                cwd=log.parent,
                start_new_session=True,
            )

    @property
    def has_ended(self) -> bool:
        """Whether the program is gone, killed or not."""
        try:
            pid = int(self._pid_file.read_text() or 0)
        except FileNotFoundError:
            return self._shell.poll() is not None
        return bool(pid) and not _is_running(pid)

    def signal(self, kind: signal.Signals) -> None:
        """Send a signal to the program alone."""
        os.kill(int(self._pid_file.read_text()), kind)

    def kill(self) -> None:
        """Kill the program and its group, and wait until it is gone."""
        if self._shell.poll() is None:
            os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()


def _is_running(pid: int) -> bool:
    """Whether a process with this id exists and is not a zombie."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return done.stdout.strip()[:1] not in (b"", b"Z")
