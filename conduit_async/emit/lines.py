"""Lines of tokens, while a statement is broken into several."""

from dataclasses import dataclass

from .tokens import Token

WIDTH = 88


@dataclass(slots=True)
class Line:
    """Tokens that stand in one line; `explode`: one item a line, however short they are."""

    tokens: list[Token]
    indent: int
    inside: bool = False
    explode: bool = False

    def __str__(self) -> str:
        first = self.tokens[0]
        texts = [" " * self.indent, "" if first.hidden else first.text]
        for token in self.tokens[1:]:
            texts += (token.space, "" if token.hidden else token.text)
        return "".join(texts)

    @property
    def width(self) -> int:
        """How many columns it takes."""
        columns = self.indent - len(self.tokens[0].space)
        for token in self.tokens:
            columns += len(token.space)
            if not token.hidden:
                columns += len(token.text)
        return columns

    @property
    def fits(self) -> bool:
        """Whether it is short enough."""
        return self.width <= WIDTH

    @property
    def is_import(self) -> bool:
        """Whether it begins an import."""
        return self.tokens[0].text == "from" and self.tokens[0].kind == "word"

    @property
    def is_definition(self) -> bool:
        """Whether it begins a function."""
        texts = [token.text for token in self.tokens[:2]]
        return texts[0] == "def" or texts == ["async", "def"]

    def delimiters(self) -> dict[int, int]:
        """The priorities of its breaks outside of brackets, by the index of the token before."""
        depth = self.tokens[0].depth
        found: dict[int, int] = {}
        for number, token in enumerate(self.tokens):
            if token.depth == depth:
                if number and token.before:
                    found[number - 1] = token.before
                elif token.after:
                    found[number] = token.after
        return found

    def places(self, priority: int) -> list[int]:
        """The indexes of the tokens before its breaks of a priority."""
        return [number for number, each in self.delimiters().items() if each == priority]

    def part(self, tokens: list[Token]) -> "Line":
        """Some of its tokens as a line at the same place."""
        return Line(tokens, self.indent)


@dataclass(slots=True)
class Parts:
    """A line broken at a pair of brackets."""

    head: Line
    body: Line
    tail: Line

    @property
    def opening(self) -> Token:
        """The opening bracket."""
        return self.head.tokens[-1]

    @property
    def closing(self) -> Token:
        """The closing bracket."""
        return self.tail.tokens[0]
