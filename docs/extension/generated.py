"""A directive for what a page takes from the code: ```` ```{generated} library ````."""

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
"""Functions that return Markdown, by the name in a page; each gets the other words there."""


class Generated(SphinxDirective):
    """Takes a name of the table above and its arguments."""

    required_arguments = 1
    optional_arguments = 9
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """The nodes of the Markdown that the function returns."""
        name, *words = self.arguments
        # MyST loses what stands before the first heading of a text.
        before, heading, sections = f"\n{_MADE[name](*words)}".partition("\n## ")
        return [
            *self.parse_text_to_nodes(before),
            *self.parse_text_to_nodes(heading + sections, allow_section_headings=True),
        ]
