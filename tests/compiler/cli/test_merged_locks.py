"""Two branches add job types: git merges their locks, or shows the conflict."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conduit_async.cli import run
from conduit_async.lock.text import read

RESOURCE = """resource NAME {
  id: uuid! @primary
  title: string!
  @after create { BLOCKS }
}
"""
BLOCK = '@async(name: "WORK") { Email.send(self.title, "WORK") }'
LOCK = Path("jobs/jobs.lock")

Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("conduit.toml").write_text('sources = ["."]\nout = "jobs"\n', encoding="utf-8")
    return tmp_path / "project"


def git(*arguments: str) -> int:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    command = [shutil.which("git") or "git", *identity, *arguments]
    return subprocess.run(command, check=False, capture_output=True).returncode


def put(resource: str, *works: str) -> None:
    blocks = " ".join(BLOCK.replace("WORK", work) for work in works)
    text = RESOURCE.replace("NAME", resource).replace("BLOCKS", blocks)
    Path(f"{resource.lower()}.conduit").write_text(text, encoding="utf-8")


def branch(name: str, resource: str, *works: str) -> None:
    """Make a branch of main in which a resource has these blocks."""
    assert git("checkout", "-q", "-b", name, "main") == 0
    put(resource, *works)
    commit()


def commit() -> None:
    assert run(["gen"]) == 0
    assert git("add", "-A") == 0
    assert git("commit", "-qm", "work") == 0


def merged(name: str) -> bool:
    """Merge a branch into the current one; return whether the lock has no conflict."""
    git("merge", "-q", "--no-edit", name)
    return b"<<<<<<<" not in LOCK.read_bytes()


@pytest.fixture
def main(project: Path) -> None:
    git("init", "-q", "-b", "main")
    put("Invoice", "first", "middle", "third")
    put("Order", "placed")
    commit()


def check_mended(types: set[str]) -> None:
    assert run(["gen"]) == 0
    lock = read(LOCK.read_text("utf-8"))
    assert {name.rpartition(".")[2] for name in lock.jobs} == types
    assert not any(job.retired for job in lock.jobs.values())
    assert run(["gen", "--check"]) == 0


ALL = {"first", "middle", "third", "placed"}


@pytest.mark.usefixtures("main")
def test_types_of_two_resources_merge_by_themselves() -> None:
    branch("left", "Account", "opened")
    branch("right", "Order", "placed", "archived")
    assert merged("left")
    Path("jobs/.conduitc.json").unlink()  # the modules are deleted too, and written anew
    for path in Path("jobs").glob("*.py"):
        path.unlink()
    check_mended({*ALL, "opened", "archived"})


@pytest.mark.usefixtures("main")
def test_a_conflict_is_shown_and_explained(capsys: Printed) -> None:
    branch("left", "Order", "placed", "refunded")
    branch("right", "Order", "placed", "returned")
    assert not merged("left")
    text = LOCK.read_text("utf-8")
    put("Order", "placed", "refunded", "returned")
    capsys.readouterr()
    assert run(["gen"]) == 1
    reported = capsys.readouterr().err
    assert "GEN614" in reported
    assert "keep one side's entry" in reported
    assert LOCK.read_text("utf-8") == text
    # Either side as a whole is enough: the job types of the other side are in the sources.
    assert git("checkout", "-q", "--theirs", "--", LOCK.as_posix()) == 0
    check_mended({*ALL, "refunded", "returned"})


@pytest.mark.usefixtures("main")
def test_what_one_branch_changes_and_another_removes() -> None:
    branch("left", "Invoice", "first", "third")
    branch("right", "Account", "opened")
    assert merged("left")
    lock = read(LOCK.read_text("utf-8"))
    assert lock.jobs["invoice.after_create.middle"].retired
    assert not lock.jobs["account.after_create.opened"].retired
