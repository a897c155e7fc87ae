"""`conduitc check --stdin` finds in one file what `conduitc check` finds in it."""

import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_project import GOOD, put

from conduit_async.cli import run

Printed = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("project")

WRONG = GOOD.replace("create", "craete")
USER = "resource User { id: uuid! @primary  name: string! }"
POST = """resource Post {
  id: uuid! @primary
  author: User!
  size: int?
  @after create {
    @async(name: "note") { A.note(self.author.name) }
    @async { A.size(self.size) }
  }
}
"""
NOTHING = "nothing is wrong"
LOCK = Path("jobs/jobs.lock")


def typed(monkeypatch: pytest.MonkeyPatch, text: str | bytes) -> None:
    data = text.encode() if isinstance(text, str) else text
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_stdin_is_checked_beside_the_other_sources(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("conduit.toml", 'sources = ["resources"]\n')
    put("resources/user.conduit", "resource User { id: uuid! @primary  name: string! }")
    put("resources/bad.conduit", "resource Bad { id: nothing! }")
    post = "resource Post { id: uuid! @primary  author: User! @after create @async { A.b(%s) } }"
    typed(monkeypatch, post % "self.author.nmae")
    assert run(["check", "--stdin", "--filename", "resources/new.conduit", "--format=json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == 1
    (diagnostic,) = found["diagnostics"]
    assert diagnostic["file"] == "resources/new.conduit"
    assert diagnostic["fixes"][0]["edits"][0]["text"] == "name"
    typed(monkeypatch, post % "self.author.name")
    assert run(["check", "--stdin", "--filename", "resources/new.conduit"]) == 0
    assert not Path("resources/new.conduit").exists()


def lock_has(name: str, before: str, after: str) -> Callable[[], None]:
    """A change of the entry of one job type in the lock."""

    def change() -> None:
        whole, entry = LOCK.read_text("utf-8"), rf'"{name}": \{{[^§]*?\n    \}}'
        (found,) = re.findall(entry, whole)
        assert before in found
        LOCK.write_text(whole.replace(found, found.replace(before, after)), "utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: None, NOTHING),
        (lambda: put("src/user.conduit", USER.replace("name", "title")), "no field `name`"),
        (lambda: Path("src/user.conduit").unlink(), "no type `User`"),
        (lambda: put("src/post.conduit", POST.replace("int?", "uuid!")), NOTHING),
        (lambda: put("src/later.conduit", POST.replace("Post", "Later")), NOTHING),
        (lambda: shutil.rmtree("cache"), NOTHING),
        (lambda: shutil.rmtree("jobs"), NOTHING),
        (lambda: LOCK.write_text("<<<<<<< main\n", "utf-8"), "GEN614"),
        (lock_has("post.after_create.note", '"priority": 50', '"priority": 500'), "GEN614"),
        (lock_has("post.after_create.note", '"hook": "Post', '"hook": "Pest'), NOTHING),
    ],
    ids=[
        "nothing", "a declaration elsewhere", "no file of it", "the file", "a new file", "no cache",
        "no package", "no lock", "an entry of the lock", "a name for another hook",
    ],
)  # fmt: skip
def test_both_say_the_same(
    change: Callable[[], None], said: str, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed since the last `gen`: all else is as it was then."""
    monkeypatch.setenv("XDG_CACHE_HOME", os.path.abspath("cache"))
    put("conduit.toml", 'sources = ["src"]\nout = "jobs"\n')
    put("src/user.conduit", USER)
    put("src/post.conduit", POST)
    assert run(["gen"]) == 0
    change()
    capsys.readouterr()
    for form in ("text", "json", "sarif"):
        code = run(["check", f"--format={form}"])
        whole = re.sub('"files": .|checked . files?', "", capsys.readouterr().out)
        typed(monkeypatch, Path("src/post.conduit").read_bytes())
        assert run(["check", "--stdin", "--filename=src/post.conduit", f"--format={form}"]) == code
        alone = re.sub('"files": .|checked . files?', "", capsys.readouterr().out)
        assert alone == whole
        assert form != "text" or said in alone


def test_a_check_of_one_file_reads_what_it_looks_up_in_the_lock(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("conduit.toml", 'sources = ["src"]\nout = "jobs"\n')
    put("src/post.conduit", POST.replace("User!", "uuid!").replace(".name", ""))
    put("src/page.conduit", GOOD.replace("Post", "Page"))
    assert run(["gen"]) == 0
    lock_has("page.after_create.mail_send", '"priority": 50', '"priority": 500')()
    for name, code in (("post", 0), ("page", 1)):
        typed(monkeypatch, Path(f"src/{name}.conduit").read_bytes())
        assert run(["check", "--stdin", f"--filename=src/{name}.conduit"]) == code
        assert run(["check", f"src/{name}.conduit"]) == code
    assert "GEN614" in capsys.readouterr().out
    assert run(["check"]) == 1


def test_stdin_stands_for_the_file_on_the_disk(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("post.conduit", WRONG)
    typed(monkeypatch, GOOD)
    assert run(["check", "--stdin", "--filename", "post.conduit"]) == 0
    assert capsys.readouterr().out == "checked 1 file: nothing is wrong\n"
    assert Path("post.conduit").read_text("utf-8") == WRONG


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--stdin"], "--stdin and --filename need each other"),
        (["--filename", "a.conduit"], "--stdin and --filename need each other"),
        (["--stdin", "--filename", "a.conduit", "."], "--stdin excludes SOURCES"),
        (["--stdin", "--filename", "a.conduit", "--fix"], "--stdin excludes SOURCES"),
        (["--stdin", "--filename", "a.txt"], "is not a Conduit source"),
        (["--stdin", "--filename", "gone/a.conduit"], "there is no `gone`"),
    ],
)
def test_what_stdin_needs(
    arguments: list[str], why: str, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, GOOD)
    assert run(["check", *arguments]) == 2
    assert why in capsys.readouterr().err


def test_stdin_that_is_not_utf_8(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, b"resource \xff")
    assert run(["check", "--stdin", "--filename", "a.conduit"]) == 2
    assert "not UTF-8" in capsys.readouterr().err
