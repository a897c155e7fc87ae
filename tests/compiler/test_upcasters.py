"""The upcasters of an application are found in the text of its module."""

from conduit_async.config import Config
from conduit_async.diagnostics import Problems
from conduit_async.program import Upcasters
from conduit_async.source import Source
from conduit_async.upcasters import read_upcasters

CONFIG = Config(upcasters="app.upcasters")


def read(text: str | None) -> tuple[Upcasters, list[str]]:
    problems = Problems()
    source = Source("app/upcasters.py", text) if text is not None else None
    found = read_upcasters(source, CONFIG, problems)
    return found, [f"{each.span.line} {each.message}" for each in problems.sorted()]


def decorated(decorator: str, imports: str = "") -> Upcasters:
    found, problems = read(f"{imports}\n{decorator}\ndef _(old: object) -> None: ...\n")
    assert not problems
    return found


def test_an_upcaster_is_known_by_the_handler_and_the_shape() -> None:
    assert decorated('@upcast(send, "0a")') == {("", "send", "0a")}
    assert decorated("@upcast(send, fingerprint='0a')") == {("", "send", "0a")}
    assert decorated('@conduit_runtime.upcast(send, "0a")') == {("", "send", "0a")}


def test_the_handlers_module_is_that_of_its_import() -> None:
    imported = "from app.jobs.post import send, other as o"
    assert decorated('@upcast(send, "0a")', imported) == {("post", "send", "0a")}
    assert decorated('@upcast(o, "0a")', imported) == {("post", "other", "0a")}
    assert decorated('@upcast(post.send, "0a")', "from .jobs import post") == {
        ("post", "send", "0a")
    }
    assert decorated('@upcast(p.send, "0a")', "import app.jobs.post as p") == {
        ("post", "send", "0a")
    }
    assert decorated('@upcast(app.jobs.post.send, "0a")', "import app.jobs.post") == {
        ("post", "send", "0a")
    }


def test_the_decorator_may_have_another_name() -> None:
    imported = "from conduit_runtime import upcast as reads"
    assert decorated('@reads(send, "0a")', imported) == {("", "send", "0a")}


def test_coroutine_functions_and_several_decorators_count() -> None:
    text = '@upcast(a, "1")\n@upcast(b, "2")\nasync def _(old: object) -> None: ...\n'
    assert read(text)[0] == {("", "a", "1"), ("", "b", "2")}


def test_anything_else_is_none() -> None:
    for decorator in ("@upcast", "@upcast(send)", "@upcast(send, SHAPE)", '@other(send, "0a")'):
        assert not decorated(decorator)
    assert read('upcast(send, "0a")')[0] == frozenset()
    assert read("")[0] == frozenset()


def test_what_is_not_python_is_reported_at_its_place() -> None:
    assert read("x = 1\ny = (\n") == (
        frozenset(),
        ["2 this is not valid Python: '(' was never closed"],
    )
    assert read("x = 1\x00")[1][0].startswith("1 this is not valid Python: ")
    assert read("(" * 10_000)[1][0].startswith("1 this is not valid Python: ")


def test_a_module_without_a_file_is_reported() -> None:
    assert read(None)[1] == ["1 `upcasters` names the module app.upcasters, which has no file"]
    problems = Problems()
    assert read_upcasters(None, Config(), problems) == frozenset()
    assert not problems.has_errors
