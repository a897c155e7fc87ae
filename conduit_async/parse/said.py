"""What is said of a mistake."""

from dataclasses import dataclass

from ..lexer.tokens import Token


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of the tokens from the first to the last one of a place."""

    first: Token
    last: Token
    message: str
    hint: str | None
    code: str = "SYN001"
