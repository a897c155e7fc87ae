"""`_lines.py` maps a line of a module to the line of its statement in the source."""

from pathlib import Path

from generated import compiled, imported

SOURCE = """\
resource Post {
  id: uuid! @primary
  title: string!

  @after create {
    let long = "#{self.title} and a text that is long enough for its line to be wrapped"
    if self.title == "x" {
      Logger.info(long)
    }
    @async {
      Email.send(self.title) rescue |error| {
        Logger.warn("failed", error: error)
      }
      Email.done(long)
    }
  }
}
"""


def test_statements_lead_to_their_source(tmp_path: Path) -> None:
    files = compiled({"posts/post.conduit": SOURCE})
    with imported(files, tmp_path) as package:
        source, table = __import__(f"{package.__name__}._lines", fromlist=["LINES"]).LINES["post"]
    assert source == "posts/post.conduit"
    module = files["post.py"].splitlines()

    def line_of(text: str) -> int:
        number = next(n for n, line in enumerate(module, 1) if text in line)
        return table[max(known for known in table if known <= number)]

    assert line_of("long = ") == 6
    assert line_of('if post.title == "x"') == 7
    assert line_of("Logger.info(") == 8
    assert line_of("hook.enqueue(") == 10
    assert line_of("@job_type(") == 10
    assert line_of("email.send(") == 11
    assert line_of("Logger.warn(") == 12
    assert line_of("email.done(") == 14


def test_a_comment_changes_no_other_module() -> None:
    before = compiled({"post.conduit": SOURCE})
    after = compiled({"post.conduit": f"// a comment\n\n{SOURCE}"})
    assert [path for path in before if before[path] != after[path]] == ["_lines.py"]
