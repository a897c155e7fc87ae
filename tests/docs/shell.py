"""Runs the commands of a page as a reader's shell does."""

import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

from command_line import Forks
from waiting import until

_COMMAND = re.compile(r"^\$ (.*(?:\n> .*)*)\n?((?:(?!\$ ).*\n?)*)", re.M)
_READS = re.compile(
    r"curl (?!.* (?:-d|-X|--data\S*|--request) )"
    r"|conduit-jobs (?:doctor|\S+ (?:list|stats))\b(?!.*\|\|)"
)
"""Commands that change nothing. While a server runs, they are repeated until they succeed."""
_PLAIN = re.compile(r"(?:conduit-jobs|conduitc) [\w ./:,=-]+")
"""Commands that need no shell."""
_SECONDS = 300
"""How many seconds a command may take."""
_PATIENCE = 60.0
"""How many seconds a server may stay silent."""


class Shell:
    """A shell in a folder: `cd` and `export` last, and a command with ` &` runs until the end.

    Commands of `forks` run in forks unless they need a shell.
    """

    def __init__(
        self, folder: Path, environment: dict[str, str], forks: Mapping[str, Forks]
    ) -> None:
        self._forks = forks
        self.folder = folder
        self.environment = environment
        self._state = folder.with_name(f"{folder.name}.state")
        self._servers: list[tuple[subprocess.Popen[bytes], Path]] = []

    def run(self, block: str) -> None:
        """Run the commands of a block. Raises AssertionError if one prints something else."""
        commands = _COMMAND.findall(block)
        assert commands, "no line begins with `$ `"
        for command, expected in commands:
            line = command.replace("\n> ", "\n")
            if line.endswith(" &"):
                self._start(line.removesuffix(" &"), expected)
            else:
                self._check(line, expected)

    def _check(self, line: str, expected: str) -> None:
        if not self._servers or not _READS.match(line):
            self._run(line, expected)
            return
        failures: list[AssertionError] = []

        def has_come_so_far() -> bool:
            try:
                self._run(line, expected)
            except AssertionError as error:
                failures.append(error)
                return False
            return True

        try:
            until(has_come_so_far, _PATIENCE)
        except AssertionError:
            raise failures[-1] from None

    def _run(self, line: str, expected: str) -> None:
        program, *arguments = line.split()
        if program in self._forks and _PLAIN.fullmatch(line):
            forks = self._forks[program]
            done = forks.run(arguments, cwd=self.folder, env=self.environment, merged=True)
        else:
            done = self._run_in_bash(line)
        if expected.strip():
            assert matches(expected, done.stdout), f"$ {line}\n{done.stdout}\n{self.printed()}"
        else:
            assert done.returncode == 0, f"$ {line}\n{done.stdout}\n{self.printed()}"

    def _run_in_bash(self, line: str) -> CompletedProcess[str]:
        keep = f"code=$?; {{ pwd; env -0; }} > '{self._state}'; exit $code"
        done = subprocess.run(
            ["bash", "-c", f"{line}\n{keep}"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
        if self._state.exists():
            folder, _, variables = self._state.read_bytes().partition(b"\n")
            self.folder = Path(os.fsdecode(folder))
            pairs = (os.fsdecode(each).partition("=") for each in variables.split(b"\0") if each)
            self.environment = {name: value for name, _, value in pairs}
            self._state.unlink()
        return CompletedProcess(line, done.returncode, done.stdout.decode())

    def _start(self, line: str, expected: str) -> None:
        """Start a server, and wait until it has printed the expected text."""
        output = self._state.with_suffix(f".{len(self._servers)}")
        with output.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {line}"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._servers.append((process, output))
        if expected.strip():
            self._wait(lambda: matches(expected, output.read_text()), f"$ {line} &")

    def wait(self, what: str) -> None:
        """Wait until an address answers (with a text if one follows), or a server prints a text."""
        if what.startswith("http"):
            address, _, text = what.partition(" ")
            self._wait(lambda: answers(address, text), what)
        else:
            self._wait(lambda: what in self.printed(), what)

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        try:
            until(condition, _PATIENCE)
        except AssertionError:
            raise AssertionError(f"waited for {what}\n{self.printed()}") from None

    def printed(self) -> str:
        """What the servers have printed."""
        return "\n".join(output.read_text(errors="replace") for _, output in self._servers)

    def stop(self) -> None:
        """Stop the servers, the last one first."""
        while self._servers:
            process, _ = self._servers.pop()
            for number in (signal.SIGTERM, signal.SIGKILL):
                if process.poll() is None:
                    os.killpg(process.pid, number)
                try:
                    process.wait(30)
                    break
                except subprocess.TimeoutExpired:
                    continue


def matches(expected: str, printed: str) -> bool:
    """Whether a text matches the expected one, in which `…` stands for any text.

    Blanks at the ends of lines are ignored.
    """
    pattern = ".*".join(map(re.escape, re.split(" *…", expected.rstrip())))
    lines = "\n".join(line.rstrip() for line in printed.splitlines()).rstrip()
    return re.fullmatch(pattern, lines, re.DOTALL) is not None


def answers(address: str, text: str = "") -> bool:
    """Whether a server answers at an address, with a text if given. An HTTP error has no text."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return text in answer.read().decode(errors="replace")
    except urllib.error.HTTPError:
        return not text
    except OSError:
        return False
