"""Syntax of other languages at a token that does not fit: what Conduit writes instead."""

from ..source import Source
from ..tokens import FOREIGN, Token
from .foreign_operators import counted, foreign_operator
from .foreign_words import STATEMENTS, VALUES
from .syntax_hint import SyntaxHint, hint_at

_LAMBDA = "a lambda is written `|x| { … }` or `(x) => …`"
_CONDITIONS = frozenset({"IF", "ELSIF", "UNLESS"})
_INFIX = _CONDITIONS | {
    "AND", "OR", "LESS", "GREATER", "COMPARE", "EQUALITY", "PLUS", "MINUS", "TIMES", "COALESCE",
    "NOT",
}  # fmt: skip
_LAMBDA_STARTS = ("PIPE", "_ARROW_PAREN", "_EMPTY_PIPES")


def foreign_syntax(
    source: Source, tokens: list[Token], index: int, expected: frozenset[str]
) -> SyntaxHint | None:
    """What to say of foreign syntax, if the unexpected token is some."""
    token = tokens[index]
    last = tokens[index - 1] if index else token
    if token.type == FOREIGN:
        return _foreign(source, tokens, index)
    return (
        foreign_operator(source, tokens, index, expected)
        or _lambda(source, tokens, index, expected)
        or _head(tokens, index, expected)
        or _late_condition(source, tokens, index)
        or _declaration(tokens, token, last, index)
    )


def _foreign(source: Source, tokens: list[Token], index: int) -> SyntaxHint:
    token = tokens[index]
    word = token.text
    if word == "instanceof":
        hint = "types are known at build time: remove the test"
        return hint_at(token, "Conduit has no `instanceof`", hint)
    if word == "--":
        return hint_at(token, "Conduit has no `--`", counted(tokens, index, "-"))
    starts = token.first or word not in VALUES
    known = STATEMENTS.get(word) if starts else None
    hint = (known or VALUES[word]).hint
    following = tokens[index + 1]
    if word in ("throw", "raise") and following.type == "STRING":
        hint = f"write `error({source.text[following.start : following.end]})`"
    return hint_at(token, f"Conduit has no `{word}`", hint)


def _lambda(
    source: Source, tokens: list[Token], index: int, expected: frozenset[str]
) -> SyntaxHint | None:
    token, last = tokens[index], tokens[index - 1]
    opener = _opener(tokens, index)
    if token.type in ("FAT_ARROW", "ARROW") and last.type == "NAME" and "COMMA" in expected:
        shown = f"`({last.text}) => …`"
        return SyntaxHint(
            last, token, "the parameters of a lambda go in parentheses", f"write {shown}"
        )
    if token.type == "FAT_ARROW" and last.type in ("SYMBOL", "STRING") and "COMMA" in expected:
        return hint_at(token, "a named argument has a colon", f"write `{last.text}: value`")
    if token.type == "PIPE" and last.text == "do":
        return hint_at(last, "Conduit has no `do`", "write `for x in … { … }`, or pass `|x| { … }`")
    if token.type == "PIPE" and last.type == "LBRACE":
        return hint_at(token, _LAMBDA, "write the parameters before the brace: `|x| { … }`")
    if token.type in _LAMBDA_STARTS and "INT" in expected:
        hint = "pass it where it is used, as in `items.map(|x| { … })`, or write a `@function`"
        return hint_at(token, "a lambda can only be an argument", hint)
    if "LBRACE" in expected and last.type == "PIPE":
        return hint_at(token, "the body of this lambda needs braces", "write `|x| { … }`")
    if opener and tokens[opener].type == "LBRACE" and tokens[opener - 1].type == "FAT_ARROW":
        is_arm = tokens[opener - 2].type != "RPAR"
        hint = "for statements write `|x| { … }`"
        if is_arm:
            hint = "for statements write `when … { … }`, without the `=>`"
        return hint_at(tokens[opener], "a `{` after `=>` begins a hash", hint)
    return None


def _head(tokens: list[Token], index: int, expected: frozenset[str]) -> SyntaxHint | None:
    """The head of an `if` or a `for`: `for (x in y)`, `for k, v in y`, `if a && { … }`."""
    token, last = tokens[index], tokens[index - 1]
    if last.type == "FOR" and token.text == "(":
        counts = tokens[index + 1].type == "LET"
        hint = "write `for i in 0...n { … }`" if counts else "write `for x in … { … }`"
        return hint_at(token, "a `for` has no parentheses", hint)
    if token.type == "COMMA" and index > 1 and tokens[index - 2].type == "FOR":
        hint = f"write `for {last.text} in …`, and read the value: `hash[{last.text}]`"
        return hint_at(token, "a `for` has one name", hint, "SYN002")
    opener = _opener(tokens, index)
    if expected == {"COLON"} and opener and tokens[opener].type == "LBRACE":
        before_brace = tokens[opener - 1]
        is_type = tokens[opener - 2].text in ("array", "hash")
        if before_brace.type in _INFIX and not is_type and token.depth == tokens[opener].depth + 1:
            what = "a condition" if before_brace.type in _CONDITIONS else "an operand"
            message = f"{what} is missing after `{before_brace.text}`"
            return hint_at(before_brace, message, None)
    if "LBRACE" in expected and not token.first and token.text in ("then", "do", ":"):
        following = tokens[index + 1]
        if token.text != ":" or following.first:
            message = f"a block goes in braces, there is no `{token.text}`"
            return hint_at(token, message, "write `{ … }`")
    return None


def _late_condition(source: Source, tokens: list[Token], index: int) -> SyntaxHint | None:
    """`value if condition`: the condition is where a block's head is expected."""
    token = tokens[index]
    if token.type in ("IF", "UNLESS") and not token.first and tokens[index - 1].end < token.start:
        line = source.text[token.end : source.text.find("\n", token.end)]
        if " else " in line:
            hint = f"write `{line.partition(' else ')[0].strip()} ? … : …`"
            return hint_at(token, "the value of a condition is chosen by `? :`", hint)
    at = index - 1
    while at > 0 and tokens[at].depth >= token.depth and not tokens[at].first:
        word = tokens[at]
        if word.type in ("IF", "UNLESS") and word.depth == token.depth:
            if tokens[at - 1].type in ("LBRACE", "RBRACE", "ELSE"):
                return None
            condition = " ".join(source.text[word.start : tokens[index - 1].end].split())
            if token.type == "ELSE":
                hint = f"write `{condition.partition(' ')[2]} ? … : …`"
                return hint_at(word, "the value of a condition is chosen by `? :`", hint)
            message = "a condition comes before what depends on it"
            return hint_at(word, message, f"write `{condition} {{ … }}`")
        at -= 1
    return None


def _declaration(tokens: list[Token], token: Token, last: Token, index: int) -> SyntaxHint | None:
    following = tokens[index + 1] if index + 1 < len(tokens) else token
    if token.type == "COLON" and following.start == token.end:
        if following.text == "=":
            return SyntaxHint(
                token, following, "Conduit has no `:=`", f"write `let {last.text} = …`"
            )
        if following.type == "SYMBOL" and last.end == token.start:
            return hint_at(token, "Conduit has no `::`", f"write `{last.text}.{following.text}`")
    if token.type == "ARROW" and following.type == "NAME" and last.end == token.start:
        return hint_at(token, "Conduit has no `->` here", f"write `{last.text}.{following.text}`")
    if token.type == "NAME" and index > 1 and tokens[index - 2].type == "LET":
        if last.text == "mut":
            return hint_at(last, "Conduit has no `mut`", "remove it: every local can be assigned")
        hint = f"write `let {last.text}: {token.text} = …`"
        return hint_at(token, "a colon goes before the type", hint)
    return None


def _opener(tokens: list[Token], index: int) -> int:
    """The index of the bracket that is innermost around a token, or 0."""
    depth = tokens[index].depth
    while index > 0 and tokens[index].depth >= depth:
        index -= 1
    return index
