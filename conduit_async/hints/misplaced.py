"""Mistakes that people make who know another language: each with its own message and hint."""

from ..source import Source
from ..tokens import Token
from .foreign_words import BRANCHES
from .queue_words import queue_hint
from .syntax_hint import SyntaxHint

_MEMBERS = frozenset({"HOOK", "FUNCTION", "COMPUTED", "SCOPE", "RULE", "RELATION"})
_CONDITIONS = frozenset({"EQUALITY", "COMPARE", "GREATER", "LESS", "IN", "NOT_IN"})
_WANT_A_VALUE = _CONDITIONS | {
    "EQUAL", "AUGMENT", "PLUS", "MINUS", "TIMES", "POWER", "AND", "OR", "COALESCE", "RANGE",
}  # fmt: skip


def misplaced(
    source: Source, tokens: list[Token], index: int, expected: frozenset[str]
) -> SyntaxHint | None:
    """What to say of a well-known mistake at the unexpected token, if it is one."""
    token = tokens[index]
    previous = tokens[index - 1] if index else token

    def at(
        first: Token, last: Token, code: str, message: str, hint: str | None, back: int = 0
    ) -> SyntaxHint:
        return SyntaxHint(first, last, message, hint, code, back)

    def here(code: str, message: str, hint: str | None = None, back: int = 0) -> SyntaxHint:
        return at(token, token, code, message, hint, back)

    type, text = token.type, token.text
    if token.first and "INT" in expected and previous.type in _WANT_A_VALUE:
        message = f"a value is missing after `{previous.text}`"
        return at(previous, previous, "SYN001", message, None)
    if type == "COLON":
        predicate = _predicate_on_line(tokens, index)
        if predicate is not None:
            name = predicate.text[:-1]
            message = f"the `?` belongs to the name `{predicate.text}` here"
            hint = f"write a space before it: `{name} ? … : …`"
            return at(predicate, predicate, "SYN001", message, hint)
        in_pairs = "RBRACE" in expected and "COMMA" in expected
        is_value = index > 1 and tokens[index - 2].type == "COLON" and previous.type == "NAME"
        if is_value and (previous.first or in_pairs):
            what = "type" if "_BANG" in expected else "value"
            code = "SYN006" if what == "type" else "SYN001"
            message = f"a {what} is missing after the colon"
            return at(tokens[index - 3], tokens[index - 2], code, message, None, 1)
    if type in ("EQUALITY", "COMPARE") and "_BANG" in expected and "EQUAL" in expected:
        return here("SYN001", f"`{text}` is one operator", f"write `{text[0]} =` with a space")
    if type == "RANGE" and "COMPARE" in expected:
        return here("SYN001", "ranges cannot be chained", None)
    if type == "RESCUE":
        hint = "it follows a statement, or the value of a `let`, an assignment or a `return`"
        return here("SYN001", "`rescue` is not allowed here", hint)
    if type == "TRANSACTION":
        return here(
            "SEM218",
            "`@transaction` goes between a hook's event and its block",
            "for example `@after create @transaction { … }`",
        )
    if type == "ASYNC" and "INT" in expected:
        return here("SYN001", "`@async` is a statement and gives no value", None)
    if type == "ASYNC" and (head := _annotation_before(tokens, index)) is not None:
        message = f"there is no hook timing `{head.text}`"
        hint = queue_hint(head.text[1:]) or "write `@after create @async { … }`"
        return at(head, head, "SYN014", message, hint)
    if type == "ASYNC":
        return here(
            "SEM217",
            "`@async` is not allowed here: only an `@after` hook can enqueue a job",
            "write `@after create @async { … }`, or put it into the block of such a hook",
        )
    if type in ("AT", "FIELD_AT") and "FOR" in expected:
        return here("SYN001", f"`{text}` is not allowed in a block", "only `@async` can")
    if type in _MEMBERS and "FOR" in expected:
        message = f"`{text}` is a member of a resource and is not allowed in a block"
        return here("SYN001", message, "close the block before it, or move it out")
    if type == "PLUS" and "NEGATE" in expected:
        return here("SYN001", "there is no leading `+`", "remove it")
    if type == "EQUAL" and "HOOK" in expected:
        return here("SYN001", "a field takes no `=`", "a default is written `@default(…)`")
    if type in ("_CALL", "DOT", "EQUAL") and expected == {"COLON"} and token.depth == 1:
        hint = "statements belong in a hook or a function"
        return here("SYN001", "a statement is not allowed directly in a resource", hint)
    if type == "EQUAL" and expected >= {"COMMA", "RPAR"}:
        shown = f"{previous.text}: …" if previous.type == "NAME" else "name: value"
        return here("SYN001", "a named argument has a colon", f"write `{shown}`")
    if type in _CONDITIONS and expected == {"COLON"} and previous.type in ("NAME", "PREDICATE"):
        shown = f"{previous.text} {text} …"
        hint = f"conditions take no braces: `where: {shown}`, in a query `where({shown})`"
        return here("SYN001", "a hash has pairs `key: value`", hint)
    shown = source.text[token.start : token.end]
    if "COMMA" in expected and index + 1 < len(tokens) and tokens[index + 1].type == "FAT_ARROW":
        return here("SYN002", "a `,` separates the arms", f"write it before `{shown} => …`")
    if type in ("EQUAL", "FAT_ARROW") and "COLON" in expected:
        return here("SYN001", f"a colon goes between key and value, not `{text}`", "write `:`")
    if type == "ELSIF" and previous.type == "RBRACE":
        hint = "write `if not …`, which may have `elsif`"
        return here("SYN001", "an `unless` has no `elsif`", hint)
    elsif = next((t for t in tokens[max(0, index - 8) : index] if t.text in BRANCHES), None)
    if elsif is not None:
        return at(elsif, elsif, "SYN001", f"there is no `{elsif.text}`", "write `elsif`")
    return None


def _annotation_before(tokens: list[Token], index: int) -> Token | None:
    """The unknown annotation that begins the line, as in `@cron("0 3 * * *") @async { … }`."""
    depth = tokens[index].depth
    while index and not tokens[index].first:
        index -= 1
    head = tokens[index]
    return head if head.type == "AT" and head.depth == depth else None


def _predicate_on_line(tokens: list[Token], index: int) -> Token | None:
    """The name with a `?` that was meant to be a ternary's condition."""
    while not tokens[index].first and index:
        index -= 1
        if tokens[index].type == "PREDICATE" and tokens[index - 1].type not in ("COLON", "LESS"):
            return tokens[index]
    return None
