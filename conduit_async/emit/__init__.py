"""A plan as files: templates place what was decided, as black would lay it out."""

import re
import textwrap
from collections.abc import Sequence
from functools import cache

import jinja2

from .. import assets
from ..lower.functions.function import Function
from ..lower.python import literals
from ..lower.python.code import Line
from ..output import Layouts
from ..parts import Written
from ..plan import Frame, RecordsModule, ResourceModule
from ..source import Span
from .layout import lay_out

__all__ = ["emit_frame", "emit_module", "emit_records"]

_CONTINUED = ("else:", "except ", "except:", "finally:", "case ")
_QUOTES = re.compile(r'"""|"\Z')
"""What would end a docstring, or be taken for a part of its end."""
_MARK = re.compile("^\ue000(\\d+)\ue001", re.MULTILINE)
"""Before a statement's line while a module is put together: the line of its source."""


def emit_module(module: ResourceModule, layouts: Layouts) -> tuple[Written, str]:
    """The module of a resource: what is to be known of it, and its text."""
    text, lines = _with_lines(_render("resource.py.jinja", module=module), layouts)
    rows, services = sorted(module.rows), sorted(module.job_services)
    return Written(module.name, module.source, module.jobs, lines, rows, services), text


def emit_records(records: RecordsModule, layouts: Layouts) -> str:
    """`records.py`."""
    return lay_out(_render("records.py.jinja", records=records), layouts).text


def emit_frame(frame: Frame, modules: Sequence[Written], layouts: Layouts) -> dict[str, str]:
    """What binds the modules of resources together: the files that name all of them."""
    jobs = [f"{module.name}.{job}" for module in modules for job in module.jobs]
    tables = [(module.name, module.source, module.lines) for module in modules]
    package = _render("package.py.jinja", plan=frame, package=frame.package, jobs=jobs)
    services = _render("services.py.jinja", services=frame.services)
    return {
        "__init__.py": lay_out(package, layouts).text,
        "services.py": lay_out(services, layouts).text,
        "_lines.py": _render("lines.py.jinja", modules=tables),
    }


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701 - what it writes is Python, not HTML
        loader=jinja2.FileSystemLoader(assets.folder("templates")),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        docstring=_docstring,
        lines=_lines,
        decorator=_decorator,
        quoted=literals.quoted,
        printable=_printable,
    )
    return environment


def _with_lines(marked: str, layouts: Layouts) -> tuple[str, dict[int, int]]:
    """A module, and for each line that starts a statement the line of its source."""
    at = {
        number: int(mark[1])
        for number, line in enumerate(marked.split("\n"))
        if (mark := _MARK.match(line))
    }
    layout = lay_out(_MARK.sub("", marked), layouts)
    table = {layout.lines[number]: line for number, line in at.items()}
    return layout.text, {number: table[number] for number in sorted(table) if number}


def _lines(body: Sequence[Line], indent: int) -> str:
    return "\n".join(
        f"{_mark(_start(line))}{'    ' * (line.indent + indent)}{line.text}" for line in body
    )


def _start(line: Line) -> Span | None:
    """Where the statement of the source is that starts on a line; `else` starts none."""
    return None if line.text.startswith(_CONTINUED) else line.span


def _decorator(function: Function) -> str:
    if function.decorator is None:
        return ""
    return f"{_mark(function.span)}@{function.decorator}"


def _mark(span: Span | None) -> str:
    return f"\ue000{span.line}\ue001" if span is not None else ""


def _docstring(text: str | None, indent: int) -> str:
    """A documentation comment as a docstring."""
    if not text:
        return ""
    width = 88 - 4 * indent
    plain = "\n".join(map(_printable, text.splitlines())).strip()
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


def _printable(text: str) -> str:
    """A text for a comment or a docstring, on one line."""
    return "".join(char if char.isprintable() else " " for char in text)
