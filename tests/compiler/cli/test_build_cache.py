"""The cache between runs only saves time: damaged or missing, it changes no outcome."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

import conduit_async.compiler
from conduit_async import assets
from conduit_async.cli import run

POST = """resource Post {
  id: uuid! @primary
  title: string!
  @after create @async {
    Email.send("a long first argument", "a second one", title: self.title, of: "some length")
    self.title == 1
    Logger.info("done")
  }
}
"""

Printed = pytest.CaptureFixture[str]


class Compilations:
    """Counts the calls of the compiler."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        compile = conduit_async.compiler.compile

        def counted(*arguments: object) -> object:
            self.count += 1
            return compile(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(conduit_async.compiler, "compile", counted)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder for this test alone, beside the working folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("post.conduit").write_text(POST, encoding="utf-8")
    return tmp_path / "cache" / "conduit-async"


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> Compilations:
    return Compilations(monkeypatch)


def generated() -> dict[str, bytes]:
    assert run(["gen", ".", "-o", "jobs"]) == 0
    return {path.name: path.read_bytes() for path in Path("jobs").iterdir() if path.is_file()}


def test_what_has_not_changed_is_not_compiled_again(
    compilations: Compilations, capsys: Printed
) -> None:
    first = generated()
    printed = capsys.readouterr()
    assert generated() == first
    assert compilations.count == 1
    again = capsys.readouterr()
    assert again.err == printed.err, "the warnings are printed in every run"
    assert "PAT401" in again.err
    assert "up to date" in again.out


def test_a_module_that_changed_is_written_again_and_a_source_compiled(
    compilations: Compilations,
) -> None:
    first = generated()
    Path("jobs/post.py").unlink()
    assert generated() == first
    with Path("jobs/post.py").open("a") as file:
        file.write("x = 1\n")
    assert generated() == first
    assert compilations.count == 1
    Path("conduit.toml").write_text('prefix = "blog"\n', encoding="utf-8")
    configured = generated()
    assert configured["post.py"] != first["post.py"]
    Path("post.conduit").write_text(POST.replace("done", "sent"), encoding="utf-8")
    assert b"sent" in generated()["post.py"]
    assert compilations.count == 3


def test_what_was_not_written_is_not_remembered(cache: Path) -> None:
    generated()
    (kept,) = cache.glob("run-*.json")
    before = kept.read_bytes()
    Path("post.conduit").write_text(POST.replace("done", "sent"), encoding="utf-8")
    assert run(["gen", ".", "-o", "jobs", "--check"]) == 1
    assert kept.read_bytes() == before
    assert b"sent" in generated()["post.py"]
    assert kept.read_bytes() != before


def test_another_version_of_the_compiler_trusts_nothing(
    compilations: Compilations, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = generated()
    monkeypatch.setattr(assets, "stamp", lambda: "another")
    assert generated() == first
    assert compilations.count == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-3],
        lambda data: data.replace(b"Email", b"Mail!"),
        lambda data: b"\xff" + data,
        lambda data: checked(b"[]"),
        lambda data: checked(b"[1, {}]"),
        lambda data: checked(json.dumps([assets.stamp(), {"inputs": 1}]).encode()),
        lambda data: checked(json.dumps([assets.stamp(), {"files": {"post.py": 3}}]).encode()),
        lambda data: checked(json.dumps([assets.stamp(), {"x": ["y"]}]).encode()),
    ],
)
def test_what_is_damaged_counts_for_nothing(cache: Path, damage: object) -> None:
    first = generated()
    kept = [path for path in cache.iterdir() if not path.name.startswith("grammar")]
    assert kept
    for path in kept:
        path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    Path("jobs/post.py").unlink()
    assert generated() == first


def checked(text: bytes) -> bytes:
    """A text with its correct checksum."""
    return sha256(text).hexdigest().encode() + b"\n" + text


def test_it_may_be_deleted_or_impossible_to_keep(cache: Path) -> None:
    first = generated()
    for path in cache.iterdir():
        path.unlink()
    assert generated() == first
    for path in cache.iterdir():
        path.unlink()
    cache.rmdir()
    cache.write_text("no folder", encoding="utf-8")
    assert generated() == first


@pytest.mark.slow
def test_a_relative_cache_folder_is_ignored(tmp_path: Path) -> None:
    # The XDG specification says this: such a cache would differ for each working folder.
    home = tmp_path / "home"
    compile_with({"HOME": str(home), "XDG_CACHE_HOME": "relative"})
    assert {path.name for path in Path().iterdir()} == {"post.conduit", "jobs"}
    assert list(home.rglob("grammar*"))


@pytest.mark.slow
def test_a_user_without_a_home_compiles() -> None:
    program = (
        "import pwd, sys; pwd.getpwuid = {}.__getitem__; "
        "from conduit_async.cli import main; sys.argv = ['conduitc', 'gen', '.', '-o', 'jobs']; "
        "main()"
    )
    compile_with({}, "-c", program)
    assert {path.name for path in Path().iterdir()} == {"post.conduit", "jobs"}


def compile_with(variables: dict[str, str], *program: str) -> None:
    """Compile in a process with these variables, and without those of a home or cache folder."""
    arguments = program or ("-m", "conduit_async.cli", "gen", ".", "-o", "jobs")
    inherited = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CACHE_HOME")}
    subprocess.run([sys.executable, *arguments], env=inherited | variables, check=True, timeout=120)


@pytest.mark.slow
def test_two_runs_at_once_do_each_other_no_harm(cache: Path) -> None:
    command = [sys.executable, "-m", "conduit_async.cli", "gen", "."]
    runs = [
        subprocess.Popen([*command, "-o", "jobs"], stdout=subprocess.DEVNULL, env=os.environ)
        for _ in range(3)
    ]
    assert [process.wait(timeout=60) for process in runs] == [0, 0, 0]
    together = {path.name: path.read_bytes() for path in Path("jobs").glob("*.py")}
    for path in cache.iterdir():
        path.unlink()
    alone = {name: data for name, data in generated().items() if name.endswith(".py")}
    assert together == alone
