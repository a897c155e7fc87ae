"""A directive for the parts of a page that come from the code: ```` ```{generated} library ````."""

from collections.abc import Callable
from typing import ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from . import commands, diagnostics, fixtures, library, tables

_MADE: dict[str, Callable[..., str]] = {
    "command": commands.command,
    "diagnostics": diagnostics.family,
    "fixtures": fixtures.fixtures,
    "library": library.namespaces,
    "tables": tables.tables,
}
"""Functions that return Markdown, by their name in a page; each gets the words after the name."""


def made(name: str, *words: str) -> str:
    """The Markdown that stands for the directive with these words."""
    return _MADE[name](*words)


class Generated(SphinxDirective):
    """The directive: its words are a name of the table above and the arguments."""

    required_arguments = 1
    optional_arguments = 9
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """The nodes of the Markdown that the function returns."""
        # MyST loses the text before the first heading.
        before, heading, sections = f"\n{made(*self.arguments)}".partition("\n## ")
        return [
            *self.parse_text_to_nodes(before),
            *self.parse_text_to_nodes(heading + sections, allow_section_headings=True),
        ]
