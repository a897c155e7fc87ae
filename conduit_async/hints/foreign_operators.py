"""Operators and separators of other languages: what Conduit writes instead."""

from ..source import Source
from ..tokens import OPERAND_ENDS, Token
from .syntax_hint import SyntaxHint, hint_at

_WORDS = {
    **dict.fromkeys(("eq", "equals", "equal"), "write `==`"),
    **dict.fromkeys(("ne", "neq", "isnt"), "write `!=`"),
    **dict.fromkeys(("gt", "greater"), "write `>`"),
    **dict.fromkeys(("lt", "less"), "write `<`"),
    **dict.fromkeys(("ge", "gte"), "write `>=`"),
    **dict.fromkeys(("le", "lte"), "write `<=`"),
    **dict.fromkeys(("xor", "div"), None),
    "mod": "write `%`",
    "to": "write `..`, or `...` without the last one",
    "between": "write `value in a..b`",
    **dict.fromkeys(("contains", "includes", "has"), "write `value in list`"),
    **dict.fromkeys(("like", "matches"), "write `Regex.test(text, /…/)`"),
    **dict.fromkeys(("of", "with", "where"), "remove it"),
    **dict.fromkeys(("orelse", "otherwise"), "write `??`"),
}
"""Infix words of other languages."""

OPERATORS_MEANT = {
    "&": ("AND", "&&", "Conduit has no operator `&`", "write `&&` for a logical and"),
    "^": ("POWER", "**", "Conduit has no operator `^`", "write `**` for a power"),
}
"""Operators of other languages: what each is read as, and what is said of it."""

LONG_EQUALITY = {"===": "==", "!==": "!="}

_VALUES = frozenset(
    {"STRING", "_QUOTE", "INT", "FLOAT", "DURATION", "SELF", "TRUE", "FALSE", "NIL"}
)


def foreign_operator(
    source: Source, tokens: list[Token], index: int, expected: frozenset[str]
) -> SyntaxHint | None:
    """What to say of an operator that Conduit lacks, if the unexpected token is one."""
    token = tokens[index]
    last = tokens[index - 1] if index else token
    return (
        _doubled(tokens, token, last, index)
        or _named_argument(source, tokens, index, expected)
        or _word(tokens, index)
        or _comprehension(token, last, expected)
    )


def _word(tokens: list[Token], index: int) -> SyntaxHint | None:
    """`a eq b`, `match x of {`."""
    token = tokens[index]
    if token.type != "NAME" or token.first or token.depth < 2 or token.text not in _WORDS:
        return None
    if tokens[index - 1].type not in OPERAND_ENDS or tokens[index - 2].type == "FOR":
        return None
    return hint_at(token, f"Conduit has no `{token.text}` here", _WORDS[token.text])


def _comprehension(token: Token, last: Token, expected: frozenset[str]) -> SyntaxHint | None:
    """`[f(x) for x in list]`."""
    if token.type != "FOR" or "RSQB" not in expected or last.type not in OPERAND_ENDS:
        return None
    hint = "write `list.map(|x| { … })`, and `list.filter(|x| { … })` to choose"
    return hint_at(token, "a `for` gives no array", hint)


def _named_argument(
    source: Source, tokens: list[Token], index: int, expected: frozenset[str]
) -> SyntaxHint | None:
    """`f(to "x")`."""
    token, last = tokens[index], tokens[index - 1]
    if not expected >= {"COMMA", "RPAR"} or token.first or last.type != "NAME" or index < 2:
        return None
    if tokens[index - 2].type not in ("_CALL", "LPAR", "COMMA") or token.type not in _VALUES:
        return None
    if last.end == token.start:
        hint = "a string has no letter before it, and interpolates with `#{…}`"
        return hint_at(last, f"`{last.text}` is not allowed before a string", hint)
    value = source.text[token.start : token.end]
    shown = value if token.type != "_QUOTE" else "…"
    shown = f"{shown}…" if token.type == "SELF" else shown
    hint = f"write `{last.text}: {shown}`"
    return hint_at(token, "a colon goes before the value of a named argument", hint, "SYN002")


def _doubled(tokens: list[Token], token: Token, last: Token, index: int) -> SyntaxHint | None:
    """`i++`, `a <> b`, `x |> f`."""
    following = tokens[index + 1] if index + 1 < len(tokens) else token
    if token.type == "PIPE" and following.text == ">" and following.start == token.end:
        return SyntaxHint(
            token, following, "Conduit has no `|>`", "call it as a method: `x.upcase()`"
        )
    if last.end != token.start:
        return None
    pair = last.text + token.text
    if pair == "<>":
        return SyntaxHint(last, token, "Conduit has no `<>`", "write `!=`")
    if pair in ("<<", ">>"):
        return SyntaxHint(last, token, f"Conduit has no `{pair}`", None)
    if pair == "++":
        if following.first or following.type in ("RBRACE", "$END"):
            return SyntaxHint(last, token, "Conduit has no `++`", counted(tokens, index - 1, "+"))
        return SyntaxHint(
            last, token, "Conduit has no `++`", "one `+` joins strings, arrays and numbers"
        )
    return None


def counted(tokens: list[Token], index: int, operator: str) -> str:
    """What to write instead of `x++` or `x--`, whose operator is at an index."""
    text = ""
    while index > 0 and tokens[index].start == tokens[index - 1].end:
        index -= 1
        text = tokens[index].text + text
    return f"write `{text} = {text} {operator} 1`"
