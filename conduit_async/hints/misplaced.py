"""Hints for things in the wrong place, if no more special hint applies."""

from dataclasses import replace

from .foreign_words import BRANCHES
from .queue_words import queue_hint
from .syntax_hint import SyntaxHint, Unexpected

_MEMBERS = frozenset({"HOOK", "FUNCTION", "COMPUTED", "SCOPE", "RULE", "RELATION"})
_CONDITIONS = frozenset({"EQUALITY", "COMPARE", "GREATER", "LESS", "IN", "NOT_IN"})
_WANT_A_VALUE = _CONDITIONS | {
    "EQUAL", "AUGMENT", "PLUS", "MINUS", "TIMES", "POWER", "AND", "OR", "COALESCE", "RANGE",
}  # fmt: skip
_LONGEST = 60
"""The most characters of a default that a hint repeats."""


def misplaced(at: Unexpected) -> SyntaxHint | None:
    """The hint for a well-known mistake, if the unexpected token is one."""
    token, last, expected = at.token, at.last, at.expected
    before = at.tokens[max(0, at.index - 8) : at.index]
    if token.first and "INT" in expected and last.type in _WANT_A_VALUE:
        return at.hint(f"a value is missing after `{last.text}`", first=last)
    match token.type:
        case "COLON" if found := _colon(at):
            return found
        case "EQUALITY" | "COMPARE" if expected >= {"_BANG", "EQUAL"}:
            hint = f"write `{token.text[0]} =` with a space"
            return at.hint(f"`{token.text}` is one operator", hint)
        case "RANGE" if "COMPARE" in expected:
            return at.hint("ranges cannot be chained")
        case "RESCUE":
            hint = "it follows a statement, or the value of a `let`, an assignment or a `return`"
            return at.hint("`rescue` is not allowed here", hint)
        case "TRANSACTION":
            message = "`@transaction` goes between a hook's event and its block"
            return at.hint(message, "for example `@after create @transaction { … }`", "SEM218")
        case "ASYNC":
            return _async(at)
        case "AT" | "FIELD_AT" if "FOR" in expected:
            return at.hint(f"`{token.text}` is not allowed in a block", "only `@async` can")
        case kind if kind in _MEMBERS and "FOR" in expected:
            message = f"`{token.text}` is a member of a resource and is not allowed in a block"
            return at.hint(message, "close the block before it, or move it out")
        case "PLUS" if "NEGATE" in expected:
            return at.hint("there is no leading `+`", "remove it")
        case "EQUAL" if "HOOK" in expected:
            return _default(at)
        case _ if at.is_statement and token.depth == 1:
            message = "a statement is not allowed directly in a resource"
            hint = "statements belong in a hook or a function: is a line such as "
            hint += "`@after create @async {` missing before it?"
            return at.hint(message, hint)
        case "EQUAL" if expected >= {"COMMA", "RPAR"}:
            shown = f"{last.text}: …" if last.type == "NAME" else "name: value"
            return at.hint("a named argument has a colon", f"write `{shown}`")
        case kind if kind in _CONDITIONS and expected == {"COLON"}:
            if last.type in ("NAME", "PREDICATE"):
                shown = f"{last.text} {token.text} …"
                hint = f"conditions take no braces: `where: {shown}`, in a query `where({shown})`"
                return at.hint("a hash has pairs `key: value`", hint)
    if "COMMA" in expected and at.next.type == "FAT_ARROW" and at.next is not token:
        hint = f"write it before `{at.text(token)} => …`"
        return at.hint("a `,` separates the arms", hint, "SYN002")
    if token.type in ("EQUAL", "FAT_ARROW") and "COLON" in expected:
        return at.hint(f"a colon goes between key and value, not `{token.text}`", "write `:`")
    if token.type == "ELSIF" and last.type == "RBRACE":
        return at.hint("an `unless` has no `elsif`", "write `if not …`, which may have `elsif`")
    if (branch := next((t for t in before if t.text in BRANCHES), None)) is not None:
        return at.hint(f"there is no `{branch.text}`", "write `elsif`", first=branch)
    return None


def _colon(at: Unexpected) -> SyntaxHint | None:
    """`a? b : c`, where the `?` is read as part of the name; `a: b: 1`; `: string!`."""
    if at.token.first and "HOOK" in at.expected:
        return at.hint("the name of a field is missing before the `:`", "write `name: type!`")
    for index in range(at.index - 1, at.index - len(at.line), -1):
        predicate, before = at.tokens[index], at.tokens[index - 1]
        if predicate.type == "PREDICATE" and before.type not in ("COLON", "LESS"):
            message = f"the `?` belongs to the name `{predicate.text}` here"
            hint = f"write a space before it: `{predicate.text[:-1]} ? … : …`"
            return at.hint(message, hint, first=predicate)
    match at.types:
        case [*_, "COLON", "NAME", _] if at.last.first or at.expected >= {"RBRACE", "COMMA"}:
            what, code = ("type", "SYN006") if "_BANG" in at.expected else ("value", "SYN001")
            key, colon = at.tokens[at.index - 3 : at.index - 1]
            message = f"a {what} is missing after the colon"
            return replace(at.hint(message, None, code, first=key, last=colon), back=1)
    return None


def _default(at: Unexpected) -> SyntaxHint:
    """`count: int = 0`, with further attributes behind it or without."""
    last, depth = at.token, at.token.depth
    for token in at.tokens[at.index + 1 :]:
        ends = token.type in ("RBRACE", "COMMA") and token.depth <= depth
        if token.first or token.type in ("AT", "FIELD_AT") or ends:
            break
        last = token
    shown = at.source.text[at.next.start : last.end]
    if last is at.token or len(shown) > _LONGEST:
        shown = "…"
    hint = f"a default is an attribute: write `@default({shown})`"
    return at.hint("a field takes no `=`", hint, last=last)


def _async(at: Unexpected) -> SyntaxHint:
    head = at.line[0]
    if "INT" in at.expected:
        return at.hint("`@async` is a statement and gives no value")
    if head.type == "AT" and head.depth == at.token.depth:
        hint = queue_hint(head.text[1:]) or "write `@after create @async { … }`"
        return at.hint(f"there is no hook timing `{head.text}`", hint, "SYN014", first=head)
    message = "`@async` is not allowed here: only an `@after` hook can enqueue a job"
    hint = "write `@after create @async { … }`, or put it into the block of such a hook"
    return at.hint(message, hint, "SEM217")
