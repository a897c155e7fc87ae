"""Renders templates to text, which is not laid out yet."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache

import jinja2

from .. import assets
from ..python import literals
from ..python.code import Line
from ..source import printable
from .layout import WIDTH, mark

_CONTINUED = ("else", "except", "finally", "case")
_QUOTES = re.compile(r'"""|"\Z')
"""Quotes that would end a docstring, or extend its end."""


def render_template(template: str, **values: object) -> str:
    """Render a template."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701 - it writes Python, not HTML
        loader=jinja2.FileSystemLoader(assets.folder("templates")),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        docstring=_docstring,
        lines=_lines,
        mark=mark,
        quoted=literals.quoted,
        printable=printable,
    )
    return environment


def _lines(body: Iterable[Line], indent: int, own: str) -> str:
    return "\n".join(_each_line(body, indent, own))


def _each_line(body: Iterable[Line], indent: int, own: str) -> Iterator[str]:
    margin = "    " * indent
    for line in body:
        # `else` starts no statement of the source
        yield f"{mark(None if line.word in _CONTINUED else line.span, own)}{margin}{line.text}"
        if line.block is not None:
            yield from _each_line(line.block or (Line("pass", span=line.span),), indent + 1, own)


def _docstring(text: str | None, indent: int) -> str:
    """Return a documentation comment as a docstring."""
    if not text:
        return ""
    width = WIDTH - 4 * indent
    plain = "\n".join(printable(line, " ") for line in text.splitlines()).strip()
    lines = [
        part
        for line in plain.split("\n")
        for part in (textwrap.wrap(line, width - 6) if len(line) > width - 6 else [line.rstrip()])
    ]
    escaped = _QUOTES.sub(
        lambda found: found[0].replace('"', '\\"'), "\n".join(lines).replace("\\", "\\\\")
    )
    body = textwrap.indent(escaped, "    " * indent).strip()
    return f'"""{body}\n{"    " * indent}"""' if len(lines) > 1 else f'"""{body}"""'
