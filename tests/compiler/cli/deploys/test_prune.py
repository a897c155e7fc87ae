"""`conduitc lock prune` drops what git says was not deployed, and nothing else."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from conduit_async.cli import run
from conduit_async.lock.text import read

TICKET = """resource Ticket {
  id: uuid! @primary
  one: string!
  two: string!
  three: string!
  four: string!
  @after create {
    @async(name: "mail") { Email.send(self.FIELD) }
    REST
  }
}
"""
OTHER = '@async(name: "index") { Search.add(self.id) }'
LOCK = Path("jobs/jobs.lock")
DAY = 86_400

Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("conduit.toml").write_text('sources = ["."]\nout = "jobs"\n', encoding="utf-8")
    return tmp_path / "project"


def git(*arguments: str, days_ago: float = 0) -> str:
    at = f"{int(time.time() - days_ago * DAY)} +0000"
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    return subprocess.run(
        [shutil.which("git") or "git", *identity, *arguments],
        env={**os.environ, "GIT_COMMITTER_DATE": at, "GIT_AUTHOR_DATE": at},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def gen(field: str, rest: str = "") -> None:
    text = TICKET.replace("FIELD", field).replace("REST", rest)
    Path("ticket.conduit").write_text(text, encoding="utf-8")
    assert run(["gen"]) == 0


def commit(field: str, rest: str = "", days_ago: float = 0) -> None:
    gen(field, rest)
    git("add", "-A", days_ago=days_ago)
    git("commit", "-m", field, days_ago=days_ago)


def kept() -> set[str]:
    """The first field of each shape of `mail`, and the other job types."""
    jobs = read(LOCK.read_text("utf-8")).jobs
    mail = jobs.pop("ticket.after_create.mail")
    return {next(iter(fields)) for fields in mail.shapes.values()} | jobs.keys()


def history() -> None:
    """Commit shapes that were current from 200, from 100 and from 50 days ago."""
    git("init", "-q", "-b", "main")
    commit("one", OTHER, days_ago=200)
    commit("two", days_ago=100)
    git("tag", "v2")
    commit("three", days_ago=50)


INDEX = "ticket.after_create.index"


def test_without_options_what_no_commit_has_is_dropped(capsys: Printed) -> None:
    history()
    gen("four", '@async(name: "tried") { Search.try(self.id) }')
    gen("two")
    gen("three")
    assert kept() == {"one", "two", "three", "four", INDEX, "ticket.after_create.tried"}
    others = {path: path.read_bytes() for path in Path("jobs").iterdir() if path != LOCK}
    capsys.readouterr()
    assert run(["lock", "prune", "--dry-run"]) == 0
    text = capsys.readouterr().out.splitlines()
    assert len(kept()) == 6, "nothing is written"
    assert run(["lock", "prune"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert text[:-1] == out[:-1]
    assert out[0].startswith("- ticket.after_create.mail ")
    assert out[0].endswith(" (four)")
    assert out[1] == "- ticket.after_create.tried, retired"
    assert out[2] == (
        "dropped 1 shape and 1 retired job type from jobs/jobs.lock; "
        "now run `conduitc gen`, which removes the code that reads them"
    )
    assert kept() == {"one", "two", "three", INDEX}
    assert {path: path.read_bytes() for path in Path("jobs").iterdir() if path != LOCK} == others
    assert run(["gen"]) == 0
    assert run(["gen", "--check"]) == 0
    assert kept() == {"one", "two", "three", INDEX}
    assert run(["lock", "prune"]) == 0
    assert "nothing to drop" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--older-than", "1y"], {"one", "two", "three", INDEX}),
        (["--older-than", "150d"], {"one", "two", "three", INDEX}),  # in force 150 days ago
        (["--older-than", "99d"], {"two", "three"}),
        (["--older-than", "7w"], {"three"}),
        (["--older-than", "2h"], {"three"}),
        (["--before", "v2"], {"two", "three"}),
        (["--before", "HEAD"], {"three"}),
        (["--before", "HEAD~2"], {"one", "two", "three", INDEX}),
    ],
)
def test_what_was_current_since_then_stays(options: list[str], left: set[str]) -> None:
    history()
    assert run(["lock", "prune", *options]) == 0
    assert kept() == left


def test_what_was_merged_later_than_it_was_written_stays() -> None:
    history()
    git("checkout", "-q", "-b", "topic")
    commit("four", days_ago=40)
    git("checkout", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "merge", "topic", days_ago=10)
    assert run(["lock", "prune", "--older-than", "20d"]) == 0
    assert kept() == {"three", "four"}, "20 days ago, three was in force"


def test_a_package_that_was_moved_keeps_its_history() -> None:
    history()
    git("mv", "jobs", "work")
    Path("conduit.toml").write_text('sources = ["."]\nout = "work"\n', encoding="utf-8")
    git("commit", "-qam", "move", days_ago=30)
    assert run(["lock", "prune", "--older-than", "80d"]) == 0
    Path("work").rename("jobs")
    assert kept() == {"two", "three"}


def test_the_current_shape_stays_though_no_commit_has_it() -> None:
    history()
    gen("four")
    assert run(["lock", "prune", "--older-than", "1h"]) == 0
    assert kept() == {"three", "four"}


def test_a_broken_version_is_left_out_with_a_note(capsys: Printed) -> None:
    history()
    text = LOCK.read_text("utf-8")
    LOCK.write_text(f"<<<<<<< HEAD\n{text}", encoding="utf-8")
    git("commit", "-qam", "broken", days_ago=2)
    LOCK.write_text(text, encoding="utf-8")
    git("commit", "-qam", "mended", days_ago=1)
    assert run(["lock", "prune", "--older-than", "90d"]) == 0
    assert "is left out: line 1: git could not merge" in capsys.readouterr().err
    assert kept() == {"two", "three"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--older-than", "90"], "--older-than is `90`: use an age such as 12h, 90d, 8w or 1y"),
        (["--older-than", "9999999999999y"], "use an age"),
        (["--before", "nope"], "there is no commit `nope`"),
        (["--before", "--all"], "there is no commit `--all`"),
        (["--before", "\0"], "there is no commit"),
        (["--before", "v2", "--older-than", "9d"], "give one of them"),
        (["-o", "nowhere"], "there is no nowhere/jobs.lock"),
    ],
)
def test_wrong_usage_is_reported(arguments: list[str], message: str, capsys: Printed) -> None:
    history()
    before = LOCK.read_bytes()
    assert run(["lock", "prune", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert LOCK.read_bytes() == before


def test_without_a_repository_or_a_commit_it_says_so(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    gen("one")
    assert run(["lock", "prune"]) == 2
    assert "is in no git repository" in capsys.readouterr().err
    git("init", "-q")
    assert run(["lock", "prune"]) == 2
    assert "commit it first" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    assert run(["lock", "prune"]) == 2
    assert "there is no git" in capsys.readouterr().err


def test_a_shallow_clone_does_not_say_what_was_deployed(
    tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    history()
    git("clone", "-q", "--depth", "1", Path.cwd().as_uri(), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    assert run(["lock", "prune", "--older-than", "9d"]) == 2
    assert "git fetch --unshallow" in capsys.readouterr().err


def test_a_broken_lock_is_not_pruned(capsys: Printed) -> None:
    history()
    LOCK.write_bytes(b"{")
    assert run(["lock", "prune"]) == 1
    captured = capsys.readouterr()
    assert "GEN614" in captured.err
    assert "jobs/jobs.lock" in captured.err
    assert LOCK.read_bytes() == b"{"
