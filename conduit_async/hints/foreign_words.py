"""Words of other languages, and what Conduit writes instead.

A word is foreign only where it cannot be a name. If two operands share a line and the first is a
bare name, they would be two statements without effect, so the name is a foreign word. A declared
name is never foreign.
"""

import re
from dataclasses import dataclass

from ..tokens import FOREIGN, MEMBER_ANNOTATIONS
from ..types import SCALARS, TEXT_LIKE

_BLOCK = r"[ \t]*\{"
_NEXT = r"[ \t]+(?!!=|(?:in|not_in|and|or|rescue)\b)[^\s=:?.,|()\[\]}+*/%<>&#-]"


@dataclass(frozen=True, slots=True)
class ForeignWord:
    """What to write instead of a word, and the type of the token that it is read as.

    An empty type drops the word. `before` matches what must follow the word on its line.
    """

    hint: str
    type: str = FOREIGN
    before: re.Pattern[str] = re.compile(rf"{_BLOCK}|{_NEXT}")


_NAME_AND_VALUE = re.compile(r"[ \t]+([A-Za-z_]\w*)[ \t]*(?:=(?![=>])|:[ \t]*\w)")
_HEAD = re.compile(rf"[ \t]*\(.{{0,200}}\){_BLOCK}|{_BLOCK}|{_NEXT}")
_ALONE = re.compile(r"[ \t\r]*(?:\n|$)")
_OPERAND = re.compile(r"[ \t]+[\w\"'(\[]")

_LOOP = ForeignWord("a loop is `for x in … { … }`, over an array, a query or a range", before=_HEAD)
_LET = ForeignWord("write `let`", "LET", _NAME_AND_VALUE)
_RESCUE = ForeignWord("write `rescue |err| { … }` after the call that may fail", before=_HEAD)
_RAISE = ForeignWord('write `error("…")`')
_MATCH = ForeignWord('write `match … { when "a" { … } else { … } }`', before=_HEAD)
_FUNCTION = ForeignWord("a function is a member of its resource: `@function name(…) -> type { … }`")
_IMPORT = ForeignWord("remove it: every resource and service is known by its name")
_LOG = ForeignWord('write `Logger.info("…")`')
_LEAVE = ForeignWord("put what follows into an `if`, or the loop into a `@function` and `return`")
_ASYNC = ForeignWord("write `@async { … }`")

STATEMENTS = {
    **dict.fromkeys(("while", "until", "loop", "repeat", "do"), _LOOP),
    "foreach": ForeignWord("write `for`", "FOR", re.compile(r"[ \t]+\w+[ \t]+in\b")),
    **dict.fromkeys(("const", "var", "val", "final"), _LET),
    **dict.fromkeys(("try", "catch", "except", "finally", "ensure"), _RESCUE),
    **dict.fromkeys(("throw", "raise"), _RAISE),
    **dict.fromkeys(("switch", "select"), _MATCH),
    **dict.fromkeys(("case", "when", "default"), _MATCH),
    **dict.fromkeys(
        ("begin", "end"), ForeignWord("a block goes in braces: `{ … }`", before=_ALONE)
    ),
    "--": ForeignWord(""),
    **dict.fromkeys(("def", "fn", "fun", "func", "function"), _FUNCTION),
    **dict.fromkeys(("import", "require", "include", "use", "from", "export"), _IMPORT),
    **dict.fromkeys(("print", "puts", "echo"), _LOG),
    **dict.fromkeys(("break", "continue", "next"), _LEAVE),
    **dict.fromkeys(("async", "spawn", "go", "defer", "background", "enqueue"), _ASYNC),
    "yield": ForeignWord("a function gives one value: `return …`"),
    "assert": ForeignWord('write `unless … { error("…") }`'),
    "delete": ForeignWord("set a field to nil, or write `Resource.delete!(id)`"),
}
"""Words that begin a statement."""

FOLLOWERS = frozenset({
    "catch", "except", "finally", "ensure", "case", "when", "default", "end",
})  # fmt: skip
"""Words that belong to an earlier word: after an error they are not reported."""

OWN_STATEMENTS = ("return", "if", "unless", "for", "match", "else", "elsif", "let")
"""The words with which Conduit's own statements begin."""

BRANCHES = ("elif", "elseif", "else_if")
"""Words that mean `elsif`."""

TYPES = ({*SCALARS} - {*TEXT_LIKE} - {"time"}) | {"string", "text"}
"""The names of types, but those that are usual names of variables."""
ELSIF = ForeignWord("write `elsif`", "ELSIF", _OPERAND)

VALUES = {
    "await": ForeignWord(
        "remove it: a call is awaited where it must be", "", re.compile(r"[ \t]+\w")
    ),
    "new": ForeignWord(
        "there are no objects: write a hash `{ … }`, or call a service: `Name.method(…)`",
        before=re.compile(r"[ \t]+[A-Z]\w*[ \t]*\("),
    ),
    "lambda": ForeignWord("write `|x| { … }`", before=re.compile(r"[ \t]+\w+[ \t]*[:,]")),
    "function": ForeignWord("write `|x| { … }`", before=re.compile(r"[ \t]*\([^()]*\)[ \t]*\{")),
    **dict.fromkeys(
        ("switch", "case"),
        ForeignWord(
            "write `match value { a => b, _ => c }`",
            before=re.compile(r"[ \t]*\(.{0,200}\)[ \t]*\{|[ \t]+\w[^\n{}]*\{"),
        ),
    ),
    "typeof": ForeignWord("types are known at build time: remove the test", before=_OPERAND),
}
"""Words that begin a value."""

INFIX_WORDS = {
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
"""Infix words of other languages, and what to write instead."""

OPERATORS_MEANT = {
    "&": ("AND", "&&", "Conduit has no operator `&`", "write `&&` for a logical and"),
    "^": ("POWER", "**", "Conduit has no operator `^`", "write `**` for a power"),
}
"""Operators of other languages: the token each is read as, the message and the hint."""

LONG_EQUALITY = {"===": "==", "!==": "!="}

MEMBERS = {
    **{word: f"@{word}" for word in MEMBER_ANNOTATIONS},
    **dict.fromkeys(("def", "fn", "fun", "func", "function"), "@function"),
}
_INFIXES = ("is", "not", "instanceof")
FOREIGN_WORDS = frozenset({*STATEMENTS, *VALUES, *TYPES, *MEMBERS, *BRANCHES, *_INFIXES})
"""Every word that may be foreign."""
