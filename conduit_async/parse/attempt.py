"""Readings of a source that has errors, and the choice among them.

One missing bracket or quote can turn the rest of a source into nonsense. Line breaks and
indentation show what the author meant. So the parser tries each likely repair, and takes the
reading with the fewest diagnostics.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

from ..diagnostics import Diagnostic
from ..lexer import Repair, lex, likely_cuts
from ..source import Source, Span
from .recovery import Recovery

_MAX_CHARACTERS = 1_000_000
"""How much text the readings of a source may cover in all."""

_MAX_CANDIDATES = 12
_SUSPICION_COST = 3
"""How many mistakes a suspicious string counts as."""

_SKIPPED_PER_MISTAKE = 20
"""How many skipped tokens count as one diagnostic."""


_LINE_OF_CODE = re.compile(r"\n([ \t]*+)(?![)\]}\#\r\n]|//|\Z)")


class Attempt:
    """One reading: its tree, what is wrong, and the repairs that it assumes."""

    def __init__(self, source: Source, repairs: tuple[Repair, ...] = ()) -> None:
        self.repairs = repairs
        self.lexed = lex(source, repairs)
        found = list(self.lexed.problems)
        recovery = Recovery(source, self.lexed, found)
        self.tree = recovery.run()
        self.missing_braces = recovery.missing_braces
        self.found = _without_consequences(found)
        stray = [problem.span.start for problem in self.lexed.problems if problem.code == "SYN011"]
        strays = [Span(source, source.line_start(at), source.line_end(at)) for at in stray]
        self.unparsed = [*recovery.unparsed, *strays]
        # Skipped text may hold mistakes that are not counted yet.
        mistakes = len(self.found) + recovery.skipped / _SKIPPED_PER_MISTAKE
        mistakes += _SUSPICION_COST * len(self.lexed.suspicious)
        self.cost = self.lexed.unterminated, mistakes


def best_attempt(source: Source) -> Attempt:
    """The most likely reading of a source."""
    best = Attempt(source)
    budget = _MAX_CHARACTERS
    improved = True
    while improved and (best.found or best.lexed.suspicious):
        improved = False
        base = best
        for repairs in _candidates(source, base):
            budget -= len(source.text)
            if budget < 0:
                return best
            attempt = Attempt(source, (*base.repairs, *repairs))
            equal = attempt.cost == best.cost and len(best.found) < _MAX_CANDIDATES
            # Likely repairs: the indentation closes a bracket, or the second of two is dropped.
            is_likely = any(
                each.kind == "close"
                or (each.kind == "drop" and source.text[each.at - 1] == source.text[each.at])
                for each in repairs
            )
            if attempt.cost < best.cost or (equal and is_likely):
                best, improved = attempt, True
                if best.cost[1] <= len(best.repairs):
                    return best
    return best


def _without_consequences(found: list[Diagnostic]) -> list[Diagnostic]:
    """Leave out what another diagnostic explains: in a part of a type, or on a string's line."""
    strings = {each.span.line for each in found if each.code == "SYN007"}
    strays = {each.span.line for each in found if each.code == "SYN011" and each.span.text == ")"}
    unclosed = sorted(each.span.start for each in found if each.code in ("SYN010", "SYN011"))
    closers = {each.span.end for each in found if each.code == "SYN011" and each.span.text in ")]}"}
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
            case "SYN011":  # `})`, whose head is missing
                return each.span.text in ")]}" and each.span.start in closers
        return False

    return [each for each in found if not follows(each)]


def _candidates(source: Source, attempt: Attempt) -> Iterator[tuple[Repair, ...]]:
    """Yield the sets of repairs that may mend a reading."""
    for repair in _single_repairs(source, attempt):
        if repair not in attempt.repairs:
            yield (repair,)
    if attempt.lexed.multiline and (cuts := likely_cuts(source, attempt.repairs)):
        yield cuts


def _single_repairs(source: Source, attempt: Attempt) -> Iterator[Repair]:
    """Yield the single repairs that may mend the first mistakes of a reading."""
    lexed, text = attempt.lexed, source.text
    yield from (Repair("cut", start) for start in lexed.multiline[:_MAX_CANDIDATES])
    first = [(problem.span.text, problem.span.start) for problem in lexed.problems]
    first = first[:_MAX_CANDIDATES]
    for what, at in first:
        if what == "{" and "{{" in text[max(0, at - 1) : at + 2]:
            yield Repair("drop", at + text.startswith("{{", at))
    for what, at in first:
        if what in ("(", "[", "{") and (place := _outdented(source, at)) is not None:
            yield Repair("close", place, at)
    for what, at in first:
        if what == ")" and (place := _after_head(source, at)) is not None:
            yield Repair("call", place)
    if any(problem.span.text == "}" for problem in lexed.problems):
        yield from (Repair("open", place) for place in attempt.missing_braces[:_MAX_CANDIDATES])
        yield from (Repair("drop", place) for place in lexed.early_closers[:_MAX_CANDIDATES])


def _outdented(source: Source, opener: int) -> int | None:
    """The start of the first line after a bracket that is indented no deeper than its line."""
    indent = source.indent(opener)
    lines = _LINE_OF_CODE.finditer(source.text, opener)
    return next((line.end() for line in lines if len(line[1]) <= indent), None)


def _after_head(source: Source, closer: int) -> int | None:
    """The start of the line below the last one that is indented no deeper than a leading closer."""
    start = source.line_start(closer)
    column = closer - start
    if source.indent(closer) < column:
        return None
    while start:
        following, start = start, source.line_start(start - 1)
        if source.text[start:following].strip() and source.indent(start) <= column:
            return following + source.indent(following)
    return None
