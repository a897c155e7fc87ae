"""Brackets that a statement does not need, but may have so that it can go over several lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .tokens import Token, UnsureError

_Span = tuple[int, int]
"""From one index of a token up to, and without, another."""


def with_optional_brackets(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with hidden brackets where black may write some; raises `UnsureError`."""
    spans = list(_of_statement(tokens))
    spans += [span for span in _ternaries(tokens, spans) if not _is_enclosed(tokens, *span, spans)]
    opening: dict[int, list[_Span]] = {}
    closing: dict[int, list[_Span]] = {}
    for span in sorted(spans, key=lambda each: each[0] - each[1]):
        opening.setdefault(span[0], []).append(span)
        closing.setdefault(span[1], []).append(span)
    brackets: dict[_Span, Token] = {}
    result: list[Token] = []
    for index in range(len(tokens) + 1):
        for span in reversed(closing.get(index, [])):
            result.append(Token(")", "close", hidden=True, partner=brackets[span]))
            brackets[span].partner = result[-1]
        for span in opening.get(index, []):
            first = tokens[index]
            result.append(Token("(", "open", first.space, hidden=True, literal=True))
            first.space = ""
            brackets[span] = result[-1]
        result += tokens[index : index + 1]
    return result


def _of_statement(tokens: Sequence[Token]) -> Iterator[_Span]:
    first, last = tokens[0].text, len(tokens)
    match first:
        case "return":
            yield from _optional(tokens, 1, last)
        case "if" | "elif" | "while":
            yield from _optional(tokens, 1, last - 1)
        case "for":
            at = _top(tokens, "in")[0]
            yield from _optional(tokens, 1, at)
            yield from _optional(tokens, at + 1, last - 1)
        case "from":
            yield _top(tokens, "import")[0] + 1, last
        case "def" | "async":
            yield from _of_definition(tokens)
        case "import":
            raise UnsureError
        case "@" | "raise":
            pass
        case _:
            yield from _of_assignment(tokens)


def _of_assignment(tokens: Sequence[Token]) -> Iterator[_Span]:
    if tokens[-1].text == ",":  # an item of a collection that is written on many lines
        raise UnsureError
    equals = _top(tokens, "=")
    colon = _top(tokens, ":")
    if not equals and not colon:
        if any(token.kind == "mark" and token.text != "." for token in _outermost(tokens)):
            raise UnsureError
        return
    target = min([*equals, *colon])
    if target == 0 or len(equals) > 1 or len(colon) > 1 or tokens[0].opens:
        raise UnsureError
    if any(token.opens or token.text == "," for token in tokens[:target]):
        raise UnsureError
    if colon:
        yield from _optional(tokens, colon[0] + 1, equals[0] if equals else len(tokens))
    if equals:
        yield from _optional(tokens, equals[0] + 1, len(tokens))


def _of_definition(tokens: Sequence[Token]) -> Iterator[_Span]:
    """The result's annotation, and those of parameters that are unions."""
    if tokens[0].text == "async" and tokens[1].text != "def":
        raise UnsureError
    arrow = _top(tokens, "->")
    end = _top(tokens, ":")
    if len(arrow) != 1 or len(end) != 1:
        raise UnsureError
    yield from _optional(tokens, arrow[0] + 1, end[0])
    start = next(number for number, token in enumerate(tokens) if token.opens)
    depth, colon, union = 0, 0, False
    for number in range(start, arrow[0]):
        token = tokens[number]
        depth += token.opens - token.closes
        if (depth == 1 and token.text in (",", "=")) or depth == 0:
            if union:
                yield colon + 1, number
            colon, union = 0, False
        elif depth == 1 and token.text == ":":
            colon = number
        elif depth == 1 and colon and token.text == "|":
            union = True


def _optional(tokens: Sequence[Token], start: int, end: int) -> Iterator[_Span]:
    """The brackets around an expression; a tuple has its own."""
    if start >= end:
        raise UnsureError
    if tokens[start].text != "(" or tokens[start].partner is not tokens[end - 1]:
        yield start, end
    elif not any(token.text == "," for token in _outermost(tokens[start + 1 : end - 1])):
        raise UnsureError


def _top(tokens: Sequence[Token], text: str) -> list[int]:
    """Where a word or mark stands outside of all brackets."""
    depth = 0
    found = []
    for number, token in enumerate(tokens):
        depth += token.opens - token.closes
        if depth == 0 and token.text == text:
            found.append(number)
    return found


def _outermost(tokens: Sequence[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth += token.opens - token.closes
        if depth == 0:
            yield token


@dataclass(slots=True)
class _Level:
    """What is open inside one pair of brackets: where an expression began, and its ternaries."""

    start: int
    ternaries: list[int] = field(default_factory=list)
    comprehends: bool = False

    def end(self, at: int, start: int) -> list[_Span]:
        """End the expression; another one starts."""
        spans = [(each, at) for each in self.ternaries]
        self.ternaries, self.start = [], start
        return spans


def _ternaries(tokens: Sequence[Token], spans: Sequence[_Span]) -> list[_Span]:
    """Every `a if b else c`; its words, and the `if` of a comprehension, learn what they are."""
    starts, ends = {start for start, _ in spans}, {end for _, end in spans}
    found: list[_Span] = []
    levels = [_Level(0)]
    for number, token in enumerate(tokens):
        level = levels[-1]
        if number in ends:
            found += level.end(number, number + 1)
        if number in starts:
            level.start = number
        if token.opens:
            levels.append(_Level(number + 1))
        elif token.closes:
            found += levels.pop().end(number, number)
        elif token.kind == "mark":
            is_star = token.text in ("*", "**") and not tokens[number - 1].is_operand_end
            if is_star or token.text in (",", ":", "=", ":="):
                found += level.end(number, number + 1)
            if token.text == ",":
                level.comprehends = False
        elif token.kind == "word" and number:
            if token.text == "for":
                found += level.end(number, number + 1)
                level.comprehends = True
            elif token.text == "if":
                token.kind = "filter" if level.comprehends else "ternary"
            elif token.text == "else":
                token.kind = "ternary"
                level.ternaries.append(level.start)
                level.start = number + 1
    return found + levels[-1].end(len(tokens), len(tokens))


def _is_enclosed(tokens: Sequence[Token], start: int, end: int, spans: Sequence[_Span]) -> bool:
    """Whether brackets that are there, or a statement's hidden ones, enclose just this."""
    if (start, end) in spans:
        return True
    before = tokens[start - 1] if start else None
    return before is not None and before.text == "(" and before.partner is tokens[end : end + 1][0]
