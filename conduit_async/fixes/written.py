"""The edits that write what a hint tells in place of what is wrong."""

import re
from collections.abc import Iterator

from ..diagnostics import Edit, Fix
from ..source import Span

GAP = "…"
"""Stands in a hint for code that it leaves out."""
_CALL_OF_TEXT = re.compile(r'(?P<name>[\w.]+)\(".*"\)')
_TEXT_BEHIND = re.compile(
    r'\s*(?:(?:new\s+)?\w+)?\s*\(?\s*(?P<text>"(?:#\{[^}\n]*\}|\\.|[^"\\\n])*")(?:\s*\))?'
)


def written(span: Span, code: str) -> Iterator[Fix]:
    """Write code for the span, or for what stands there with the same letters and digits."""
    yield from _call_of_text(span, code)
    if span.text == ":=" and code.startswith("let "):
        start = span.source.line_start(span.start)
        start += span.source.indent(span.start)
        declared = Edit(Span(span.source, start, start), "let ")
        yield Fix("declare it by `let`", (declared, Edit(span, "=")))
        return
    if GAP in code and not (span.text[:1].isalnum() or span.text[:1] == "@"):
        return
    if GAP in code:
        code = code.partition(GAP)[0].rstrip(' =({"')
        if not code:
            return
        yield Fix(f"write `{code}`", (Edit(span, code),))
        code = code.split()[0]
    title = f"write `{code}`"
    for whole in _of_same_letters(span, code):
        yield Fix(title, (Edit(whole, code),))
    yield Fix(title, (Edit(span, code),))
    if "(" in code:
        yield Fix(title, (Edit(_member(span), code),))
    if re.fullmatch(r"[\w.?!]+", code) and "." in code:  # one part of a name is wrong
        yield Fix(title, (Edit(span, code.rpartition(".")[2]),))
        yield Fix(title, (Edit(span, code.partition(".")[0]),))


def _call_of_text(span: Span, code: str) -> Iterator[Fix]:
    """Write a call for a word and the text behind it: `error("no")` for `raise Problem("no")`."""
    call = _CALL_OF_TEXT.fullmatch(code)
    source = span.source
    behind = _TEXT_BEHIND.match(source.text, span.end, source.line_end(span.end))
    if call is not None and behind is not None and span.text.isalnum():
        code = f"{call['name']}({behind['text']})"
        yield Fix(f"write `{code}`", (Edit(Span(source, span.start, behind.end()), code),))


def _member(span: Span) -> Span:
    """The name of a member with what it is a member of, and its sign: `self.delete!`."""
    source = span.source
    before = source.text[source.line_start(span.start) : span.start][::-1]
    behind = source.text[span.end : source.line_end(span.end)]
    start = span.start - len(before) + len(re.sub(r"^(?:\.\w+)*", "", before))
    end = span.end + len(behind) - len(re.sub(r"^[!?]?(?:\(\))?", "", behind))
    return Span(source, start, end)


def _of_same_letters(span: Span, code: str) -> Iterator[Span]:
    """The part of the line that has the letters of `code`, apart from signs and spaces."""
    source = span.source
    parts = re.fullmatch(r"(\W*)(.*?)(\W*)", code, re.DOTALL)
    if parts is None or not parts[2]:
        return
    letters = r"[^\w\n]*?".join(map(re.escape, re.sub(r"\W", "", parts[2])))
    pattern = f"(?:{re.escape(parts[1])})?{letters}(?:{re.escape(parts[3])})?"
    start, end = source.line_start(span.start), source.line_end(span.start)
    for found in re.finditer(pattern, source.text[start:end]):
        first, last = start + found.start(), start + found.end()
        if first <= span.end and span.start <= last:
            yield Span(source, first, last)
