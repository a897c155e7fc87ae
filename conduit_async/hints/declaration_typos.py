"""Hints for typos in declarations: in a member, a field or a hook."""

from ..suggest import nearest
from ..tokens import FIELD_ANNOTATIONS, MEMBER_ANNOTATIONS, Token
from ..types import SCALARS
from .foreign_words import OWN_STATEMENTS
from .queue_words import queue_hint
from .syntax_hint import SyntaxHint, Unexpected

EVENTS = ("create", "update", "delete", "save")
_ALIASES = {
    **dict.fromkeys(("insert", "add", "new"), "create"),
    **dict.fromkeys(("change", "edit", "modify"), "update"),
    **dict.fromkeys(("destroy", "remove"), "delete"),
    **dict.fromkeys(("persist", "store"), "save"),
}
"""The names of events in other languages."""


def declaration_typo(at: Unexpected) -> SyntaxHint | None:
    """The hint for a typo in a declaration, if the unexpected token is one."""
    return (
        _header(at)
        or _relation(at)
        or unclosed_generic(at)
        or _missing_result(at)
        or _field(at)
        or _field_value(at)
        or _signature(at)
        or _parameter(at)
    )


def hook_meant(name: str) -> str | None:
    """The start of the hook that an unknown annotation probably means."""
    timing, _, event = name.partition("_")
    if timing in ("after", "before", "on") and event in EVENTS:
        return f"@{'after' if timing == 'on' else timing} {event}"
    near = nearest(name, ("after", "before"))
    return f"@{near}" if near else None


def nearest_event(name: str) -> str | None:
    """The event that a word of a hook's header probably means."""
    return name if name in EVENTS else _ALIASES.get(name) or nearest(name, EVENTS)


def unclosed_generic(at: Unexpected) -> SyntaxHint | None:
    """The hint for `array<string!` at the end of a line or before an annotation."""
    ends = ("FIELD_AT", "RPAR", "RBRACE", "EQUAL", "ARROW")
    if "GREATER" not in at.expected or "DOT" in at.expected:
        return None
    if not at.token.first and at.token.type not in ends:
        return None
    opened = next(token for token in reversed(at.tokens[: at.index + 1]) if token.type == "LESS")
    return at.hint("`<` is not closed", "add the missing `>`", "SYN011", first=opened)


def _header(at: Unexpected) -> SyntaxHint | None:
    """`resource "Post"`, `@atfer create @async`, `@after create, update`, `@after(create)`."""
    head, text = at.line[0], at.token.text
    match [token.type for token in at.line]:
        case ["RESOURCE", "STRING" | "SYMBOL"]:
            return at.hint(
                "the name of a resource is not a string", f"write `resource {text}`", "SYN003"
            )
        case ["RESOURCE", "NAME", "NAME" | "LESS" | "COLON"]:
            message = "a resource is based on no other: there is no inheritance"
            return at.hint(message, "remove it, and write what it needs", "SYN017")
        case ["AT", _, *_]:
            return _unknown_annotation(at)
        case ["HOOK", "NAME", kind] if kind in ("COLON", "FAT_ARROW", "ARROW") or text in (
            "on",
            "of",
            "for",
            "do",
            "then",
        ):
            return at.hint(f"a hook has no `{text}` before its block", "remove it", "SYN017")
        case ["HOOK" | "ON", *_, "NAME"] if text in ("async", "transaction"):
            return at.hint(f"`{text}` needs an `@` before it", f"write `@{text}`", "SYN017")
        case ["HOOK" | "ON", *_, "IF" | "UNLESS"] if "LBRACE" in at.expected:
            hint = f"put it into the block: `{{ {text} … {{ … }} }}`"
            return at.hint("a hook has no condition in its header", hint, "SYN017")
        case ["ON", *_, "LBRACE"] if at.last.text in EVENTS:
            hint = f"write `@after {at.last.text} {{ … }}`"
            return at.hint("a hook begins with `@before` or `@after`", hint, "SYN014", first=head)
        case ["HOOK", "NAME", *_, "FIELD_AT" | "AT"]:
            hint = queue_hint(text[1:]) or "put what it says into the block"
            return at.hint(f"a hook has no `{text}`", hint, "SYN017")
        case ["HOOK", "NAME", _] if text == "(":
            hint = "put the condition into the block: `if self.field_changed? { … }`"
            return at.hint("an event takes no arguments", hint, "SYN017")
        case ["HOOK", _] if text == "(":
            hint = f"write `{head.text} create`"
            return at.hint("the event of a hook takes no brackets", hint, "SYN015")
        case ["HOOK", "NAME", kind] if text in EVENTS or kind in ("COMMA", "AND", "OR"):
            hint = "write a hook for each event; `save` is both create and update"
            return at.hint("a hook has one event", hint, "SYN015")
    return None


def _unknown_annotation(at: Unexpected) -> SyntaxHint | None:
    head = at.line[0]
    name, message = head.text[1:], f"there is no `{head.text}`"
    timing = hook_meant(name)
    if timing and at.token.text in ("@transaction", "@async"):
        message = f"there is no hook timing `{head.text}`"
        return at.hint(message, f"write `{timing}`", "SYN014", first=head)
    if hint := queue_hint(name):
        return at.hint(message, hint, "SYN014", first=head)
    if meant := nearest(name, MEMBER_ANNOTATIONS):
        return at.hint(message, f"did you mean `@{meant}`?", first=head)
    return None


def _relation(at: Unexpected) -> SyntaxHint | None:
    """`@has_many Tag "tags"`, `@has_many Tag as tags`, `@has_many :tags`."""
    head, text = at.line[0].text, at.token.text
    match [token.type for token in at.line]:
        case ["RELATION", "SYMBOL"]:
            name = text.removesuffix("s").title().replace("_", "")
            hint = f'write `{head} {name} as "{text}"`'
            return at.hint("a relation names its resource", hint)
        case ["RELATION", *_, "NAME", "STRING"]:
            message = "expected `as` before the name of the relation"
            return at.hint(message, f'write `as "{text}"`', "SYN002")
        case ["RELATION", *_, "NAME"] if at.last.text == "as":
            return at.hint("the name of a relation is a string", f'write `as "{text}"`', "SYN002")
    return None


def _field(at: Unexpected) -> SyntaxHint | None:
    """`title string!`, `title: string! required`, `private title`, `cron "0 3 * * *" { … }`."""
    token, last = at.token, at.last
    if at.expected != {"COLON"}:
        return None
    hint = queue_hint(last.text) if token.depth == 1 and last.first and not token.first else None
    if hint and token.type in ("STRING", "DURATION", "INT", "SYMBOL", "LBRACE", "_CALL"):
        return at.hint(f"Conduit has no `{last.text}`", hint, first=last)
    after = at.source.text[token.end : token.end + 1]
    is_marked = after in ("!", "?")
    is_type = token.type in ("NAME", "ENUM") and (token.depth == 1 or is_marked)
    if token.first and (is_type or not last.first):
        known = last.text if last.text in FIELD_ANNOTATIONS else None
        if not last.first and (meant := known or nearest(last.text, FIELD_ANNOTATIONS)):
            hint = f"write `@{meant}`"
            return at.hint(f"`{last.text}` needs an `@` before it", hint, "SYN002", first=last)
        what = "is not a field: it has no type" if last.first else "has no type"
        hint = f"write `{last.text}: string!`"
        return at.hint(f"`{last.text}` {what}", hint, "SYN002", first=last)
    if is_type and last.text not in OWN_STATEMENTS:
        shown = f"{at.text(token)}{after}" if is_marked else f"{token.text}!"
        hint = f"write `{last.text}: {shown}`"
        return at.hint(f"expected `:`, found `{token.text}`", hint, "SYN002")
    return None


def _field_value(at: Unexpected) -> SyntaxHint | None:
    """`string[]`, `tags: [string]`, `@default "x"`."""
    token, last = at.token, at.last
    match at.types:
        case [*_, "COLON", "NAME", "_INDEX"] if "HOOK" in at.expected and token.depth in (1, 2):
            message = f"`{last.text}[]` is not a type"
            return _array(at, message, last, last.text)
        case [*_, "COLON", _] if token.text == "[" and "PREDICATE" in at.expected:
            items = at.source.text[token.end : at.source.text.find("]", token.end)].strip()
            return _array(at, "an array names the type of its items", token, items)
        case [*_, "FIELD_AT", "STRING" | "INT" | "FLOAT" | "TRUE" | "FALSE" | "NIL"]:
            hint = f"write `{last.text}({at.text(token)})`"
            return at.hint(f"the value of `{last.text}` goes in parentheses", hint)
    return None


def _array(at: Unexpected, message: str, first: Token, items: str) -> SyntaxHint:
    """The hint to write an array's type for what goes from a token to `]`, and to `!` or `?`."""
    end, mark = at.token, "!"
    for token in at.tokens[at.index + 1 :]:
        if token.first or (end.text == "]" and token.text not in ("!", "?")):
            break
        end = token
        if token.text in ("!", "?"):
            mark = token.text
            break
    return at.hint(message, f"write `array<{items}>{mark}`", "SYN006", first=first, last=end)


def _signature(at: Unexpected) -> SyntaxHint | None:
    """`f(a: string): string`, `f() string {`, `f() => { … }`, `@computed a -> string`."""
    token, last, following = at.token, at.last, at.next
    is_result = "ARROW" in at.expected
    match [token.type for token in at.line]:
        case ["COMPUTED", *_, "ARROW"]:
            message = "a colon goes before the type of a computed field"
            return at.hint(message, f"write `@computed {last.text}: string! {{ … }}`", "SYN002")
        case ["FUNCTION" | "SCOPE" | "COMPUTED", *_, "COLON"] if is_result:
            kind = following.text if following.type == "NAME" else "string"
            return at.hint("the type of a result follows `->`", f"write `-> {kind}`", "SYN002")
        case ["FUNCTION", _] if token.text == "(":
            hint = "write `@function name(…) -> type { … }`"
            return at.hint("a function needs a name", hint, "SYN002")
        case ["FUNCTION", *_, "NAME" | "FAT_ARROW" as kind] if is_result:
            place = at.index if kind == "NAME" else at.index + 1
            name, end = at.tokens[place : place + 2]
            if name.type == "NAME" and end.text in ("{", "!", "?"):
                hint = f"write `-> {name.text}`"
                return at.hint("the type of a result follows `->`", hint, "SYN002")
    match [token.type for token in at.line]:
        case ["COMPUTED" | "FUNCTION", *_, "FAT_ARROW"]:
            return at.hint("a body goes in braces", "write `{ … }`", "SYN017")
        case ["SCOPE", _, *_, "NAME"] if "LBRACE" in at.expected:
            hint = f"write `@scope {at.line[1].text} {{ {token.text}: … }}`"
            return at.hint("the body of a scope goes in braces", hint, "SYN017")
    return None


def _missing_result(at: Unexpected) -> SyntaxHint | None:
    """`f() -> { return 1 }`."""
    brace = at.tokens[at.opener]
    arrow = at.tokens[at.opener - 1]
    if at.is_statement and brace.text == "{" and arrow.type == "ARROW":
        message = "the type of the result is missing after `->`"
        return at.hint(message, "write it before the `{`: `-> string {`", "SYN006", first=arrow)
    return None


def _parameter(at: Unexpected) -> SyntaxHint | None:
    """`f(a string)`, `f(string a)`, `f(a)`, `f(a = "")`, `f(a?: string)`."""
    token, last = at.token, at.last
    is_named = last.type == "NAME" and last.depth == 2
    has_no_type = f"the parameter `{last.text}` has no type"
    match [token.type for token in at.line]:
        case ["FUNCTION", *_, "_CALL" | "COMMA", "PREDICATE"]:
            plain = token.text[:-1]
            hint = f"write `{plain}: string?`, or give it a default: `{plain}: string = …`"
            return at.hint(f"a parameter has no `?` in its name: `{token.text}`", hint)
        case ["FUNCTION", *_, "EQUAL"] if is_named:
            return at.hint(
                has_no_type, f"for example `{last.text}: string = …`", "SYN002", first=last
            )
        case ["FUNCTION" | "SCOPE" | "COMPUTED", *_, kind] if is_named and at.expected == {"COLON"}:
            if kind == "NAME":
                name, of = (token, last) if last.text in SCALARS else (last, token)
                hint = f"write `{name.text}: {of.text}`"
                return at.hint(f"expected `:`, found `{token.text}`", hint, "SYN002")
            if kind in ("RPAR", "COMMA"):
                return at.hint(
                    has_no_type, f"for example `{last.text}: string`", "SYN002", first=last
                )
    return None
