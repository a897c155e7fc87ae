"""`llms.txt` and `llms-full.txt` beside the pages: the whole site for programs that read text."""

import re
from pathlib import Path

from sphinx.application import Sphinx

from conduit_async.cli import guide

from .generated import made

_SENTENCE = re.compile(r"^([A-Z`].+?[.:])(?:\s|$)", re.MULTILINE)
_GENERATED = re.compile(r"^```\{generated\} (.+)\n```$", re.MULTILINE)
_ABOUT = """# conduit-async

> A compiler for the `@async` blocks of Conduit, and a job queue on Postgres for Python.

[llms-full.txt](llms-full.txt) has all pages. `conduitc guide` prints how to write Conduit.
"""


def write(app: Sphinx, error: Exception | None) -> None:
    """Write both files; Sphinx calls this when the pages are built."""
    if error is not None or app.builder.name != "html":
        return
    pages = {name: _text(app, name) for name in sorted(app.env.found_docs)}
    lines = [f"- [{_title(text)}]({name}.html){_about(text)}" for name, text in pages.items()]
    folder = Path(app.outdir)
    (folder / "llms.txt").write_text("\n".join([_ABOUT, "## Pages", "", *lines, ""]), "utf-8")
    whole = (guide.page(_GENERATED.sub(_made, text)) for text in pages.values())
    (folder / "llms-full.txt").write_text("\n\n".join(whole), "utf-8")


def _text(app: Sphinx, name: str) -> str:
    return Path(app.env.doc2path(name)).read_text("utf-8")


def _title(text: str) -> str:
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _made(found: re.Match[str]) -> str:
    return made(*found[1].split())


def _about(text: str) -> str:
    """The first sentence of a page, if it begins with one."""
    prose = guide.page(text).partition("\n")[2].replace("\n", " ").strip()
    found = _SENTENCE.match(prose)
    return f": {found[1]}" if found else ""
