"""Hints for syntax of other languages at a token that does not fit."""

from ..tokens import FOREIGN, OPERAND_ENDS, Token
from .foreign_words import INFIX_WORDS, STATEMENTS, VALUES
from .syntax_hint import SyntaxHint, Unexpected

_CONDITIONS = frozenset({"IF", "ELSIF", "UNLESS"})
_INFIX = _CONDITIONS | {
    "AND", "OR", "LESS", "GREATER", "COMPARE", "EQUALITY", "PLUS", "MINUS", "TIMES", "COALESCE",
    "NOT",
}  # fmt: skip
_VALUES = frozenset(
    {"STRING", "_QUOTE", "INT", "FLOAT", "DURATION", "SELF", "TRUE", "FALSE", "NIL"}
)
_TERNARY = "the value of a condition is chosen by `? :`"


def foreign_syntax(at: Unexpected) -> SyntaxHint | None:
    """The hint for foreign syntax at the unexpected token, if there is any."""
    if at.token.type == FOREIGN:
        return _foreign_word(at)
    return (
        _doubled_operator(at)
        or _operand(at)
        or _lambda(at)
        or _head(at)
        or _late_condition(at)
        or _declaration(at)
    )


def _foreign_word(at: Unexpected) -> SyntaxHint:
    word, following = at.token.text, at.next
    if word == "instanceof":
        hint = "types are known at build time: remove the test"
    elif word == "--":
        hint = _counted(at.tokens, at.index, "-")
    elif word in ("throw", "raise") and following.type == "STRING":
        hint = f"write `error({at.text(following)})`"
    else:
        known = STATEMENTS.get(word) if at.token.first or word not in VALUES else None
        hint = (known or VALUES[word]).hint
    return at.hint(f"Conduit has no `{word}`", hint)


def _counted(tokens: list[Token], index: int, operator: str) -> str:
    """Return what to write instead of `x++` or `x--`, whose operator is at `index`."""
    text = ""
    while index > 0 and tokens[index].start == tokens[index - 1].end:
        index -= 1
        text = tokens[index].text + text
    return f"write `{text} = {text} {operator} 1`"


def _doubled_operator(at: Unexpected) -> SyntaxHint | None:
    """`i++`, `a <> b`, `x |> f`."""
    token, last, following = at.token, at.last, at.next
    if token.type == "PIPE" and following.text == ">" and following.start == token.end:
        hint = "call it as a method: `x.upcase()`"
        return at.hint("Conduit has no `|>`", hint, first=token, last=following)
    pair = last.text + token.text
    if last.end != token.start or pair not in ("<>", "<<", ">>", "++"):
        return None
    hints = {"<>": "write `!=`", "++": "one `+` joins strings, arrays and numbers"}
    found = hints.get(pair)
    if pair == "++" and (following.first or following.type in ("RBRACE", "$END")):
        found = _counted(at.tokens, at.index - 1, "+")
    return at.hint(f"Conduit has no `{pair}`", found, first=last, last=token)


def _operand(at: Unexpected) -> SyntaxHint | None:
    """`f(to "x")`, `a eq b`, `match x of {`, `[f(x) for x in list]`."""
    token, last = at.token, at.last
    match at.types:
        case [*_, "_CALL" | "LPAR" | "COMMA", "NAME", kind] if (
            kind in _VALUES and at.expected >= {"COMMA", "RPAR"} and not token.first
        ):
            if last.end == token.start:
                message = f"`{last.text}` is not allowed before a string"
                hint = "a string has no letter before it, and interpolates with `#{…}`"
                return at.hint(message, hint, first=last)
            shown = {"_QUOTE": "…", "SELF": "self…"}.get(kind, at.text(token))
            message = "a colon goes before the value of a named argument"
            return at.hint(message, f"write `{last.text}: {shown}`", "SYN002")
        case [*before, kind, "NAME"] if kind in OPERAND_ENDS and token.text in INFIX_WORDS:
            if not token.first and token.depth >= 2 and before[-1:] != ["FOR"]:
                return at.hint(f"Conduit has no `{token.text}` here", INFIX_WORDS[token.text])
        case [*_, kind, "FOR"] if kind in OPERAND_ENDS and "RSQB" in at.expected:
            hint = "write `list.map(|x| { … })`, and `list.filter(|x| { … })` to choose"
            return at.hint("a `for` gives no array", hint)
    return None


def _lambda(at: Unexpected) -> SyntaxHint | None:
    last, expected = at.last, at.expected
    match at.types:
        case [*_, "NAME", "FAT_ARROW" | "ARROW"] if "COMMA" in expected:
            message = "the parameters of a lambda go in parentheses"
            return at.hint(message, f"write `({last.text}) => …`", first=last, last=at.token)
        case [*_, "SYMBOL" | "STRING", "FAT_ARROW"] if "COMMA" in expected:
            return at.hint("a named argument has a colon", f"write `{last.text}: value`")
        case [*_, _, "PIPE"] if last.text == "do":
            hint = "write `for x in … { … }`, or pass `|x| { … }`"
            return at.hint("Conduit has no `do`", hint, first=last)
        case [*_, "LBRACE", "PIPE"]:
            message = "a lambda is written `|x| { … }` or `(x) => …`"
            return at.hint(message, "write the parameters before the brace: `|x| { … }`")
        case [*_, "PIPE" | "_ARROW_PAREN" | "_EMPTY_PIPES"] if "INT" in expected:
            hint = "pass it where it is used, as in `items.map(|x| { … })`, or write a `@function`"
            return at.hint("a lambda can only be an argument", hint)
        case [*_, "PIPE", _] if "LBRACE" in expected:
            return at.hint("the body of this lambda needs braces", "write `|x| { … }`")
    return None


def _head(at: Unexpected) -> SyntaxHint | None:
    """`for (x in y)`, `for k, v in y`, `if a && { … }`, `if a then`, `"a" => { statements }`."""
    token, last, expected = at.token, at.last, at.expected
    opener = at.opener
    before = at.tokens[opener - 1]
    opens_brace = opener > 0 and at.tokens[opener].type == "LBRACE"
    if opens_brace and before.type == "FAT_ARROW":
        hint = "for statements write `|x| { … }`"
        if at.tokens[opener - 2].type != "RPAR":
            hint = "for statements write `when … { … }`, without the `=>`"
        brace = at.tokens[opener]
        return at.hint("a `{` after `=>` begins a hash", hint, first=brace)
    match at.types:
        case [*_, "FOR", _] if token.text == "(":
            example = "i in 0...n" if at.next.type == "LET" else "x in …"
            return at.hint("a `for` has no parentheses", f"write `for {example} {{ … }}`")
        case [*_, "FOR", _, "COMMA"]:
            hint = f"write `for {last.text} in …`, and read the value: `hash[{last.text}]`"
            return at.hint("a `for` has one name", hint, "SYN002")
    if opens_brace and expected == {"COLON"} and before.type in _INFIX:
        is_type = at.tokens[opener - 2].text in ("array", "hash")
        if not is_type and token.depth == at.tokens[opener].depth + 1:
            what = "a condition" if before.type in _CONDITIONS else "an operand"
            message = f"{what} is missing after `{before.text}`"
            return at.hint(message, first=before)
    opens = token.text in ("then", "do") or (token.text == ":" and at.next.first)
    if "LBRACE" in expected and opens and not token.first:
        message = f"a block goes in braces, there is no `{token.text}`"
        return at.hint(message, "write `{ … }`")
    return None


def _late_condition(at: Unexpected) -> SyntaxHint | None:
    """`value if condition`: the parser reads the condition as the head of a block."""
    token, text = at.token, at.source.text
    if token.type in ("IF", "UNLESS") and not token.first and at.last.end < token.start:
        line = text[token.end : text.find("\n", token.end)]
        if " else " in line:
            return at.hint(_TERNARY, f"write `{line.partition(' else ')[0].strip()} ? … : …`")
    index = at.index - 1
    while index > 0 and at.tokens[index].depth >= token.depth and not at.tokens[index].first:
        word = at.tokens[index]
        if word.type in ("IF", "UNLESS") and word.depth == token.depth:
            if at.tokens[index - 1].type in ("LBRACE", "RBRACE", "ELSE"):
                return None
            condition = " ".join(text[word.start : at.last.end].split())
            if token.type == "ELSE":
                hint = f"write `{condition.partition(' ')[2]} ? … : …`"
                return at.hint(_TERNARY, hint, first=word)
            message = "a condition comes before what depends on it"
            return at.hint(message, f"write `{condition} {{ … }}`", first=word)
        index -= 1
    return None


def _declaration(at: Unexpected) -> SyntaxHint | None:
    """`a := 1`, `A::b`, `a->b`, `let mut a`, `let a string = …`."""
    token, last, following = at.token, at.last, at.next
    touches, touched = last.end == token.start, following.start == token.end
    match token.type, following.type:
        case "COLON", _ if touched and following.text == "=":
            hint = f"write `let {last.text} = …`"
            return at.hint("Conduit has no `:=`", hint, first=token, last=following)
        case "COLON", "SYMBOL" if touched and touches:
            return at.hint("Conduit has no `::`", f"write `{last.text}.{following.text}`")
        case "ARROW", "NAME" if touches:
            return at.hint("Conduit has no `->` here", f"write `{last.text}.{following.text}`")
    match at.types:
        case [*_, "LET", _, "NAME"] if last.text == "mut":
            hint = "remove it: every local can be assigned"
            return at.hint("Conduit has no `mut`", hint, first=last)
        case [*_, "LET", _, "NAME"]:
            hint = f"write `let {last.text}: {token.text} = …`"
            return at.hint("a colon goes before the type", hint)
    return None
