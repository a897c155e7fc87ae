"""Server processes: started as an ordinary user, frozen, and killed with their children."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from replication import USER


def own_folder(folder: Path) -> Path:
    """Make the folder if it is missing, and give it to the user that runs the servers."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    folder.chmod(0o700)
    return folder


class ServerProcess:
    """A program that runs until it is killed; `folder` is its working folder and holds its log."""

    def __init__(self, name: str, folder: Path, command: Sequence[str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._folder = folder
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the program, or start it again."""
        user: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = {"user": USER, "group": USER, "extra_groups": []}
        environment = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=environment | {"HOME": str(self._folder), "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                **user,
            )

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program and its descendants."""
        if self.is_running and self._process is not None:
            signal_tree(self._process.pid, number)

    def kill(self) -> None:
        """End the program with signal 9."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()


def signal_tree(root: int, number: signal.Signals) -> None:
    """Send a signal to a process and to its descendants, the process first."""
    for pid in [root, *descendants(root)]:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def descendants(root: int, of: Callable[[str], bool] = lambda command: True) -> list[int]:
    """The descendants of a process whose command line fits."""
    children: dict[int, list[int]] = {}
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(each.name))
    found, left = [], list(children.get(root, ()))
    while left:
        pid = left.pop()
        left += children.get(pid, ())
        with suppress(OSError):
            if of(Path(f"/proc/{pid}/cmdline").read_text(errors="replace")):
                found.append(pid)
    return found
