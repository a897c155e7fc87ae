"""`conduitc` as its users meet it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conduit_async.cli import run, watch
from conduit_async.python.code import Code, Precedence

GOOD = """
resource Post {
  id: uuid! @primary
  title: string!
  @after create @async { Mail.send(self.title) }
}
"""
BAD = "resource Post { id: uuid! @primary @after create @async { Mail.send(self.titel, nope) } }\n"

Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working folder."""
    folder = tmp_path / "a project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def put(path: str, content: str | bytes = GOOD) -> Path:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def held(folder: str) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(Path(folder).iterdir())}


def conduitc(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "conduit_async.cli", *arguments]
    return subprocess.run(
        command, capture_output=True, env={**os.environ, **environment}, timeout=120, check=False
    )


def test_a_package_is_written_and_a_second_run_writes_nothing(capsys: Printed) -> None:
    put("resources/blog/post.conduit")
    assert run(["gen", "resources", "-o", "app/jobs"]) == 0
    printed = capsys.readouterr().out
    assert "post.py" in printed
    assert "1 job type from 1 source" in printed
    before = {p: p.stat().st_mtime_ns for p in Path("app/jobs").iterdir()}
    assert run(["gen", "resources", "-o", "app/jobs"]) == 0
    assert "nothing to write" in capsys.readouterr().out
    assert {p: p.stat().st_mtime_ns for p in Path("app/jobs").iterdir()} == before


@pytest.mark.parametrize(
    ("out", "usable"),
    [
        ("my-jobs", "my_jobs"),
        ("app/class", "class_jobs"),
        ("app/2024", "jobs_2024"),
        ("-", "jobs"),
        (".", "a_project"),
        ("\ufb01les", "files"),  # with the letter that Python reads as two
    ],
)
def test_a_package_that_nobody_could_import_is_refused(
    out: str, usable: str, capsys: Printed
) -> None:
    put("post.conduit")
    assert run(["gen", "post.conduit", f"--out={out}"]) == 2
    printed = capsys.readouterr().err
    assert "cannot import" in printed
    assert f"`{usable}`" in printed
    assert [path.name for path in Path().iterdir()] == ["post.conduit"]


def test_no_name_of_a_file_becomes_code(capsys: Printed) -> None:
    code = "import sys; sys.exit(9)"
    names = [
        f"a\n{code}\n#",
        '"""',
        "\\",
        "%s",
        "{{ 1 }}",
        "\u2028",
        "\u202e",
        "ü",
        "\r",
        "a" * 240,
    ]
    encoded = [*map(str.encode, names), b"\xff\xfe"]
    for number, name in enumerate(encoded):
        put(os.fsdecode(b"src/" + name + b".conduit"), GOOD.replace("Post", f"Post{number}"))
    assert run(["gen", "src", "-o", "jobs"]) == 0
    assert run(["gen", "src", "-o", "jobs", "--check"]) == 0
    command = [sys.executable, "-c", "import jobs; print(len(jobs.JOBS))"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, str(len(encoded)).encode())


def test_errors_keep_everything_from_being_written(capsys: Printed) -> None:
    put("post.conduit", BAD)
    assert run(["gen", "post.conduit", "-o", "jobs"]) == 1
    assert not Path("jobs").exists()
    printed = capsys.readouterr()
    assert "nothing was written" in printed.err
    assert "SEM203" in printed.err


def test_check_prints_json(capsys: Printed) -> None:
    put("a/post.conduit", BAD)
    put("a/user.cdt", "resource User { id: int! @primary }")
    assert run(["check", "a", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == 2
    assert {d["code"] for d in found["diagnostics"]} == {"SEM203", "SEM200"}
    for diagnostic in found["diagnostics"]:
        assert set(diagnostic) == {
            "file", "line", "column", "end_line", "end_column", "severity", "code", "message",
            "hint",
        }  # fmt: skip
        assert diagnostic["file"] == "a/post.conduit"


def test_check_of_good_sources(capsys: Printed) -> None:
    put("post.conduit")
    assert run(["check", "."]) == 0
    assert capsys.readouterr().out == "checked 1 file: nothing is wrong\n"
    assert run(["check", ".", "--format", "sarif"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"


def test_sources_and_target_come_from_the_configuration_above(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("pyproject.toml", '[tool.conduit]\nsources = ["resources"]\nout = "app/jobs"\n')
    put("resources/post.conduit")
    Path("app/deep").mkdir(parents=True)
    monkeypatch.chdir("app/deep")
    assert run(["gen"]) == 0
    assert (Path("../jobs") / "post.py").is_file()
    assert "wrote ../jobs" in capsys.readouterr().out


def test_mistakes_in_the_configuration_are_diagnostics(capsys: Printed) -> None:
    put("conduit.toml", 'sources = ["."]\nouts = "jobs"\n')
    put("post.conduit")
    assert run(["check", "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert (found["file"], found["line"], found["code"]) == ("conduit.toml", 2, "VAL511")


def test_output_is_the_same_bytes_from_anywhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("src/resources/post.conduit")
    put("src/resources/z/user.cdt", GOOD.replace("Post", "User"))
    run(["gen", "src", "-o", "one"])
    monkeypatch.chdir("/")
    run(["gen", str(project / "src"), "-o", str(project / "two")])
    monkeypatch.chdir(project / "src" / "resources")
    run(["gen", "..", "-o", "../../three"])
    monkeypatch.chdir(project)
    for number, environment in enumerate(
        [{"PYTHONHASHSEED": "1", "LC_ALL": "C"}, {"PYTHONHASHSEED": "2", "LC_ALL": "tr_TR.UTF-8"}]
    ):
        conduitc("gen", "src", "-o", f"seed{number}", **environment)
    first = held("one")
    assert len(first) > 3
    assert all(held(other) == first for other in ("two", "three", "seed0", "seed1"))
    assert not any(b"a project" in content for content in first.values())


def test_check_and_diff_write_nothing_and_fail_when_stale(capsys: Printed) -> None:
    put("post.conduit")
    assert run(["gen", ".", "-o", "jobs", "--check"]) == 1
    assert not Path("jobs").exists()
    assert run(["gen", ".", "-o", "jobs"]) == 0
    assert run(["gen", ".", "-o", "jobs", "--check"]) == 0
    assert "up to date" in capsys.readouterr().out
    Path("jobs/post.py").write_text("# edited\n")
    before = held("jobs")
    assert run(["gen", ".", "-o", "jobs", "--check"]) == 1
    assert "~ post.py" in capsys.readouterr().out
    assert run(["gen", ".", "-o", "jobs", "--diff"]) == 1
    assert "-# edited\n+# Generated by conduitc" in capsys.readouterr().out
    assert held("jobs") == before


def test_a_resource_that_is_gone_takes_its_module_along(capsys: Printed) -> None:
    put("post.conduit")
    put("user.conduit", GOOD.replace("Post", "User"))
    run(["gen", ".", "-o", "jobs"])
    Path("user.conduit").unlink()
    assert run(["gen", ".", "-o", "jobs"]) == 0
    assert "- user.py" in capsys.readouterr().out
    assert not Path("jobs/user.py").exists()


def test_somebody_elses_folder_is_refused(capsys: Printed) -> None:
    put("post.conduit")
    put("jobs/mine.py", "mine = 1\n")
    assert run(["gen", ".", "-o", "jobs"]) == 1
    assert "GEN610" in capsys.readouterr().err
    assert list(held("jobs")) == ["mine.py"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "nothing to compile"),
        (["check", "absent"], "absent"),
        (["check", "empty"], "no Conduit source"),
        (["check", "notes.txt"], "not a Conduit source"),
        (["gen", "post.conduit"], "-o DIR"),
        (["check", "--nope"], "--nope"),
        (["check", ".", "--format", "xml"], "xml"),
        (["frobnicate"], "frobnicate"),
        (["gen", "post.conduit", "-o", "jobs", "--watch", "--check"], "--watch"),
    ],
)
def test_wrong_usage_is_exit_code_2(capsys: Printed, arguments: list[str], said: str) -> None:
    put("post.conduit")
    put("notes.txt", "notes")
    Path("empty").mkdir()
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"resource Post { \xff }", "GEN620"),
        (b"\xff\xfer\x00e\x00s\x00", "GEN620"),
        (bytes(range(256)) * 20, "GEN620"),
        (b"\x00\x01\x02 }{ @@ \x7f", None),
        (b"resource Post { @after create { " + b"[" * 10_000, None),
        (b"(" * 10_000, None),
    ],
)
def test_any_bytes_give_diagnostics(capsys: Printed, content: bytes, code: str | None) -> None:
    put("post.conduit", content)
    assert run(["check", "post.conduit", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found
    assert code is None or [d["code"] for d in found] == [code]
    assert run(["gen", "post.conduit", "-o", "jobs"]) == 1
    assert not Path("jobs").exists()
    assert "internal error" not in capsys.readouterr().err


def test_an_empty_file_is_a_package_without_jobs(capsys: Printed) -> None:
    put("post.conduit", "")
    assert run(["check", "."]) == 0
    assert run(["gen", ".", "-o", "jobs"]) == 0
    assert "without jobs" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_an_unreadable_file(capsys: Printed) -> None:
    put("post.conduit").chmod(0)
    assert run(["check", "."]) == 1
    assert "GEN621" in capsys.readouterr().out


def test_a_file_that_is_given_twice_counts_once(capsys: Printed) -> None:
    put("post.conduit")
    Path("link.conduit").symlink_to("post.conduit")
    assert run(["check", ".", "post.conduit", str(Path.cwd())]) == 0
    assert "checked 1 file" in capsys.readouterr().out


def test_hidden_folders_are_left_out(capsys: Printed) -> None:
    put("post.conduit")
    put(".venv/old.conduit", BAD)
    assert run(["check", "."]) == 0
    assert "checked 1 file" in capsys.readouterr().out


def test_crlf_and_a_byte_order_mark_change_nothing() -> None:
    put("lf/post.conduit")
    put("crlf/post.conduit", b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    run(["gen", "lf", "-o", "one"])
    run(["gen", "crlf", "-o", "two"])
    assert held("one") == held("two")


def test_an_internal_error_is_one_line(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    put("post.conduit")

    def fail(*arguments: object) -> None:
        raise KeyError("secret\nsecond line")

    monkeypatch.setattr("conduit_async.compiler.diagnose", fail)
    assert run(["check", "."]) == 1
    printed = capsys.readouterr().err
    assert "internal error, KeyError" in printed
    assert "report it" in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    "items", ['*a or ["b"]', "x for x in (y := [1])", f'*a or ["{"b" * 90}"]'], ids=str.split
)
@pytest.mark.parametrize("when", ["first", "later"])
def test_a_module_that_is_no_python_is_not_written(
    items: str, when: str, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("src/order.conduit", GOOD.replace("Post", "Order"))
    put("src/post.conduit")
    before = {}
    if when == "later":
        assert run(["gen", "src", "-o", "jobs"]) == 0
        before = held("jobs")
    put(
        "src/post.conduit",
        GOOD.replace("Mail.send", '\n    let all = Mail.all(["x"] + ["y"])\n    Mail.send'),
    )
    monkeypatch.setattr(
        "conduit_async.lower.expressions.operators.collection",
        lambda *_: Code(f"[{items}]", Precedence.ATOM),
    )
    for options in ([], ["--check"], ["--diff"]):
        capsys.readouterr()
        assert run(["gen", "src", "-o", "jobs", *options]) == 1
        printed = capsys.readouterr().err
        assert "internal error" in printed
        assert '`let all = Mail.all(["x"] + ["y"])` at src/post.conduit:' in printed
        assert printed.count("\n") == 1
    assert (held("jobs") if before else {}) == before
    assert Path("jobs").exists() == bool(before)


def test_a_run_that_is_killed_half_way_is_noticed_and_mended(capsys: Printed) -> None:
    put("src/post.conduit")
    assert run(["gen", "src", "-o", "jobs"]) == 0
    put("src/post.conduit", GOOD.replace("Mail.send(", 'Mail.send("now", '))
    put("src/order.conduit", GOOD.replace("Post", "Order"))
    program = (
        "import os, sys; from conduit_async.cli import atomic, run; real = os.replace;"
        "moved = iter(range(9));"
        "atomic.os.replace = lambda *a: os._exit(9) if next(moved) == 3 else real(*a);"
        "run(sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, "gen", "src", "-o", "jobs"]
    assert subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 9
    assert run(["gen", "src", "-o", "jobs", "--check"]) == 1
    assert "stale" in capsys.readouterr().out
    assert run(["gen", "src", "-o", "jobs"]) == 0
    assert run(["gen", "src", "-o", "jobs", "--check"]) == 0
    run(["gen", "src", "-o", "fresh"])
    mended, fresh = (
        {path.name: path.read_bytes() for path in Path(folder).glob("*.py")}
        for folder in ("jobs", "fresh")
    )
    assert mended == fresh


def test_help_and_version(capsys: Printed) -> None:
    assert run(["--help"]) == 0
    assert "gen" in capsys.readouterr().out
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("conduitc ")


def test_a_start_imports_nothing_heavy() -> None:
    program = (
        "import sys; from conduit_async.cli import run; run(sys.argv[1:]);"
        "heavy = {'rich', 'lark', 'jinja2', 'black', 'tomllib', 'difflib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    def heavy(*arguments: str) -> str:
        command = [sys.executable, "-c", program, *arguments]
        # Measuring coverage imports some of them.
        environment = {name: text for name, text in os.environ.items() if "COVERAGE" not in name}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=True, env=environment
        ).stdout

    assert heavy("--help").endswith("[]\n")
    put("post.conduit")
    assert "jinja2" not in heavy("check", ".")
    assert "black" not in heavy("check", ".")


@pytest.mark.parametrize(
    ("text", "code"),
    [("sources = [", "VAL510"), ('sorces = ["src"]', "VAL511"), ("sources = 3", "VAL512")],
)
@pytest.mark.parametrize("command", ["gen", "check"])
def test_a_faulty_configuration_is_said_without_arguments_too(
    text: str, code: str, command: str
) -> None:
    put("conduit.toml", text)
    done = subprocess.run(
        [sys.executable, "-m", "conduit_async.cli", command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert (done.stdout + done.stderr).count(code) == 1


def test_output_to_a_closed_pipe_is_no_traceback() -> None:
    put("post.conduit", BAD)
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "conduit_async.cli", "check", "."]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=120, check=False)
    os.close(writer)
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def test_watch_misses_no_change_of_the_lock_while_it_compiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("jobs").mkdir()
    runs = looks = 0

    def look_again(seconds: float) -> None:
        nonlocal looks
        looks += 1
        assert looks < 10, "it waits for a change that it has missed"

    monkeypatch.setattr(watch.time, "sleep", look_again)

    def generate() -> int:
        nonlocal runs
        runs += 1
        if runs == 3:
            raise KeyboardInterrupt
        Path("jobs/jobs.lock").write_text("a merge" * runs)
        return 0

    assert watch.watch([], "jobs", generate) == 130
    assert runs == 3


def test_watch_compiles_again_after_each_change() -> None:
    put("src/post.conduit")
    command = [sys.executable, "-m", "conduit_async.cli", "gen", "src", "-o", "jobs", "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        try:
            lines = iter(watcher.stdout.readline, "")
            assert any("wrote jobs" in line for line in lines)
            put("src/user.conduit", GOOD.replace("Post", "User"))
            assert any("+ user.py" in line for line in lines)
            # as a merge may do, to which the sources belong that are there already
            lock = Path("jobs/jobs.lock")
            lock.write_text(lock.read_text().replace('"priority": 50', '"priority": 75', 1))
            assert any("priority 75 -> 50" in line for line in lines)
        finally:
            watcher.send_signal(signal.SIGINT)
        assert watcher.wait(60) == 130
    assert Path("jobs/user.py").exists()
