"""The sources that `conduitc` finds and reads, and `conduitc check`."""

import json
import os
from pathlib import Path

import pytest
from cli_project import BAD, GOOD, files_of, put

from conduit_async.cli import run

Printed = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("project")


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
            "hint", "fixes",
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


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"resource Post { \xff }", "GEN620"),
        (b"\xff\xfer\x00e\x00s\x00", "GEN620"),
        (bytes(range(256)) * 20, "GEN620"),
        (b"\x00\x01\x02 }{ @@ \x7f", None),
        (b"resource Post { @after create { " + b"[" * 2_000, None),
        (b"(" * 2_000, None),
    ],
    ids=["no UTF-8", "UTF-16", "every byte", "signs", "a nest in a hook", "a nest"],
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


@pytest.mark.parametrize("command", [["check", "."], ["gen", ".", "-o", "jobs"]])
def test_a_link_that_leads_nowhere_is_named(command: list[str], capsys: Printed) -> None:
    put("post.conduit")
    put("deeper/user.conduit").unlink()
    Path("deeper/user.conduit").symlink_to("gone.conduit")
    Path(".#post.conduit").symlink_to("an-editor@host.1234")
    assert run(command) == 1
    captured = capsys.readouterr()
    assert "GEN621" in (shown := captured.out + captured.err)
    assert "deeper/user.conduit" in shown
    assert "this symbolic link leads to no file" in shown
    assert shown.count("GEN621") == 1
    assert not Path("jobs").exists()


def test_a_configuration_or_folder_that_leads_nowhere_is_named(capsys: Printed) -> None:
    put("post.conduit")
    Path("conduit.toml").symlink_to("gone.toml")
    assert run(["check", "post.conduit"]) == 1
    assert "conduit.toml" in capsys.readouterr().out
    Path("conduit.toml").unlink()
    Path("more").symlink_to("gone")
    assert run(["check", "."]) == 1
    assert "GEN621" in capsys.readouterr().out


def test_linked_folders_are_read_once(capsys: Printed) -> None:
    put("sources/post.conduit")
    put("shared/user.conduit", "resource User { id: int! @primary }")
    Path("sources/shared").symlink_to("../shared")
    Path("shared/back").symlink_to("../sources")
    assert run(["check", "sources"]) == 0
    assert "checked 2 files" in capsys.readouterr().out


def test_hidden_folders_are_left_out(capsys: Printed) -> None:
    put("post.conduit")
    put(".venv/old.conduit", BAD)
    assert run(["check", "."]) == 0
    assert "checked 1 file" in capsys.readouterr().out


def test_generated_code_names_sources_as_diagnostics_do_without_a_configuration() -> None:
    put("resources/post.conduit")
    assert run(["gen", "resources", "-o", "app/jobs"]) == 0
    assert '"resources/post.conduit",' in Path("app/jobs/_lines.py").read_text()


def test_crlf_and_a_byte_order_mark_change_nothing() -> None:
    put("a/post.conduit")
    run(["gen", "a", "-o", "one"])
    put("a/post.conduit", b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    run(["gen", "a", "-o", "two"])
    assert files_of("one") == files_of("two")
