"""Tracebacks are parsed into frames."""

import json
import traceback

from conduit_dashboard.job.tracebacks import Frame, parts_of


def formatted(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def caught(function: object) -> BaseException:
    try:
        function()  # type: ignore[operator]
    except BaseException as error:
        return error
    raise AssertionError


def test_frames_of_the_application_and_of_python() -> None:
    error = caught(lambda: json.loads("no"))
    own, python, last = parts_of(formatted(error))
    assert [part.kind for part in (own, python, last)] == ["frames", "library", "text"]
    assert [frame.name for frame in own.frames] == ["caught", "<lambda>"]
    assert own.frames[1].code == 'error = caught(lambda: json.loads("no"))'
    assert own.frames[0].path == __file__
    assert {frame.name for frame in python.frames} >= {"loads", "decode"}
    assert last.text.startswith("json.decoder.JSONDecodeError: Expecting value")


def test_the_error_before() -> None:
    def fail() -> None:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("two\nlines") from error

    parts = parts_of(formatted(caught(fail)))
    texts = "\n".join(part.text for part in parts if part.kind == "text")
    assert texts.splitlines() == [
        "KeyError: 'first'",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "ValueError: two",
        "lines",
    ]
    assert [frame.name for part in parts for frame in part.frames] == ["fail", "caught", "fail"]


def test_a_group_of_errors() -> None:
    def fail() -> None:
        def inner() -> None:
            raise KeyError("one")

        raise ExceptionGroup("two", [caught(inner), ValueError("other")])

    frames = [frame for part in parts_of(formatted(caught(fail))) for frame in part.frames]
    assert [frame.name for frame in frames] == ["caught", "fail", "caught", "inner"]
    assert frames[-1].code == 'raise KeyError("one")'


def test_a_recursion() -> None:
    def fail() -> None:
        fail()

    parts = parts_of(formatted(caught(fail)))
    assert [part.kind for part in parts] == ["frames", "text"]
    assert parts[-1].text.startswith("RecursionError")


def test_frames_without_code() -> None:
    text = '  File "gone.py", line 3, in f\n  File "gone.py", line 5, in g\nValueError'
    frames, last = parts_of(text)
    assert frames.frames == [Frame("gone.py", 3, "f"), Frame("gone.py", 5, "g")]
    assert last.text == "ValueError"


def test_the_error_that_is_shown_already() -> None:
    text = formatted(caught(lambda: [][1]))
    assert [part.kind for part in parts_of(text, "IndexError: list index out of range")] == [
        "frames"
    ]
    assert [part.kind for part in parts_of(text, "IndexError")] == ["frames", "text"]


def test_frames_of_the_runtime_but_not_of_the_demo() -> None:
    paths = ("/a/conduit_runtime/worker/x.py", "/a/conduit_runtime/demo/app.py", "/app/b.py")
    text = "".join(f'  File "{path}", line 1, in f\n' for path in paths)
    runtime, own = parts_of(text)
    assert (runtime.kind, len(runtime.frames)) == ("library", 1)
    assert [frame.path for frame in own.frames] == [*paths[1:]]


def test_what_is_no_traceback() -> None:
    assert parts_of("") == []
    (only,) = parts_of("no\n  File is odd\n    ^^^")
    assert (only.kind, only.text) == ("text", "no\n  File is odd\n    ^^^")


def test_lines_of_any_length() -> None:
    (part,) = parts_of(f'  File "{"x" * 100_000}", line 1, in f\n    {"y" * 100_000}')
    assert (len(part.frames[0].path), len(part.frames[0].code)) == (301, 301)
