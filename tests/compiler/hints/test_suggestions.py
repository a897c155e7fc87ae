"""The code that a hint suggests compiles."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from generated import settings_in, sources_in

from conduit_async.compiler import Output, diagnose
from conduit_async.config import Config
from conduit_async.diagnostics import Diagnostic

CASES = Path(__file__).parents[1] / "cases"
SUGGESTED = re.compile(
    r"(?:did you mean|write|call it:|write it as a string:) (`+)([^`…]+)\1(?:\?.*)?$"
)
EDGE = re.compile(r"@?\w+[?!]?|\S")
TOKENS_BEFORE, TOKENS_AFTER = 6, 9
"""How many tokens before and after a diagnostic a suggestion may replace."""

PLACEHOLDERS = re.compile(r"\b(?:value|key|field\w*|query|x|name|length|linear)\b")
"""Words in a suggestion that the author has to replace."""

POST = """resource Post {
  id: uuid! @primary @auto
  body: text?
  views: int?
  price: decimal?
  state: enum ["open", "done"]?
  tags: array<string>?
  meta: hash<string, int>?
  address: { city: string? }?
  flag: bool?
  author: User?
  @function give(text: string) -> string { return text }
  @after create @async {
    %s
  }
}
resource User { id: uuid! @primary name: string! }
"""


def likeness(found: Diagnostic) -> tuple[str, int, str]:
    """The parts of a diagnostic that stay when something else on its line changes."""
    return found.code, found.span.line, found.message


def places(text: str, found: Diagnostic) -> Iterator[tuple[int, int]]:
    """The ranges that a suggestion may replace: the diagnostic's own, or some tokens more."""
    begin = text.rfind("\n", 0, found.span.start) + 1
    end = text.find("\n", found.span.end)
    starts = [each.start() for each in EDGE.finditer(text, begin, found.span.start)]
    stops = [each.end() for each in EDGE.finditer(text, found.span.end, end)]
    for start in (found.span.start, *starts[: -TOKENS_BEFORE - 1 : -1]):
        for stop in (found.span.end, *stops[:TOKENS_AFTER]):
            yield start, stop


def mends(sources: dict[str, str], config: Config, found: Diagnostic, suggestion: str) -> bool:
    """Whether writing a suggestion removes the diagnostic, and the suggestion has no fault."""
    path = found.span.source.path
    text = sources[path]
    before = Counter(map(likeness, diagnose(sources, config)))
    known = likeness(found)
    for start, end in places(text, found):
        pasted = text[:start] + suggestion + text[end:]
        reported = diagnose({**sources, path: pasted}, config)
        after = Counter(map(likeness, reported))
        new = [d for d in reported if d.span.line == found.span.line and likeness(d) not in before]
        if after[known] < before[known] and not any(_is_fault(d, start, suggestion) for d in new):
            return True
    return False


def _is_fault(found: Diagnostic, start: int, suggestion: str) -> bool:
    """Whether a diagnostic is about the suggestion, or about syntax."""
    inside = start <= found.span.start and found.span.end <= start + len(suggestion)
    return found.code.startswith("SYN") or (inside and found.code not in ("TYP101", "SEM204"))


@pytest.mark.slow
@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.is_dir()))
def test_what_a_case_suggests_mends_it(case: str, compiled_case: Callable[[Path], Output]) -> None:
    sources, config = sources_in(CASES / case), settings_in(CASES / case)
    for found in compiled_case(CASES / case).diagnostics:
        suggested = SUGGESTED.match(found.hint or "")
        if suggested and found.span.source.path in sources:
            suggestion = suggested[2]
            if not PLACEHOLDERS.search(suggestion):
                assert mends(sources, config, found, suggestion), (found.message, suggestion)


@pytest.mark.parametrize(
    "statement",
    [
        "Api.a(String.upcase((self.tags ?? []).first()))",
        'Api.a(self.body + "x")',
        "Api.a(1 - self.views * 2)",
        "Api.a(-self.views)",
        "Api.a(self.views > 3 && true)",
        "Api.a(self.body.upcase())",
        "Api.a((self.flag == true ? self.body : nil).length())",
        "Api.a((self.body ?? self.body).length())",
        "Api.a(self.tags[0])",
        'Api.a(self.meta["a"])',
        "for tag in self.tags { Logger.info(tag) }",
        "for name in self.meta { Logger.info(name) }",
        'Api.a("a" in self.tags)',
        "Api.a(give(self.body))",
        "Api.a(self.flag == true ? give(self.body) : 1)",
        "Api.a(self.price * 2)",
        "Api.a(Number.round(self.price, 2))",
        "Api.a(self.author.name)",
        "Api.a(self.address.city)",
        'Api.a(User.find_by(name: "x").name)',
        'let state: enum ["open", "done"]! = self.state  Api.a(state)',
        "let tags: array<string>! = self.tags  Api.a(tags)",
    ],
)
def test_what_mends_a_nil(statement: str) -> None:
    sources = {"post.conduit": POST % statement}
    (found,) = diagnose(sources)
    assert found.code == "TYP101"
    assert found.hint is not None
    suggested = [text for text in re.findall(r"`([^`]+)`", found.hint) if text != "let"]
    assert len(suggested) >= 2 - ("let" in found.hint or "[" in statement)
    for suggestion in suggested:
        if suggestion.endswith("!= nil"):
            assert not diagnose({"post.conduit": POST % f"if {suggestion} {{ {statement} }}"})
        else:
            assert mends(sources, Config(), found, suggestion), suggestion
