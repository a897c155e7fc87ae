"""`conduitc explain` has a page for every code, and the examples of each page are run."""

import json
import os
import re
import shlex
import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

import conduit_async
from conduit_async.cli import run
from conduit_async.cli.explain import pages
from conduit_async.compiler import compile
from conduit_async.config import Config
from conduit_async.diagnostics import Problems
from conduit_async.settings import read_settings
from conduit_async.source import Source

PACKAGE = Path(conduit_async.__file__).parent
CODES = sorted(pages())
POST = """resource Post {
  id: uuid! @primary
  title: string!
  @after create @async { Email.send(self.title) }
}
"""
CODE = re.compile(r"\b[A-Z]{3}\d{3}\b")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Printed = pytest.CaptureFixture[str]


def examples(code: str) -> list[dict[str, str]]:
    """The texts of the wrong example and of the right one, each by language."""
    wrong, right = pages()[code].read_text("utf-8").split("\nInstead:\n")
    one = dict(BLOCK.findall(wrong))
    return [one, one | dict(BLOCK.findall(right))]


def reported(example: dict[str, str], folder: Path) -> set[str]:
    if "console" in example:
        return reported_on_a_terminal(example["console"], folder)
    problems = Problems()
    config = read_settings(Source("conduit.toml", example.get("toml", "")), problems)
    upcasters = Source("upcasters.py", example["python"]) if "python" in example else None
    output = compile(
        {"post.conduit": example.get("conduit", POST)},
        config or Config(),
        lock=example.get("json"),
        upcasters=upcasters,
    )
    return {found.code for found in (*problems.sorted(), *output.diagnostics)}


def reported_on_a_terminal(lines: str, folder: Path) -> set[str]:
    folder.mkdir()
    (folder / "post.conduit").write_text(POST, encoding="utf-8")
    printed = StringIO()
    with chdir(folder), redirect_stdout(printed), redirect_stderr(printed):
        for line in lines.splitlines():
            command = line.removeprefix("$ ")
            if command.startswith("conduitc "):
                run(shlex.split(command)[1:])
            else:
                subprocess.run(command, shell=True, check=True)
    return set(CODE.findall(printed.getvalue()))


def test_pages_as_json(capsys: Printed) -> None:
    assert run(["explain", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["code"] for each in found] == CODES
    assert run(["explain", "typ103", "--format", "json"]) == 0
    (page,) = json.loads(capsys.readouterr().out)
    assert page in found
    assert (page["family"], page["title"]) == ("types", "a needless `!`, `?.` or `??`")
    assert page["page"].startswith("This is a warning.")


def test_every_code_that_is_reported_has_a_page_and_no_other() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*.py")
        if path.name != "explain.py"
    )
    quoted = set(re.findall(r'"([A-Z]{3}\d{3})"', sources))
    assert quoted == set(CODES)


@pytest.mark.parametrize("code", [code for code in CODES if not code.startswith("BRK")])
def test_the_example_of_a_page_has_its_fault_and_the_mended_one_none(
    code: str, tmp_path: Path
) -> None:
    if code == "GEN621" and os.geteuid() == 0:
        pytest.skip("root may read anything")
    wrong, right = examples(code)
    assert reported(wrong, tmp_path / "wrong") == {code}
    assert reported(right, tmp_path / "right") == set()


@pytest.mark.parametrize("code", CODES)
def test_a_page_begins_with_its_code_and_is_as_wide_as_a_terminal(code: str) -> None:
    page = pages()[code].read_text("utf-8")
    assert page.startswith(f"# {code}: ")
    prose = [line for line in BLOCK.sub("", page).splitlines() if len(line) > 88]
    assert not prose


def test_a_page_is_printed(capsys: Printed) -> None:
    assert run(["explain", "syn005"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("SYN005: ")
    assert "    resource Post {" in printed
    assert "```" not in printed


def test_all_codes_are_listed(capsys: Printed) -> None:
    assert run(["explain"]) == 0
    printed = capsys.readouterr().out
    assert re.findall(r"^  ([A-Z]{3}\d{3}): ", printed, re.MULTILINE) == sorted(
        CODES, key=lambda code: ("SYN TYP SEM REL PAT VAL GEN ASY BRK".index(code[:3]), code)
    )


def test_an_unknown_code_gets_a_suggestion(capsys: Printed) -> None:
    assert run(["explain", "SYM005"]) == 2
    assert "did you mean `SYN005`?" in capsys.readouterr().err
