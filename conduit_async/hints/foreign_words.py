"""Words of other languages, and what Conduit writes instead.

A word is foreign only where it could be no name: two operands on one line, the first a bare name,
are two statements without effect, which no program means. A declared name is never foreign.
"""

import re
from dataclasses import dataclass

from ..tokens import FOREIGN, MEMBER_ANNOTATIONS

_BLOCK = r"[ \t]*\{"
_NEXT = r"[ \t]+(?!!=|(?:in|not_in|and|or|rescue)\b)[^\s=:?.,|()\[\]}+*/%<>&#-]"


@dataclass(frozen=True, slots=True)
class ForeignWord:
    """What to write instead of a word, and the type of the token that it is read as.

    An empty type drops the word. `before` is what has to follow on its line.
    """

    hint: str
    type: str = FOREIGN
    before: re.Pattern[str] = re.compile(rf"{_BLOCK}|{_NEXT}")


_NAME_EQUALS = re.compile(r"[ \t]+([A-Za-z_]\w*)[ \t]*=(?![=>])")
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

TAILS = frozenset({"catch", "except", "finally", "ensure"})
"""Words that go on with the statement before them."""

FOLLOWERS = TAILS | {"case", "when", "default", "end"}
"""Words that follow others: after an error they are only consequences."""

BRANCHES = ("elif", "elseif", "else_if")
"""Words that mean `elsif`."""

_TYPES = ("int", "float", "bool", "string", "text", "decimal", "uuid", "timestamp", "date", "json")
_ELSIF = ForeignWord("write `elsif`", "ELSIF", _OPERAND)

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

_MEMBERS = {
    **{word: f"@{word}" for word in MEMBER_ANNOTATIONS},
    **dict.fromkeys(("def", "fn", "fun", "func", "function"), "@function"),
}
_INFIXES = ("is", "not", "instanceof")
FOREIGN_WORDS = frozenset({*STATEMENTS, *VALUES, *_TYPES, *_MEMBERS, *BRANCHES, *_INFIXES})
"""Every word that may be foreign."""

_MEMBER_FOLLOWS = re.compile(r"[ \t]+[A-Za-z_\[{]|[ \t]*\{")
_RESOURCE_FOLLOWS = re.compile(r"[ \t]+[A-Z]\w*[ \t]*\{")


def statement_word(text: str, word: str, end: int) -> ForeignWord | None:
    """The foreign word that begins a statement, if it is one."""
    foreign = STATEMENTS.get(word)
    if foreign is None and (name := _NAME_EQUALS.match(text, end)):
        shown = f"{name[1]}: {word}" if word in _TYPES else name[1]
        foreign = ForeignWord(f"write `let {shown} = …`", "LET", _NAME_EQUALS)
    return _settled(foreign, text, end)


def declares_local(text: str, end: int) -> bool:
    """Whether a name and its value follow, so that a word at the start of a line means `let`."""
    return text.startswith(" ", end) and _NAME_EQUALS.match(text, end) is not None


def value_word(text: str, word: str, end: int) -> ForeignWord | None:
    """The foreign word that begins a value, if it is one."""
    return _settled(VALUES.get(word), text, end)


def branch_word(text: str, word: str, end: int) -> ForeignWord | None:
    """What `elif` after a block is, if it is that."""
    return _settled(_ELSIF, text, end) if word in BRANCHES else None


def member_word(text: str, word: str, end: int) -> str | None:
    """The annotation that a word is which begins a member without an `@`."""
    meant = _MEMBERS.get(word)
    return meant if meant and _MEMBER_FOLLOWS.match(text, end) else None


def resource_word(text: str, end: int) -> bool:
    """Whether a word at the level of the file means `resource`."""
    return _RESOURCE_FOLLOWS.match(text, end) is not None


def declares(text: str, word: str) -> bool:
    """Whether a source may declare a name, which then is no foreign word in it."""
    declared = rf"(?:\blet|\bfor|@function|@computed)\s+{word}\b|\b{word}\s*:|\|\s*{word}\s*\|"
    return re.search(declared, text) is not None


def _settled(foreign: ForeignWord | None, text: str, end: int) -> ForeignWord | None:
    return foreign if foreign is not None and foreign.before.match(text, end) else None
