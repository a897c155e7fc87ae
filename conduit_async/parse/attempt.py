"""Readings of a source that has errors, and the choice among them.

One bracket or quote that is missing can turn the rest of a source into nonsense. What the author
meant shows in the line breaks and the indentation, so each likely repair is tried, and the reading
with the fewest diagnostics is taken.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from .. import ast
from ..diagnostics import Diagnostic
from ..lexer import Lexed, Repair, lex, likely_cuts
from ..source import Source, Span
from .recovery import Recovery
from .table import table

_MAX_CHARACTERS = 1_000_000
"""How much text may be read in all to find the best reading."""

_MAX_CANDIDATES = 12
_SUSPICION_COST = 3
"""How many mistakes a string counts as that ends where another one should begin."""

_SKIPPED_PER_MISTAKE = 20
"""How many tokens that were skipped count as much as a diagnostic."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reading: its tree, what is wrong, and the repairs that it assumes."""

    repairs: tuple[Repair, ...]
    lexed: Lexed
    tree: ast.File
    found: list[Diagnostic]
    missing_braces: list[int]
    skipped: int
    unparsed: list[Span]

    @property
    def cost(self) -> tuple[bool, float]:
        """Small is good. Text that was skipped may hold mistakes that are not counted yet."""
        mistakes = len(self.found) + _SUSPICION_COST * len(self.lexed.suspicious)
        return self.lexed.unterminated, mistakes + self.skipped / _SKIPPED_PER_MISTAKE


def best_attempt(source: Source) -> Attempt:
    """The most likely reading of a source."""
    best = _attempt(source, ())
    budget = _MAX_CHARACTERS
    improved = True
    while improved and (best.found or best.lexed.suspicious):
        improved = False
        base = best
        for repairs in _candidates(source, base):
            budget -= len(source.text)
            if budget < 0:
                return best
            attempt = _attempt(source, (*base.repairs, *repairs))
            equal = attempt.cost == best.cost and len(best.found) < _MAX_CANDIDATES
            if attempt.cost < best.cost or (equal and _is_likely(source.text, repairs)):
                best, improved = attempt, True
                if best.cost[1] <= len(best.repairs):
                    return best
    return best


def _attempt(source: Source, repairs: tuple[Repair, ...]) -> Attempt:
    lexed = lex(source, repairs)
    found = list(lexed.problems)
    recovery = Recovery(source, lexed, table(), found)
    tree = recovery.run()
    found = _without_consequences(found)
    strays = [_line_of(p.span) for p in lexed.problems if p.code == "SYN011"]
    unparsed = [*recovery.unparsed, *strays]
    return Attempt(repairs, lexed, tree, found, recovery.missing_braces, recovery.skipped, unparsed)


def _without_consequences(found: list[Diagnostic]) -> list[Diagnostic]:
    """Leave out what another diagnostic explains: a part of a type, or the line of a string."""
    strings = {each.span.line for each in found if each.code == "SYN007"}
    strays = {each.span.line for each in found if each.code == "SYN011" and each.span.text == ")"}
    unclosed = sorted(each.span.start for each in found if each.code in ("SYN010", "SYN011"))
    types = sorted([*unclosed, *(each.span.start for each in found if each.code == "SYN006")])

    def follows(each: Diagnostic) -> bool:
        match each.code:
            case "SYN001" | "SYN002":
                return bool(strings) and each.span.line in strings
            case "SYN005" | "SYN006":
                inner = types if each.code == "SYN005" else unclosed
                place = bisect_left(inner, each.span.start)
                return place < len(inner) and inner[place] < each.span.end
            case "SYN012" | "SYN017":
                return bool(strays) and each.span.line in strays
        return False

    return [each for each in found if not follows(each)]


def _is_likely(text: str, repairs: tuple[Repair, ...]) -> bool:
    """Whether a repair drops the second of two equal brackets, or closes one by indentation."""
    return any(
        repair.kind == "close" or (repair.kind == "drop" and text[repair.at - 1] == text[repair.at])
        for repair in repairs
    )


def _candidates(source: Source, attempt: Attempt) -> Iterator[tuple[Repair, ...]]:
    """What may mend a reading."""
    for repair in _single_repairs(source, attempt):
        if repair not in attempt.repairs:
            yield (repair,)
    if attempt.lexed.multiline and (cuts := likely_cuts(source, attempt.repairs)):
        yield cuts


def _single_repairs(source: Source, attempt: Attempt) -> Iterator[Repair]:
    """What may mend the first mistakes of a reading."""
    lexed = attempt.lexed
    if lexed.unterminated or lexed.suspicious or attempt.found:
        for start in lexed.multiline[:_MAX_CANDIDATES]:
            yield Repair("cut", start)
    for problem in lexed.problems[:_MAX_CANDIDATES]:
        at = problem.span.start
        if problem.span.text == "{" and "{{" in source.text[max(0, at - 1) : at + 2]:
            yield Repair("drop", at + source.text.startswith("{{", at))
    for problem in lexed.problems[:_MAX_CANDIDATES]:
        opener = problem.span.start
        if problem.code in ("SYN010", "SYN011") and problem.span.text in ("(", "[", "{"):
            place = _outdented(source.text, opener)
            if place is not None:
                yield Repair("close", place, opener)
    if len(attempt.found) < 2:
        return
    for problem in lexed.problems[:_MAX_CANDIDATES]:
        if problem.code == "SYN011" and problem.span.text == ")":
            place = _after_head(source.text, problem.span.start)
            if place is not None:
                yield Repair("call", place)
    if any(problem.code == "SYN011" and problem.span.text == "}" for problem in lexed.problems):
        for place in attempt.missing_braces[:_MAX_CANDIDATES]:
            yield Repair("open", place)
        for place in lexed.early_closers[:_MAX_CANDIDATES]:
            yield Repair("drop", place)


def _line_of(span: Span) -> Span:
    """The line where a span starts."""
    text = span.source.text
    end = text.find("\n", span.start)
    start = text.rfind("\n", 0, span.start) + 1
    return Span(span.source, start, end if end >= 0 else len(text))


def _outdented(text: str, opener: int) -> int | None:
    """Where, after a bracket, the first line begins that is indented no deeper than its line."""
    start = text.rfind("\n", 0, opener) + 1
    indent = _indent(text, start)
    start = text.find("\n", opener) + 1
    while start:
        width = _indent(text, start)
        first = text[start + width : start + width + 1]
        if (
            width <= indent
            and first not in ("", "\r", "\n", ")", "]", "}", "#")
            and (text[start + width : start + width + 2] != "//")
        ):
            return start + width
        start = text.find("\n", start) + 1
    return None


def _after_head(text: str, closer: int) -> int | None:
    """Where the line begins after the one that a closer, first on its line, is indented like."""
    start = text.rfind("\n", 0, closer) + 1
    if text[start:closer].strip():
        return None
    while start:
        following, start = start, text.rfind("\n", 0, start - 1) + 1
        width = _indent(text, start)
        if text[start:following].strip() and width <= closer - text.rfind("\n", 0, closer) - 1:
            return following + _indent(text, following)
    return None


def _indent(text: str, start: int) -> int:
    end = start
    while text[end : end + 1] in (" ", "\t"):
        end += 1
    return end - start
