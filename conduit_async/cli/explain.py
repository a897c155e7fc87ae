"""`conduitc explain`: what a code means, with an example and what to write instead."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from .. import assets
from ..suggest import did_you_mean
from .diagnose import wants_color
from .usage import UsageError

_FAMILIES = {
    "SYN": "syntax",
    "TYP": "types",
    "SEM": "names and meaning",
    "REL": "relations",
    "PAT": "style",
    "VAL": "options, configuration and values",
    "GEN": "generation and files",
    "ASY": "jobs",
    "BRK": "what a deploy does to jobs that wait",
}


def explain(code: str | None, form: str) -> int:
    """Print the page of a code, or list all codes; raises `UsageError` for a code without one.

    As JSON, the list has all pages.
    """
    found = pages()
    if code is None:
        if form == "json":
            click.echo(_as_json(found.values()))
        else:
            _list(found)
        return 0
    wanted = code.strip().upper()
    if wanted not in found:
        hint = did_you_mean(wanted, found) or "`conduitc explain` lists all codes"
        raise UsageError(f"there is no code `{code}`: {hint}")
    if form == "json":
        click.echo(_as_json([found[wanted]]))
    else:
        click.echo(as_terminal(found[wanted].read_text("utf-8"), wants_color(sys.stdout)), nl=False)
    return 0


def pages() -> dict[str, Path]:
    """Return the page of each code, in the order of the codes."""
    found = {path.stem: path for path in assets.folder("explain").glob("*/*.md")}
    return dict(sorted(found.items()))


def _list(found: dict[str, Path]) -> None:
    for family, about in _FAMILIES.items():
        click.echo(f"{'' if family == 'SYN' else chr(10)}{family}: {about}")
        for page in (page for code, page in found.items() if code.startswith(family)):
            title = page.read_text("utf-8").partition("\n")[0]
            click.echo(f"  {title.removeprefix('# ')}")


def _as_json(found: Iterable[Path]) -> str:
    """`[{"code", "family", "title", "page"}]`; the page is Markdown without its heading."""
    entries = []
    for path in found:
        heading, _, page = path.read_text("utf-8").partition("\n")
        title = heading.removeprefix(f"# {path.stem}: ")
        family = _FAMILIES[path.stem[:3]]
        entries.append({"code": path.stem, "family": family, "title": title, "page": page.strip()})
    return json.dumps(entries, indent=2, ensure_ascii=False)


def as_terminal(page: str, color: bool) -> str:
    """Return a page with its examples indented instead of fenced, and a bold title."""
    lines = []
    is_code = False
    for line in page.split("\n"):
        if line.startswith("```"):
            is_code = not is_code
        elif line.startswith("# ") and not is_code:
            lines.append(click.style(line[2:], bold=True) if color else line[2:])
        else:
            lines.append(f"    {line}" if is_code and line else line)
    return "\n".join(lines)
