"""A project with a module of upcasters: `conduitc gen`, mypy, and every order of imports."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from conduit_async.cli import run
from conduit_async.cli.project import watched_files

Printed = pytest.CaptureFixture[str]

OLD = """resource Post {
  id: uuid! @primary
  title: string!
  @after create @async { Email.send(self.title) }
}
"""
NEW = OLD.replace("title", "headline")
ROOT = Path(__file__).parents[3]


def gen(text: str | None = None) -> int:
    if text is not None:
        Path("post.conduit").write_text(text, "utf-8")
    return run(["gen"])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an older payload that nothing reads."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("conduit.toml").write_text('sources = ["."]\nout = "app/jobs"\n', "utf-8")
    assert gen(OLD) == 0
    Path("app/__init__.py").touch()
    with Path("conduit.toml").open("a", encoding="utf-8") as settings:
        settings.write('upcasters = "app.upcasters"\n')
    return tmp_path


def skeleton(capsys: Printed) -> str:
    """The upcaster that the hint of the error shows."""
    hint = capsys.readouterr().err.partition("write an upcaster in app.upcasters:\n\n")[2]
    return re.sub(r"^    ", "", hint.partition("1 error")[0], flags=re.MULTILINE).strip() + "\n"


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_missing_module_is_reported_with_the_file_to_create(
    project: Path, capsys: Printed
) -> None:
    assert gen(NEW) == 1
    printed = capsys.readouterr().err
    assert "error[VAL514]: `upcasters` names the module app.upcasters, which has no file" in printed
    assert "conduit.toml:3:1" in printed
    assert "create app/upcasters.py" in printed
    assert run(["check"]) == 1


@pytest.mark.slow
def test_the_hint_is_an_upcaster_to_complete(project: Path, capsys: Printed) -> None:
    module = Path("app/upcasters.py")
    module.write_text("", "utf-8")
    assert gen(NEW) == 1
    text = skeleton(capsys)
    assert "\nfrom app.jobs.post import EmailSend, EmailSend_" in text
    completed, count = re.subn(r"\.\.\.,  # .*", "old.title,", text)
    assert count == 1

    module.write_text(completed, "utf-8")
    assert gen() == 0
    assert "@upcast" not in Path("app/jobs/post.py").read_text("utf-8")
    assert run(["gen", "--check"]) == 0
    checked = python("-m", "mypy", "--strict", "app")
    assert checked.returncode == 0, checked.stdout
    for first in ("app.upcasters", "app.jobs", "app.jobs.post"):
        done = python(
            "-c", f"import {first}; import app.jobs.post as p; print(*p.email_send.upcasts)"
        )
        assert re.fullmatch(r"[0-9a-f]{8}\n", done.stdout), done.stderr

    module.write_text(text, "utf-8")
    checked = python("-m", "mypy", "--strict", "app")
    assert 'Argument "headline" to "EmailSend" has incompatible type' in checked.stdout


@pytest.mark.slow
def test_an_upcaster_that_is_gone_is_an_error_of_gen_and_of_the_import(
    project: Path, capsys: Printed
) -> None:
    module = Path("app/upcasters.py")
    module.write_text("", "utf-8")
    assert gen(NEW) == 1
    module.write_text(re.sub(r"\.\.\.,  # .*", "old.title,", skeleton(capsys)), "utf-8")
    assert gen() == 0
    text = module.read_text("utf-8")
    module.write_text("", "utf-8")
    assert run(["gen", "--check"]) == 1
    assert "ASY906" in capsys.readouterr().err
    for first in ("app.jobs", "app.jobs.post"):
        done = python("-c", f"import {first}")
        assert "GeneratedCodeError: nothing reads the older payload" in done.stderr

    module.write_text(text + "\n# a further line changes nothing\n", "utf-8")
    assert run(["gen", "--check"]) == 0
    module.write_text(text + "\ndef", "utf-8")
    assert gen() == 1
    assert "app/upcasters.py:" in capsys.readouterr().err


@pytest.mark.slow
def test_an_upcaster_by_hand_replaces_the_generated_one(project: Path) -> None:
    named = NEW.replace("headline: string!", 'headline: string! @was("title")')
    Path("app/upcasters.py").write_text("", "utf-8")
    assert gen(named) == 0
    text = Path("app/jobs/post.py").read_text("utf-8")
    shape = re.search(r'@upcast\(email_send, "(\w+)"\)', text)
    assert shape is not None
    Path("app/upcasters.py").write_text(
        f"from conduit_runtime import upcast\n\n"
        f"from app.jobs.post import EmailSend, EmailSend_{shape[1]}, email_send\n\n\n"
        f'@upcast(email_send, "{shape[1]}")\n'
        f"def _(old: EmailSend_{shape[1]}) -> EmailSend:\n"
        f"    return EmailSend(headline=old.title.upper())\n",
        "utf-8",
    )
    assert gen() == 0
    assert "@upcast" not in Path("app/jobs/post.py").read_text("utf-8")
    assert python("-c", "import app.jobs").returncode == 0
    Path("app/upcasters.py").write_text("", "utf-8")
    assert gen() == 0
    assert Path("app/jobs/post.py").read_text("utf-8") == text


def test_the_module_may_be_in_src_and_is_watched(project: Path) -> None:
    folder = project / "src/app/upcasters"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("", "utf-8")
    assert gen(OLD) == 0
    assert folder / "__init__.py" in watched_files([])
