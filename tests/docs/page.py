"""The fenced blocks of a documentation page, and how each of them is run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
WHOLE_TUTORIAL = "docs/tutorial/changing.md"
"""The last page of the tutorial, which follows all others. `tests/packaging` runs it."""
_FILE = re.compile(r"`((?:[\w.-]+/)*(?:[\w@-]*\.[\w.-]+|[A-Z]\w+file))`.*:\Z", re.DOTALL)
_COMMENT = re.compile(r"<!--\s*([a-z ]+?)\s*(?::\s*(.*?))?\s*-->", re.DOTALL)
_HIDDEN = {"console", "python", "sql"}
"""Languages of blocks that a comment may hold, for code that readers need not see."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its first line, its contents, and what the comments before it ask for."""

    page: str
    line: int
    section: str
    language: str
    text: str
    path: str | None
    asked: dict[str, str]

    @property
    def reason(self) -> str | None:
        """Why the block is not run."""
        return self.asked.get("not run")


@dataclass(frozen=True)
class Page:
    """A page: its blocks from top to bottom, and the requests of its comments for the whole page.

    The blocks of a page that says `<!-- follows: PAGE -->` run after the blocks of that page.
    """

    name: str
    blocks: tuple[Block, ...]
    asked: dict[str, str]

    def stories(self) -> dict[str, list[Block]]:
        """The blocks that run in one folder, by the name of the story.

        A page is one story, unless it says `<!-- each section follows: SECTION -->`.
        """
        first = self.asked.get("each section follows")
        if first is None:
            return {"": list(self.blocks)}
        start = [block for block in self.blocks if block.section == first]
        assert start, f"{self.name} has no section {first}"
        sections = dict.fromkeys(block.section for block in self.blocks)
        return {
            name: [*start, *(each for each in self.blocks if each.section == name != first)]
            for name in sections
        }


def read(path: Path) -> Page:
    """Read a page."""
    asked: dict[str, str] = {}
    name = path.relative_to(ROOT).as_posix()
    blocks = tuple(_blocks(name, path.read_text("utf-8"), asked))
    if before := asked.get("follows"):
        earlier = read(path.with_name(before))
        return Page(name, earlier.blocks + blocks, earlier.asked | asked)
    return Page(name, blocks, asked)


def _blocks(name: str, text: str, page: dict[str, str]) -> Iterator[Block]:
    """The blocks of a text. Requests for the whole page are added to `page`."""
    section, before, asked = "", "", dict[str, str]()
    tokens = MarkdownIt("commonmark").parse(text)
    for token, last in zip(tokens, [None, *tokens], strict=False):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "inline":
            before = token.content.strip()
            if last is not None and last.type == "heading_open":
                section = before
        elif token.type == "html_block":
            for kind, value in _COMMENT.findall(token.content):
                if kind in _HIDDEN:
                    yield Block(name, line + 1, section, kind, value + "\n", None, asked)
                    asked = {}
                elif kind in ("broker", "database", "each section follows", "follows"):
                    page[kind] = value
                else:
                    asked[kind] = value
        elif token.type == "fence" and not token.info.startswith("{"):
            found = _FILE.match(before)
            path = found[1] if found else None
            yield Block(name, line + 1, section, token.info, token.content, path, asked)
            before, asked = "", {}
