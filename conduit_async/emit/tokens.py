"""The tokens of a statement: its brackets, and how readily a line breaks after each token."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from unicodedata import category, east_asian_width

COMPREHENSION, COMMA, TERNARY, LOGIC, TEXT, COMPARISON, DOT = 20, 18, 16, 14, 12, 10, 1
"""Where a line breaks: at its delimiters of the highest number, all of them at once."""

_MATH = {"|": 9, "^": 8, "&": 7, "<<": 6, ">>": 6, "+": 5, "-": 5, "*": 4, "/": 4, "//": 4, "%": 4}
_COMPARISONS = frozenset({"<", ">", "==", "!=", "<=", ">="})
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_OPERATORS = frozenset({
    "and", "await", "elif", "else", "for", "from", "if", "in", "is", "not", "or", "raise",
    "return", "while",
})  # fmt: skip
_FOREIGN = frozenset({
    "assert", "case", "class", "del", "except", "global", "lambda", "match", "nonlocal", "try",
    "with", "yield",
})  # fmt: skip
_TOKEN = re.compile(
    r"""(\ *)(?:
      (?P<string>[rbfRBF]{0,2}(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))
    | (?P<word>[A-Za-z_]\w*)
    | (?P<number>\d[\d_.]*(?:[eE][+-]?\d+)?\w*)
    | (?P<open>[(\[{]) | (?P<close>[)\]}])
    | (?P<mark>\.\.\.|->|:=|==|!=|<=|>=|\*\*|//|<<|>>|[-+*/%&|^~<>=.,:@])
    )""",
    re.VERBOSE,
)


class UnsureError(Exception):
    """The statement has something that is rare where a line is too long."""


@dataclass(slots=True, eq=False)
class Token:
    """A word, a literal, an operator or a bracket.

    `space` stands before it. `depth` counts the brackets around it. `before` and `after` are the
    priorities of a break there. A `hidden` bracket may be written where that helps; a `literal` one
    is that of a list, a tuple or a dict rather than of arguments.
    """

    text: str
    kind: str
    space: str = ""
    depth: int = 0
    before: int = 0
    after: int = 0
    hidden: bool = False
    literal: bool = False
    partner: "Token | None" = field(default=None, repr=False)
    opens: bool = field(init=False)
    closes: bool = field(init=False)

    def __post_init__(self) -> None:
        self.opens = self.kind == "open"
        self.closes = self.kind == "close"

    @property
    def is_operand_end(self) -> bool:
        """Whether an operand may end here, so that what follows is a binary operator or a call."""
        if self.kind == "word":
            return self.text not in _OPERATORS
        return self.kind in ("string", "number", "close")

    @property
    def width(self) -> int:
        """How many columns it takes, with the space before it."""
        return len(self.space) + (0 if self.hidden else len(self.text))


def tokenize(statement: str) -> list[Token]:
    """The tokens of a statement without its indentation; raises `UnsureError`."""
    if not _is_narrow(statement):
        raise UnsureError
    tokens: list[Token] = []
    position = 0
    while position < len(statement):
        found = _TOKEN.match(statement, position)
        if found is None or found["word"] in _FOREIGN:
            raise UnsureError
        position = found.end()
        kind = found.lastgroup or ""
        tokens.append(Token(found[kind], kind, found[1]))
    _pair(tokens)
    return tokens


def _is_narrow(text: str) -> bool:
    """Whether every character takes one column."""
    return text.isascii() or not any(
        east_asian_width(char) in "WF" or category(char) in ("Mn", "Me", "Cf") for char in text
    )


def _pair(tokens: Sequence[Token]) -> None:
    stack: list[Token] = []
    previous: Token | None = None
    for token in tokens:
        if token.opens:
            is_call = previous is not None and previous.is_operand_end
            token.literal = token.text == "{" or not is_call
            stack.append(token)
        elif token.closes:
            if not stack or _CLOSERS[stack[-1].text] != token.text:
                raise UnsureError
            token.partner = stack.pop()
            token.partner.partner = token
            if previous is not None and previous.text == ",":
                _check_one_tuple(tokens, token)
        elif token.text == "=" and not token.space and previous and previous.kind == "mark":
            raise UnsureError  # an operator of more characters, such as `+=`
        previous = token
    if stack:
        raise UnsureError


def _check_one_tuple(tokens: Sequence[Token], closing: Token) -> None:
    """Raise `UnsureError` where a trailing comma asks for one item a line."""
    opening = closing.partner
    assert opening is not None
    inside = tokens[tokens.index(opening) + 1 : tokens.index(closing)]
    if opening.text != "(" or not opening.literal:
        raise UnsureError
    if any(token.opens for token in inside) or sum(token.text == "," for token in inside) > 1:
        raise UnsureError


def measure(tokens: Sequence[Token]) -> None:
    """Find out how deep in brackets tokens are, and where a line may break."""
    depth = 0
    targets: list[int] = []
    previous: Token | None = None
    for number, token in enumerate(tokens):
        ends_target = bool(targets) and targets[-1] == depth and token.text == "in"
        if ends_target:
            depth -= 1
            targets.pop()
        if token.closes:
            depth -= 1
        token.depth = depth
        if previous is not None and not ends_target:
            following = tokens[number + 1].text if number + 1 < len(tokens) else ""
            token.before = _before(token, previous, following)
        if token.text == "," and not (targets and targets[-1] == depth):
            token.after = COMMA
        if token.opens:
            depth += 1
        elif token.text == "for" and token.kind == "word":
            depth += 1
            targets.append(depth)
        previous = token


def _before(token: Token, previous: Token, following: str) -> int:
    """The priority of a break between two tokens."""
    text = token.text
    match token.kind:
        case "string":
            return TEXT if previous.kind == "string" else 0
        case "mark":
            if text == ".":
                return DOT if previous.closes else 0
            if text in _COMPARISONS:
                return COMPARISON
            return _MATH.get(text, 0) if previous.is_operand_end else 0
        case "ternary":
            return TERNARY
        case "filter":
            return COMPREHENSION
        case "word":
            if text in ("for", "async"):
                return COMPREHENSION if previous.text != "async" else 0
            if text in ("and", "or"):
                return LOGIC
            is_comparison = (
                text == "is"
                or (text == "in" and previous.text != "not")
                or (text == "not" and following == "in" and previous.is_operand_end)
            )
            return COMPARISON if is_comparison else 0
    return 0
