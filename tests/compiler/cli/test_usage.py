"""The arguments of `conduitc`, its exit codes, and its output about faults."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import BAD, put

from conduit_async.cli import run

Printed = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("project")


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


def test_an_internal_error_is_one_line(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    put("post.conduit")

    def fail(*arguments: object, **options: object) -> None:
        raise KeyError("secret\nsecond line")

    monkeypatch.setattr("conduit_async.compiler.diagnose", fail)
    assert run(["check", "."]) == 1
    printed = capsys.readouterr().err
    assert "internal error, KeyError" in printed
    assert "report it" in printed
    assert printed.count("\n") == 1


def test_help_and_version(capsys: Printed) -> None:
    assert run(["--help"]) == 0
    assert "gen" in capsys.readouterr().out
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("conduitc ")


@pytest.mark.slow
def test_a_start_imports_nothing_heavy() -> None:
    program = (
        "import sys; from conduit_async.cli import run; run(sys.argv[1:]);"
        "heavy = {'rich', 'lark', 'jinja2', 'black', 'tomllib', 'difflib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    def heavy(*arguments: str) -> str:
        command = [sys.executable, "-c", program, *arguments]
        # Measuring coverage imports some of these modules.
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
def test_a_faulty_configuration_is_reported_without_arguments_too(
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


def test_output_to_a_full_disk_is_no_traceback() -> None:
    command = [sys.executable, "-m", "conduit_async.cli", "guide"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "conduitc: the output cannot be written: No space left on device\n"


def test_a_closed_output_is_no_traceback() -> None:
    command = [sys.executable, "-m", "conduit_async.cli", "guide"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
