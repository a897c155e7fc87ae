"""`conduitc guide`: one page from which a reader, or a model, learns to write Conduit."""

import re

import click

from .. import assets
from .explain import pages

_PAGES = ("index", "project", "resources", "hooks", "jobs", "statements", "expressions", "records")
_REFUSED = ("TYP", "SEM", "REL", "VAL50", "VAL52", "ASY")
_ABOUT = """\
Most of them are methods of their first argument, too: `String.upcase("a")`, `"a".upcase()`.
`number`, `moment` (a timestamp or a date) and `any` are not types
of a source: write `json` for `any`."""
_DIRECTIVE = re.compile(r"^```\{.*?^```\n+", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^<!--.*?-->\n+", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_FLAGS = re.compile(r" \[[\w, =]+\]$")
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def guide() -> int:
    """Print the guide, as Markdown."""
    click.echo(whole())
    return 0


def whole() -> str:
    """The pages about the language, the standard library's signatures, and what is refused."""
    parts = [page(assets.read(f"language/{name}.md")) for name in _PAGES]
    return "\n\n".join([*parts, _library(), _refused()])


def page(text: str) -> str:
    """A page for readers who have it alone: without links and lists of pages."""
    pieces = _FENCED.split(_COMMENT.sub("", _DIRECTIVE.sub("", text)))
    pieces[::2] = [_LINK.sub(r"\1", each) for each in pieces[::2]]
    return "".join(pieces).strip()


def _library() -> str:
    """The signatures of the standard library."""
    lines = assets.read("library/signatures.txt").splitlines()
    signatures = [_FLAGS.sub("", line) for line in lines if line and line[0] not in "# "]
    return "\n".join(["# The standard library", "", _ABOUT, "", "```text", *signatures, "```"])


def _refused() -> str:
    """The titles of the diagnostics of sources, but of those that name a wrong sign or word."""
    titles = [
        path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        for code, path in pages().items()
        if code.startswith(_REFUSED)
    ]
    about = "`conduitc explain CODE` shows an example of each, and what to write instead."
    return "\n".join(
        ["# What is refused, or warned about", "", about, "", *(f"- {t}" for t in titles)]
    )
