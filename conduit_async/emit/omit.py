"""Whether a line is broken at its optional brackets, or at others without writing these."""

from .lines import WIDTH, Line, Parts
from .tokens import DOT, Token


def can_do_without(parts: Parts) -> bool:
    """Whether what is in optional brackets can go over several lines without them."""
    body = parts.body
    found = list(body.delimiters().values())
    if not found:
        return True
    most = max(found)
    if found.count(most) > 1:
        return False
    if most == DOT:
        return True
    tokens = body.tokens
    if tokens[0].opens and not tokens[1].closes and _fits_after(body, tokens[0]):
        return True
    last = tokens[-1]
    if not last.closes or last.partner is None:
        return False
    if last.text == "]" and not last.partner.literal:
        return False
    return not tokens[-2].opens and _fits_up_to(body, last.partner)


def _fits_after(body: Line, opening: Token) -> bool:
    """Whether the rest after the first brackets fits into a line, up to more brackets."""
    length = body.indent
    is_rest = False
    for token in body.tokens:
        if token.closes and token.partner is opening:
            is_rest = True
        if is_rest:
            length += token.width
            if length > WIDTH:
                return False
            if token.opens:
                is_rest = False
    return True


def _fits_up_to(body: Line, opening: Token) -> bool:
    """Whether all before the last brackets fits into a line, or has other brackets."""
    length = body.indent
    has_others = False
    for token in body.tokens:
        length += token.width
        if token is opening:
            return has_others or length <= WIDTH
        has_others = has_others or token.opens
    return False


def is_better(other: Parts, parts: Parts) -> bool:
    """Whether to break at brackets inside of optional ones rather than at these."""
    head = parts.head.tokens
    if len(head) < 2 or head[-2].text != "=":
        return True
    if not any(token.opens or token.closes for token in head[:-1]):
        return True
    if parts.head.width > WIDTH - 1:
        return True
    equals = sum(token.text == "=" for token in head)
    if equals > 1 and equals > sum(token.text == "=" for token in other.head.tokens):
        return False
    for token in reversed(other.head.tokens):
        if token.text == "=":
            break
        if token.closes:
            return True
    return any(token.text == "=" for token in other.head.tokens) and other.head.fits


def can_be_split(body: Line) -> bool:
    """Whether a line may have a place to break at; a text with a chain of calls has none."""
    tokens = body.tokens
    if len(tokens) < 2:
        return False
    if tokens[0].kind != "string" or tokens[1].text != ".":
        return True
    calls = dots = 0
    following = tokens[-1]
    for token in tokens[-2::-1]:
        if token.opens:
            if not following.closes:
                return False
            calls += 1
        elif token.text == ".":
            dots += 1
        elif token.kind == "word":
            if not (following.text == "." or following.opens):
                return False
        elif not token.closes:
            return False
        if dots > 1 and calls > 1:
            return False
    return True
