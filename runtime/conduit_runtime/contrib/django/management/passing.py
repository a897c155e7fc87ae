"""Commands of `manage.py` that pass their arguments to a command of `conduit-jobs`."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import click
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from ....cli import commands
from .. import settings, workers


class PassingCommand(BaseCommand):
    """Passes its arguments on, except --settings and --pythonpath, which Django reads."""

    arguments: tuple[str, ...] = ()
    """The arguments that come before the given ones."""

    def create_parser(self, prog_name: str, subcommand: str, **given: Any) -> CommandParser:
        """Make the parser that `call_command` asks for."""
        return _Passing(prog=f"{prog_name} {subcommand}", add_help=False)

    def run_from_argv(self, argv: Sequence[str]) -> None:
        """Run the command, and exit with its exit code."""
        parser = CommandParser(add_help=False, allow_abbrev=False)
        parser.add_argument("--settings")
        parser.add_argument("--pythonpath")
        _, arguments = parser.parse_known_args(argv[2:])
        try:
            if self.requires_system_checks and not {"-h", "--help"} & {*arguments}:
                self.check()
            self._run(arguments, standalone_mode=True)
        except CommandError as error:  # the system checks failed
            self.stderr.write(str(error), lambda text: text)
            sys.exit(error.returncode)
        finally:
            connections.close_all()

    def handle(self, *positional: Any, arguments: Sequence[str], **options: Any) -> None:
        """Run the command for `call_command`. Raises CommandError when it fails."""
        try:
            code = self._run(arguments, standalone_mode=False)
        except click.ClickException as error:
            raise CommandError(error.format_message(), returncode=error.exit_code) from error
        if code:
            raise CommandError(f"the command ended with exit code {code}", returncode=code)

    def _run(self, arguments: Sequence[str], *, standalone_mode: bool) -> Any:
        return commands.main(
            args=[*self.arguments, *arguments],
            prog_name="manage.py conduit",
            standalone_mode=standalone_mode,
            obj=workers.application(),
            default_map={"worker": settings.worker_defaults()},
        )


class _Passing(CommandParser):
    """Parses nothing: it keeps the arguments for the command."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        return Namespace(arguments=[*map(str, args)], force_color=False, no_color=False)
