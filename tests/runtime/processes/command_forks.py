"""Runs `conduit-jobs` in forks of this process, which imports it once: `python command_forks.py`.

Each line of the input is a request in JSON, `[arguments, cwd, env, stdout, stderr]`, in which the
last two are paths of files to write. The answer is a line with the exit code.
"""

import importlib
import json
import os
import signal
import sys
from pathlib import Path

import click
from conduit_runtime import cli

_SECONDS = 120
"""How many seconds a command may take."""


def main() -> None:
    context = click.Context(cli.commands)
    for name in cli.commands.list_commands(context):
        if name != "dashboard":
            cli.commands.get_command(context, name)
    for name in ("broker.broker", "hooks", "logging", "services.loading", "stdlib", "worker.pool"):
        importlib.import_module(f"conduit_runtime.{name}")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(*json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(arguments: list[str], cwd: str, env: dict[str, str], stdout: str, stderr: str) -> None:
    """Become a process that `python -m conduit_runtime.cli` started in this folder."""
    signal.alarm(_SECONDS)
    for descriptor, path in enumerate((os.devnull, stdout, stderr)):
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv[:] = [str(Path(cli.__file__).with_name("__main__.py")), *arguments]
    sys.path[0] = cwd
    cli.main()


if __name__ == "__main__":
    main()
