"""Runs `conduit-jobs` in forks of this process, which imports it once: `python command_forks.py`.

The requests are those of `forks.py`.
"""

import importlib
from pathlib import Path

import click
from conduit_runtime import cli
from forks import serve


def main() -> None:
    context = click.Context(cli.commands)
    for name in cli.commands.list_commands(context):
        if name != "dashboard":
            cli.commands.get_command(context, name)
    for name in ("broker.broker", "hooks", "logging", "services.loading", "stdlib", "worker.pool"):
        importlib.import_module(f"conduit_runtime.{name}")
    serve(cli.main, str(Path(cli.__file__).with_name("__main__.py")))


if __name__ == "__main__":
    main()
