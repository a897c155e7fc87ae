"""An unexpected token, and what to write instead."""

from dataclasses import dataclass
from functools import cached_property

from ..source import Source
from ..tokens import Token
from .foreign_words import OWN_STATEMENTS


@dataclass(frozen=True, slots=True)
class SyntaxHint:
    """A mistake from a first to a last token, and its hint.

    Parsing resumes `back` tokens before the one that did not fit.
    """

    first: Token
    last: Token
    message: str
    hint: str | None
    code: str = "SYN001"
    back: int = 0


@dataclass(frozen=True)
class Unexpected:
    """A token that does not fit, and the types of those that would."""

    source: Source
    tokens: list[Token]
    index: int
    expected: frozenset[str]

    @cached_property
    def token(self) -> Token:
        """The unexpected token."""
        return self.tokens[self.index]

    @cached_property
    def last(self) -> Token:
        """The token before it; itself if it is the first."""
        return self.tokens[max(self.index - 1, 0)]

    @cached_property
    def next(self) -> Token:
        """The token after it; itself if it is the last."""
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    @cached_property
    def line(self) -> list[Token]:
        """The tokens from the first one on its line to itself."""
        start = self.index
        while start and not self.tokens[start].first:
            start -= 1
        return self.tokens[start : self.index + 1]

    @cached_property
    def opener(self) -> int:
        """The index of the bracket around the token; 0 outside of brackets."""
        index = self.index
        while index > 0 and self.tokens[index].depth >= self.token.depth:
            index -= 1
        return index

    @property
    def is_statement(self) -> bool:
        """Whether the token belongs to a statement where fields or pairs are expected."""
        begins = self.last.text in OWN_STATEMENTS
        goes_on = self.token.type in ("_CALL", "DOT", "EQUAL")
        return self.expected == {"COLON"} and (begins or goes_on)

    @property
    def is_stray_arm(self) -> bool:
        """Whether the token is the arrow of an arm outside of a `match`."""
        return self.token.type == "FAT_ARROW" and "FOR" in self.expected

    @cached_property
    def types(self) -> list[str]:
        """The types of up to four tokens before it, and its own."""
        return [token.type for token in self.tokens[max(0, self.index - 4) : self.index + 1]]

    def text(self, token: Token) -> str:
        """A token as the source has it."""
        return self.source.text[token.start : token.end]

    def hint(
        self,
        message: str,
        hint: str | None = None,
        code: str = "SYN001",
        *,
        first: Token | None = None,
        last: Token | None = None,
    ) -> SyntaxHint:
        """Return a hint from `first` to `last`; they default to this token and to `first`."""
        first = first or self.token
        return SyntaxHint(first, last or first, message, hint, code)
