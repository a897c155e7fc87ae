"""`conduit-jobs`: migrate, work, and manage jobs."""

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

# Name → module, object and help: a command is imported when it is called, not to list the commands.
_COMMANDS = {
    "migrate": ("migrate", "migrate", "Create or update the tables of this version."),
    "worker": ("worker.command", "worker", "Run the jobs of packages and pools."),
    "gateway": ("gateway", "gateway", "Publish due jobs to workers without a database."),
    "preflight": ("preflight", "preflight", "Say whether a package would strand waiting jobs."),
    "doctor": ("doctor", "doctor", "Look for what keeps jobs from running, and say what to do."),
    "jobs": ("jobs", "jobs", "List, show, signal, retry, fork, cancel, purge and count jobs."),
    "replay": ("replay.command", "replay", "Run a job's code against what its steps have stored."),
    "queues": ("queues", "queues", "List, pause and limit queues; say how long jobs are kept."),
    "workers": ("workers", "workers", "List the workers, and what each runs."),
    "schedules": ("schedules", "schedules", "List, enable, disable, remove and run schedules."),
    "dashboard": ("dashboard.command", "dashboard", "Show jobs in a browser, and change them."),
    "mcp": ("dashboard.mcp", "mcp", "Let programs that speak MCP look after jobs."),
    "dsn": ("migrate", "dsn", "Print the database that the commands use."),
    "demo": ("demo", "demo", "Compile and run an example, and show each step."),
}


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SETTINGS = {"help_option_names": ["-h", "--help"], "show_default": True}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f".{module}", __name__), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for argument in args:
            if not argument.isascii() and any(
                "\ud800" <= letter <= "\udfff" for letter in argument
            ):
                text = argument.encode(errors="surrogateescape").decode(errors="backslashreplace")
                raise click.UsageError(f"the argument '{text}' is not valid UTF-8", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        from .problems import explained

        with explained(ctx):
            return super().invoke(ctx)


@click.group(cls=_Lazy, context_settings=_SETTINGS)
@click.version_option(package_name="conduit-async")
def commands() -> None:
    """Jobs on Postgres: migrate the database, run workers, manage jobs.

    The database is the first of: --dsn, CONDUIT_DATABASE_URL, DATABASE_URL, an embedded Postgres in
    .conduit/ of the working folder.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `conduit-jobs` and exit: 0 good, 1 failed, 2 wrong usage, or what a command says."""
    try:
        commands(args=arguments, prog_name="conduit-jobs")
    except OSError as error:
        if error.errno not in _FULL:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # drops what is left
        click.echo(f"Error: the output cannot be written: {error.strerror}", err=True)
        sys.exit(1)
