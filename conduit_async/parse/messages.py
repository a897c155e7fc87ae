"""Says in plain words why a token does not fit."""

from dataclasses import dataclass

from ..diagnostics import Diagnostic
from ..hints.declaration_typos import declaration_typo
from ..hints.foreign_syntax import foreign_syntax
from ..hints.misplaced import misplaced
from ..hints.statement_typos import statement_typo
from ..hints.syntax_hint import SyntaxHint
from ..source import Source, Span, shorten
from ..tokens import KEYWORDS, Token

_GROUPS = (
    ({"RESOURCE"}, "a resource"),
    ({"HOOK", "FUNCTION"}, "a field or another member"),
    ({"FOR", "_RETURN_VOID"}, "a statement"),
    ({"INT", "LSQB"}, "an expression"),
    ({"INT", "SYMBOL"}, "a pattern"),
    ({"NAME", "LBRACE", "PREDICATE"}, "a type"),
    ({"NAME"}, "a name"),
    ({"LET"}, "a name"),
    ({"STRING"}, "a string"),
    ({"TEXT"}, "the rest of the string"),
)
_LITERALS = {
    "COLON": ":", "COMMA": ",", "RPAR": ")", "RSQB": "]", "LBRACE": "{", "RBRACE": "}",
    "EQUAL": "=", "ARROW": "->", "FAT_ARROW": "=>", "IN": "in", "UNDER": "under", "PIPE": "|",
    "GREATER": ">", "_INTERPOLATE_END": "}", "_CALL": "(", "LPAR": "(",
}  # fmt: skip
_CONTINUATIONS = frozenset({
    "PLUS", "MINUS", "TIMES", "POWER", "RANGE", "LESS", "GREATER", "COMPARE", "EQUALITY", "AND",
    "OR", "COALESCE", "QUESTION", "IN", "NOT_IN", "DOT", "_CALL", "_INDEX", "_BANG", "NOT",
    "AUGMENT", "EQUAL", "RESCUE", "ELSE", "ELSIF",
})  # fmt: skip

_BEFORE_BLOCK = _CONTINUATIONS | {"LBRACE", "TRANSACTION", "ASYNC", "LPAR", "NAME"}

_OPERANDS = frozenset({
    "NAME", "INT", "FLOAT", "DURATION", "STRING", "_QUOTE", "SYMBOL", "SELF", "TRUE", "FALSE",
    "NIL", "LSQB", "PREDICATE",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unexpected:
    """A token that does not fit, and the types of those that would."""

    source: Source
    tokens: list[Token]
    index: int
    expected: frozenset[str]

    def span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)

    def diagnostic(self, found: SyntaxHint) -> Diagnostic:
        span = Span(self.source, found.first.start, found.last.end)
        return Diagnostic(found.code, span, found.message, found.hint)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A diagnostic, how many tokens before the unexpected one reading should go on, and whether a
    `{` in front of it may be what is missing.
    """

    diagnostic: Diagnostic
    back: int = 0
    may_lack_brace: bool = False


def explain(at: Unexpected) -> Explanation:
    """What is wrong at an unexpected token."""
    token = at.tokens[at.index]
    place = (at.source, at.tokens, at.index, at.expected)
    lacks_brace = "LBRACE" in at.expected and "INT" not in at.expected
    found = statement_typo(*place) or foreign_syntax(*place) or declaration_typo(*place)
    if found:
        return Explanation(at.diagnostic(found), 0, lacks_brace)
    lacks_block = "LBRACE" in at.expected and at.expected <= _BEFORE_BLOCK
    found = misplaced(*place)
    if found and not (lacks_block and token.first):
        return Explanation(at.diagnostic(found), found.back)
    words = expected_words(at.expected)
    wanted = join(words)
    if token.type == "$END":
        before = at.tokens[at.index - 1] if at.index else token
        message = f"the file ends where {wanted} should follow"
        return Explanation(Diagnostic("SYN010", at.span(before), message))
    seen = describe(at.source, token)
    code = "SYN001"
    if lacks_block:
        before = at.tokens[at.index - 1]
        if token.first:
            message = "a block `{ … }` should follow"
            return Explanation(Diagnostic("SYN017", at.span(before), message), 0, True)
        code, wanted = "SYN017", "a block `{ … }`"
    elif wanted == "a type":
        code = "SYN006"
    elif wanted == "a name" and at.index and at.tokens[at.index - 1].type == "RESOURCE":
        code, wanted = "SYN003", "the name of a resource"
    elif all(word.startswith("`") for word in words):
        code = "SYN002"
    hint = None
    if wanted == "a resource" and token.type == "NAME" and at.tokens[at.index + 1].text == "{":
        hint = f"write `resource {token.text} {{`"
    if wanted == "a name" and token.text in KEYWORDS:
        hint = f"`{token.text}` is a reserved word: choose another name"
    if code == "SYN002" and words[0] == "`,`" and token.type in _OPERANDS and not token.first:
        hint = "put a `,` before it"
    message = f"expected {wanted}, found {seen}"
    return Explanation(Diagnostic(code, at.span(token), message, hint), 0, lacks_brace)


def expected_words(expected: frozenset[str]) -> list[str]:
    """What is possible here, in a few words."""
    rest = set(expected)
    words: list[str] = []
    after_operand = bool(expected & {"TIMES", "DOT", "COMPARE", "AND", "QUESTION"})
    if not after_operand or "FOR" in expected or "HOOK" in expected:
        for group, word in _GROUPS:
            if group <= rest:
                words.append(word)
                break
    if after_operand:
        rest -= _CONTINUATIONS
    if words and words[0] not in ("a name", "a string"):
        rest -= {"COLON", "LBRACE", "LPAR", "LSQB", "PIPE", "COMMA"}
        if words[0] == "an expression" and len(expected) > 4:
            rest -= {"RPAR", "RSQB", "RBRACE"}
    literals = [f"`{text}`" for type, text in _LITERALS.items() if type in rest]
    words.extend(dict.fromkeys(literals))
    return words[:4] or ["something else"]


def join(words: list[str]) -> str:
    """`a`, `b` or `c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def describe(source: Source, token: Token) -> str:
    """The text of a token as a message names it."""
    if token.type == "$END":
        return "the end of the file"
    if token.type == "_QUOTE":
        return "a string"
    text = source.text[token.start : token.end]
    return f"`{shorten(text.partition(chr(10))[0])}`"
