"""Output as a table for people or as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from ..model.text.printable import escape_controls, one_line

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    help="The format of the output.",
)


def counted_jobs(count: int) -> str:
    """A number of jobs, as in `1 job`."""
    return "1 job" if count == 1 else f"{count} jobs"


def first_line(text: str | None) -> str:
    """The first line of an error, for a table."""
    return (text or "").partition("\n")[0][:60]


def show_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], form: str) -> None:
    """Print rows; a table shows `columns` only, JSON everything."""
    if form == "json":
        click.echo(_json(rows))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        # Tables are for people: long values may be cut.
        table.add_column(column.replace("_", " "), no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(one_line(_text(row[column])) for column in columns))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = console.measure(table, options=console.options.update(width=10_000)).maximum
    console.print(table)


def show_one(row: Mapping[str, Any], form: str) -> None:
    """Print one record with a line for each field."""
    if form == "json":
        click.echo(_json(row))
        return
    width = max(map(len, row))
    for name, value in row.items():
        text = _text(value) if not isinstance(value, dict | list) else _json(value)
        indent = "\n" + " " * (width + 2)
        lines = (one_line(line.expandtabs()) for line in text.split("\n"))
        click.echo(f"{name.replace('_', ' '):<{width}}  {indent.join(lines)}")


def shown_time(time: datetime) -> str:
    """A time as people read it, to the second."""
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def compact_json(value: Any) -> str:
    """A value of JSON on one line."""
    return escape_controls(json.dumps(value, ensure_ascii=False))


def _json(value: Any) -> str:
    return escape_controls(json.dumps(value, indent=2, ensure_ascii=False, default=_text))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return shown_time(value)
    if isinstance(value, UUID | str | int):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)
