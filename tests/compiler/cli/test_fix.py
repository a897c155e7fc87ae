"""`conduitc check --fix` and `--diff`, and the fixes in JSON and SARIF."""

import json
import re
from pathlib import Path

import pytest
from cli_project import GOOD, put

from conduit_async.cli import run

Printed = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("project")

WRONG = GOOD.replace("create", "craete")


def test_fix_applies_safe_fixes_and_checks_again(capsys: Printed) -> None:
    put("post.conduit", WRONG)
    assert run(["check", "--fix", "."]) == 0
    assert Path("post.conduit").read_text("utf-8") == GOOD
    assert capsys.readouterr().out == (
        "post.conduit:5:10: SYN015: write `create`\nchecked 1 file: nothing is wrong\n"
    )


def test_diff_writes_nothing(capsys: Printed) -> None:
    put("post.conduit", WRONG)
    assert run(["check", "--diff", "."]) == 1
    assert Path("post.conduit").read_text("utf-8") == WRONG
    printed = capsys.readouterr().out
    assert "-  @after craete" in printed
    assert "+  @after create" in printed
    assert printed.endswith("would apply 1 fix\n")


def test_misspelt_keys_of_the_configuration(capsys: Printed) -> None:
    put("post.conduit", WRONG)
    put("conduit.toml", 'sorces = ["."]\n\n[defaults]\nqueu = "mail"\n')
    assert run(["check", "--diff"]) == 1
    assert '+sources = ["."]' in capsys.readouterr().out
    assert run(["check", "--format", "json"]) == 1
    [first, *_] = json.loads(capsys.readouterr().out)["diagnostics"]
    assert [each["safe"] for each in first["fixes"]] == [True]
    assert run(["check", "--fix"]) == 0
    assert capsys.readouterr().out == (
        "conduit.toml:1:1: VAL511: write `sources`\n"
        "conduit.toml:4:1: VAL511: write `queue`\n"
        "post.conduit:5:10: SYN015: write `create`\n"
        "checked 1 file: nothing is wrong\n"
    )
    assert Path("conduit.toml").read_text("utf-8") == (
        'sources = ["."]\n\n[defaults]\nqueue = "mail"\n'
    )


@pytest.mark.parametrize(
    "text",
    ['sources = ["."]\nsource = ["a"]\n', "[tool.conduit]\nzzz = 1\n", "sources = 3\n", "x = [\n"],
)
def test_a_configuration_without_a_safe_fix_stays(text: str) -> None:
    put("conduit.toml", text)
    assert run(["check", "--fix"]) == 1
    assert Path("conduit.toml").read_text("utf-8") == text


def test_a_key_of_another_table_is_not_the_mistake() -> None:
    text = '[tool.other]\nsorces = 1\n\n[tool.conduit]\nsorces = ["."]\n'
    put("pyproject.toml", text)
    assert run(["check", "--fix"]) == 1
    assert Path("pyproject.toml").read_text("utf-8") == text


def test_nothing_to_fix(capsys: Printed) -> None:
    put("post.conduit")
    assert run(["check", "--diff", "."]) == 0
    assert run(["check", "--fix", "."]) == 0
    assert capsys.readouterr().out == ("would apply 0 fixes\nchecked 1 file: nothing is wrong\n")


def test_fixes_that_touch_each_other_are_applied_one_by_one() -> None:
    put("post.conduit", GOOD.replace("@after create", "@fater craete"))
    runs = 0
    while run(["check", "--fix", "."]) == 1:
        runs += 1
        assert runs < 3
    assert Path("post.conduit").read_text("utf-8") == GOOD


UNCLOSED = GOOD.rstrip().removesuffix("}").rstrip()
ODD = GOOD.replace("(self", '("😀e\u0301\u2028\x85\x0c\ta\rb", self').replace("title)", "titel)")


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        (UNCLOSED, f"{UNCLOSED}\n}}\n"),
        (UNCLOSED.replace("\n", "\r\n"), f"{UNCLOSED}\n}}\n".replace("\n", "\r\n")),
        (f"\ufeff{ODD}".rstrip(), f"\ufeff{ODD}".rstrip().replace("titel", "title")),
        (f"{GOOD}/* a */", f"{GOOD}// a"),
        (f"{GOOD}/* a */ resource A {{}}", f"{GOOD}/* a */ resource A {{}}"),
        (GOOD.replace("  @", "  /* a\n b */\n  @"), GOOD.replace("  @", "  /* a\n b */\n  @")),
    ],
    ids=["no final newline", "CRLF", "BOM and others", "comment", "code behind", "lines"],
)
def test_texts_of_any_form(text: str, fixed: str, capsys: Printed) -> None:
    file = put("post.conduit", text)
    run(["check", "--diff", "."])
    diff = capsys.readouterr().out
    removed, added = re.findall("^-[^-]", diff, re.M), re.findall("^[+][^+]", diff, re.M)
    assert len(removed) <= 1
    assert len(added) <= 2
    assert run(["check", "--fix", "."]) == (text == fixed)
    assert file.read_bytes() == fixed.encode()


@pytest.mark.parametrize(("mode", "code"), [(0o600, 0), (0o755, 0), (0o444, 2)])
def test_the_mode_of_a_file_stays(mode: int, code: int, capsys: Printed) -> None:
    file = put("post.conduit", WRONG)
    file.chmod(mode)
    assert run(["check", "--fix", "."]) == code
    assert file.stat().st_mode & 0o777 == mode
    assert (file.read_text("utf-8") == WRONG) == (code == 2)
    assert ("the file is read-only" in capsys.readouterr().err) == (code == 2)


def test_bytes_that_are_no_part_of_a_fix_stay() -> None:
    text = b"\xef\xbb\xbf" + WRONG.replace("\n", "\r\n").encode()
    file = put("post.conduit", text)
    put("kept/other.conduit")
    Path("link.conduit").symlink_to(file)
    assert run(["check", "--fix", "link.conduit"]) == 0
    assert file.read_bytes() == text.replace(b"craete", b"create")
    assert Path("link.conduit").is_symlink()


def test_a_file_that_cannot_be_written(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    put("post.conduit", WRONG)
    monkeypatch.setattr("conduit_async.cli.check.fix.change_files", refuse)
    assert run(["check", "--fix", "."]) == 2
    assert "Permission denied" in capsys.readouterr().err


def test_json_has_the_edits(capsys: Printed) -> None:
    put("post.conduit", WRONG)
    assert run(["check", ".", "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found["fixes"] == [
        {
            "title": "write `create`",
            "safe": True,
            "edits": [
                {
                    "file": "post.conduit",
                    "start": {"line": 5, "column": 10},
                    "end": {"line": 5, "column": 16},
                    "text": "create",
                }
            ],
        }
    ]


def test_sarif_has_the_edits(capsys: Printed) -> None:
    put("post.conduit", WRONG)
    assert run(["check", ".", "--format", "sarif"]) == 1
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    (fix,) = result["fixes"]
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "post.conduit"}
    (replacement,) = change["replacements"]
    assert replacement["insertedContent"] == {"text": "create"}
    assert replacement["deletedRegion"] == {
        "startLine": 5, "startColumn": 10, "endLine": 5, "endColumn": 16,
    }  # fmt: skip
