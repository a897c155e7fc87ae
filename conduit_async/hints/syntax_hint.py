"""A mistake in the syntax, and what to write instead."""

from dataclasses import dataclass

from ..tokens import Token


@dataclass(frozen=True, slots=True)
class SyntaxHint:
    """What is wrong from the first to the last token of a place.

    Reading goes on `back` tokens before the one that did not fit.
    """

    first: Token
    last: Token
    message: str
    hint: str | None
    code: str = "SYN001"
    back: int = 0


def hint_at(token: Token, message: str, hint: str | None, code: str = "SYN001") -> SyntaxHint:
    """What is wrong with a token."""
    return SyntaxHint(token, token, message, hint, code)
