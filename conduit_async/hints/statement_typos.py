"""Typos in `match`, `rescue` and `let`: what each should look like instead."""

from ..source import Source, shorten
from ..tokens import UNITS, Token
from .syntax_hint import SyntaxHint, hint_at

_UNITS = {*UNITS, *(f"{unit}s" for unit in UNITS)}


def statement_typo(
    source: Source, tokens: list[Token], index: int, expected: frozenset[str]
) -> SyntaxHint | None:
    """What to say of a typo in a statement, if the unexpected token is one."""
    if not index:
        return None
    token, last = tokens[index], tokens[index - 1]
    return (
        _rescue(tokens, token, last, index)
        or _arm(tokens, token, last, index, expected)
        or _let(source, tokens, token, last, index, expected)
        or _value(tokens, token, last, index, expected)
    )


def _rescue(tokens: list[Token], token: Token, last: Token, index: int) -> SyntaxHint | None:
    """`rescue err { … }`, `rescue { |err| … }`, `rescue |err| call`, `rescue => err`."""
    hint = "write `rescue |err| { … }`"
    if last.type == "RESCUE" and token.type in ("NAME", "LPAR", "_CALL", "FAT_ARROW"):
        return hint_at(token, "the name of the error goes between bars", hint)
    if token.type == "PIPE" and last.type == "LBRACE" and tokens[index - 2].type == "RESCUE":
        return hint_at(token, "the name of the error goes before the brace", hint)
    if last.type == "PIPE" and index > 3 and tokens[index - 4].type == "RESCUE":
        return hint_at(token, "what a `rescue` does goes in braces", hint)
    if token.type == "PIPE" and last.text in ("catch", "except") and not last.first:
        return hint_at(last, f"Conduit has no `{last.text}`", hint)
    return None


def _arm(
    tokens: list[Token], token: Token, last: Token, index: int, expected: frozenset[str]
) -> SyntaxHint | None:
    """`"a" -> e`, `"a": e`, `when "a" => e`, `_ { … }`, `"a" => { … }`."""
    if "FAT_ARROW" in expected and token.type in ("ARROW", "COLON"):
        return hint_at(token, f"an arm has `=>`, not `{token.text}`", "write `=>`")
    if "FAT_ARROW" in expected and token.type == "LBRACE":
        what = "else" if last.text == "_" else f"when {shorten(_text(last), 20)}"
        return hint_at(token, "an arm with a block begins with a word", f"write `{what} {{ … }}`")
    if token.type == "FAT_ARROW" and "LBRACE" in expected and _when(tokens, index):
        hint = "remove the `when`, or write a block: `when … { … }`"
        return hint_at(token, "`when` takes a block, not `=>`", hint)
    return None


def _when(tokens: list[Token], index: int) -> bool:
    """Whether a `when` precedes a token on its line."""
    depth = tokens[index].depth
    while index and not tokens[index].first:
        index -= 1
        if tokens[index].type == "WHEN" and tokens[index].depth == depth:
            return True
    return False


def _let(
    source: Source,
    tokens: list[Token],
    token: Token,
    last: Token,
    index: int,
    expected: frozenset[str],
) -> SyntaxHint | None:
    """`let a`, `let a == 1`, `let a-b = 1`."""
    if index < 2 or tokens[index - 2].type != "LET":
        return None
    name = last.text
    if token.first or token.type in ("RBRACE", "$END"):
        return hint_at(last, f"`{name}` is given no value", f"write `let {name} = nil`", "SYN002")
    if token.text == "==":
        hint = f"write `let {name} = …`"
        return hint_at(token, "`==` compares; a `let` assigns", hint, "SYN002")
    if token.type == "MINUS" and token.start == last.end:
        rest = tokens[index + 1].text
        hint = f"write `{name}_{rest}`"
        return hint_at(token, "a name has no `-` in it", hint, "SYN002")
    return None


def _value(
    tokens: list[Token], token: Token, last: Token, index: int, expected: frozenset[str]
) -> SyntaxHint | None:
    """`10 minutes`, `@field`, `{ key value }`, `a.` at the end of a line."""
    if last.type == "DOT" and (token.first or token.type == "RBRACE"):
        return hint_at(last, f"a name is missing after `{last.text}`", None)
    if last.type == "ASYNC" and token.type == "NAME" and token.text not in ("do", "then"):
        hint = f"write `@async({token.text}: …)`"
        return hint_at(token, "the options of a job go in parentheses", hint, "SYN017")
    if last.type == "NAME" and index > 1 and tokens[index - 2].type in ("LBRACE", "COMMA"):
        if token.type in ("RBRACE", "COMMA") and expected == {"COLON"}:
            hint = f"write `{last.text}: {last.text}`"
            return hint_at(last, f"the key `{last.text}` has no value", hint, "SYN002")
        is_field = tokens[index + 1].text in ("!", "?")
        if (
            token.type in ("SELF", "STRING", "INT", "NAME")
            and expected == {"COLON"}
            and not is_field
        ):
            hint = f"write `{last.text}: …`"
            return hint_at(token, "a colon goes between key and value", hint, "SYN002")
    if token.type == "SYMBOL" and last.type in ("LBRACE", "COMMA") and "COLON" not in expected:
        hint = f"write `{token.text}: …`"
        if not expected & {"INT"}:
            return hint_at(token, "a key is a name, without a colon before it", hint)
    if token.text in _UNITS and last.type in ("INT", "FLOAT"):
        hint = f"write `{last.text}.{token.text}`"
        return SyntaxHint(
            last, token, "a dot joins the number and the unit of a duration", hint, "SYN002"
        )
    if token.type == "FIELD_AT" and not last.first and last.type in ("EQUAL", "COMMA", "_CALL"):
        hint = f"write `self.{token.text[1:]}`"
        return hint_at(token, f"`{token.text}` is not a value", hint)
    return None


def _text(token: Token) -> str:
    return f'"{token.text}"' if token.type == "STRING" else token.text
