"""The source of a job's block, with the failing line."""

from conduit_dashboard.job.source_lines import SourceLine, lines_of
from conduit_runtime.model.type_description import TypeSource

BLOCK = TypeSource("a/b.conduit", 31, "@async {\n    let x = 1\n\n    Email.send(x)\n  }")


def test_the_failing_line() -> None:
    assert lines_of(BLOCK, "a/b.conduit:34") == [
        SourceLine(31, "@async {"),
        SourceLine(32, "  let x = 1"),
        SourceLine(33, ""),
        SourceLine(34, "  Email.send(x)", is_failing=True),
        SourceLine(35, "}"),
    ]


def test_a_line_elsewhere() -> None:
    for place in (None, "", "other.conduit:32", "a/b.conduit", "a/b.conduit:x", "a/b.conduit:99"):
        assert not any(line.is_failing for line in lines_of(BLOCK, place))


def test_a_block_without_text() -> None:
    assert lines_of(TypeSource("a.conduit", 3), "a.conduit:3") == []
