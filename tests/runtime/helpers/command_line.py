"""`conduit-jobs` in the folder of the example application."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Self

EXAMPLE = Path(__file__).parents[1] / "example"
"""The folder in which commands run."""
ECHO = ("worker", "example_jobs", "--services", "echo", "--yes")
"""A worker whose services print their calls."""
Run = Callable[..., CompletedProcess[str]]
"""Runs a command and requires the exit code `code`; takes the options of `subprocess`."""

_PROCESSES = Path(__file__).parents[1] / "processes"


class Forks:
    """Runs commands in forks of a process that has imported them, which takes a tenth of the time.

    For tests of what a command says; what it imports and how it starts is not tested by it. The
    process is a program of `tests/runtime/processes`, with its arguments.
    """

    def __init__(self, program: str = "command_forks.py", *arguments: str) -> None:
        self._command = [sys.executable, str(_PROCESSES / program), *arguments]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.communicate()

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        merged: bool = False,
    ) -> CompletedProcess[str]:
        """Run a command to its end; if `merged`, stdout has what it writes to stderr, too."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.NamedTemporaryFile("r") as out, tempfile.NamedTemporaryFile("r") as err:
            request = [[*arguments], str(cwd), {**env}, out.name, (out if merged else err).name]
            print(json.dumps(request), file=self._process.stdin, flush=True)
            code = int(self._process.stdout.readline())
            return CompletedProcess([*arguments], code, out.read(), err.read())
