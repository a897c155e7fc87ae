"""A queue to measure, in its own environment of Python or Node."""

import shutil
import subprocess
import sys
import venv
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_SCRIPTS = Path(__file__).parent.resolve()
_CACHE = Path.home() / ".cache" / "conduit-benchmarks"


@dataclass(frozen=True, slots=True)
class Peer(ABC):
    """A queue to measure: what to install, and the setting that its script uses.

    `jobs` is how many jobs it drains: so many that its start does not count. `at_most` is the
    largest part of our rate that it should reach.
    """

    name: str
    requirements: tuple[str, ...]
    setting: str
    jobs: int = 30_000
    at_most: float = 0.33

    @property
    def folder(self) -> Path:
        """The folder of its environment."""
        return _CACHE / self.name

    def command(self) -> list[str] | None:
        """Install the queue if needed, and return its script's command; None if it cannot be."""
        ready = self.folder / "ready"
        if not ready.exists():
            if not self._install():
                return None
            ready.touch()
        return self._start()

    @abstractmethod
    def _install(self) -> bool:
        """Make the environment, and return whether that was possible."""

    @abstractmethod
    def _start(self) -> list[str] | None:
        """The command that starts the script in the environment; None without its interpreter."""


@dataclass(frozen=True, slots=True)
class PythonPeer(Peer):
    """A queue from PyPI, for that Python or a later one."""

    python: tuple[int, int] = (3, 11)

    def _install(self) -> bool:
        make = _maker(self.python)
        if make is None:
            return False
        make(self.folder)
        pip = [self._interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        return not subprocess.run([*pip, *self.requirements], check=False).returncode

    def _start(self) -> list[str]:
        return [self._interpreter, str(_SCRIPTS / f"run_{self.name}.py")]

    @property
    def _interpreter(self) -> str:
        return str(self.folder / "bin" / "python")


@dataclass(frozen=True, slots=True)
class NodePeer(Peer):
    """A queue from the npm registry."""

    def _install(self) -> bool:
        npm = shutil.which("npm")
        if npm is None or self._start() is None:
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        options = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        install = [npm, "install", "--prefix", str(self.folder), *options, *self.requirements]
        return not subprocess.run(install, check=False, stdout=subprocess.DEVNULL).returncode

    def _start(self) -> list[str] | None:
        node = shutil.which("node")
        return [node, str(_SCRIPTS / f"run_{self.name}.mjs")] if node else None


def _maker(wanted: tuple[int, int]) -> Callable[[Path], object] | None:
    """A function that makes an environment with this Python or a later one; None without one."""
    if sys.version_info >= wanted:
        return lambda folder: venv.create(folder, with_pip=True, clear=True)
    for minor in range(wanted[1], wanted[1] + 3):
        command = [f"python{wanted[0]}.{minor}", "-m", "venv"]
        try:
            subprocess.run([*command, "--help"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return lambda folder, command=command: subprocess.run(  # type: ignore[misc]
            [*command, "--clear", str(folder)], check=True
        )
    return None
