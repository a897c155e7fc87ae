"""The edits that may mend a diagnostic, the likely ones first.

Most follow from the hint: what it tells to write, in backticks, stands for the span. A syntax error
without such a hint may be mended by a sign that is missing, too much, or in the wrong place.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..diagnostics import Diagnostic, Edit, Fix
from ..lexer import lex
from ..source import Source, Span
from ..tokens import Token
from .written import GAP, written

_TOLD = re.compile(
    r"(?:^|[;,:.] |, or )"
    r"(?:write|did you mean|call it|call it as a method|parse it|say the unit|write it [a-z ]+"
    r"|a dot is missing: write|assign its key|it is|read the present value,|such as|for example"
    r"|the last one is|give a value for nil with|declare a local of the block)"
    r":? (?P<quoted>`[^`]+`|\"[^\"]+\")(?! in | after )",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r"^(?:such as|for example|give a value|read the present|declare a local)")
_AROUND = re.compile(
    r"^(?:call it in a job|make (?:it|each) a job of its own[^:]*): `(?P<code>[^`]+)`"
)
_OPTION = re.compile(
    r"(?:^say [^:]*: |write )`(?P<code>\w+: [^`]+)`(?P<inside> in (?:its|the) `@async)?"
)
_ASSIGNED = re.compile(r"^assign to it: ")
_ADDED = re.compile(r"(?:add the missing|close it with|put a) `(?P<text>[^`]+)`")
_REMOVED = re.compile(r"\bremove it\b|^write [^;]* alone$")
_ONE_OF_TWO = re.compile(r"\bremove one of the two\b")
_NO_SUCH = re.compile(r"Conduit has no (?:`\w+`$|.* comments$)")
_COMMENT = re.compile(r"/\*+ *(?P<text>.*?) *\*/")
_EXPECTED = re.compile(r"expected(?: a block)? `(?P<text>[^`\w]{1,2})`")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_SIGNS = ("(", ")", ".", ",", ":", "@", "{", "}", "|", "=", '"', "!")
"""What is tried before a place where something else was expected."""

_NEAR = 12
"""Tokens of a line at which a missing bracket is tried."""


def hinted(diagnostic: Diagnostic) -> Iterator[Fix]:
    """Fixes that follow from the hint, each once; none has been tried."""
    return _distinct(_everywhere(diagnostic, fix) for fix in _hinted(diagnostic))


def _everywhere(diagnostic: Diagnostic, fix: Fix) -> Fix:
    """A fix of a word, made at all places where the word is the same mistake."""
    if [each.span for each in fix.edits] != [diagnostic.span]:
        return fix
    (edit,) = fix.edits
    same = [each for each in diagnostic.same if each.text == edit.span.text]
    return replace(fix, edits=(edit, *(Edit(each, edit.text) for each in same)))


def guessed(diagnostic: Diagnostic) -> Iterator[Fix]:
    """Fixes of a syntax error without such a hint."""
    return _distinct(_guessed(diagnostic))


def _distinct(fixes: Iterable[Fix]) -> Iterator[Fix]:
    seen: set[tuple[Edit, ...]] = set()
    for each in fixes:
        fix = replace(each, edits=tuple(map(_with_own_line_breaks, each.edits)))
        changes = any(edit.text != edit.span.text for edit in fix.edits)
        if changes and fix.edits not in seen:
            seen.add(fix.edits)
            yield fix


def _with_own_line_breaks(edit: Edit) -> Edit:
    """An edit that ends lines as the first line of its source ends."""
    is_crlf = edit.span.source.text.partition("\n")[0].endswith("\r")
    return replace(edit, text=re.sub(r"\r?\n", "\r\n", edit.text)) if is_crlf else edit


def _hinted(diagnostic: Diagnostic) -> Iterator[Fix]:
    hint, span = diagnostic.hint or "", diagnostic.span
    told = [*_TOLD.finditer(hint)]
    for found in told:
        quoted = found["quoted"]
        yield from written(span, quoted.strip("`") if quoted[0] == "`" else quoted)
    if around := _AROUND.search(hint):
        code = around["code"].replace(f"{{ {GAP} }}", f"{{ {span.text} }}")
        yield Fix(f"write `{around['code']}`", (Edit(span, code),))
    if (option := _OPTION.search(hint)) and (option["inside"] or hint.startswith("say")):
        yield from _with_option(span, option["code"])
    if _ASSIGNED.search(hint) and (let := _let_before(span)) is not None:
        yield _removal(let)
    if added := _ADDED.search(hint):
        yield from _inserted(span, added["text"])
    if _REMOVED.search(hint) and not span.source.path.endswith(".toml"):  # a part of a string
        if span.text in _PAIRS:
            yield from _opened(span)
        yield _removal(span)
        yield from _opened(span)
    if hint.startswith("move it into an `@after` hook"):
        yield from _after(span)
    if hint.startswith("write the value behind the `=`"):
        yield Fix("join the lines", (Edit(span, re.sub(r"=\s+", "= ", span.text, count=1)),))
    if (comment := _COMMENT.fullmatch(span.text)) and _ends_line(span):
        yield Fix("write `// …`", (Edit(span, f"// {comment['text']}"),))
    if _ONE_OF_TWO.search(hint):
        yield _removal(_line(span))
        yield _removal(span)


def _guessed(diagnostic: Diagnostic) -> Iterator[Fix]:
    span = diagnostic.span
    if diagnostic.code.startswith("SYN") and not _NO_SUCH.match(diagnostic.message):
        if "has no parentheses" in diagnostic.message:
            yield from _without_brackets(span)
            return
        if expected := _EXPECTED.search(diagnostic.message):
            yield _insertion(span, span.start, expected["text"])
        yield from _moved(span)


def is_choice(diagnostic: Diagnostic) -> bool:
    """Whether the hint leaves a choice between edits that mean different things."""
    hint = diagnostic.hint or ""
    if diagnostic.code == "SEM217":  # a hook before the write is another one
        return True
    return len(_TOLD.findall(hint)) > 1 or " first, or " in hint or bool(_EXAMPLE.search(hint))


def _with_option(span: Span, code: str) -> Iterator[Fix]:
    """Give a job another option: before the span, or in the block that it marks."""
    code = code.partition(f", {span.text}:")[0]
    text, title = span.source.text, f"write `{code}`"
    if not span.text.startswith("@async"):
        yield Fix(title, (Edit(Span(span.source, span.start, span.start), f"{code}, "),))
        return
    at = span.start + len("@async")
    has_options = text[at : at + 1] == "("
    place = Span(span.source, at + has_options, at + has_options)
    yield Fix(title, (Edit(place, f"{code}, " if has_options else f"({code})"),))


def _after(span: Span) -> Iterator[Fix]:
    """Make the hook on the line of a span an `@after` one."""
    start = span.source.line_start(span.start)
    found = re.search(r"@before\b", span.source.text[start : span.start])
    if found:
        place = Span(span.source, start + found.start(), start + found.end())
        yield Fix("write `@after`", (Edit(place, "@after"),))


def _let_before(span: Span) -> Span | None:
    """The `let ` before a name."""
    start = span.start - len("let ")
    found = Span(span.source, max(start, 0), span.start)
    return found if found.text == "let " else None


def _inserted(span: Span, text: str) -> Iterator[Fix]:
    """Insert something at a span, or where the bracket or string that it opens may end."""
    source = span.source
    if text == ",":
        yield _insertion(span, _behind_code(source, span.start), text)
        return
    if text == "{":
        yield _insertion(span, span.end, " {")
    if text == "}":
        yield from _closed_below(span)
    end = source.line_end(span.start)
    if '"' in text or "/" in text:
        yield from (_insertion(span, at, text) for at in _before_brackets(source, span.start, end))
    here = [each for each in _tokens(source) if span.end <= each.start < end]
    closing = (each for each in here if each.text in _PAIRS and each.text != text)
    places = [*(each.start for each in closing), end]
    places += (each.start for each in reversed(here[-_NEAR:]))
    for place in places:
        yield _insertion(span, _behind_code(source, place), text)


def _behind_code(source: Source, place: int) -> int:
    """A place without the white space before it."""
    return len(source.text[:place].rstrip())


def _before_brackets(source: Source, start: int, end: int) -> Iterator[int]:
    """The places from the end of a line to the left, over the signs that close something."""
    for place in range(end, start, -1):
        yield place
        if source.text[place - 1 : place] not in " )]},":
            return


def _closed_below(span: Span) -> Iterator[Fix]:
    """Close a block before the first line that is indented as the one which opens it, or less."""
    source = span.source
    indent = source.indent(span.start)
    at = source.line_end(span.start) + 1
    while at < len(source.text):
        end = source.line_end(at)
        if source.text[at:end].strip() and source.indent(at) <= indent:
            break
        at = source.text.find("\n", end) + 1 or len(source.text)
    lead = "" if source.text[:at].endswith("\n") else "\n"
    yield _insertion(span, min(at, len(source.text)), f"{lead}{' ' * indent}}}\n")


def _opened(span: Span) -> Iterator[Fix]:
    """Open the bracket that a span closes, somewhere before it on its line."""
    text = _PAIRS.get(span.text)
    if text is None:
        return
    if span.source.text[span.start - 1 : span.start].strip() == span.text:
        yield _removal(span)
    start = span.source.line_start(span.start)
    here = [token for token in _tokens(span.source) if start <= token.start < span.start]
    for token in reversed(here[-_NEAR:]):
        yield _insertion(span, token.start, text)


def _without_brackets(span: Span) -> Iterator[Fix]:
    """Remove a bracket, and the one that closes it."""
    depth = 0
    for token in _tokens(span.source):
        if token.start < span.start:
            continue
        depth += (token.text == span.text) - (_PAIRS.get(token.text) == span.text)
        if depth == 0:
            ends = (span, _span(span.source, token))
            yield Fix("remove the parentheses", tuple(Edit(each, "") for each in ends))
            return


def _moved(span: Span) -> Iterator[Fix]:
    """Remove a sign, exchange it with its neighbour, or insert one before it."""
    tokens = [each for each in _tokens(span.source) if each.end > each.start]
    at = next((n for n, each in enumerate(tokens) if each.start >= span.start), len(tokens))
    here = tokens[at] if at < len(tokens) else None
    before = tokens[at - 1] if at else None
    earlier = tokens[at - 2] if at > 1 else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    pairs = [(before, here), (here, after), (earlier, before)]
    if here is not None and before is not None and here.text == before.text:
        yield _removal(_span(span.source, here))
    for first, second in pairs:
        if first is not None and second is not None:
            yield from _exchanged(span.source, first, second)
    for token in (here, before):
        if token is not None and not any(each.isalnum() or each == '"' for each in token.text):
            yield _removal(_span(span.source, token))
    for sign in _SIGNS:
        yield _insertion(span, span.start, sign)


def _exchanged(source: Source, first: Token, second: Token) -> Iterator[Fix]:
    """Exchange two signs with at most spaces between them."""
    whole = Span(source, first.start, second.end)
    between = source.text[first.end : second.start]
    if between.strip(" \t"):
        return
    a, b = source.text[first.start : first.end], source.text[second.start : second.end]
    yield Fix(f"exchange `{a}` and `{b}`", (Edit(whole, f"{b}{between}{a}"),))


def _insertion(span: Span, place: int, text: str) -> Fix:
    return Fix(f"insert `{text.strip()}`", (Edit(Span(span.source, place, place), text),))


def _removal(span: Span) -> Fix:
    """Remove a span, with the spaces before it, or its whole line if nothing else is there."""
    text, start, end = span.source.text, span.start, span.end
    rest = text[end : span.source.line_end(end)]
    if not rest.strip() and not text[span.source.line_start(start) : start].strip():
        return Fix(f"remove `{span.in_one_line}`", (Edit(_line(span), ""),))
    if not text[span.source.line_start(start) : start].strip():
        end += len(rest) - len(rest.lstrip(" "))
    elif not rest[:1].strip() or rest[0] in ")]},":
        start = len(text[:start].rstrip(" "))
    return Fix(f"remove `{span.in_one_line}`", (Edit(Span(span.source, start, end), ""),))


def _ends_line(span: Span) -> bool:
    return not span.source.text[span.end : span.source.line_end(span.end)].strip()


def _line(span: Span) -> Span:
    """The lines of a span, with the last line break."""
    source = span.source
    end = source.text.find("\n", max(span.start, span.end - 1))
    return Span(source, source.line_start(span.start), end + 1 if end >= 0 else len(source.text))


def _tokens(source: Source) -> list[Token]:
    return lex(source).tokens


def _span(source: Source, token: Token) -> Span:
    return Span(source, token.start, token.end)
