"""Breaks a statement that is too long over several lines, as black would.

A line is broken at its last pair of brackets that helps: what is before them, what is in them and
what follows become lines of their own. Lines that are inside brackets are broken at their
delimiters first, such as the commas between arguments. Whatever is still too long is broken again.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from .lines import WIDTH, Line, Parts
from .omit import can_be_split, can_do_without, is_better
from .optional import with_optional_brackets
from .tokens import COMMA, DOT, Token, UnsureError, measure, tokenize

__all__ = ["UnsureError", "split"]


def split(statement: str, indent: int) -> list[str]:
    """The lines of a statement, which is given without its indentation.

    Raises `UnsureError` for one that is not known well enough.
    """
    tokens = with_optional_brackets(tokenize(statement))
    measure(tokens)
    return [str(line) for line in _transformed(Line(tokens, indent), force=False)]


class _CannotSplitError(Exception):
    pass


_Splitter: TypeAlias = Callable[[Line, bool], list[Line]]


def _transformed(line: Line, force: bool) -> list[Line]:
    """A line broken as often as it needs to be; `force`: with every optional bracket written."""
    if line.fits and not line.explode:
        return [line]
    splitters: Sequence[_Splitter] = (_at_last_brackets,)
    if line.is_definition:
        splitters = (_at_first_brackets,)
    elif line.inside:
        splitters = (_at_delimiters, _at_last_brackets)
    for splitter in splitters:
        try:
            return _split_by(splitter, line, force)
        except _CannotSplitError:
            continue
    return [line]


def _split_by(splitter: _Splitter, line: Line, force: bool) -> list[Line]:
    depth = line.tokens[0].depth
    optional = [token for token in line.tokens if token.hidden]
    result = [each for part in splitter(line, force) for each in _transformed(part, force)]
    if force or splitter is not _at_last_brackets or not optional or result[0].fits:
        return result
    if any(not token.hidden for token in optional if token.depth == depth):
        return result
    before = [(token, token.hidden) for token in optional]
    other = _split_by(splitter, line, force=True)
    if all(each.fits for each in other):
        return other
    for token, hidden in before:
        token.hidden = hidden
    return result


def _at_first_brackets(line: Line, _: bool) -> list[Line]:
    """The head of a function: its parameters, and what is around them."""
    tokens = line.tokens
    start = next((number for number, token in enumerate(tokens) if token.text == "("), None)
    if start is None:
        raise _CannotSplitError
    end = _index(tokens, tokens[start].partner)
    if end is None or end == start + 1:
        raise UnsureError
    tail = line.part(tokens[end:])
    if not tail.fits:
        raise UnsureError
    return [line.part(tokens[: start + 1]), _body(line, start, end), tail]


def _at_last_brackets(line: Line, force: bool) -> list[Line]:
    """The last brackets for which what is before them fits into its line."""
    first: list[Line] | None = None
    for omitted in _omissions(line):
        lines = _omitting(line, _last_brackets(line, omitted), omitted, force)
        if lines[0].fits:
            return lines
        if first is None and not omitted:
            first = lines
    if first is not None:
        return first
    return _omitting(line, _last_brackets(line, frozenset()), frozenset(), force)


def _omissions(line: Line) -> Iterator[frozenset[int]]:
    """Closing brackets that are left alone, each time more of them, from the end of the line."""
    omitted: set[int] = set()
    yield frozenset()
    length = line.indent
    opening: Token | None = None
    closing: Token | None = None
    inner: set[int] = set()
    for number in range(len(line.tokens) - 1, -1, -1):
        token = line.tokens[number]
        length += token.width
        if length > WIDTH:
            return
        previous = line.tokens[number - 1] if number else None
        if opening is not None:
            if token is opening:
                opening = None
            elif token.closes:
                inner.add(id(token))
        elif token.closes:
            if previous is not None and previous.opens:
                inner.add(id(token))
                continue
            if closing is not None:
                omitted.add(id(closing))
                omitted |= inner
                inner.clear()
                yield frozenset(omitted)
            if not token.hidden:
                opening, closing = token.partner, token


def _last_brackets(line: Line, omitted: frozenset[int]) -> Parts:
    tokens = line.tokens
    end = len(tokens) - 1
    while end >= 0:
        if tokens[end].closes and id(tokens[end]) not in omitted:
            start = _index(tokens, tokens[end].partner, end)
            if start is None:
                raise _CannotSplitError
            if start < end - 1:
                head = line.part(tokens[: start + 1])
                return Parts(head, _body(line, start, end), line.part(tokens[end:]))
            end -= 1
        end -= 1
    raise _CannotSplitError


def _index(tokens: Sequence[Token], wanted: Token | None, before: int | None = None) -> int | None:
    last = len(tokens) if before is None else before
    return next((n for n in range(last - 1, -1, -1) if tokens[n] is wanted), None)


def _body(line: Line, start: int, end: int) -> Line:
    """What is in a pair of brackets; imports and parameters get a trailing comma."""
    tokens = line.tokens[start + 1 : end]
    body = Line(tokens, line.indent + 4, inside=True)
    is_list = any(place < len(tokens) - 1 for place in body.places(COMMA))
    body.explode = is_list and line.tokens[start].literal
    if tokens[-1].text != "," and (line.is_import or (line.is_definition and not is_list)):
        tokens.append(_comma(tokens[0].depth))
    return body


def _comma(depth: int) -> Token:
    return Token(",", "mark", depth=depth, after=COMMA)


def _omitting(line: Line, parts: Parts, omitted: frozenset[int], force: bool) -> list[Line]:
    """The parts of a line, or better ones if its brackets are optional and not needed."""
    hidden = parts.opening.hidden and parts.closing.hidden
    if hidden and not force and not line.is_import and can_do_without(parts):
        omitted = omitted | {id(parts.closing)}
        try:
            other = _last_brackets(line, omitted)
            if is_better(other, parts):
                return _omitting(line, other, omitted, force)
        except _CannotSplitError:
            is_chained = sum(token.text == "=" for token in line.tokens) > 1
            if not is_chained and not can_be_split(parts.body) and not parts.body.fits:
                raise
    parts.opening.hidden = parts.closing.hidden = False
    return [parts.head, parts.body, parts.tail]


def _at_delimiters(line: Line, _: bool) -> list[Line]:
    """Every part between delimiters of the highest priority, commas with a trailing one."""
    found = line.delimiters()
    last = len(line.tokens) - 1
    most = max((each for number, each in found.items() if number != last), default=0)
    if not most or (most == DOT and list(found.values()).count(DOT) == 1):
        raise _CannotSplitError
    parts: list[list[Token]] = [[]]
    for number, token in enumerate(line.tokens):
        parts[-1].append(token)
        if found.get(number) == most and number != last:
            parts.append([])
    if most == COMMA and parts[-1][-1].text != ",":
        parts[-1].append(_comma(line.tokens[0].depth))
    return [Line(part, line.indent, inside=True) for part in parts]
