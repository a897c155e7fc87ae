"""`llms.txt` and `llms-full.txt` beside the pages: the whole site for programs that read text."""

import re
from pathlib import Path

from sphinx.application import Sphinx

from conduit_async.cli import guide

_SENTENCE = re.compile(r"^([A-Z`].+?[.:])(?:\s|$)", re.MULTILINE)
_ABOUT = """# conduit-async

> A compiler for the `@async` blocks of Conduit, and a job queue on Postgres for Python.

[llms-full.txt](llms-full.txt) has all pages. `conduitc guide` prints how to write Conduit.
"""


def write(app: Sphinx, error: Exception | None) -> None:
    """Write both files; Sphinx calls this when the pages are built."""
    if error is not None or app.builder.name != "html":
        return
    pages = {name: _text(app, name) for name in sorted(app.env.found_docs)}
    lines = [f"- [{_title(text)}]({name}.html): {_first(text)}" for name, text in pages.items()]
    folder = Path(app.outdir)
    (folder / "llms.txt").write_text("\n".join([_ABOUT, "## Pages", "", *lines, ""]), "utf-8")
    (folder / "llms-full.txt").write_text("\n\n".join(map(guide.page, pages.values())), "utf-8")


def _text(app: Sphinx, name: str) -> str:
    return Path(app.env.doc2path(name)).read_text("utf-8")


def _title(text: str) -> str:
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _first(text: str) -> str:
    """The first sentence of a page."""
    prose = guide.page(text).partition("\n")[2].replace("\n", " ").strip()
    found = _SENTENCE.match(prose)
    return found[1] if found else prose[:100]
