"""The text of a block starts at a given line, and ends where its bracket closes."""

from pathlib import Path

import pytest
from conduit_runtime.job_types.description.source import block

ROOT = Path(__file__).parents[4]
BLOG = (ROOT / "examples/blog/resources/post.conduit").read_text()

ODD = """\
resource Post {
  @after create @async(unique: {id: self.id, by: "}"}) {
    let a = "#{m("}{")} \\" }"  // }
    Out.send({a: 1}, '}', [2])
  }
  @after delete { @async { One.send() } }
  @after update @async { Out.send("never ends)
"""


def test_a_block_of_one_line() -> None:
    assert block(BLOG, 44) == '  @after create @async(queue: "search") { SearchIndex.add(self) }'


def test_a_block_of_several_lines_ends_with_its_own_bracket() -> None:
    lines = block(BLOG, 64).splitlines()
    assert lines[0].strip().startswith('@async(name: "announce"')
    assert lines[-1] == "      }"
    assert len(lines) == 9


@pytest.mark.parametrize(("line", "lines"), [(2, 4), (6, 1), (7, 1)])
def test_brackets_in_texts_and_comments_do_not_count(line: int, lines: int) -> None:
    assert block(ODD, line) == "\n".join(ODD.splitlines()[line - 1 : line - 1 + lines])


@pytest.mark.parametrize("line", [0, 1, 3, 8, 99])
def test_a_line_without_a_block_has_no_text(line: int) -> None:
    """This happens if the source was changed after the package was generated."""
    assert block(ODD, line) == ""


def test_a_huge_block_is_cut() -> None:
    assert len(block("@async {" + "x\n" * 50_000, 1)) == 20_000
