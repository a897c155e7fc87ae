"""The command lines, from click."""

import inspect
from collections.abc import Iterator

import click
from conduit_runtime.cli import commands as conduit_jobs

from conduit_async.cli.commands import conduitc

from .markdown import code, table

_PROGRAMS: dict[str, click.Group] = {"conduitc": conduitc, "conduit-jobs": conduit_jobs}


def command(program: str) -> str:
    """A section for each command of a program, with its usage, text and options."""
    return "\n".join(_section(_PROGRAMS[program], program, None))


def _section(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, **command.context_settings)
    path = context.command_path
    if parent is not None:
        yield from ("", f"{'#' * (len(path.split()))} {code(path)}")
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    yield from ("", "```text", usage, "```", "", inspect.cleandoc(command.help or ""))
    records = [each.get_help_record(context) for each in command.get_params(context)]
    options = [(code(shown), _cell(text)) for shown, text in filter(None, records) if text]
    yield from table("option, what it does", *options)
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            if found is not None and not found.hidden:
                yield from _section(found, each, context)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
