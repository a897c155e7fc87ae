"""`conduitc graph` prints the graph on the standard output, diagnostics on the standard error."""

import json
import sys
from pathlib import Path

import pytest

from conduit_async.cli import run

POST = """resource Post {
  id: uuid! @primary
  title: string!
  @after update @async(name: "index") { Search.add(self.title) self.title = "seen" }
}
"""
Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/post.conduit").write_text(POST, "utf-8")
    return tmp_path


def test_the_graph_is_printed_and_a_cycle_is_warned_about(capsys: Printed) -> None:
    assert run(["graph", "src"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("flowchart LR\n  hook_Post_after_update")
    assert "  job_post_after_update_index -->|writes| table_posts\n" in printed.out
    assert "ASY910" in printed.err
    assert "post.after_update.index → table posts → after update of Post →" in printed.err


@pytest.mark.parametrize(("form", "begin"), [("dot", "digraph {"), ("json", "{"), ("svg", "<?xml")])
def test_a_format(form: str, begin: str, capsys: Printed) -> None:
    assert run(["graph", "src", "--format", form]) == 0
    assert capsys.readouterr().out.startswith(begin)


def test_files_are_named_as_the_user_sees_them(
    folder: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "conduit.toml").write_text('sources = ["src"]\nout = "jobs"\n', "utf-8")
    monkeypatch.chdir(folder / "src")
    assert run(["graph", "--format", "json"]) == 0
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert {node["file"] for node in nodes} == {"post.conduit"}


def test_the_lock_keeps_the_names_of_job_types(folder: Path, capsys: Printed) -> None:
    (folder / "conduit.toml").write_text('sources = ["src"]\nout = "jobs"\n', "utf-8")
    source = folder / "src/post.conduit"
    unnamed = POST.replace('(name: "index")', "")
    source.write_text(unnamed, "utf-8")
    assert run(["gen"]) == 0
    source.write_text(unnamed.replace("{ Search", "{ Pager.alert(1) Search"), "utf-8")
    capsys.readouterr()
    assert run(["graph"]) == 0
    assert '"post.after_update.search_add"' in capsys.readouterr().out


def test_an_error_gives_no_graph(folder: Path, capsys: Printed) -> None:
    (folder / "src/post.conduit").write_text(POST.replace("self.title)", "self.titel)"), "utf-8")
    assert run(["graph", "src"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "SEM203" in printed.err
    assert "1 error; there is no graph" in printed.err


def test_a_picture_without_its_library(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphlay", None)
    monkeypatch.delitem(sys.modules, "conduit_async.graph.svg", raising=False)
    assert run(["graph", "src", "--format", "svg"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "pip install 'conduit-async[graph]'" in printed.err
