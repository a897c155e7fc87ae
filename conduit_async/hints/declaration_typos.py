"""Typos in declarations: what a member, a field or a hook should look like instead."""

from ..source import Source
from ..suggest import nearest
from ..tokens import FIELD_ANNOTATIONS, MEMBER_ANNOTATIONS, Token
from .queue_words import queue_hint
from .syntax_hint import SyntaxHint, hint_at

EVENTS = ("create", "update", "delete", "save")
_ALIASES = {
    **dict.fromkeys(("insert", "add", "new"), "create"),
    **dict.fromkeys(("change", "edit", "modify"), "update"),
    **dict.fromkeys(("destroy", "remove"), "delete"),
    **dict.fromkeys(("persist", "store"), "save"),
}
"""What events are called elsewhere."""

_MODIFIERS = ("@transaction", "@async")


def declaration_typo(
    source: Source, tokens: list[Token], index: int, expected: frozenset[str]
) -> SyntaxHint | None:
    """What to say of a typo in a declaration, if the unexpected token is one."""
    if not index:
        return None
    token, last = tokens[index], tokens[index - 1]
    start = index
    while start and not tokens[start].first:
        start -= 1
    line = tokens[start:index]
    return (
        _resource(token, last, line)
        or _header(token, line, expected)
        or _relation(token, last, line)
        or unclosed_generic(tokens, index, expected)
        or _of_queues(token, last, line, expected)
        or _field(source, token, last, line, expected)
        or _signature(tokens, index, line, expected)
    )


def _resource(token: Token, last: Token, line: list[Token]) -> SyntaxHint | None:
    """`resource "Post"`, `resource Post extends Base`."""
    types = [part.type for part in line]
    if types == ["RESOURCE"] and token.type in ("STRING", "SYMBOL"):
        hint = f"write `resource {token.text}`"
        return hint_at(token, "the name of a resource is not a string", hint, "SYN003")
    if types == ["RESOURCE", "NAME"] and token.type in ("NAME", "LESS", "COLON"):
        message = "a resource is based on no other: there is no inheritance"
        return hint_at(token, message, "remove it, and write what it needs", "SYN017")
    return None


def _header(token: Token, line: list[Token], expected: frozenset[str]) -> SyntaxHint | None:
    """`@atfer create @async`, `@after create, update`, `@after(create)`, `@after create @asnyc`."""
    if not line:
        return None
    head, types = line[0], [part.type for part in line]
    if types[0] == "AT":
        timing = hook_meant(head.text[1:])
        if timing and token.text in _MODIFIERS:
            return hint_at(
                head, f"there is no hook timing `{head.text}`", f"write `{timing}`", "SYN014"
            )
        if hint := queue_hint(head.text[1:]):
            return hint_at(head, f"there is no `{head.text}`", hint, "SYN014")
        if meant := nearest(head.text[1:], MEMBER_ANNOTATIONS):
            return hint_at(head, f"there is no `{head.text}`", f"did you mean `@{meant}`?")
    if types[0] not in ("HOOK", "ON"):
        return None
    if types == ["HOOK", "NAME"] and token.type in ("COLON", "FAT_ARROW", "ARROW"):
        message = f"a hook has no `{token.text}` before its block"
        return hint_at(token, message, "remove it", "SYN017")
    if token.text in ("async", "transaction") and token.type == "NAME":
        hint = f"write `@{token.text}`"
        return hint_at(token, f"`{token.text}` needs an `@` before it", hint, "SYN017")
    if token.type in ("IF", "UNLESS") and "LBRACE" in expected:
        hint = f"put it into the block: `{{ {token.text} … {{ … }} }}`"
        return hint_at(token, "a hook has no condition in its header", hint, "SYN017")
    if types[0] == "ON" and token.type == "LBRACE" and line[-1].text in EVENTS:
        hint = f"write `@after {line[-1].text} {{ … }}`"
        return hint_at(head, "a hook begins with `@before` or `@after`", hint, "SYN014")
    if types == ["HOOK", "NAME"] and token.text in ("on", "of", "for", "do", "then"):
        message = f"a hook has no `{token.text}` before its block"
        return hint_at(token, message, "remove it", "SYN017")
    if token.type in ("FIELD_AT", "AT") and types[:2] == ["HOOK", "NAME"]:
        name = token.text[1:]
        hint = queue_hint(name) or "put what it says into the block"
        return hint_at(token, f"a hook has no `{token.text}`", hint, "SYN017")
    if types == ["HOOK", "NAME"] and token.text == "(":
        hint = "put the condition into the block: `if self.field_changed? { … }`"
        return hint_at(token, "an event takes no arguments", hint, "SYN017")
    if types == ["HOOK"] and token.text == "(":
        message = "the event of a hook takes no brackets"
        return hint_at(token, message, f"write `{head.text} create`", "SYN015")
    if types == ["HOOK", "NAME"] and (token.text in EVENTS or token.type in ("COMMA", "AND", "OR")):
        hint = "write a hook for each event; `save` is both create and update"
        return hint_at(token, "a hook has one event", hint, "SYN015")
    return None


def hook_meant(name: str) -> str | None:
    """The start of the hook that an unknown annotation is meant as."""
    timing, _, event = name.partition("_")
    if timing in ("after", "before", "on") and event in EVENTS:
        return f"@{'after' if timing == 'on' else timing} {event}"
    near = nearest(name, ("after", "before"))
    return f"@{near}" if near else None


def nearest_event(name: str) -> str | None:
    """The event that a word of a hook's header means."""
    return name if name in EVENTS else _ALIASES.get(name) or nearest(name, EVENTS)


def _relation(token: Token, last: Token, line: list[Token]) -> SyntaxHint | None:
    """`@has_many Tag "tags"`, `@has_many Tag as tags`, `@has_many :tags`."""
    if not line or line[0].type != "RELATION":
        return None
    relation = line[0].text
    if token.type == "SYMBOL" and last is line[0]:
        name = token.text.removesuffix("s").title().replace("_", "")
        hint = f'write `{relation} {name} as "{token.text}"`'
        return hint_at(token, "a relation names its resource", hint)
    if token.type == "STRING" and last.type == "NAME":
        hint = f'write `as "{token.text}"`'
        return hint_at(token, "expected `as` before the name of the relation", hint, "SYN002")
    if last.text == "as" and token.type == "NAME":
        hint = f'write `as "{token.text}"`'
        return hint_at(token, "the name of a relation is a string", hint, "SYN002")
    return None


def unclosed_generic(
    tokens: list[Token], index: int, expected: frozenset[str]
) -> SyntaxHint | None:
    """The hint for `array<string!` at the end of a line or before an annotation."""
    token = tokens[index]
    if (
        "GREATER" not in expected
        or "DOT" in expected
        or not (token.first or token.type in ("FIELD_AT", "RPAR", "RBRACE", "EQUAL", "ARROW"))
    ):
        return None
    while tokens[index].type != "LESS":
        index -= 1
    opened = tokens[index]
    return hint_at(opened, "`<` is not closed", "add the missing `>`", "SYN011")


def _of_queues(
    token: Token, last: Token, line: list[Token], expected: frozenset[str]
) -> SyntaxHint | None:
    """`cron "0 3 * * *" { … }` and its like in a resource."""
    hint = queue_hint(last.text) if last.type == "NAME" else None
    if hint is None or expected != {"COLON"} or token.depth != 1 or len(line) != 1:
        return None
    if token.type not in ("STRING", "DURATION", "INT", "SYMBOL", "LBRACE", "_CALL"):
        return None
    return hint_at(last, f"Conduit has no `{last.text}`", hint)


def _field(
    source: Source, token: Token, last: Token, line: list[Token], expected: frozenset[str]
) -> SyntaxHint | None:
    """`title string!`, `title: string! required`, `@default "x"`, `string[]`, `private title`."""
    if expected == {"COLON"} and token.first and last.type == "NAME" and not last.first:
        meant = _annotation(last.text)
        hint = f"write `@{meant}`" if meant else f"write `{last.text}: string!`"
        what = f"`{last.text}` needs an `@` before it" if meant else f"`{last.text}` has no type"
        return hint_at(last, what, hint, "SYN002")
    marked = source.text[token.end : token.end + 1] in ("!", "?")
    is_member = token.depth == 1 or marked
    if expected == {"COLON"} and token.type in ("NAME", "ENUM") and is_member:
        if token.first:
            meant = None if last.first else _annotation(last.text)
            hint = f"write `@{meant}`" if meant else f"write `{last.text}: string!`"
            message = f"`{last.text}` is not a field: it has no type"
            if meant:
                message = f"`{last.text}` needs an `@` before it"
            return hint_at(last, message, hint, "SYN002")
        shown = source.text[token.start : token.end + 1] if marked else f"{token.text}!"
        hint = f"write `{last.text}: {shown}`"
        return hint_at(token, f"expected `:`, found `{token.text}`", hint, "SYN002")
    if (
        token.type == "_INDEX"
        and token.depth in (1, 2)
        and last.type == "NAME"
        and "NOT" in expected | {"NOT"}
    ):
        before = line[-2].type if len(line) > 1 else ""
        if before == "COLON" and "HOOK" in expected:
            hint = f"write `array<{last.text}>!`"
            return SyntaxHint(last, token, f"`{last.text}[]` is not a type", hint, "SYN006")
    if last.type == "COLON" and token.text == "[" and "PREDICATE" in expected:
        end = source.text.find("]", token.end)
        hint = f"write `array<{source.text[token.end : end].strip()}>!`"
        return hint_at(token, "an array names the type of its items", hint, "SYN006")
    if last.type == "FIELD_AT" and token.type in ("STRING", "INT", "FLOAT", "TRUE", "FALSE", "NIL"):
        value = source.text[token.start : token.end]
        hint = f"write `{last.text}({value})`"
        return hint_at(token, f"the value of `{last.text}` goes in parentheses", hint)
    return None


def _annotation(name: str) -> str | None:
    return name if name in FIELD_ANNOTATIONS else nearest(name, FIELD_ANNOTATIONS)


def _signature(
    tokens: list[Token], index: int, line: list[Token], expected: frozenset[str]
) -> SyntaxHint | None:
    """`f(a string)`, `f(string a)`, `f(a)`, `f(a: string): string`, `@computed a -> string`."""
    if not line or line[0].type not in ("FUNCTION", "SCOPE", "COMPUTED"):
        return None
    token, last = tokens[index], tokens[index - 1]
    head = line[0].type
    if head == "COMPUTED" and token.type == "ARROW":
        hint = f"write `@computed {last.text}: string! {{ … }}`"
        return hint_at(token, "a colon goes before the type of a computed field", hint, "SYN002")
    if "ARROW" in expected and token.type == "COLON":
        kind = tokens[index + 1].text if tokens[index + 1].type == "NAME" else "string"
        hint = f"write `-> {kind}`"
        return hint_at(token, "the type of a result follows `->`", hint, "SYN002")
    at = index + 1 if token.type == "FAT_ARROW" else index
    is_type = tokens[at].type == "NAME" and tokens[at + 1].text in ("{", "!", "?")
    if head == "FUNCTION" and "ARROW" in expected and is_type:
        hint = f"write `-> {tokens[at].text}`"
        return hint_at(token, "the type of a result follows `->`", hint, "SYN002")
    if head == "FUNCTION" and last is line[0] and token.text == "(":
        message = "a function needs a name"
        return hint_at(token, message, "write `@function name(…) -> type { … }`", "SYN002")
    if head in ("COMPUTED", "FUNCTION") and token.type == "FAT_ARROW":
        return hint_at(token, "a body goes in braces", "write `{ … }`", "SYN017")
    if head == "SCOPE" and token.type == "NAME" and "LBRACE" in expected:
        hint = f"write `@scope {line[1].text} {{ {token.text}: … }}`"
        return hint_at(token, "the body of a scope goes in braces", hint, "SYN017")
    if head == "FUNCTION" and token.type == "PREDICATE" and last.type in ("_CALL", "COMMA"):
        plain = token.text[:-1]
        hint = f"write `{plain}: string?`, or give it a default: `{plain}: string = …`"
        return hint_at(token, f"a parameter has no `?` in its name: `{token.text}`", hint)
    if head == "FUNCTION" and token.type == "EQUAL" and last.type == "NAME" and last.depth == 2:
        hint = f"for example `{last.text}: string = …`"
        return hint_at(last, f"the parameter `{last.text}` has no type", hint, "SYN002")
    if expected == {"COLON"} and last.type == "NAME" and last.depth == 2:
        if token.type == "NAME":
            types = ("string", "int", "float", "bool", "text", "uuid", "decimal", "timestamp")
            name, of = (token, last) if last.text in types else (last, token)
            hint = f"write `{name.text}: {of.text}`"
            return hint_at(token, f"expected `:`, found `{token.text}`", hint, "SYN002")
        if token.type in ("RPAR", "COMMA"):
            hint = f"for example `{last.text}: string`"
            return hint_at(last, f"the parameter `{last.text}` has no type", hint, "SYN002")
    return None
